"""Polls for the end of processes: by a pidfd, or where the kernel has none (gVisor) by a look into /proc every few milliseconds.

A process is one number here: its pidfd, or its process id with a minus sign.
"""

from __future__ import annotations

import errno
import os
import select
import time

__all__ = ["close", "ends_within", "has_ended", "open_process", "poll_seconds", "register", "unregister"]

LOOK_SECONDS = 0.005


def open_process(pid: int) -> int:
    """The number for a child that has not been reaped."""
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return -pid


def register(poll: select.poll, process: int) -> None:
    if process >= 0:
        poll.register(process, select.POLLIN)


def unregister(poll: select.poll, process: int) -> None:
    if process >= 0:
        poll.unregister(process)


def close(process: int) -> None:
    if process >= 0:
        os.close(process)


def poll_seconds(waiting: list[int], seconds: float) -> float:
    """How long to poll: *seconds*, or less if a process without a pidfd has to be looked at."""
    return min(seconds, LOOK_SECONDS) if any(process < 0 for process in waiting) else seconds


def has_ended(process: int) -> bool:
    """Whether a process without a pidfd has ended; for others `poll` tells."""
    if process >= 0:
        return False
    try:
        with open(f"/proc/{-process}/stat", "rb") as file:
            return file.read(1024).rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])
    except OSError:
        return True


def ends_within(process: int, seconds: float) -> bool:
    """Whether a process ends within *seconds*; waits for that."""
    poll = select.poll()
    register(poll, process)
    end = time.monotonic() + seconds
    while not has_ended(process):
        left = max(0.0, end - time.monotonic())
        if poll.poll(poll_seconds([process], left) * 1000):
            return True
        if left == 0.0:
            return False
    return True

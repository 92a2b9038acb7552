"""The end of a process, waited for beside other things: a pidfd, or where there is none (gVisor) a look every few milliseconds.

A process is a number here: its pidfd, or its process id with a minus.
"""

from __future__ import annotations

import errno
import os
import select
import time

__all__ = ["close", "ends_within", "has_ended", "opened", "patience", "register", "unregister"]

LOOK_SECONDS = 0.005


def opened(pid: int) -> int:
    """A process that has not been waited for."""
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


def patience(waiting: list[int], seconds: float) -> float:
    """How long one may sleep: no longer than a look may wait, if anything has to be looked at."""
    return min(seconds, LOOK_SECONDS) if any(process < 0 for process in waiting) else seconds


def has_ended(process: int) -> bool:
    """Whether a process without a pidfd has; for others their descriptor says it."""
    if process >= 0:
        return False
    try:
        with open(f"/proc/{-process}/stat", "rb") as file:
            return file.read(1024).rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])
    except OSError:
        return True


def ends_within(process: int, seconds: float) -> bool:
    """Wait for the end of a process, so long at most."""
    poll = select.poll()
    register(poll, process)
    end = time.monotonic() + seconds
    while not has_ended(process):
        left = max(0.0, end - time.monotonic())
        if poll.poll(patience([process], left) * 1000):
            return True
        if left == 0.0:
            return False
    return True

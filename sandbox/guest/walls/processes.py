"""Finds the processes of a job in /proc, ends them and waits for them. Only numbers are read: the zygote keeps no word of a job."""

from __future__ import annotations

import os
import resource
import signal
import time

__all__ = ["Usage", "descendants", "kill", "numbers_in", "own_memory_bytes", "reap", "sweep", "threads_of", "with_descendants"]


def numbers_in(path: str) -> list[int]:
    """The whole numbers in a file of /proc; nothing if the process has gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        text = b""
        while True:
            part = os.read(fd, 1 << 16)
            text += part
            if len(part) < 1 << 12:  # /proc gives a page at a time
                return [int(word) for word in text.split()]
    except (OSError, ValueError):
        return []
    finally:
        os.close(fd)


def threads_of(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """All processes below *pid*, zombies included, parents before children."""
    return with_descendants([pid])[1:]


def with_descendants(pids: list[int]) -> list[int]:
    """Processes and all that are below them, zombies included, parents before children."""
    found = list(pids)
    pending = list(pids)
    while pending:
        parent = pending.pop()
        for thread in threads_of(parent):
            children = numbers_in(f"/proc/{parent}/task/{thread}/children")
            found += children
            pending += children
    return found


class Usage:
    """What reaped processes, and the children that they reaped themselves, used."""

    def __init__(self) -> None:
        self.user_seconds = 0.0
        self.system_seconds = 0.0
        self.peak_bytes = 0
        """Of the largest of them."""

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Add what wait4 told of one."""
        self.add(usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024)

    def add(self, user_seconds: float, system_seconds: float, peak_bytes: int) -> None:
        """Add what others have counted."""
        self.user_seconds += user_seconds
        self.system_seconds += system_seconds
        self.peak_bytes = max(self.peak_bytes, peak_bytes)


def sweep(usage: Usage) -> bool:
    """End everything below the calling process and wait for it. False if something refuses to die (uninterruptible sleep)."""
    for round_number in range(200):
        if not reap(usage):
            return True
        alive = descendants(os.getpid())
        if round_number == 0 and len(alive) > 1:
            for pid in alive:  # first stop them all, so that none can fork while others die
                kill(pid, signal.SIGSTOP)
            alive = descendants(os.getpid())
        for pid in alive:
            kill(pid, signal.SIGKILL)
        if round_number:
            time.sleep(0.002)
    return not reap(usage)


def reap(usage: Usage) -> bool:
    """Wait for every child that has ended. False if there is no child at all: the cheapest proof that nothing is left."""
    while True:
        try:
            pid, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        usage.reaped(used)


def kill(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def own_memory_bytes(key: str) -> int:
    """A size of this process by its name in /proc/self/status, such as VmRSS."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name == key:
                return int(rest.split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

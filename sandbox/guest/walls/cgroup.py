"""A worker's control group as the guest uses it: the host made the group and hands over open files of it.

There is one group a worker, not one a job, so no job pays for making, entering and removing it. The zygote and its keeper are in it
too; what they hold is the base that a job's limits are added to. Jobs have a higher OOM score, so the kernel kills them first.
"""

from __future__ import annotations

import os
import time
from typing import Any

__all__ = ["Cgroup", "of_container"]

SPARE_PROCESSES = 16
"""Beside the job's own: keeper, zygote, tester and its threads. The watchdog counts exactly; the group's limit stands behind it."""
_UNLIMITED = 1 << 50


class Cgroup:
    """Counters and limits of a group of version 1 or 2, whichever of them there are; without any, everything says None."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._files: dict[str, int] = given.get("files", {})
        self._joins: list[int] = given.get("joins", [])
        self.version: int = given.get("version", 0)
        self.has_memory = "memory_limit" in self._files
        self.has_processes = "processes_limit" in self._files
        self.has_cpu = "cpu" in self._files
        self.has_peak = "peak" in self._files
        self._limits = (0, 0)
        self._base_bytes = 0
        self._limit_bytes: int = given.get("limit_bytes", 0)
        """Of the group that is there now."""
        self._before = (0, 0, 0)
        self.why_not: str = given.get("why_not", "")

    def join(self) -> None:
        """Put the calling process into the group; what it starts is in it too."""
        for fd in self._joins:
            os.write(fd, b"0")
            os.close(fd)
        self._joins = []

    def set_base(self) -> None:
        """What is in use now belongs to the worker."""
        self._base_bytes = self._number("memory") or 0
        self._limits = (0, 0)

    def begin(self, memory_bytes: int, processes: int) -> None:
        """The limits of the next job, and where its counters begin.

        Raises:
            OSError: the kernel refused a limit; no job may run without it.
        """
        if self._limits != (memory_bytes, processes):
            self._limits = (memory_bytes, processes)
            limit = memory_bytes + self._base_bytes
            if self.has_memory:
                self._make_room(limit)
                self._limit_bytes = limit
            # Version 1: the limit with swap can never be below the one without, so it is lifted first.
            for name, number in (("swap_limit", _UNLIMITED), ("memory_limit", limit), ("swap_limit", limit)):
                self._write(name, number)
            self._write("processes_limit", processes + SPARE_PROCESSES)
        self._write("peak", 0)
        kills, hits = self._kills()
        self._before = (kills, 0 if self.version == 1 else hits, self.refusals())

    def _make_room(self, limit: int) -> None:
        """Files that earlier jobs read may still be held, and be above a lower limit; version 2 would kill for that."""
        held = self._number("memory")
        if held is None or held < limit:
            return
        try:
            self._write("reclaim", 0 if self.version == 1 else held - limit + (1 << 20))
        except OSError:
            pass  # as much as could be
        held = self._number("memory")
        if held is None or held >= limit:
            raise OSError(12, "earlier jobs left too much in the worker's control group")

    def why_killed(self) -> str:
        """Why the kernel has ended a process of the job: "memory", its own; "overloaded", the machine, or a group above, had none left."""
        kills, hits = self._kills()
        if kills <= self._before[0]:
            return ""
        if self.version == 1:  # newer kernels do not keep its count of hits
            hits = int((self._number("peak") or self._number("most_memory") or 0) >= self._limit_bytes - (1 << 20))
        return "memory" if hits > self._before[1] else "overloaded"

    def has_refused(self) -> bool:
        """Whether the job has been refused another process for its own limit: a group above may have one too."""
        most = self._number("most_processes")  # before Linux 6.1 nobody says: then it was the job's own limit
        return self.refusals() > self._before[2] and (most is None or most >= self._limits[1] + SPARE_PROCESSES)

    def _kills(self) -> tuple[int, int]:
        """How many processes the kernel has ended, and how often the group's own limit of memory was reached."""
        words = self._words("kills")
        return _value_of(words, b"oom_kill"), _value_of(words, b"oom")

    def refusals(self) -> int:
        return _value_of(self._words("refusals"), b"max")

    def peak_bytes(self) -> int | None:
        """The most that the job has held, page cache and files in memory included; None where the kernel cannot say it of one job."""
        number = self._number("peak")
        return None if number is None else max(0, number - self._base_bytes)

    def cpu_ns(self) -> int | None:
        """CPU time of everything that is or was in the group but the calling process, since the group was made."""
        if self.version == 1:
            used = self._number("cpu")
        elif self.has_cpu:
            used = _value_of(self._words("cpu"), b"usage_usec") * 1000
        else:
            return None
        return None if used is None else used - time.process_time_ns()

    def _write(self, name: str, number: int) -> None:
        fd = self._files.get(name)
        if fd is not None:
            os.pwrite(fd, b"%d" % number, 0)

    def _number(self, name: str) -> int | None:
        fd = self._files.get(name)
        if fd is None:
            return None
        try:
            return int(os.pread(fd, 64, 0))
        except (OSError, ValueError):
            return None

    def _words(self, name: str) -> list[bytes]:
        fd = self._files.get(name)
        try:
            return [] if fd is None else os.pread(fd, 4096, 0).split()
        except OSError:
            return []


def _value_of(words: list[bytes], key: bytes) -> int:
    return int(words[words.index(key) + 1]) if key in words else 0


_INSIDE = {
    2: {"kills": "memory.events", "memory": "memory.current", "cpu": "cpu.stat", "refusals": "pids.events", "limit": "memory.max"},
    1: {
        "kills": "memory/memory.oom_control",
        "memory": "memory/memory.usage_in_bytes",
        "most_memory": "memory/memory.max_usage_in_bytes",
        "cpu": "cpuacct/cpuacct.usage",
        "refusals": "pids/pids.events",
        "limit": "memory/memory.limit_in_bytes",
    },
}


def of_container(root: str = "/sys/fs/cgroup") -> dict[str, Any]:
    """The group of the container that this process is in, which it may only read: counters, and the limit of the container."""
    version = 2 if os.path.exists(f"{root}/cgroup.controllers") else 1
    files = {}
    for name, path in _INSIDE[version].items():
        try:
            files[name] = os.open(f"{root}/{path}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            pass  # a kernel, or a sandbox, that does not show it
    limit = _UNLIMITED
    if "limit" in files:
        text = os.pread(files["limit"], 64, 0).strip()
        limit = _UNLIMITED if text == b"max" else int(text)
        os.close(files.pop("limit"))
    return {"version": version, "files": files, "limit_bytes": limit, "why_not": "it is the container's"} if files else {}

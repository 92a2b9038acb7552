"""Makes and removes control groups, of version 2 or 1: one for each worker.

A controller counts as there only if a group could be made and its limit written and read back. Where groups may not be
made (an ordinary user without delegation, a container with a read-only /sys/fs/cgroup) there are none, and workers look at memory
and processes themselves.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field

from sandbox.host.cgroup_places import LEAF, places, read, write

__all__ = ["Group", "make", "remove_stale"]

PREFIX = "reward-sandbox-"
STALE_SECONDS = 60.0
"""Younger groups are left alone: their worker may not have entered them yet."""
YOUNG_SECONDS = 2.0
"""As STALE_SECONDS, where the owner of a group is not seen: it may be in another process namespace, and about to enter the group."""
REMOVE_SECONDS = 5.0
_V1_FILES = {
    "memory_limit": ("memory", "memory.limit_in_bytes"),
    "swap_limit": ("memory", "memory.memsw.limit_in_bytes"),
    "memory": ("memory", "memory.usage_in_bytes"),
    "peak": ("memory", "memory.max_usage_in_bytes"),
    "reclaim": ("memory", "memory.force_empty"),
    "kills": ("memory", "memory.oom_control"),
    "processes_limit": ("pids", "pids.max"),
    "most_processes": ("pids", "pids.peak"),
    "refusals": ("pids", "pids.events"),
    "cpu": ("cpuacct", "cpuacct.usage"),
}
_V2_FILES = {
    "memory_limit": "memory.max",
    "memory": "memory.current",
    "peak": "memory.peak",
    "reclaim": "memory.reclaim",
    "kills": "memory.events",
    "processes_limit": "pids.max",
    "most_processes": "pids.peak",
    "refusals": "pids.events",
    "cpu": "cpu.stat",
}
_COUNTERS = frozenset(("memory", "kills", "refusals", "most_processes", "cpu"))
"""Files that are only read; the others are written, or are of no use."""


@dataclass
class Group:
    """One worker's group: folders (one; of version 1 one a controller) and the open files that the worker uses."""

    version: int = 0
    folders: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    joins: list[int] = field(default_factory=list)
    why_not: str = ""

    @property
    def descriptors(self) -> list[int]:
        """What has to be passed on to the worker."""
        return [*self.files.values(), *self.joins]

    def options(self) -> dict[str, object]:
        """For the worker: what it needs to use the group."""
        return {"version": self.version, "files": self.files, "joins": self.joins}

    def release(self) -> None:
        """Close the files here: the worker has its own copies."""
        for fd in self.descriptors:
            os.close(fd)
        self.files, self.joins = {}, []

    def remove(self) -> None:
        """End what is still in the group, and remove it."""
        self.release()
        end = time.monotonic() + REMOVE_SECONDS
        for folder in self.folders:
            while not _remove(folder) and time.monotonic() < end:
                _end_all(folder)
                time.sleep(0.005)
        self.folders = []


def make() -> Group:
    """A new group for a worker; one without files, that says why, where none can be made."""
    reasons = []
    try:
        found = list(places())
    except OSError as error:
        return Group(why_not=f"{error.filename}: {error.strerror}")
    for version, place in found:
        name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
        try:
            group = _make_v2(place[""], name) if version == 2 else _make_v1(place, name)
        except OSError as error:
            reasons.append(f"v{version}: {error.strerror}")
            continue
        if "memory_limit" in group.files or "processes_limit" in group.files:
            return group
        group.remove()
        reasons.append(f"v{version}: no memory or pids controller")
    return Group(why_not="; ".join(dict.fromkeys(reasons)) or "this machine has no cgroups")


def _make_v1(parents: dict[str, str], name: str) -> Group:
    group = Group(version=1)
    try:
        for parent in parents.values():
            _remove_stale(parent)
            os.mkdir(f"{parent}/{name}")
            group.folders.append(f"{parent}/{name}")
            group.joins.append(os.open(f"{parent}/{name}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        for key, (controller, file) in _V1_FILES.items():
            if controller in parents:
                _open(group, key, f"{parents[controller]}/{name}/{file}")
        _check_limits(group)
        if "memory_limit" in group.files and "swap_limit" not in group.files:  # what went to swap would not be bounded
            write(f"{parents['memory']}/{name}/memory.swappiness", "0")
    except OSError:
        group.remove()
        raise
    return group


def _make_v2(parent: str, name: str) -> Group:
    group = Group(version=2)
    _remove_stale(parent)
    folder = f"{parent}/{name}"
    try:
        os.mkdir(folder)
        group.folders.append(folder)
        for key, file in _V2_FILES.items():
            _open(group, key, f"{folder}/{file}")
        with contextlib.suppress(FileNotFoundError):  # no swap accounting, or no swap
            write(f"{folder}/memory.swap.max", "0")
        _check_limits(group)
        group.joins.append(os.open(f"{folder}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
    except OSError:
        group.remove()
        raise
    return group


def _open(group: Group, key: str, path: str) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):  # a file that this kernel does not have, or only shows
        how = os.O_RDONLY if key in _COUNTERS else os.O_WRONLY if key == "reclaim" else os.O_RDWR
        group.files[key] = os.open(path, how | os.O_CLOEXEC)


def _check_limits(group: Group) -> None:
    """Write each limit and read it back."""
    for key, number in (("memory_limit", 1 << 40), ("processes_limit", 1000)):
        fd = group.files.get(key)
        if fd is not None:
            os.pwrite(fd, b"%d" % number, 0)
            if int(os.pread(fd, 64, 0)) != number:
                raise OSError(5, "a limit that was written is not there", key)
    if "peak" in group.files:
        try:
            os.pwrite(group.files["peak"], b"0", 0)
        except OSError:  # before Linux 6.12 version 2 cannot reset it: it would be the peak of all jobs
            os.close(group.files.pop("peak"))


def remove_stale() -> None:
    """Remove the groups of owners that were killed."""
    with contextlib.suppress(OSError):
        for _, folders in places():
            for place in folders.values():
                with contextlib.suppress(OSError):
                    _remove_stale(place)


def _remove_stale(parent: str) -> None:
    """Remove groups whose owner was killed: nothing is in them any more. Young ones may not have been entered yet."""
    for entry in os.scandir(parent):
        if entry.name.startswith(PREFIX) and entry.name != LEAF:
            with contextlib.suppress(OSError, ValueError):
                owner = int(entry.name.removeprefix(PREFIX).partition("-")[0])
                least = YOUNG_SECONDS if not os.path.exists(f"/proc/{owner}") else STALE_SECONDS
                if time.time() - entry.stat().st_mtime > least:
                    os.rmdir(entry.path)  # refused while anything is in it


def _remove(folder: str) -> bool:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _end_all(folder: str) -> None:
    try:
        write(f"{folder}/cgroup.kill", "1")  # version 2, Linux 5.14
    except OSError:
        with contextlib.suppress(OSError):
            for pid in read(f"{folder}/cgroup.procs").split():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(int(pid), 9)

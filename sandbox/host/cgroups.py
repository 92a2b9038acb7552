"""Control groups of workers: one group a worker, of version 2 or 1, made where this process may make groups, and removed again.

Nothing is believed: a controller counts as there when a group was made, its limit written and read back. Where groups may not be
made (an ordinary user without delegation, a container with a read-only /sys/fs/cgroup) there are none, and workers look at memory
and processes themselves.

Version 2 allows no controllers below a group that has processes of its own. So a group is made, in this order: below the root of all
groups, or one that has its controllers enabled already; below our own, if its processes can be moved aside into a leaf (in a container,
or a scope that was delegated to us, and nobody else's); or beside our own.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Group", "make", "remove_stale"]

PREFIX = "reward-sandbox-"
STALE_SECONDS = 60.0
YOUNG_SECONDS = 2.0
"""Of a group whose owner is not seen here: it may be in another process namespace, and about to enter it."""
REMOVE_SECONDS = 5.0
_LEAF = "reward-sandbox-supervisor"
_V1 = ("memory", "pids", "cpuacct")
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

    def told(self) -> dict[str, object]:
        """What the worker is told."""
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
        places = list(_places())
    except OSError as error:
        return Group(why_not=f"{error.filename}: {error.strerror}")
    for version, place in places:
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


def _make_v1(places: dict[str, str], name: str) -> Group:
    group = Group(version=1)
    try:
        for parent in places.values():
            _remove_stale(parent)
            os.mkdir(f"{parent}/{name}")
            group.folders.append(f"{parent}/{name}")
            group.joins.append(os.open(f"{parent}/{name}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        for key, (controller, file) in _V1_FILES.items():
            if controller in places:
                _open(group, key, f"{places[controller]}/{name}/{file}")
        _prove(group)
        if "memory_limit" in group.files and "swap_limit" not in group.files:  # what went to swap would not be bounded
            _write(f"{places['memory']}/{name}/memory.swappiness", "0")
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
            _write(f"{folder}/memory.swap.max", "0")
        _prove(group)
        group.joins.append(os.open(f"{folder}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
    except OSError:
        group.remove()
        raise
    return group


def _open(group: Group, key: str, path: str) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):  # a file that this kernel does not have, or only shows
        how = os.O_RDONLY if key in _COUNTERS else os.O_WRONLY if key == "reclaim" else os.O_RDWR
        group.files[key] = os.open(path, how | os.O_CLOEXEC)


def _prove(group: Group) -> None:
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
        except OSError:  # before Linux 6.12 version 2 cannot begin anew: it would be the peak of all jobs
            os.close(group.files.pop("peak"))


def _places() -> Iterator[tuple[int, dict[str, str]]]:
    """Where groups may be made: (version, folder of each controller); of version 2 one folder, named ""."""
    mounts = _mounts()
    own = _own_groups()
    v2 = mounts.get("cgroup2")
    if v2 is not None and "" in own:
        for parent in _parents_v2(v2, own[""]):
            yield 2, {"": parent}
    places = {}
    for controller in _V1:
        mount = mounts.get(controller)
        if mount is not None and controller in own:
            # Inside a cgroup namespace, or under a bind mount, the path may begin above what is mounted.
            for path in (mount + own[controller], mount):
                if os.path.isdir(path):
                    places[controller] = path.rstrip("/")
                    break
    if places:
        yield 1, places


def _mounts() -> dict[str, str]:
    """Mount point of version 2 ("cgroup2") and of each controller of version 1."""
    found: dict[str, str] = {}
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            kind, _, options = after.split(" ", 2)
            point = before.split(" ")[4]
            if kind == "cgroup2":
                found.setdefault("cgroup2", point)
            elif kind == "cgroup":
                for option in options.strip().split(","):
                    if option in _V1:
                        found.setdefault(option, point)
    return found


def _own_groups() -> dict[str, str]:
    """Path of this process's group in each hierarchy; version 2 is ""."""
    found = {}
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                found[controller] = path
    return found


def _parents_v2(mount: str, own: str) -> Iterator[str]:
    """Folders in which a group with controllers can be made, each made ready as far as that is ours to do."""
    here = (mount + own).rstrip("/") if os.path.isdir(mount + own) else mount
    if here.endswith(f"/{_LEAF}"):
        here = here[: -len(_LEAF) - 1]  # moved aside by an earlier pool
    if _enable(here) or (_is_ours(here) and _move_aside(here) and _enable(here)):
        yield here
    above = os.path.dirname(here)
    if above.startswith(mount) and _enable(above):
        yield above


def _enable(folder: str) -> bool:
    """Whether groups made in *folder* have memory and pids, enabling them if need be."""
    try:
        enabled = _read(f"{folder}/cgroup.subtree_control").split()
        wanted = [name for name in ("memory", "pids", "cpu") if name not in enabled]
        offered = _read(f"{folder}/cgroup.controllers").split()
        for name in wanted:
            if name in offered:
                _write(f"{folder}/cgroup.subtree_control", f"+{name}")
        return {"memory", "pids"} & set(_read(f"{folder}/cgroup.subtree_control").split()) != set()
    except OSError:
        return False


def _is_ours(folder: str) -> bool:
    """Whether the processes of a group may be moved: it is the root of a cgroup namespace, or was delegated to this user."""
    try:
        with contextlib.suppress(OSError):
            if os.getxattr(folder, "user.delegate") == b"1":
                return True
        return _own_groups().get("") == "/" and os.path.exists(f"{folder}/cgroup.type")  # the real root has no type
    except OSError:
        return False


def _move_aside(folder: str) -> bool:
    """Move the processes of a group into a leaf below it."""
    leaf = f"{folder}/{_LEAF}"
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(leaf)
        for pid in _read(f"{folder}/cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                _write(f"{leaf}/cgroup.procs", pid)
    except OSError:
        return False
    return True


def remove_stale() -> None:
    """Remove the groups of owners that were killed."""
    with contextlib.suppress(OSError):
        for _, places in _places():
            for place in places.values():
                with contextlib.suppress(OSError):
                    _remove_stale(place)


def _remove_stale(parent: str) -> None:
    """Remove groups whose owner was killed: nothing is in them any more. Young ones may not have been entered yet."""
    for entry in os.scandir(parent):
        if entry.name.startswith(PREFIX) and entry.name != _LEAF:
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
        _write(f"{folder}/cgroup.kill", "1")  # version 2, Linux 5.14
    except OSError:
        with contextlib.suppress(OSError):
            for pid in _read(f"{folder}/cgroup.procs").split():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(int(pid), 9)


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)  # never created: a file that is not there is a controller that is not
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)

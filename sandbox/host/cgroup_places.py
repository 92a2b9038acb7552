"""Where this process may make control groups: folders of the cgroup file systems, of version 2 or 1.

Version 2 allows no controllers below a group that has processes of its own. So a group is made, in this order: below the root of all
groups, or one that has its controllers enabled already; below our own, if its processes can be moved aside into a leaf (in a container,
or a scope that was delegated to us, and nobody else's); or beside our own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

__all__ = ["LEAF", "own_groups", "places", "read", "write"]

LEAF = "reward-sandbox-supervisor"
"""The group that processes are moved aside into."""
CONTROLLERS_V1 = ("memory", "pids", "cpuacct")


def places() -> Iterator[tuple[int, dict[str, str]]]:
    """Folders in which groups may be made: (version, folder of each controller); of version 2 one folder, under the key ""."""
    mounts = _mounts()
    own = own_groups()
    v2 = mounts.get("cgroup2")
    if v2 is not None and "" in own:
        for parent in _parents_v2(v2, own[""]):
            yield 2, {"": parent}
    folders = {}
    for controller in CONTROLLERS_V1:
        mount = mounts.get(controller)
        if mount is not None and controller in own:
            # Inside a cgroup namespace, or under a bind mount, the path may begin above what is mounted.
            for path in (mount + own[controller], mount):
                if os.path.isdir(path):
                    folders[controller] = path.rstrip("/")
                    break
    if folders:
        yield 1, folders


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
                    if option in CONTROLLERS_V1:
                        found.setdefault(option, point)
    return found


def own_groups() -> dict[str, str]:
    """Path of this process's group in each hierarchy; version 2 is ""."""
    found = {}
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                found[controller] = path
    return found


def _parents_v2(mount: str, own: str) -> Iterator[str]:
    """Folders in which a group with controllers can be made; controllers are enabled where this process may do that."""
    here = (mount + own).rstrip("/") if os.path.isdir(mount + own) else mount
    if here.endswith(f"/{LEAF}"):
        here = here[: -len(LEAF) - 1]  # moved aside by an earlier pool
    if _enable(here) or (_is_ours(here) and _move_aside(here) and _enable(here)):
        yield here
    above = os.path.dirname(here)
    if above.startswith(mount) and _enable(above):
        yield above


def _enable(folder: str) -> bool:
    """Whether groups made in *folder* have memory and pids, enabling them if need be."""
    try:
        enabled = read(f"{folder}/cgroup.subtree_control").split()
        wanted = [name for name in ("memory", "pids", "cpu") if name not in enabled]
        offered = read(f"{folder}/cgroup.controllers").split()
        for name in wanted:
            if name in offered:
                write(f"{folder}/cgroup.subtree_control", f"+{name}")
        return {"memory", "pids"} & set(read(f"{folder}/cgroup.subtree_control").split()) != set()
    except OSError:
        return False


def _is_ours(folder: str) -> bool:
    """Whether the processes of a group may be moved: it is the root of a cgroup namespace, or was delegated to this user."""
    try:
        with contextlib.suppress(OSError):
            if os.getxattr(folder, "user.delegate") == b"1":
                return True
        return own_groups().get("") == "/" and os.path.exists(f"{folder}/cgroup.type")  # the real root has no type
    except OSError:
        return False


def _move_aside(folder: str) -> bool:
    """Move the processes of a group into a leaf below it."""
    leaf = f"{folder}/{LEAF}"
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(leaf)
        for pid in read(f"{folder}/cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                write(f"{leaf}/cgroup.procs", pid)
    except OSError:
        return False
    return True


def read(path: str) -> str:
    """The text of a file of a group."""
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path: str, text: str) -> None:
    """Write to a file of a group.

    Raises:
        OSError: there is no such file, or the kernel refused.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)  # never created: a file that is not there is a controller that is not
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)

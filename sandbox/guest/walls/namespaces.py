"""A worker's own view of the machine: user, mount, process, network, IPC, host name and cgroup namespaces of its own.

Theory of operation. The worker's first process becomes the *keeper* of these namespaces; the zygote is its child, process 1 of
the process namespace, so that everything a job started dies with it. The root is a small read-only tmpfs with read-only binds of
what interpreters need; nothing else of the machine can be named from inside. Mounts that jobs write in come later (`keeper.py`).

Who owns the user namespace. An ordinary user maps itself to `JOB_UID`. Started by root, the worker first builds the root (only
root may read an interpreter in /root) and then becomes a user that nobody else on the machine is: files of the host's root, /proc/sys
among them, belong to somebody whom its namespace does not know (a sandbox of uid 0 could write them, root in a user namespace or not).
A job then has another user id than the zygote.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from typing import Callable, Iterator, NamedTuple, TypeVar

from . import syscalls

__all__ = [
    "HIDDEN",
    "HIDDEN_BYTES",
    "JOB_UID",
    "MOUNT_POINTS",
    "TestsView",
    "can_become_any_user",
    "covered",
    "enter",
    "is_readable",
    "make_tests_view",
    "mount_proc",
    "readable",
    "step",
]

T = TypeVar("T")

JOB_UID = 1000
HIDDEN = "/run/tests"
"""The folder of test files, in the mount namespace of testers; elsewhere an empty folder of the read-only root."""
MOUNT_POINTS = ("/job", "/tmp", "/dev/shm", "/shared")
"""What jobs write in."""
HIDDEN_BYTES = 256 << 20

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
"""Programs and libraries."""
ETC = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "mime.types", "protocols", "services",
    "debian_version", "os-release", "python3", *(f"python3.{minor}" for minor in range(9, 20)),
)  # fmt: skip
"""What libraries look up; nothing that is about this machine or its users."""
DEVICES = ("null", "zero", "full", "random", "urandom")
READ_ONLY = syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV

_OWN = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWCGROUP
)
_FIRST_UID = 0x60000000
"""Far above what people, services and subuid(5) ranges have."""
_OLD = "/old"


def can_become_any_user() -> bool:
    """Whether this process may become any user (it is root, and not one in a user namespace that knows only itself)."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return any(int(line.split()[2]) > _FIRST_UID for line in file)


def _places(extra: list[str]) -> list[str]:
    """What programs may read, as folders that exist: the system's, the interpreter's, and *extra*."""
    interpreter = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    found: list[str] = []
    for place in (*SYSTEM, *sorted(interpreter), *extra):
        for path in dict.fromkeys((os.path.normpath(place), os.path.realpath(place))):
            if path != "/" and not any(_is_below(path, other) for other in found) and os.path.exists(path):
                found = [other for other in found if not _is_below(other, path)]
                found.append(path)
    return found


def _is_below(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}/")


def is_readable(path: str, extra: list[str]) -> bool:
    """Whether *path* lies below what programs may read."""
    return any(_is_below(os.path.realpath(path), os.path.realpath(place)) for place in _places(extra))


class TestsView(NamedTuple):
    """A mount namespace that shows what this one does, and the folder of test files besides. Candidates have no path to that."""

    namespace: int
    """Its descriptor, for setns(2)."""
    folder: int
    """A descriptor of the folder."""


def make_tests_view() -> TestsView:
    """Make one: whatever is mounted here from now on is mounted there as well, and nothing the other way.

    Hiding a folder is not enough. Landlock knows nothing of chmod, setxattr, utime, stat and inotify, and in the namespace of a user who
    has no other ids the folder belongs to the user of candidates.

    Raises:
        OSError: the kernel refused.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC
    here = os.open("/proc/self/ns/mnt", flags)
    syscalls.mount("", "/", "", syscalls.MS_REC | syscalls.MS_SHARED)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
    options = f"mode=700,size={HIDDEN_BYTES},uid={JOB_UID},gid={JOB_UID}"
    syscalls.mount("tests", HIDDEN, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)
    view = TestsView(os.open("/proc/self/ns/mnt", flags), os.open(HIDDEN, flags | os.O_DIRECTORY))
    syscalls.setns(here, syscalls.CLONE_NEWNS)
    os.close(here)
    return view


def readable(extra: list[str], is_own_root: bool) -> list[str]:
    """What Landlock lets programs read: in a root of the worker's own all but HIDDEN, else what such a root would hold."""
    devices = ["/dev"] if is_own_root else [f"/dev/{name}" for name in DEVICES]
    if is_own_root:
        return [*_places(extra), "/etc", "/proc", *devices, *MOUNT_POINTS]
    about = [f"/proc/{name}" for name in ("cpuinfo", "meminfo", "stat", "uptime", "version", "loadavg", "filesystems")]
    etc = [f"/etc/{name}" for name in (*ETC, "passwd", "group", "nsswitch.conf", "hosts")]
    return [*_places(extra), *etc, *about, *devices]


def covered(extra: list[str]) -> list[tuple[str, str]]:
    """(where it is kept, where it belongs) of readable places below a mount point, as virtualenvs in /tmp are: a fresh mount covers them."""
    within = [path for path in _places(extra) if path.startswith(tuple(f"{point}/" for point in MOUNT_POINTS))]
    return [(f"/run/kept/{number}", path) for number, path in enumerate(within)]


def enter(extra: list[str]) -> bool:
    """Put the calling process into namespaces of its own; its next child is process 1 there. True if jobs get a user id of their own.

    Raises:
        OSError: a step failed; the message names it. The process is of no use any more.
    """
    places = _places(extra)
    kept = {path: stash for stash, path in covered(extra)}
    if can_become_any_user():
        step("read_as_another_user", _can_others_read, places)
        step("unshare_mount", syscalls.unshare, syscalls.CLONE_NEWNS)
        step("build_root", _build_root, places, kept)
        step("become_nobody_else", _become_own_user)
        _name_host()
        return True
    uid, gid = os.geteuid(), os.getegid()
    step("unshare_user", syscalls.unshare, syscalls.CLONE_NEWUSER | _OWN)
    step("map_user", _write_maps, "self", f"{JOB_UID} {uid} 1", f"{JOB_UID} {gid} 1")
    step("build_root", _build_root, places, kept)
    _name_host()
    return False


def mount_proc() -> None:
    """In process 1 of the namespaces: the file system that shows its own processes.

    Raises:
        OSError: in a container that hides parts of /proc the kernel forbids it.
    """
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    step("mount_proc", syscalls.mount, "proc", "/proc", "proc", flags)


def _can_others_read(places: list[str]) -> None:
    for path in places:
        wanted = 0o005 if os.path.isdir(path) else 0o004
        if os.stat(path).st_mode & wanted != wanted:
            raise PermissionError(13, f"{path} can only be read by its owner; programs run as another user: chmod -R o+rX {path}")


def step(name: str, action: Callable[..., T], *args: object) -> T:
    """What *action* returns; an OSError that it raises names the step that failed."""
    try:
        return action(*args)
    except OSError as error:
        raise OSError(error.errno, f"step:{name}: {error.strerror}") from error


def _name_host() -> None:
    try:
        socket.sethostname("sandbox")
    except OSError:
        pass  # a name is no wall


def _write_maps(process: str, uids: str, gids: str) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", uids), ("gid_map", gids)):
        with open(f"/proc/{process}/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _become_own_user() -> None:
    """Become a user of the worker's own, and root of a user namespace in which jobs are yet another."""
    zygote = random.SystemRandom().randrange(_FIRST_UID, _FIRST_UID << 1) & ~1
    maps = f"0 {zygote} 1\n{JOB_UID} {zygote + 1} 1\n"
    asked, tell = os.pipe()
    done, say = os.pipe()
    process = os.getpid()
    mapper = os.fork()  # stays root of the machine for as long as it takes to write two files
    if mapper == 0:
        status = 1
        try:
            os.close(tell)
            if os.read(asked, 1):
                _write_maps(str(process), maps, maps)
                os.write(say, b"1")
                status = 0
        finally:
            os._exit(status)
    os.close(asked)
    os.close(say)
    try:
        os.setgroups([])
        os.setresgid(zygote, zygote, zygote)
        os.setresuid(zygote, zygote, zygote)
        syscalls.unshare(syscalls.CLONE_NEWUSER | _OWN)
        os.write(tell, b"1")
        if not os.read(done, 1):
            raise PermissionError(1, "the user map cannot be written")
    finally:
        os.close(tell)
        os.close(done)
        os.waitpid(mapper, 0)
    syscalls.mount("", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)


def _build_root(places: list[str], kept: dict[str, str]) -> None:
    """Pivot into a tmpfs that holds binds of *places*, devices, and the points where jobs' own folders will be mounted."""
    made = list(_binds(places))
    syscalls.mount("", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    start = next(path for path in ("/tmp", "/run", "/mnt", "/var") if os.path.isdir(path))
    syscalls.mount("root", start, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755,size=1m")
    os.mkdir(start + _OLD)
    os.chdir(start)
    syscalls.pivot_root(".", _OLD.strip("/"))
    os.chdir("/")
    for source, target in made:
        _bind(source, kept.get(target, target))
    for name in DEVICES:
        _bind(f"/dev/{name}", f"/dev/{name}", flags=syscalls.MS_NOSUID | syscalls.MS_NOEXEC)
    for name, link in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(link, f"/dev/{name}")
    _write("/etc/passwd", f"root:x:0:0::/:/bin/false\nsandbox:x:{JOB_UID}:{JOB_UID}::/job:/bin/sh\n")
    _write("/etc/group", f"root:x:0:\nsandbox:x:{JOB_UID}:\n")
    _write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n")
    _write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    for point in (*MOUNT_POINTS, HIDDEN, "/run/disk"):
        os.makedirs(point, 0o755, exist_ok=True)
    # The old one goes along: the kernel lets a user namespace mount a /proc only where it sees a whole one.
    _bind("/proc", "/proc", flags=syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    syscalls.unmount(_OLD)
    os.rmdir(_OLD)
    syscalls.restrict_mount("/", READ_ONLY, everything_below=False)


def _binds(places: list[str]) -> Iterator[tuple[str, str]]:
    """(source without symbolic links, target): resolved before the root changes, for absolute links would then lead elsewhere."""
    for path in places:
        is_link = path in SYSTEM and _is_relative_link(path)  # /bin is usr/bin; an interpreter's folder is shown where it is named
        yield (os.readlink(path) if is_link else os.path.realpath(path)), path
    for name in ETC:
        if os.path.exists(f"/etc/{name}"):
            yield os.path.realpath(f"/etc/{name}"), f"/etc/{name}"


def _is_relative_link(path: str) -> bool:
    return os.path.islink(path) and not os.readlink(path).startswith("/")


def _bind(source: str, target: str, flags: int = READ_ONLY) -> None:
    """Show *source* of the old root at *target*; a relative source is a link, as /bin is to usr/bin."""
    os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
    if not source.startswith("/"):
        os.symlink(source, target)
        return
    old = _OLD + source
    if os.path.isdir(old):
        os.makedirs(target, 0o755, exist_ok=True)
    else:
        _write(target, "")
    syscalls.mount(old, target, "", syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.restrict_mount(target, flags)


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o644)

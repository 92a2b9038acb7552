"""A Landlock domain for each job: the walls between its processes and all others of the same user.

A process in a domain can trace, and so read the memory of, nothing outside of it (Linux 5.13), and with ABI 6 (Linux 6.12) it
can signal nothing outside and connect to no abstract socket there. Every job makes a domain of its own, for jobs that share one
could reach each other. A candidate's domain also hides the folders in which test files are, and lets it write nowhere but in its
work folder and where all programs write: what it may not change are the interpreters, libraries and files of everybody else.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import Iterator

from . import syscalls

__all__ = ["Domain"]

ACCESS_FS_FILE = 1 << 0 | 1 << 1 | 1 << 2  # execute, write, read
ACCESS_FS_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read, list
ACCESS_FS_MAKE_BLOCK = 1 << 11
"""A ruleset has to handle something: making block devices, which no candidate needs."""
ACCESS_FS_ALL = (1 << 13) - 1
ACCESS_FS_REFER = 1 << 13  # ABI 2
ACCESS_FS_TRUNCATE = 1 << 14  # ABI 3
SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
SCOPE_SIGNAL = 1 << 1
WRITABLE = ("/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
"""Temporary files, the semaphores of multiprocessing, and devices that hold nothing."""


class Domain:
    """A ruleset, made once in the zygote; `enter` is one system call in each job.

    With *hidden*, a folder, nothing beneath it can be opened, nor anything new in the folders above it; everything else can be
    read, and what lies beneath *writable* written too.
    """

    def __init__(self, hidden: str = "", writable: tuple[str, ...] = ()) -> None:
        self.abi = syscalls.landlock_abi()
        self.fd = -1
        if not self.abi:
            return
        handled = ACCESS_FS_MAKE_BLOCK
        files = ACCESS_FS_FILE
        if hidden:
            handled = ACCESS_FS_ALL
            if self.abi >= 2:
                handled |= ACCESS_FS_REFER
            if self.abi >= 3:
                handled |= ACCESS_FS_TRUNCATE
                files |= ACCESS_FS_TRUNCATE
        scopes = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL
        attributes = struct.pack("=QQQ", handled, 0, scopes) if self.abi >= 6 else struct.pack("=Q", handled)
        self.fd = syscalls.landlock_create_ruleset(attributes)
        if hidden:
            for path in _all_but(hidden):
                self._allow(path, ACCESS_FS_READ, ACCESS_FS_READ & files)
            for path in (*writable, *WRITABLE):
                self._allow(path, handled & ~ACCESS_FS_MAKE_BLOCK, files)

    def _allow(self, path: str, all_access: int, file_access: int) -> None:
        try:
            fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return  # it has gone
        try:
            kind = os.fstat(fd).st_mode
            if not stat.S_ISLNK(kind):
                syscalls.landlock_add_path(self.fd, all_access if stat.S_ISDIR(kind) else file_access, fd)
        finally:
            os.close(fd)

    def enter(self) -> None:
        """Put the calling process into a new domain, where the kernel has Landlock."""
        if self.fd >= 0:
            syscalls.landlock_restrict_self(self.fd)

    def layer(self, is_filtered: bool) -> tuple[str, str, str]:
        """Layer, enforcement, how. *is_filtered*: seccomp refuses to set limits and priorities of others."""
        if self.abi >= 6 and is_filtered:
            return "other_processes", "enforced", "Landlock: no tracing, no signals; seccomp: no limits, no priorities, no sockets"
        if self.abi >= 6:
            return (
                "other_processes",
                "partial",
                "Landlock: no tracing, no signals, no abstract sockets; limits of others can be set",
            )
        if self.abi:
            return "other_processes", "partial", f"Landlock (ABI {self.abi}): no tracing; signals need Linux 6.12"
        return "other_processes", "missing", "this kernel has no Landlock (Linux 5.13, and lsm=landlock)"


def _all_but(hidden: str) -> Iterator[str]:
    """What lies beside *hidden* and beside every folder above it: Landlock can only allow, and what it allows is whole trees."""
    place = "/"
    for part in hidden.strip("/").split("/"):
        for name in os.listdir(place):
            if name != part and not name.startswith("reward-sandbox-"):
                yield f"{place}{name}"
        place = f"{place}{part}/"

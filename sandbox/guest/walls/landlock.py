"""Landlock rulesets: each job restricts itself by one, which keeps it from files and from other processes of the same user.

A process that restricts itself enters a new Landlock domain. It cannot trace a process outside of it, nor read its memory (Linux
5.13), and with ABI 6 (Linux 6.12) it can signal none and connect to no abstract socket outside. Every job has a domain of its own,
for jobs in one domain could reach each other. A candidate's ruleset also says what it may read (interpreters and libraries) and
write (its own folders): it can open nothing else on the machine, in particular no test files.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import Sequence

from . import syscalls

__all__ = ["NO_RULESET", "SIGNALS_ABI", "Ruleset"]

ACCESS_FS_FILE = 1 << 0 | 1 << 1 | 1 << 2  # execute, write, read
ACCESS_FS_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read, list
ACCESS_FS_MAKE_BLOCK = 1 << 11
"""A ruleset has to handle something: making block devices, which no candidate needs."""
ACCESS_FS_ALL = (1 << 13) - 1
ACCESS_FS_REFER = 1 << 13  # ABI 2
ACCESS_FS_TRUNCATE = 1 << 14  # ABI 3
SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
SCOPE_SIGNAL = 1 << 1
SIGNALS_ABI = 6
"""From this version on, signals stay inside a domain."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
"""What all programs may write: it holds nothing."""


class Ruleset:
    """A ruleset, made in the zygote; `restrict_self` is one system call in each job.

    With *readable* and *writable* paths a job can open nothing else. With neither it only separates processes.
    """

    def __init__(self, readable: Sequence[str] = (), writable: Sequence[str] = (), abi: int = -1) -> None:
        self.abi = syscalls.landlock_abi() if abi < 0 else abi
        self.fd = -1
        self._files = ACCESS_FS_FILE | (ACCESS_FS_TRUNCATE if self.abi >= 3 else 0)
        self._readable: list[bytes] = []
        """Rules that are built once, for the ruleset may be made anew for each job."""
        if self.abi:
            opened = [fd for fd in map(_opened, readable) if fd >= 0]  # they stay open
            self._readable = [rule for fd in opened for rule in self._rules(fd, ACCESS_FS_READ, ACCESS_FS_READ & self._files)]
            self.allow(writable)

    def allow(self, writable: Sequence[str]) -> None:
        """Make the ruleset anew, with these paths writable: a rule is about a folder, and what was mounted or made anew is another one."""
        if not self.abi:
            return
        if self.fd >= 0:
            os.close(self.fd)
        handled = ACCESS_FS_MAKE_BLOCK
        if self._readable:
            handled = ACCESS_FS_ALL
            if self.abi >= 2:
                handled |= ACCESS_FS_REFER
            if self.abi >= 3:
                handled |= ACCESS_FS_TRUNCATE
        scopes = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL
        attributes = struct.pack("=QQQ", handled, 0, scopes) if self.abi >= SIGNALS_ABI else struct.pack("=Q", handled)
        self.fd = syscalls.landlock_create_ruleset(attributes)
        if not self._readable:
            return
        for rule in self._readable:
            syscalls.landlock_add_rule(self.fd, rule)
        for path in (*writable, *DEVICES):
            fd = _opened(path)
            if fd >= 0:
                for rule in self._rules(fd, handled & ~ACCESS_FS_MAKE_BLOCK, self._files):
                    syscalls.landlock_add_rule(self.fd, rule)
                os.close(fd)

    @staticmethod
    def _rules(fd: int, all_access: int, file_access: int) -> list[bytes]:
        """The rule for what *fd* is open on: one, or none for a link."""
        kind = os.fstat(fd).st_mode
        return [] if stat.S_ISLNK(kind) else [syscalls.landlock_rule(all_access if stat.S_ISDIR(kind) else file_access, fd)]

    def restrict_self(self) -> None:
        """Put the calling process into a new domain, where the kernel has Landlock."""
        if self.fd >= 0:
            syscalls.landlock_restrict_self(self.fd)


NO_RULESET = Ruleset(abi=0)
"""Where there is no Landlock, or it was left out."""


def _opened(path: str) -> int:
    """A descriptor of what a path leads to; -1: nothing."""
    try:
        return os.open(os.path.realpath(path), os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return -1

"""A Landlock domain for each job: the walls between its processes and all others of the same user.

A process in a domain can trace, and so read the memory of, nothing outside of it (Linux 5.13), and with ABI 6 (Linux 6.12) it
can signal nothing outside and connect to no abstract socket there. Every job makes a domain of its own, for jobs that share one
could reach each other. Files and the network are not handled yet.
"""

from __future__ import annotations

import struct

from . import syscalls

__all__ = ["Domain"]

ACCESS_FS_MAKE_BLOCK = 1 << 11
"""A ruleset has to handle something: making block devices, which no candidate needs."""
SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
SCOPE_SIGNAL = 1 << 1


class Domain:
    """The ruleset, made once in the zygote; `enter` is one system call in each job."""

    def __init__(self) -> None:
        self.abi = syscalls.landlock_abi()
        self.fd = -1
        if self.abi >= 6:
            scopes = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL
            self.fd = syscalls.landlock_create_ruleset(struct.pack("=QQQ", ACCESS_FS_MAKE_BLOCK, 0, scopes))
        elif self.abi:
            self.fd = syscalls.landlock_create_ruleset(struct.pack("=Q", ACCESS_FS_MAKE_BLOCK))

    def enter(self) -> None:
        """Put the calling process into a new domain, where the kernel has Landlock."""
        if self.fd >= 0:
            syscalls.landlock_restrict_self(self.fd)

    @property
    def layer(self) -> tuple[str, str, str]:
        """Layer, enforcement, how."""
        if self.abi >= 6:
            return (
                "other_processes",
                "partial",
                "Landlock: no tracing, no signals, no abstract sockets; limits of others can be set",
            )
        if self.abi:
            return "other_processes", "partial", f"Landlock (ABI {self.abi}): no tracing; signals need Linux 6.12"
        return "other_processes", "missing", "this kernel has no Landlock (Linux 5.13, and lsm=landlock)"

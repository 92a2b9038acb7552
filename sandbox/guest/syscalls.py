"""The few kernel calls that the standard library does not offer. The only file here that may import ctypes."""

from __future__ import annotations

import ctypes
import os
import struct

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, argument: int) -> None:
    """Set one attribute of the calling process; see the manual page of the same name.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}): {os.strerror(code)}")


_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2


def seccomp_filter(program: bytes) -> None:
    """Filter the system calls of the calling process by a program of `struct sock_filter`s; see seccomp(2).

    Raises:
        OSError: the kernel refused.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count, padding, and where the program is.
    header = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    if _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), header, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl(PR_SET_SECCOMP): {os.strerror(code)}")


_CAPABILITY_VERSION_3 = 0x20080522


def drop_capabilities() -> None:
    """Give up every capability. With no_new_privs set before, no program that is started gets any back.

    Raises:
        OSError: the kernel refused.
    """
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    if _libc.capset(header, bytes(24)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"capset: {os.strerror(code)}")


# The numbers are the same on every architecture (they came with Linux 5.13, after the tables had been unified).
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1


def landlock_abi() -> int:
    """The version of Landlock that this kernel offers; 0 if none."""
    abi: int = _libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_CREATE_RULESET_VERSION)
    return max(0, abi)


def landlock_create_ruleset(attributes: bytes) -> int:
    """Make a ruleset of `struct landlock_ruleset_attr`; a descriptor.

    Raises:
        OSError: the kernel refused.
    """
    fd: int = _libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock_create_ruleset: {os.strerror(code)}")
    return fd


def landlock_add_path(fd: int, access: int, path_fd: int) -> None:
    """Allow *access* on what lies beneath a path.

    Raises:
        OSError: the kernel refused.
    """
    rule = struct.pack("=Qi", access, path_fd)
    if _libc.syscall(_LANDLOCK_ADD_RULE, fd, _LANDLOCK_RULE_PATH_BENEATH, rule, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock_add_rule: {os.strerror(code)}")


def landlock_restrict_self(fd: int) -> None:
    """Restrict the calling thread and what it starts by a ruleset. It cannot be undone.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.syscall(_LANDLOCK_RESTRICT_SELF, fd, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock_restrict_self: {os.strerror(code)}")

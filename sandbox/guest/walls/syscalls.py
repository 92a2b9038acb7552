"""System calls that the standard library does not offer, by ctypes: the only file of the guest that may import it."""

from __future__ import annotations

import ctypes
import os
import struct

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)
_prctl = _libc.prctl  # with its types declared, a call makes no objects: every job makes some of these
_prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)


def _error(call: str) -> OSError:
    """What the C library tells of a call that has just failed."""
    code = ctypes.get_errno()
    return OSError(code, f"{call}: {os.strerror(code)}")


def prctl(option: int, argument: int) -> None:
    """Set one attribute of the calling process; see the manual page of the same name.

    Raises:
        OSError: the kernel refused.
    """
    if _prctl(option, argument, 0, 0, 0) != 0:
        raise _error(f"prctl({option})")


def become_subreaper() -> bool:
    """Become the parent of whatever descendants leave behind; False where that cannot be asked for (gVisor, before 2024)."""
    try:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    except OSError:
        return False
    return True


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
    where = ctypes.create_string_buffer(header, len(header))
    if _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(where), 0, 0) != 0:
        raise _error("prctl(PR_SET_SECCOMP)")


CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MNT_DETACH = 2

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, -1)
_MOUNT_SETATTR = 442
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000


def unshare(flags: int) -> None:
    """New namespaces for the calling process (for CLONE_NEWPID: for its next children); see the manual page of the same name.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.unshare(ctypes.c_int(flags)) != 0:
        raise _error(f"unshare({flags:#x})")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace that a descriptor stands for, which is of this *kind*; see the manual page of the same name.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)) != 0:
        raise _error(f"setns({kind:#x})")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system, or show one at another place; see the manual page of the same name.

    Raises:
        OSError: the kernel refused; the message says what was to be mounted where.
    """
    texts = [os.fsencode(text) for text in (source, target, kind, options)]
    if _libc.mount(texts[0], texts[1], texts[2] or None, ctypes.c_ulong(flags), texts[3] or None) != 0:
        raise _error(f"mount({source}, {target}, {kind}, {flags:#x}, {options})")


def unmount(target: str) -> None:
    """Take what is mounted at *target* out of the tree, whoever still uses it.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.umount2(os.fsencode(target), MNT_DETACH) != 0:
        raise _error(f"umount({target})")


def restrict_mount(target: str, flags: int, everything_below: bool = True) -> None:
    """Add *flags* (of mount(2): the three with the lowest values) to a mount; nothing is taken off it. Linux 5.12.

    Raises:
        OSError: the kernel refused.
    """
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)  # struct mount_attr; its first flags have the values of mount(2)
    at = _AT_RECURSIVE if everything_below else 0
    size = ctypes.c_size_t(len(attributes))
    if _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(target), at, attributes, size) != 0:
        raise _error(f"mount_setattr({target}, {flags:#x})")


def pivot_root(new: str, old: str) -> None:
    """Make *new* the root of the mount namespace, and the root that was appear at *old*.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.syscall(_PIVOT_ROOT, os.fsencode(new), os.fsencode(old)) != 0:
        raise _error(f"pivot_root({new}, {old})")


_CAPABILITIES_OF_VERSION_3 = struct.pack("=Ii", 0x20080522, 0)
_NO_CAPABILITIES = bytes(24)


def drop_capabilities() -> None:
    """Give up every capability. With no_new_privs set before, no program that is started gets any back.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.capset(_CAPABILITIES_OF_VERSION_3, _NO_CAPABILITIES) != 0:
        raise _error("capset")


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
        raise _error("landlock_create_ruleset")
    return fd


def landlock_rule(access: int, path_fd: int) -> bytes:
    """A rule that allows *access* on what lies beneath a path: `struct landlock_path_beneath_attr`."""
    return struct.pack("=Qi", access, path_fd)


def landlock_add_rule(fd: int, rule: bytes) -> None:
    """Add a rule to a ruleset.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.syscall(_LANDLOCK_ADD_RULE, fd, _LANDLOCK_RULE_PATH_BENEATH, rule, 0) != 0:
        raise _error("landlock_add_rule")


def landlock_restrict_self(fd: int) -> None:
    """Restrict the calling thread and what it starts by a ruleset. It cannot be undone.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.syscall(_LANDLOCK_RESTRICT_SELF, fd, 0) != 0:
        raise _error("landlock_restrict_self")

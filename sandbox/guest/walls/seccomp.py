"""Which system calls jobs may make: a table with a reason a row, and the filter that the kernel runs of it.

The table says what is refused; everything that this version of the kernel's interface has and the table does not name is allowed,
for a Python program may use most of it, and everything newer than the table does not exist (ENOSYS). A program of another
architecture (32 bits, x32) is killed: its numbers mean other calls.

The filter is installed once in the zygote and inherited: it costs a job nothing. Calls that the zygote
needs itself after that are refused by their arguments only: it may change its own limits (pid 0), and no other process's.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import NamedTuple, Sequence

from . import syscalls

__all__ = ["RULES", "Rule", "extra_rules", "install", "no_signals_to", "only_own_signals", "program"]

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""AUDIT_ARCH_*, and the column of the numbers below."""
LAST_KNOWN = 450
"""set_mempolicy_home_node; the calls behind it are newer than what programs need."""
X32_BIT = 0x40000000

AF_UNIX = 1
_NAMESPACES = 0x7E020000 | 0x00000080  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; CLONE_NEWTIME


FAKE_SUCCESS = 0
"""Error 0: the call does nothing and reports success, so that honest programs go on."""


class Rule(NamedTuple):
    """Refuse *calls* with *error*; *only* narrows it to arguments: (index, test, value)."""

    calls: str
    reason: str
    error: int = errno.EPERM
    only: tuple[tuple[int, str, int], ...] = ()
    """All must hold: `is`, `not` or `any` (a bit of the value), on the low 32 bits of an argument."""


RULES = (
    Rule("ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise process_mrelease", "other processes' memory"),
    Rule("pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo", "signals that no scope of Landlock covers on older kernels"),
    Rule("kill", "all processes of the user at once", only=((0, "is", 0xFFFFFFFF),)),
    Rule("prlimit64", "limits of other processes: the trainer would be killed by one", only=((0, "not", 0),)),
    Rule(
        "sched_setaffinity sched_setscheduler sched_setparam sched_setattr", "scheduling of other processes", only=((0, "not", 0),)
    ),
    Rule("setpriority", "priorities of users and groups", only=((0, "not", 0),)),
    Rule("setpriority", "priority of other processes", only=((1, "not", 0),)),
    Rule("ioprio_set", "priority of other processes", only=((1, "not", 0),)),
    Rule("ioprio_set", "priorities of groups and users", only=((0, "not", 1),)),
    Rule("migrate_pages move_pages", "memory of other processes"),
    Rule("socket", "every network, and every socket of the host", errno.EACCES),
    Rule("socketpair", "sockets of kinds that only networks have", errno.EACCES, only=((0, "not", AF_UNIX),)),
    Rule("connect bind listen accept accept4", "sockets that were inherited or received", errno.EACCES),
    Rule("io_uring_setup io_uring_enter io_uring_register", "calls that no filter sees", errno.ENOSYS),
    Rule(
        "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents",
        "contexts are counted for the whole machine (fs.aio-max-nr), and the count can be read",
        errno.ENOSYS,
    ),
    Rule("clone3", "flags in memory, where no filter sees them; the C library falls back to clone", errno.ENOSYS),
    Rule("clone", "namespaces, and with them capabilities and mounts", only=((0, "any", _NAMESPACES),)),
    Rule("unshare", "namespaces"),
    Rule(
        "setns",
        "namespaces; a tester enters the one with its files while it still may, and no job has the capability",
        only=((1, "not", syscalls.CLONE_NEWNS),),
    ),
    Rule(
        "mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr",
        "the view of the file system",
    ),
    Rule("open_by_handle_at name_to_handle_at", "files past every check of paths"),
    Rule("fanotify_init fanotify_mark", "what others do with files"),
    Rule("bpf perf_event_open userfaultfd", "kernel machinery with a long history of holes"),
    Rule("add_key request_key keyctl", "keyrings outlive a job and are shared by the user's processes"),
    Rule("shmget shmat shmctl shmdt semget semop semtimedop semctl msgget msgsnd msgrcv msgctl", "System V IPC outlives a job"),
    Rule("mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr", "message queues outlive a job"),
    Rule("kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff", "the machine itself"),
    Rule("settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname", "the machine's clock and name"),
    Rule("quotactl quotactl_fd acct syslog vhangup iopl ioperm modify_ldt personality memfd_secret", "what no program needs"),
    Rule("fcntl", "leases (F_SETLEASE): whoever opens the file waits", only=((1, "is", 1024),)),
    Rule("fcntl", "what others do in a folder (F_NOTIFY)", only=((1, "is", 1026),)),
    Rule("fcntl", "hints that stay with a file (F_SET_RW_HINT)", only=((1, "is", 1036),)),
    Rule("fcntl", "hints that stay with a file (F_SET_FILE_RW_HINT)", only=((1, "is", 1038),)),
    Rule("fcntl", "signals to others by way of files (F_SETOWN)", only=((1, "is", 8),)),
    Rule("fcntl", "the same (F_SETOWN_EX)", only=((1, "is", 15),)),
    Rule("ioctl", "the same (FIOSETOWN)", only=((1, "is", 0x8901),)),
    Rule("ioctl", "the same (SIOCSPGRP)", only=((1, "is", 0x8902),)),
    Rule("flock", "locks on files that everybody reads; one's own need none", FAKE_SUCCESS),
    *(
        Rule("fcntl", f"the same ({name})", FAKE_SUCCESS, only=((1, "is", command),))
        for name, command in (("F_SETLK", 6), ("F_SETLKW", 7), ("F_OFD_SETLK", 37), ("F_OFD_SETLKW", 38))
    ),
    Rule("fcntl", "pages of pipes are counted for the whole user (F_SETPIPE_SZ)", only=((1, "is", 1031),)),
    Rule(
        "inotify_init inotify_init1 inotify_add_watch",
        "counted for the whole user; through binds it tells what others do with files",
    ),
    Rule("sync syncfs", "waits for every disk of the machine, and cannot be killed meanwhile", FAKE_SUCCESS),
    Rule("mmap", "huge pages, which no memory cgroup counts (MAP_HUGETLB)", errno.ENOMEM, only=((3, "any", 0x40000),)),
    Rule("memfd_create", "the same (MFD_HUGETLB)", errno.ENOMEM, only=((1, "any", 4),)),
    Rule("ioctl", "typing into the terminal of others (TIOCSTI)", only=((1, "is", 0x5412),)),
    Rule("ioctl", "the console's clipboard (TIOCLINUX)", only=((1, "is", 0x541C),)),
    Rule("ioctl", "line disciplines (TIOCSETD)", only=((1, "is", 0x5423),)),
)
"""What is refused, and why."""

WITHOUT_A_ROOT_OF_THEIR_OWN = (
    Rule(
        "chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat",
        "attributes of files that belong to the same user: Landlock does not look at them",
        FAKE_SUCCESS,
    ),
    Rule("setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr", "the same"),
    Rule("ioctl", "flags of files (FS_IOC_SETFLAGS): the same", only=((1, "is", 0x40086602),)),
    Rule("ioctl", "flags of files (FS_IOC_FSSETXATTR): the same", only=((1, "is", 0x401C5820),)),
    Rule("ioctl", "versions of files (FS_IOC_SETVERSION): the same", only=((1, "is", 0x40087602),)),
    Rule("ioctl", "versions of files (EXT4_IOC_SETVERSION): the same", only=((1, "is", 0x40086604),)),
    Rule("ioctl", "what can never be changed again (FS_IOC_ENABLE_VERITY): the same", only=((1, "is", 0x40806685),)),
)
WITHOUT_A_MEMORY_CGROUP = (Rule("memfd_create", "nothing else counts what is in such files", errno.ENOSYS),)
"""Both are installed in each job, where the layer that would make these calls harmless is missing; the zygote makes them itself."""

_NUMBERS = {
    "io_setup": (206, 0), "io_destroy": (207, 1), "io_getevents": (208, 4), "io_submit": (209, 2), "io_cancel": (210, 3),
    "io_pgetevents": (333, 292), "sync": (162, 81), "syncfs": (306, 267),
    "tgkill": (234, 131), "tkill": (200, 130),
    "fcntl": (72, 25), "flock": (73, 32), "mmap": (9, 222),
    "chmod": (90, -1), "chown": (92, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchown": (93, 55), "fchownat": (260, 54),
    "fremovexattr": (199, 16), "fsetxattr": (190, 7), "futimesat": (261, -1), "inotify_add_watch": (254, 27), "inotify_init": (253, -1),
    "inotify_init1": (294, 26), "lchown": (94, -1), "lremovexattr": (198, 15), "lsetxattr": (189, 6), "memfd_create": (319, 279),
    "removexattr": (197, 14), "setxattr": (188, 5), "utime": (132, -1), "utimensat": (280, 88), "utimes": (235, -1),
    "accept": (43, 202), "accept4": (288, 242), "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171),
    "bind": (49, 200), "bpf": (321, 280), "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112),
    "clone": (56, 220), "clone3": (435, 435), "connect": (42, 203), "delete_module": (176, 106), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263), "finit_module": (313, 273), "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430),
    "fspick": (433, 433), "init_module": (175, 105), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425), "ioctl": (16, 29), "ioperm": (173, -1), "iopl": (172, -1), "ioprio_set": (251, 30),
    "kcmp": (312, 272), "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219), "kill": (62, 129),
    "listen": (50, 201), "memfd_secret": (447, 447), "migrate_pages": (256, 238), "modify_ldt": (154, -1), "mount": (165, 40),
    "mount_setattr": (442, 442), "move_mount": (429, 429), "move_pages": (279, 239), "mq_getsetattr": (245, 185),
    "mq_notify": (244, 184), "mq_open": (240, 180), "mq_timedreceive": (243, 183), "mq_timedsend": (242, 182),
    "mq_unlink": (241, 181), "msgctl": (71, 187), "msgget": (68, 186), "msgrcv": (70, 188), "msgsnd": (69, 189),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "open_tree": (428, 428), "perf_event_open": (298, 241),
    "personality": (135, 92), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "pivot_root": (155, 41),
    "prlimit64": (302, 261), "process_madvise": (440, 440), "process_mrelease": (448, 448), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "reboot": (169, 142), "request_key": (249, 218), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "semctl": (66, 191), "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "setdomainname": (171, 162),
    "sethostname": (170, 161), "setns": (308, 268), "setpriority": (141, 140), "settimeofday": (164, 170), "shmat": (30, 196),
    "shmctl": (31, 195), "shmdt": (67, 197), "shmget": (29, 194), "socket": (41, 198), "socketpair": (53, 199),
    "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97),
    "userfaultfd": (323, 282), "vhangup": (153, 58),
}  # fmt: skip
"""System call numbers on x86-64 and arm64 (asm/unistd_64.h, asm-generic/unistd.h); -1 where there is none."""

# struct seccomp_data: the number at 0, the architecture at 4, the low half of argument n at 16 + 8 n (little endian).
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_FROM, _JUMP_ANY, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


def program(machine: str = "", rules: tuple[Rule, ...] = RULES) -> bytes:
    """The filter of *rules* for *machine* (default: this one), as `struct sock_filter`s.

    Raises:
        OSError: nobody has written down the numbers of its system calls.
    """
    machine = machine or os.uname().machine
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
    architecture, column = _ARCHITECTURES[machine]
    code = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_JUMP_FROM, 0, 1, X32_BIT),
        (_RETURN, 0, 0, _KILL if machine == "x86_64" else _ERRNO | errno.ENOSYS),
        (_JUMP_ABOVE, 0, 1, LAST_KNOWN),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for first, last, error in _ranges(rules, column):
        if first == last:
            code += [(_JUMP_EQUAL, 0, 1, first), (_RETURN, 0, 0, _ERRNO | error)]
        else:
            code += [(_JUMP_FROM, 0, 2, first), (_JUMP_ABOVE, 1, 0, last), (_RETURN, 0, 0, _ERRNO | error)]
    for rule in rules:
        for call in rule.calls.split() if rule.only else ():
            number = _NUMBERS[call][column]
            if number >= 0:
                code += _conditional(number, rule)
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in code)


def _ranges(rules: tuple[Rule, ...], column: int) -> list[tuple[int, int, int]]:
    """Calls that are refused whatever their arguments, as (first, last, error): neighbours in one row, for short filters install faster."""
    errors = {}
    for rule in rules:
        for call in () if rule.only else rule.calls.split():
            if _NUMBERS[call][column] >= 0:
                errors[_NUMBERS[call][column]] = rule.error
    found: list[tuple[int, int, int]] = []
    for number in sorted(errors):
        if found and found[-1][1] == number - 1 and found[-1][2] == errors[number]:
            found[-1] = (found[-1][0], number, errors[number])
        else:
            found.append((number, number, errors[number]))
    return found


def _conditional(number: int, rule: Rule) -> list[tuple[int, int, int, int]]:
    """Steps that refuse one call if its arguments are so, and go on behind them with the number loaded again."""
    tests: list[tuple[int, int, int, int]] = []
    for index, kind, value in rule.only:
        tests.append((_LOAD, 0, 0, 16 + 8 * index))
        left = 2 * len(rule.only) - len(tests)  # steps from the jump to the refusal, over the tests that follow
        if kind == "is":
            tests.append((_JUMP_EQUAL, 0, left, value))
        elif kind == "not":
            tests.append((_JUMP_EQUAL, left, 0, value))
        else:
            tests.append((_JUMP_ANY, 0, left, value))
    refusal = [(_RETURN, 0, 0, _ERRNO | rule.error)]
    body = [*tests, *refusal, (_LOAD, 0, 0, 0)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def install(rules: tuple[Rule, ...] = RULES) -> None:
    """Filter the calling process and all that it starts, for good. It has no new privileges already.

    Raises:
        OSError: this kernel or this machine cannot.
    """
    key = id(rules)
    if key not in _compiled:
        _compiled[key] = program("", rules)
    syscalls.seccomp_filter(_compiled[key])


_compiled: dict[int, bytes] = {}


def only_own_signals(pid: int) -> tuple[Rule, ...]:
    """Let a job signal only itself: for one whose tester has the same user, where Landlock does not bound signals (before Linux 6.12)."""
    return (Rule("kill tgkill", "the tester", only=((0, "not", pid),)), Rule("tkill", "the tester, by a thread of it"))


def no_signals_to(pids: Sequence[int]) -> tuple[Rule, ...]:
    """Let jobs signal none of the worker's own processes *pids*: for a process namespace, where Landlock does not bound signals."""
    numbers = [number & 0xFFFFFFFF for pid in pids for number in (pid, -pid)]
    return tuple(Rule("kill tgkill tkill", "the worker's own processes", only=((0, "is", number),)) for number in numbers)


def extra_rules(*, has_own_root: bool, has_memory_cgroup: bool) -> tuple[Rule, ...]:
    """Rules that jobs get beside RULES, which they inherit; compiled here, so that a job only installs them."""
    rules = (*(() if has_own_root else WITHOUT_A_ROOT_OF_THEIR_OWN), *(() if has_memory_cgroup else WITHOUT_A_MEMORY_CGROUP))
    if rules:
        _compiled[id(rules)] = program("", rules)
    return rules

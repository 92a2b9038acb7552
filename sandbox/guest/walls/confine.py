"""Confines processes: the zygote once, with what its children inherit, and each forked process before it runs foreign code."""

from __future__ import annotations

import contextlib
import os
import resource
import signal

from ..wire import Order
from . import seccomp, syscalls
from .landlock import Ruleset

__all__ = [
    "ANSWERS_FD",
    "RPC_FD",
    "SETUP_FD",
    "Confinement",
    "OomScore",
    "enter",
    "prepare",
    "rehearse_enter",
    "rlimits_and_scheduling",
]

ANSWERS_FD = 200
"""The descriptor of a candidate's answers: high, so that files a program opens get the numbers it expects (3, 4, ...)."""

SETUP_FD = ANSWERS_FD - 1
"""The descriptor to which a fault of ours or the label's is written; closed before the program runs."""
RPC_FD = ANSWERS_FD + 1
"""The socket between a candidate and its tester, if there is one."""
STACK_BYTES = 100 << 20
"""The main stack may grow to this; x86-64 leaves at least 128 MiB below the mappings (MIN_GAP in arch/x86/mm/mmap.c)."""


MAX_SIGNALS = 1024
"""Timers and queued signals are counted for a whole user: no job may add to them beyond this."""


class Confinement:
    """How a worker confines its jobs: what each of them sets up for itself, beside what it inherits from the zygote."""

    def __init__(
        self,
        *,
        container: str,
        has_limits: bool,
        uid: int,
        own_namespaces: bool,
        is_filtered: bool,
        rules: tuple[seccomp.Rule, ...],
    ) -> None:
        self.container = container
        """What is around the whole worker: "docker", or ""."""
        self.has_limits = has_limits
        self.uid = uid
        """The user id of jobs; -1: the zygote's."""
        self.own_namespaces = own_namespaces
        self.is_filtered = is_filtered
        self.rules = rules
        """System calls that each job has refused beside the filter that it inherits."""
        self.base_data_bytes = 0
        """Private memory of the zygote, which jobs are born with."""


def prepare(is_filtered: bool, container: str = "") -> str:
    """Confine the zygote; its children inherit it, so no job pays for it.

    Returns why there is no seccomp filter, or "" if there is one.
    """
    syscalls.become_subreaper()
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
    # Only the soft limit: contest programs raise it to the hard one, and an error there would be ours.
    soft = STACK_BYTES if stack == resource.RLIM_INFINITY else min(STACK_BYTES, stack)
    resource.setrlimit(resource.RLIMIT_STACK, (soft, stack))
    for limit, value in (
        (resource.RLIMIT_CORE, 1),  # not 0: where core_pattern is a pipe its program is started all the same; of 1 no dump is made
        (resource.RLIMIT_SIGPENDING, MAX_SIGNALS),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        try:
            _limit(limit, value)
        except ValueError:
            if container != "gvisor":  # whose kernel has no such thing, and no such limit
                raise
    missing = "seccomp was left out"
    if is_filtered:
        try:
            seccomp.install()
            missing = ""
        except OSError as error:
            missing = f"seccomp: {error}"
    for limit in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_DATA):
        _hard[limit] = resource.getrlimit(limit)[1]
    return missing


def rlimits_and_scheduling() -> list[object]:
    """Resource limits and scheduling of this process: another one of the same user can change them, and later jobs would inherit that."""
    limits = [resource.getrlimit(limit) for limit in range(16)]  # RLIM_NLIMITS
    return [limits, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)]


_hard: dict[int, int] = {}
"""Hard limits that the zygote was started with, read once."""


def _limit(limit: int, value: int) -> None:
    """Set a limit, soft and hard, as far as the hard limit allows."""
    hard = _hard.get(limit)
    if hard is None:
        hard = _hard[limit] = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def enter(
    order: Order, confinement: Confinement, ruleset: Ruleset, supervisor: int, keep: int = ANSWERS_FD, is_visible: bool = True
) -> None:
    """Confine the calling process. Last of all, every descriptor but 0, 1, 2 and those from SETUP_FD to *keep* is closed.

    With *is_visible* the process may read its own files in /proc, as programs do; nobody may read those of a tester.

    Raises:
        OSError: a layer cannot be set up.
    """
    os.setsid()
    if confinement.uid >= 0:
        os.setresgid(confinement.uid, confinement.uid, confinement.uid)
        os.setresuid(confinement.uid, confinement.uid, confinement.uid)  # which ends all capabilities as well
    else:
        syscalls.drop_capabilities()
    if not confinement.own_namespaces:  # in a process namespace nothing outlives the zygote
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:  # it died before the line above took effect
            os._exit(1)
    if is_visible:
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # the files of a process that is not belong to root
    if confinement.has_limits:
        _limit(resource.RLIMIT_CPU, min(order.slots * order.cpu_ns, order.total_ns) // 1_000_000_000 + 2)
        _limit(resource.RLIMIT_FSIZE, order.file_bytes)
        _limit(resource.RLIMIT_NOFILE, max(order.open_files, RPC_FD + 1))
        _limit(resource.RLIMIT_DATA, order.memory_bytes + confinement.base_data_bytes)
        if confinement.own_namespaces:  # elsewhere it counts everything of the same user
            # Far above the limit: a failed fork does not say why, so the watchdog is to see the excess first.
            _limit(resource.RLIMIT_NPROC, 4 * order.processes + 256)
    ruleset.restrict_self()
    os.closerange(3, SETUP_FD)
    os.closerange(keep + 1, 1 << 16)
    if confinement.rules:
        seccomp.install(confinement.rules)


def rehearse_enter() -> None:
    """For dry runs: those calls of `enter` that change nothing here."""
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)  # as it is
    with contextlib.suppress(OSError, ValueError):
        _limit(resource.RLIMIT_CORE, 1)  # as it is
    with contextlib.suppress(OSError):
        syscalls.landlock_restrict_self(-1)


class OomScore:
    """The OOM score adjustment of this process, by which the kernel chooses what to kill when memory runs out; children inherit it."""

    def __init__(self) -> None:
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # the file of a process that is not belongs to root
        self.fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        self._own = int(os.pread(self.fd, 16, 0))

    def text(self, number: int) -> bytes:
        """What to write to `fd`, so that children forked after that have *number* (0: what this process was started with).

        Raising it, and taking that back, needs no privilege.
        """
        return b"%d" % max(number, self._own)

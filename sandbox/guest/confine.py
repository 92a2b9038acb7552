"""What a freshly forked process does to itself before it runs a candidate, and how a zygote ends everything a job started."""

from __future__ import annotations

import os
import resource
import signal
import time
from typing import Callable

from . import seccomp, syscalls
from .cgroup import Cgroup
from .landlock import Domain
from .wire import Order

__all__ = [
    "ANSWERS_FD",
    "LINE_FD",
    "SETUP_FD",
    "Badness",
    "Tally",
    "Usage",
    "Wall",
    "descendants",
    "enter",
    "family",
    "kill",
    "own_state",
    "prepare",
    "reap",
    "sweep",
]

ANSWERS_FD = 200
"""Where a candidate's answers go: high, so that the files a program opens are numbered as it expects (3, 4, ...)."""

SETUP_FD = ANSWERS_FD - 1
"""Where a fault of ours or the label's is written; closed before the program runs."""
LINE_FD = ANSWERS_FD + 1
"""The line between a candidate and its tester, where there is one."""
NOTABLE_NS = 20_000_000
STACK_BYTES = 100 << 20
"""The main stack may grow to this; x86-64 leaves at least 128 MiB below the mappings (MIN_GAP in arch/x86/mm/mmap.c)."""


class Wall:
    """What every job of a worker puts around itself, as far as it does not inherit it."""

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
        """What each job refuses itself beside what it inherits."""
        self.base_data_bytes = 0
        """Private memory of the zygote, which jobs are born with."""


def prepare(is_filtered: bool) -> str:
    """Confine the zygote itself with what its children can inherit: every line here is one that no job pays for.

    Why there is no filter of system calls, or "".
    """
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
    # Only the soft limit: contest programs raise it to the hard one, and an error there would be ours.
    soft = STACK_BYTES if stack == resource.RLIM_INFINITY else min(STACK_BYTES, stack)
    resource.setrlimit(resource.RLIMIT_STACK, (soft, stack))
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _limit(limit, value)
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


def own_state() -> list[object]:
    """What another process of the same user can change in the zygote, and all later jobs would inherit."""
    limits = [resource.getrlimit(limit) for limit in range(16)]  # RLIM_NLIMITS
    return [limits, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)]


_hard: dict[int, int] = {}
"""Hard limits that the zygote was started with, read once."""


def _limit(limit: int, value: int) -> None:
    """Soft and hard."""
    hard = _hard.get(limit)
    if hard is None:
        hard = _hard[limit] = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def enter(order: Order, wall: Wall, domain: Domain, supervisor: int, keep: int = ANSWERS_FD, is_visible: bool = True) -> None:
    """Confine the calling process. Last of all, every descriptor but 0, 1, 2 and those from SETUP_FD to *keep* is closed.

    What is *visible* may look at itself in /proc, as programs do; a tester may not be looked into by anybody.

    Raises:
        OSError: a layer cannot be set up.
    """
    os.setsid()
    if wall.uid >= 0:
        os.setresgid(wall.uid, wall.uid, wall.uid)
        os.setresuid(wall.uid, wall.uid, wall.uid)  # which ends all capabilities as well
    else:
        syscalls.drop_capabilities()
    if not wall.own_namespaces:  # in a process namespace nothing outlives the zygote
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:  # it died before the line above took effect
            os._exit(1)
    if is_visible:
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # the files of a process that is not belong to root
    if wall.has_limits:
        _limit(resource.RLIMIT_CPU, min(order.cases * order.cpu_ns, order.total_ns) // 1_000_000_000 + 2)
        _limit(resource.RLIMIT_FSIZE, order.file_bytes)
        _limit(resource.RLIMIT_NOFILE, max(order.open_files, LINE_FD + 1))
        _limit(resource.RLIMIT_DATA, order.memory_bytes + wall.base_data_bytes)
        if wall.own_namespaces:  # elsewhere it counts everything of the same user
            # Far above: a fork that fails here says nothing of why, and the looks are to find it first.
            _limit(resource.RLIMIT_NPROC, 4 * order.processes + 256)
    domain.enter()
    os.closerange(3, SETUP_FD)
    os.closerange(keep + 1, 1 << 16)
    if wall.rules:
        seccomp.install(wall.rules)


class Badness:
    """How soon the kernel ends a process where memory runs out: children are born with what their parent has at the moment."""

    def __init__(self) -> None:
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # the file of a process that is not belongs to root
        self.fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        self._own = int(os.pread(self.fd, 16, 0))

    def text(self, number: int) -> bytes:
        """What to write, so that children that are forked then have *number* (0: as this process was started).

        It may be raised, and taken back, by anybody.
        """
        return b"%d" % max(number, self._own)


def _numbers(path: str) -> list[int]:
    """The whole numbers in a file of /proc; nothing if the process has gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        text = b""
        while True:
            part = os.read(fd, 1 << 16)
            text += part
            if len(part) < 1 << 12:  # /proc gives a page at a time
                return [int(word) for word in text.split()]
    except (OSError, ValueError):
        return []
    finally:
        os.close(fd)


def _threads(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """All processes below *pid*, zombies included, parents before children."""
    return family([pid])[1:]


def family(pids: list[int]) -> list[int]:
    """Processes and all that are below them, zombies included, parents before children."""
    found = list(pids)
    pending = list(pids)
    while pending:
        parent = pending.pop()
        for thread in _threads(parent):
            children = _numbers(f"/proc/{parent}/task/{thread}/children")
            found += children
            pending += children
    return found


class Usage:
    """What processes that have been waited for (and their own waited-for children) used."""

    def __init__(self) -> None:
        self.user_seconds = 0.0
        self.system_seconds = 0.0
        self.peak_bytes = 0
        """Of the largest of them."""

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Add what wait4 told of one."""
        self.add(usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024)

    def add(self, user_seconds: float, system_seconds: float, peak_bytes: int) -> None:
        """Add what others have counted."""
        self.user_seconds += user_seconds
        self.system_seconds += system_seconds
        self.peak_bytes = max(self.peak_bytes, peak_bytes)


class Tally(Usage):
    """What the processes of one job use; only numbers are ever read, so that no word of a job stays in the zygote.

    All of them are below *parent*, which is none of them and whose *children* can be looked up.
    """

    def __init__(self, parent: int, children: Callable[[], list[int]], base_bytes: int, cgroup: Cgroup) -> None:
        super().__init__()
        self._parent = parent
        self._children = children
        self.base_bytes = base_bytes
        self._cgroup = cgroup
        self._cpu_before = self._group_ns()
        self._counted_at_end = -1
        self.processes = 1
        self._looked_ns = time.monotonic_ns()
        self._waited_ns = 0
        self._credit_ns = 0
        self.delays: dict[int, int] = {}
        """Nanoseconds that each process of the job waited for a processor, those that have gone included."""
        self.lowered = False
        """The job has lowered its own priority: that it waits is its own doing."""
        self.apart = 0
        """The tester, whose use of time is not the candidate's; 0: there is none."""
        self.apart_ns = 0

    @property
    def delay_ns(self) -> int:
        """How long the job waited for a processor: a parent that waits for its child waits as long as that.

        Processes of a job that wait for one another gain no more than the time that passes: never a credit to sleep off later.
        """
        return 0 if self.lowered else self._credit_ns

    @property
    def reaped_ns(self) -> int:
        """CPU time of what has been waited for, and by the cgroup's account of what nobody has waited for either."""
        return max(int((self.user_seconds + self.system_seconds) * 1e9), self._counted_ns())

    def end(self) -> None:
        """Everything of the job has ended: what is used from now on is used to clean up."""
        self._counted_at_end = self._counted_ns()

    def _counted_ns(self) -> int:
        if self._counted_at_end >= 0:
            return self._counted_at_end
        now = self._group_ns()
        return 0 if now is None or self._cpu_before is None else now - self._cpu_before - self.apart_ns

    def _group_ns(self) -> int | None:
        """By the group's account, without what the worker's own processes use for a job."""
        used = self._cgroup.cpu_ns()
        return None if used is None else used - _cpu_ns(self._parent)

    def _wait_of(self, pid: int, tasks: list[int] | None = None) -> None:
        waited = [_numbers(f"/proc/{pid}/task/{task}/schedstat") for task in (_threads(pid) if tasks is None else tasks)]
        self.delays[pid] = max([self.delays.get(pid, 0)] + [times[1] for times in waited if len(times) > 1])

    def sample(self) -> tuple[int, int]:
        """CPU nanoseconds used so far and resident bytes held now, by everything below the zygote."""
        page = resource.getpagesize()
        alive = family(self._children())
        cpu_ns = int((self.user_seconds + self.system_seconds) * 1e9)
        resident = threads = total = 0
        if self.apart:
            others = {self.apart, *descendants(self.apart)}
            self.apart_ns = max(self.apart_ns, sum(_cpu_ns(pid) + _children_cpu_ns(pid) for pid in alive if pid in others))
            for pid in others:  # what the tester waits for a processor is no time of the candidate's either
                self._wait_of(pid)
            alive = [pid for pid in alive if pid not in others]
        for pid in alive:
            cpu_ns += _cpu_ns(pid)
            memory = _numbers(f"/proc/{pid}/statm")
            if len(memory) > 1 and not memory[1]:  # its first thread has ended, and others may hold the memory still
                memory = max((_numbers(f"/proc/{pid}/task/{task}/statm") for task in _threads(pid)), default=memory)
            if len(memory) > 1:
                # Pages shared with the zygote since the fork are not the candidate's.
                resident += max(0, memory[1] * page - self.base_bytes)
                total += memory[1] * page
            tasks = _threads(pid)
            threads += len(tasks)
            self._wait_of(pid, tasks)
            self.lowered = self.lowered or (self.delays[pid] > NOTABLE_NS and any(map(_is_lowered, tasks)))
        now, waited = time.monotonic_ns(), sum(self.delays.values())
        self._credit_ns += min(waited - self._waited_ns, now - self._looked_ns)
        self._looked_ns, self._waited_ns = now, waited
        if len(alive) > 1:
            # Time of grandchildren that their parents have waited for is in no clock of a live process.
            cpu_ns += sum(map(_children_cpu_ns, alive))
        self.peak_bytes = max(self.peak_bytes, total)
        self.processes = max(self.processes, threads)
        return max(cpu_ns, self._counted_ns()), resident


def _is_lowered(pid: int) -> bool:
    """Whether a process has a lower priority than the zygote: by nice, policy, or the nice value of its session's autogroup."""
    try:
        if os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0):
            return True
        if os.sched_getscheduler(pid) != os.sched_getscheduler(0):
            return True
        with open(f"/proc/{pid}/autogroup", "rb") as file:  # "/autogroup-123 nice 0"
            return int(file.read(200).split()[-1]) > 0
    except (OSError, ValueError, IndexError):
        return False


def _cpu_ns(pid: int) -> int:
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)  # CPUCLOCK_SCHED of another process, see clock_getcpuclockid(3)
    except OSError:
        return 0


def _children_cpu_ns(pid: int) -> int:
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    buffer = bytearray(1024)
    try:
        size = os.readv(fd, [buffer])
        # The second field is a name that the job may have chosen: it is wiped, not kept.
        fields = bytes(buffer[buffer.rindex(b")", 0, size) + 2 : size]).split()
        ticks = int(fields[13]) + int(fields[14])
    except (OSError, ValueError, IndexError):
        return 0
    finally:
        buffer[:] = bytes(len(buffer))
        os.close(fd)
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def sweep(usage: Usage) -> bool:
    """End everything below the calling process and wait for it. False if something refuses to die (uninterruptible sleep)."""
    for round_number in range(200):
        if not reap(usage):
            return True
        alive = descendants(os.getpid())
        if round_number == 0 and len(alive) > 1:
            for pid in alive:  # first stop them all, so that none can fork while others die
                kill(pid, signal.SIGSTOP)
            alive = descendants(os.getpid())
        for pid in alive:
            kill(pid, signal.SIGKILL)
        if round_number:
            time.sleep(0.002)
    return not reap(usage)


def reap(usage: Usage) -> bool:
    """Wait for every child that has ended. False if there is no child at all: the cheapest proof that nothing is left."""
    while True:
        try:
            pid, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        usage.reaped(used)


def kill(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass

"""What a freshly forked process does to itself before it runs a candidate, and how a zygote ends everything a job started.

This is the part that every tier has: session, resource limits, no new privileges, descriptors, complete kill by a subreaper.
"""

from __future__ import annotations

import os
import resource
import signal
import time

from . import seccomp, syscalls
from .landlock import Domain
from .wire import Order

__all__ = [
    "ANSWERS_FD",
    "LAYERS",
    "LINE_FD",
    "SETUP_FD",
    "Tally",
    "descendants",
    "enter",
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

LAYERS = (
    ("cpu_time", "enforced", "CPU clocks of all descendants, RLIMIT_CPU behind"),
    ("wall_time", "enforced", "deadline less the time spent waiting for a processor"),
    ("memory", "partial", "RLIMIT_DATA per process and sampled resident memory of all; no cgroup"),
    ("output", "enforced", "files of bounded size, sampled"),
    ("file_size", "enforced", "RLIMIT_FSIZE"),
    ("processes", "partial", "sampled; no cgroup"),
    ("open_files", "enforced", "RLIMIT_NOFILE"),
    ("complete_kill", "partial", "session, subreaper and sweep; no pid namespace"),
    ("no_new_privileges", "enforced", "PR_SET_NO_NEW_PRIVS, no capabilities"),
    (
        "filesystem",
        "partial",
        "Landlock: test files hidden, written only in the work folder, /tmp and /dev/shm; not yet: a root of its own",
    ),
    ("network", "partial", "seccomp: no sockets; no namespace of its own"),
    ("syscalls", "enforced", "seccomp: other processes, namespaces, mounts, sockets, keys, IPC, kernel machinery"),
)
"""Layer, enforcement, how: reported to the host, which attaches it to every result."""
layers = {name: (enforcement, how) for name, enforcement, how in LAYERS}
"""What `prepare` has come to."""


def prepare() -> None:
    """Confine the zygote itself with what its children can inherit: every line here is one that no job pays for."""
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
    try:
        seccomp.install()
    except OSError as error:
        layers["syscalls"] = ("missing", f"seccomp: {error}")
    for limit in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_DATA):
        _hard[limit] = resource.getrlimit(limit)[1]


def own_state() -> list[object]:
    """What another process of the same user can change in the zygote, and all later jobs would inherit."""
    limits = [resource.getrlimit(limit) for limit in range(16)]  # RLIM_NLIMITS
    return [limits, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)]


_hard: dict[int, int] = {}
"""Hard limits that the zygote was started with, read once."""


def _limit(limit: int, value: int) -> None:
    hard = _hard.get(limit)
    if hard is None:
        hard = _hard[limit] = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def enter(order: Order, domain: Domain, supervisor: int, base_data_bytes: int, keep: int = ANSWERS_FD) -> None:
    """Confine the calling process. Last of all, every descriptor but 0, 1, 2 and those from SETUP_FD to *keep* is closed.

    Raises:
        OSError: a limit cannot be set.
    """
    os.setsid()
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:  # it died before the line above took effect
        os._exit(1)
    _limit(resource.RLIMIT_CPU, min(order.cases * order.cpu_ns, order.total_ns) // 1_000_000_000 + 2)
    _limit(resource.RLIMIT_FSIZE, order.file_bytes)
    _limit(resource.RLIMIT_NOFILE, max(order.open_files, LINE_FD + 1))
    _limit(resource.RLIMIT_DATA, order.memory_bytes + base_data_bytes)
    syscalls.drop_capabilities()
    domain.enter()
    os.closerange(3, SETUP_FD)
    os.closerange(keep + 1, 1 << 16)


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
    found = []
    pending = [pid]
    while pending:
        parent = pending.pop()
        for thread in _threads(parent):
            children = _numbers(f"/proc/{parent}/task/{thread}/children")
            found += children
            pending += children
    return found


class Tally:
    """What the processes of one job use; only numbers are ever read, so that no word of a job stays in the zygote."""

    def __init__(self, base_bytes: int) -> None:
        self.base_bytes = base_bytes
        self.peak_bytes = 0
        self.processes = 1
        self.user_seconds = 0.0  # of processes already reaped
        self.system_seconds = 0.0
        self.delays: dict[int, int] = {}
        """Nanoseconds that each process of the job waited for a processor, those that have gone included."""
        self.lowered = False
        """The job has lowered its own priority: that it waits is its own doing."""
        self.apart = 0
        """The tester, whose use of time is not the candidate's; 0: there is none."""
        self.apart_ns = 0

    @property
    def delay_ns(self) -> int:
        """How long the job waited for a processor: a parent that waits for its child waits as long as that."""
        return 0 if self.lowered else sum(self.delays.values())

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Add what a process that has been waited for (and its own waited-for children) used."""
        self.user_seconds += usage.ru_utime
        self.system_seconds += usage.ru_stime
        self.peak_bytes = max(self.peak_bytes, usage.ru_maxrss * 1024)

    def _wait_of(self, pid: int, tasks: list[int] | None = None) -> None:
        waited = [_numbers(f"/proc/{pid}/task/{task}/schedstat") for task in (_threads(pid) if tasks is None else tasks)]
        self.delays[pid] = max([self.delays.get(pid, 0)] + [times[1] for times in waited if len(times) > 1])

    def sample(self) -> tuple[int, int]:
        """CPU nanoseconds used so far and resident bytes held now, by everything below the zygote."""
        page = resource.getpagesize()
        alive = descendants(os.getpid())
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
            if len(memory) > 1:
                # Pages shared with the zygote since the fork are not the candidate's.
                resident += max(0, memory[1] * page - self.base_bytes)
                total += memory[1] * page
            tasks = _threads(pid)
            threads += len(tasks)
            self._wait_of(pid, tasks)
            self.lowered = self.lowered or (self.delays[pid] > NOTABLE_NS and _is_lowered(pid))
        if len(alive) > 1:
            # Time of grandchildren that their parents have waited for is in no clock of a live process.
            cpu_ns += sum(map(_children_cpu_ns, alive))
        self.peak_bytes = max(self.peak_bytes, total)
        self.processes = max(self.processes, threads)
        return cpu_ns, resident


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


def sweep(tally: Tally) -> bool:
    """End everything below the calling process and wait for it. False if something refuses to die (uninterruptible sleep)."""
    for round_number in range(200):
        if not reap(tally):
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
    return not reap(tally)


def reap(tally: Tally) -> bool:
    """Wait for every child that has ended. False if there is no child at all: the cheapest proof that nothing is left."""
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        tally.reaped(usage)


def kill(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass

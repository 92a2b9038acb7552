"""Accounts for what the processes of a job use: CPU time, memory, processes, and time spent waiting for a processor."""

from __future__ import annotations

import os
import resource
import time
from typing import Callable

from ..walls.cgroup import Cgroup
from ..walls.processes import Usage, descendants, numbers_in, threads_of, with_descendants

__all__ = ["Accounting"]

NOTABLE_NS = 20_000_000


class Accounting(Usage):
    """What the processes of one job use, from /proc and the cgroup. Only numbers are read: the zygote keeps no word of a job.

    They are all descendants of *parent*, which is none of the job's; *children* lists the processes directly below it.
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
        self._sampled_ns = time.monotonic_ns()
        self._delays_before: dict[int, int] = {}
        self._credit_ns = 0
        self.delays: dict[int, int] = {}
        """Nanoseconds that each process of the job, ended ones included, waited for a processor (schedstat)."""
        self.has_lowered_priority = False
        """The job has lowered its own priority, so its waiting does not count for it."""
        self.tester_pid = 0
        """Its time is not charged to the candidate. 0: there is no tester."""
        self.tester_cpu_ns = 0

    @property
    def delay_ns(self) -> int:
        """How long the job waited for a processor, which is no wall time of its own.

        In each interval between samples that is what the process that waited longest did, and never more than the interval: a job
        cannot save up waiting to sleep later.
        """
        return 0 if self.has_lowered_priority else self._credit_ns

    @property
    def reaped_ns(self) -> int:
        """CPU time of reaped processes; where the cgroup counts, of those that nobody has reaped as well."""
        return max(int((self.user_seconds + self.system_seconds) * 1e9), self._counted_ns())

    def end(self) -> None:
        """The job's processes have ended: what is used from now on, to clean up, is not charged to it."""
        self._counted_at_end = self._counted_ns()

    def _counted_ns(self) -> int:
        if self._counted_at_end >= 0:
            return self._counted_at_end
        now = self._group_ns()
        return 0 if now is None or self._cpu_before is None else now - self._cpu_before - self.tester_cpu_ns

    def _group_ns(self) -> int | None:
        """CPU time of the cgroup, less that of the worker's own processes."""
        used = self._cgroup.cpu_ns()
        return None if used is None else used - _cpu_ns(self._parent)

    def _wait_of(self, pid: int, tasks: list[int] | None = None) -> None:
        waited = [numbers_in(f"/proc/{pid}/task/{task}/schedstat") for task in (threads_of(pid) if tasks is None else tasks)]
        self.delays[pid] = max([self.delays.get(pid, 0)] + [times[1] for times in waited if len(times) > 1])

    def sample(self) -> tuple[int, int]:
        """(CPU nanoseconds used so far, bytes of memory resident now) of all processes of the job."""
        page = resource.getpagesize()
        alive = with_descendants(self._children())
        cpu_ns = int((self.user_seconds + self.system_seconds) * 1e9)
        resident = threads = total = 0
        if self.tester_pid:
            others = {self.tester_pid, *descendants(self.tester_pid)}
            self.tester_cpu_ns = max(
                self.tester_cpu_ns, sum(_cpu_ns(pid) + _children_cpu_ns(pid) for pid in alive if pid in others)
            )
            for pid in others:  # time that the tester waits for a processor is not charged either
                self._wait_of(pid)
            alive = [pid for pid in alive if pid not in others]
        for pid in alive:
            cpu_ns += _cpu_ns(pid)
            memory = numbers_in(f"/proc/{pid}/statm")
            if len(memory) > 1 and not memory[1]:  # the first thread has ended; others may still hold the memory
                memory = max((numbers_in(f"/proc/{pid}/task/{task}/statm") for task in threads_of(pid)), default=memory)
            if len(memory) > 1:
                # Pages that are shared with the zygote since the fork do not count.
                resident += max(0, memory[1] * page - self.base_bytes)
                total += memory[1] * page
            tasks = threads_of(pid)
            threads += len(tasks)
            self._wait_of(pid, tasks)
            self.has_lowered_priority = self.has_lowered_priority or (
                self.delays[pid] > NOTABLE_NS and any(map(_has_lower_priority, tasks))
            )
        now, before = time.monotonic_ns(), self._delays_before
        # The longest wait, not the sum: a job that wakes many processes at once makes them wait for one another, and the sum would
        # excuse any wall time.
        waited = max((delay - before.get(pid, 0) for pid, delay in self.delays.items()), default=0)
        self._credit_ns += min(waited, now - self._sampled_ns)
        self._sampled_ns, self._delays_before = now, dict(self.delays)
        if len(alive) > 1:
            # The time of children that a live process has reaped is not on its own clock.
            cpu_ns += sum(map(_children_cpu_ns, alive))
        self.peak_bytes = max(self.peak_bytes, total)
        self.processes = max(self.processes, threads)
        return max(cpu_ns, self._counted_ns()), resident


def _has_lower_priority(pid: int) -> bool:
    """Whether a process has less of the machine than the zygote: by nice, policy, processors, or the nice value of its session's autogroup."""
    try:
        if os.sched_getaffinity(pid) < os.sched_getaffinity(
            0
        ):  # many jobs that pin themselves to one processor wait for one another
            return True
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

"""What the processes of a job use, looked up in /proc; only numbers are ever read, so that no word of a job stays in the zygote."""

from __future__ import annotations

import os
import resource
import time
from typing import Callable

from ..walls.cgroup import Cgroup
from ..walls.processes import Usage, descendants, family, numbers_in, threads_of

__all__ = ["Tally"]

NOTABLE_NS = 20_000_000


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
        self._delays_before: dict[int, int] = {}
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
        waited = [numbers_in(f"/proc/{pid}/task/{task}/schedstat") for task in (threads_of(pid) if tasks is None else tasks)]
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
            memory = numbers_in(f"/proc/{pid}/statm")
            if len(memory) > 1 and not memory[1]:  # its first thread has ended, and others may hold the memory still
                memory = max((numbers_in(f"/proc/{pid}/task/{task}/statm") for task in threads_of(pid)), default=memory)
            if len(memory) > 1:
                # Pages shared with the zygote since the fork are not the candidate's.
                resident += max(0, memory[1] * page - self.base_bytes)
                total += memory[1] * page
            tasks = threads_of(pid)
            threads += len(tasks)
            self._wait_of(pid, tasks)
            self.lowered = self.lowered or (self.delays[pid] > NOTABLE_NS and any(map(_is_lowered, tasks)))
        now, before = time.monotonic_ns(), self._delays_before
        # Of processes that wait at the same time the one that waits longest: a job that wakes many at once makes them wait for
        # one another, and the sum of that would be all the time there is for a tenth of a processor.
        waited = max((delay - before.get(pid, 0) for pid, delay in self.delays.items()), default=0)
        self._credit_ns += min(waited, now - self._looked_ns)
        self._looked_ns, self._delays_before = now, dict(self.delays)
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

"""The watchdog: finds out when a job has reached a limit, and when to look again."""

from __future__ import annotations

import os
import signal
import time

from ..walls.cgroup import Cgroup
from ..walls.workfolder import WorkFolder
from ..wire import ANSWERS_START, Order, Progress, WireError
from .accounting import Accounting

__all__ = ["SAMPLE_SECONDS", "Watchdog"]

SAMPLE_SECONDS = 0.025
"""How often memory, processes and output are checked where no cgroup counts them; a fourth as often where one does. Times are
checked when a limit could have been reached."""


class Watchdog:
    """The limits of one candidate, and what it has used of them: what to stop it for, and when to look again."""

    def __init__(
        self,
        order: Order,
        accounting: Accounting,
        cgroup: Cgroup,
        folder: WorkFolder,
        out: int,
        err: int,
        answers: int,
        started: int,
        cpus: int,
    ) -> None:
        self.order = order
        self.accounting = accounting
        self.folder = folder
        self.cgroup = cgroup
        self.sample_seconds = SAMPLE_SECONDS * (4 if cgroup.has_memory and cgroup.has_processes else 1)
        self.out = out
        self.err = err
        self.answers = answers
        self.started = started
        self.cpus = cpus
        self.slot = Progress(0, 0, started)
        self.slot_delay_ns = 0
        self.slot_tester_ns = 0
        self.candidate_ended = False
        """The candidate has ended, and only its tester still runs."""
        self.ended_ns = self.ended_delay_ns = 0

    def check(self) -> tuple[str, float]:
        """The limit that the candidate has reached, or "", and how many seconds may pass before the next check."""
        order = self.order
        cpu_ns, resident = self.accounting.sample()
        now = time.monotonic_ns()
        self._follow(cpu_ns, now)
        tester_cpu_ns = self.accounting.tester_cpu_ns
        if self.accounting.tester_pid and tester_cpu_ns > order.tester_ns:
            return "tester:cpu_time", 0
        if now - self.started > order.hard_ns:
            return "overloaded", 0
        if self.candidate_ended:
            if now - self.ended_ns - (self.accounting.delay_ns - self.ended_delay_ns) > order.wall_ns:
                return "tester:wall_time", 0
            return "", self.sample_seconds
        used = cpu_ns - self.slot.cpu_ns
        # What the tests themselves compute is not time that the program idles.
        idle = (
            now - self.slot.wall_ns - max(0, self.accounting.delay_ns - self.slot_delay_ns) - (tester_cpu_ns - self.slot_tester_ns)
        )
        if resident > order.memory_bytes and (order.tests_bytes or not self.cgroup.has_memory):
            return "memory", 0  # with tests, the group has room for the tester too
        if killed := self.cgroup.why_killed():
            return killed, 0
        if self.accounting.processes > order.processes or self.cgroup.has_refused():
            return "processes", 0
        if os.fstat(self.out).st_size + os.fstat(self.err).st_size > order.output_bytes:
            return "output", 0
        if self.folder.exceeds_limit():
            return "output", 0
        if used > order.cpu_ns or cpu_ns > order.total_ns:
            return "cpu_time", 0
        whole = max(0, now - self.started - self.accounting.delay_ns - tester_cpu_ns)
        if idle > order.wall_ns or whole > order.total_ns:
            return "wall_time", 0
        nearest = min(
            min(order.cpu_ns - used, order.total_ns - cpu_ns) / self.cpus,
            order.wall_ns - idle,
            order.total_ns - whole,
            order.hard_ns - (now - self.started),
        )
        return "", min(self.sample_seconds, nearest / 1e9 + 0.0005)

    def _follow(self, cpu_ns: int, now: int) -> None:
        """Note that a new call has started, as the candidate wrote it; never more of them than there are, nor one that starts in the future."""
        try:
            seen = Progress.unpack(os.pread(self.answers, ANSWERS_START, 0))
        except (OSError, WireError):
            return
        if self.slot.slot < seen.slot < self.order.slots:
            self.slot = Progress(
                seen.slot, max(self.slot.cpu_ns, min(seen.cpu_ns, cpu_ns)), max(self.slot.wall_ns, min(seen.wall_ns, now))
            )
            self.slot_delay_ns = self.accounting.delay_ns
            self.slot_tester_ns = self.accounting.tester_cpu_ns

    def cause_of_end(self, status: int) -> str:
        """Why a candidate ended that was not stopped. A limit that it passed since the last check counts."""
        if os.fstat(self.out).st_size + os.fstat(self.err).st_size > self.order.output_bytes:
            return "output"
        if killed := self.cgroup.why_killed():
            return killed
        total_ns = self.accounting.reaped_ns
        self._follow(total_ns, time.monotonic_ns())
        if status == -signal.SIGXCPU or total_ns - self.slot.cpu_ns > self.order.cpu_ns or total_ns > self.order.total_ns:
            return "cpu_time"
        if status == 0:
            return "finished"
        if self.cgroup.has_refused():
            return "processes"
        return "exited" if status > 0 else "signaled"

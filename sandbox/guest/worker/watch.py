"""When to look at a candidate again, and what to stop it for."""

from __future__ import annotations

import os
import signal
import time

from ..walls.cgroup import Cgroup
from ..walls.workfolder import Scratch
from ..wire import ANSWERS_START, Order, Progress, WireError
from .tally import Tally

__all__ = ["SAMPLE_SECONDS", "Watch"]

SAMPLE_SECONDS = 0.025
"""How often memory, processes and output are looked at, where no cgroup counts them; a fourth as often where one does. Clocks are
looked at when a limit could be reached."""


class Watch:
    """The clocks and counters of one candidate: when to look again, and what to stop it for."""

    def __init__(
        self,
        order: Order,
        tally: Tally,
        cgroup: Cgroup,
        folder: Scratch,
        out: int,
        err: int,
        answers: int,
        started: int,
        cpus: int,
    ) -> None:
        self.order = order
        self.tally = tally
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
        self.slot_apart_ns = 0
        self.is_over = False
        """The candidate has ended; only a tester is still to be watched."""
        self.over_ns = self.over_delay_ns = 0

    def look(self) -> tuple[str, float]:
        """What the candidate has to be stopped for, or "", and how many seconds may pass before the next look."""
        order = self.order
        cpu_ns, resident = self.tally.sample()
        now = time.monotonic_ns()
        self._follow(cpu_ns, now)
        apart = self.tally.apart_ns
        if self.tally.apart and apart > order.tester_ns:
            return "tester:cpu_time", 0
        if now - self.started > order.hard_ns:
            return "overloaded", 0
        if self.is_over:
            if now - self.over_ns - (self.tally.delay_ns - self.over_delay_ns) > order.wall_ns:
                return "tester:wall_time", 0
            return "", self.sample_seconds
        used = cpu_ns - self.slot.cpu_ns
        # What the tests themselves compute is not time that the program idles.
        idle = now - self.slot.wall_ns - max(0, self.tally.delay_ns - self.slot_delay_ns) - (apart - self.slot_apart_ns)
        if resident > order.memory_bytes and (order.tests_bytes or not self.cgroup.has_memory):
            return "memory", 0  # with tests, the group has room for the tester too
        if killed := self.cgroup.why_killed():
            return killed, 0
        if self.tally.processes > order.processes or self.cgroup.has_refused():
            return "processes", 0
        if os.fstat(self.out).st_size + os.fstat(self.err).st_size > order.output_bytes:
            return "output", 0
        if self.folder.is_over():
            return "output", 0
        if used > order.cpu_ns or cpu_ns > order.total_ns:
            return "cpu_time", 0
        whole = max(0, now - self.started - self.tally.delay_ns - apart)
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
        """Take over a new slot's start, as the candidate wrote it; never for more slots than there are, nor from the future."""
        try:
            seen = Progress.unpack(os.pread(self.answers, ANSWERS_START, 0))
        except (OSError, WireError):
            return
        if self.slot.slot < seen.slot < self.order.cases:
            self.slot = Progress(
                seen.slot, max(self.slot.cpu_ns, min(seen.cpu_ns, cpu_ns)), max(self.slot.wall_ns, min(seen.wall_ns, now))
            )
            self.slot_delay_ns = self.tally.delay_ns
            self.slot_apart_ns = self.tally.apart_ns

    def cause_of_end(self, status: int) -> str:
        """How a candidate that we did not stop ended; a limit that it passed in its last moments counts too."""
        if os.fstat(self.out).st_size + os.fstat(self.err).st_size > self.order.output_bytes:
            return "output"
        if killed := self.cgroup.why_killed():
            return killed
        total_ns = self.tally.reaped_ns
        self._follow(total_ns, time.monotonic_ns())
        if status == -signal.SIGXCPU or total_ns - self.slot.cpu_ns > self.order.cpu_ns or total_ns > self.order.total_ns:
            return "cpu_time"
        if status == 0:
            return "finished"
        if self.cgroup.has_refused():
            return "processes"
        return "exited" if status > 0 else "signaled"

"""The interface of a worker: what a pool needs of it, whatever it is made of."""

from __future__ import annotations

from typing import Protocol

from sandbox.words.job import Job, Run
from sandbox.words.layers import Enforced

__all__ = ["Worker"]


class Worker(Protocol):
    """Runs one job at a time, each in a process of its own that is gone before its run is returned."""

    @property
    def healthy(self) -> bool:
        """Whether it can take another job. Once False, always False."""

    @property
    def enforced(self) -> tuple[Enforced, ...]:
        """What confines the jobs it runs."""

    def run(self, job: Job, deadline: float) -> Run:
        """Run *job*; give up at *deadline* (seconds of `time.monotonic`).

        Whatever the program does is a `Run`, never an exception.

        Raises:
            LabelError: the arguments of a call cannot cross, or the label's imports fail; the worker can go on.
            WorkerLost: the worker died, or did not report in time. It is no longer healthy.
        """

    def close(self) -> None:
        """End the worker and everything below it, and wait for that. May be called twice."""

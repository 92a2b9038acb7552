"""A pool of warm workers, leased to one caller at a time.

    caller's thread ──▶ Pool.run(job) ──▶ lease ──▶ Worker.run(job) ──▶ Run
                             │               ▲
                             │    idle ──────┘   most recently used first: its memory is warm
                             └──▶ worker lost, or taken too long on a busy machine: destroyed, and the job is tried elsewhere

There are no threads here but in `warm`: a job runs in the thread of whoever asks. Workers are started when first needed, up to
*size*. A worker that is not proved clean after a job is destroyed, never reused. The deadline of a job includes its wait for one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from sandbox.errors import ConfigurationError, Overloaded, WorkerLost
from sandbox.host.worker import Worker
from sandbox.job import Job, Run
from sandbox.verdict import Cause

__all__ = ["Pool"]

_OURS = (Cause.OVERLOADED, Cause.SETUP)


class Pool:
    """Runs jobs on at most *size* workers at the same time. Thread-safe.

    *start* makes a worker; *max_waiting* bounds the callers that may queue for one; *retries* is how often a job that was lost
    through no fault of its own is tried again.
    """

    def __init__(self, start: Callable[[], Worker], *, size: int, max_waiting: int = 10_000, retries: int = 2) -> None:
        if size < 1:
            raise ConfigurationError(f"a pool of {size} workers cannot run anything; use at least 1")
        self.size = size
        self._start = start
        self._max_waiting = max_waiting
        self._retries = retries
        self._changed = threading.Condition()  # protects all below
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._starting = 0
        self._waiting = 0
        self._closed = False
        self._owner = os.getpid()

    def run(self, job: Job, deadline: float | None = None) -> Run:
        """Run *job* before *deadline* (seconds of `time.monotonic`; default: the job's `deadline_seconds` from now).

        What is our fault after all retries is a run too, with a cause that says so: nothing is lost and nothing hangs.

        Raises:
            ConfigurationError: workers cannot be started at all, or the pool is closed.
            LayerMissing: a layer of confinement that is required cannot be had.
            LabelError: the arguments of a call cannot cross to the candidate.
        """
        if deadline is None:
            deadline = time.monotonic() + job.limits.deadline_seconds
        trouble = Run(cause=Cause.LOST, detail="not tried")
        for attempt in range(self._retries + 1):
            if attempt and (self._closed or time.monotonic() >= deadline):
                break
            try:
                with self._lease(deadline) as worker:
                    run = worker.run(job, deadline)
            except WorkerLost as error:
                trouble = Run(cause=Cause.LOST, detail=str(error), retries=attempt)
                continue
            except Overloaded as error:
                return Run(cause=Cause.OVERLOADED, detail=str(error), retries=attempt)
            if run.cause not in _OURS:
                return replace(run, retries=attempt) if attempt else run
            trouble = replace(run, retries=attempt)
        return trouble

    def warm(self) -> None:
        """Start all workers now instead of when they are first needed: the first alone, for it finds out what the others need not try.

        Raises:
            ConfigurationError: workers cannot be started.
        """
        self._start_some(1)
        count = min(self.size - 1, os.cpu_count() or 1)
        if count > 0:
            with ThreadPoolExecutor(count) as starting:
                for done in [starting.submit(self._start_some, self.size) for _ in range(count)]:
                    done.result()

    def _start_some(self, most: int) -> None:
        """Start workers until there are *most*."""
        while True:
            with self._changed:
                if len(self._workers) + self._starting >= most or self._closed:
                    return
                self._starting += 1
            self._put_back(self._begin())

    def close(self) -> None:
        """End every worker and wait for that. Jobs that are running end as LOST. May be called twice."""
        with self._changed:
            self._closed = True
            workers = list(self._workers)
            self._workers.clear()
            self._idle.clear()
            self._changed.notify_all()
        if os.getpid() == self._owner:  # a forked copy of this process does not own the workers
            for worker in workers:
                worker.close()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers that are alive now."""
        with self._changed:
            return tuple(self._workers)

    @contextmanager
    def _lease(self, deadline: float) -> Iterator[Worker]:
        worker = self._take(deadline)
        try:
            yield worker
        finally:
            self._put_back(worker)

    def _take(self, deadline: float) -> Worker:
        if os.getpid() != self._owner:
            raise ConfigurationError("this pool belongs to the process that made it; make a new one after a fork")
        with self._changed:
            if self._waiting >= self._max_waiting:
                raise Overloaded(f"{self._waiting} callers wait for a worker already; raise max_waiting or send less at once")
            self._waiting += 1
            try:
                while True:
                    if self._closed:
                        raise ConfigurationError("the pool is closed")
                    if self._idle:
                        return self._idle.pop()
                    if len(self._workers) + self._starting < self.size:
                        self._starting += 1
                        break
                    if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                        raise Overloaded("no worker came free before the deadline; use more workers or a longer deadline_seconds")
            finally:
                self._waiting -= 1
        return self._begin()

    def _begin(self) -> Worker:
        """Start a worker that has been counted in `_starting`."""
        worker = None
        try:
            worker = self._start()
        finally:
            with self._changed:
                self._starting -= 1
                if worker is not None and not self._closed:
                    self._workers.add(worker)
                self._changed.notify()
        if self._closed:
            worker.close()
            raise ConfigurationError("the pool is closed")
        return worker

    def _put_back(self, worker: Worker) -> None:
        with self._changed:
            keep = worker.healthy and not self._closed
            if keep:
                self._idle.append(worker)
            else:
                self._workers.discard(worker)
            self._changed.notify()
        if not keep:
            worker.close()

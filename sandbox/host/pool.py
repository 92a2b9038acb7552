"""A pool of warm workers, leased to one caller at a time.

    caller's thread ──▶ Pool.run(job) ──▶ turn ──▶ permit of the node ──▶ lease ──▶ Worker.run(job) ──▶ Run
                             │                                              ▲
                             │    idle ─────────────────────────────────────┘   most recently used first: its memory is warm
                             └──▶ worker lost, or taken too long on a busy machine: destroyed, and the job is tried elsewhere

There are no threads here but in `warm`: a job runs in the thread of whoever asks. Callers have their turn in the order in which they came, in this
process and, with a semaphore, on the node. Workers are started when first needed, up to *size*: a process that never gets more than
one permit never has more than one. A worker that is not proved clean after a job is destroyed, never reused. The deadline of a job
includes its wait for a worker.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from sandbox.host.semaphore import NodeSemaphore
from sandbox.host.worker import Worker
from sandbox.words.errors import ConfigurationError, Overloaded, WorkerLost
from sandbox.words.job import Job, Run
from sandbox.words.verdict import Cause

__all__ = ["Pool"]

_PERMIT_SECONDS = 1.0
"""Seconds after which a thread that waits for the node looks whether its pool is still open. It loses its place by that."""


class Pool:
    """Runs jobs on at most *size* workers at the same time. Thread-safe.

    *start* makes a worker; *max_waiting* bounds the callers that may queue for one; *retries* is how often a job that was lost
    through no fault of its own is tried again; *node* bounds the jobs of all processes of this node together.
    """

    def __init__(
        self,
        start: Callable[[], Worker],
        *,
        size: int,
        max_waiting: int = 10_000,
        retries: int = 2,
        node: NodeSemaphore | None = None,
    ) -> None:
        if size < 1:
            raise ConfigurationError(f"a pool of {size} workers cannot run anything; use at least 1")
        self.size = size
        self._start = start
        self._max_waiting = max_waiting
        self._retries = retries
        self._node = node
        self._changed = threading.Condition()  # protects all below
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._starting = 0
        self._running = 0
        self._queue: deque[threading.Event] = deque()
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
            if run.cause is not Cause.OVERLOADED and not run.is_our_fault:
                return replace(run, retries=attempt) if attempt else run
            trouble = replace(run, retries=attempt)
        return trouble

    def warm(self) -> None:
        """Start all workers now instead of when they are first needed: the first alone, for it finds out what the others need not try.

        Raises:
            ConfigurationError: workers cannot be started.
        """
        self._start_up_to(1)
        count = min(self.size - 1, os.cpu_count() or 1)
        if count > 0:
            with ThreadPoolExecutor(count) as starting:
                for done in [starting.submit(self._start_up_to, self.size) for _ in range(count)]:
                    done.result()

    def _start_up_to(self, most: int) -> None:
        """Start workers until there are *most*."""
        while True:
            with self._changed:
                if len(self._workers) + self._starting >= most or self._closed:
                    return
                self._starting += 1
            self._put_back(self._start_worker())

    def close(self) -> None:
        """End every worker and wait for that. Jobs that are running end as LOST. May be called twice."""
        with self._changed:
            self._closed = True
            workers = list(self._workers)
            self._workers.clear()
            self._idle.clear()
            self._changed.notify_all()
            for turn in self._queue:
                turn.set()
        if os.getpid() == self._owner:  # a forked copy of this process does not own the workers
            for worker in workers:
                worker.close()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers that are alive now."""
        with self._changed:
            return tuple(self._workers)

    @property
    def load(self) -> tuple[int, int]:
        """Callers that have their turn now, and callers that wait for theirs."""
        with self._changed:
            return self._running, len(self._queue)

    @contextmanager
    def _lease(self, deadline: float) -> Iterator[Worker]:
        with self._turn(deadline), self._permit(deadline):
            worker = self._take(deadline)
            try:
                yield worker
            finally:
                self._put_back(worker)

    @contextmanager
    def _turn(self, deadline: float) -> Iterator[None]:
        """Hold one of *size* turns of this process, first come, first served; whoever leaves passes it on."""
        if os.getpid() != self._owner:
            raise ConfigurationError("this pool belongs to the process that made it; make a new one after a fork")
        turn = None
        with self._changed:
            self._check_open()
            if self._running < self.size:
                self._running += 1
            elif len(self._queue) >= self._max_waiting:
                raise Overloaded(f"{len(self._queue)} callers wait for a worker already; raise max_waiting or send less at once")
            else:
                turn = threading.Event()
                self._queue.append(turn)
        try:
            if turn is not None:
                turn.wait(max(0.0, deadline - time.monotonic()))
                with self._changed:
                    late = turn in self._queue
                if late:
                    self._check_open()
                    raise Overloaded("no worker came free before the deadline; use more workers or a longer deadline_seconds")
            yield
        finally:
            with self._changed:
                if turn is not None and turn in self._queue:
                    self._queue.remove(turn)
                elif self._queue and not self._closed:
                    self._queue.popleft().set()
                else:
                    self._running -= 1

    @contextmanager
    def _permit(self, deadline: float) -> Iterator[None]:
        """One of the jobs that the node may run, whichever process asks."""
        if self._node is None:
            yield
            return
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Overloaded(
                    f"other processes of this node ran {self._node.cap} jobs until the deadline; "
                    "raise node_jobs if there are processors left, or deadline_seconds"
                )
            with self._node.permit(min(_PERMIT_SECONDS, left)) as is_held:
                if is_held:
                    yield
                    return
            self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError("the pool is closed")

    def _take(self, deadline: float) -> Worker:
        with self._changed:
            while True:
                self._check_open()
                if self._idle:
                    return self._idle.pop()
                if len(self._workers) + self._starting < self.size:
                    self._starting += 1
                    break
                # All are being started by `warm`.
                if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    raise Overloaded("no worker was started before the deadline")
        return self._start_worker()

    def _start_worker(self) -> Worker:
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
        self._check_open()
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

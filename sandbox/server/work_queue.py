"""Where requests wait for the judge: bounded, awaited without a thread each, and let go when their client has gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from fastapi import HTTPException, Request

from sandbox.api import Sandbox
from sandbox.server.stats import Stats

__all__ = ["WorkQueue"]

T = TypeVar("T")

LANES = 64
"""Pieces of one request that are under way at the same time: a large request neither stops the event loop nor all others."""


class WorkQueue:
    """Takes work for a sandbox, at most *max_waiting* pieces at a time, those that run included."""

    def __init__(self, box: Sandbox, stats: Stats, *, max_waiting: int) -> None:
        self.box = box
        self.is_draining = False
        self.waiting = 0
        self._stats = stats
        self._max_waiting = max_waiting

    @property
    def is_full(self) -> bool:
        """Whether another piece of work would be refused."""
        return self.waiting >= self._max_waiting

    async def ask(self, request: Request, work: Sequence[Callable[[float], T]], order: Sequence[int] | None = None) -> list[T]:
        """What each piece of *work* says, called with its deadline in a thread of the sandbox; started in *order*.

        What has not begun when the client goes away is not begun at all.

        Raises:
            HTTPException: 503 when the server is ending, 429 when too much is waiting (both say when to try again), 413 when this is
                more than may ever wait.
        """
        if self.is_draining:
            raise HTTPException(503, "the server is ending; try another", headers={"Retry-After": "5"})
        if len(work) > self._max_waiting:
            raise HTTPException(
                413, f"{len(work)} samples in one request, and {self._max_waiting} may be (--max-waiting); send fewer"
            )
        if self.waiting + len(work) > self._max_waiting:
            seconds = max(1, min(60, round(self.waiting / max(self._stats.rate(), 1.0))))
            raise HTTPException(
                429,
                f"{self.waiting} pieces of work are waiting already, and {self._max_waiting} may (--max-waiting)",
                headers={"Retry-After": str(seconds)},
            )
        deadline = time.monotonic() + self.box.rules.limits.deadline_seconds
        numbers = iter(order if order is not None else range(len(work)))
        said: dict[int, T] = {}

        async def lane() -> None:
            for number in numbers:
                said[number] = await asyncio.wrap_future(self.box.submit(work[number], deadline))

        self.waiting += len(work)
        done = asyncio.gather(*(lane() for _ in range(min(LANES, len(work)))))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait((done, gone), return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                raise HTTPException(499, "the client has gone")
            done.result()
            return [said[number] for number in range(len(work))]
        finally:
            self.waiting -= len(work)
            for task in (gone, done):
                task.cancel()
            await asyncio.gather(gone, done, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

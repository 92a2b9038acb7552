"""Where requests wait for the judge: bounded, awaited without a thread each, and let go when their client has gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from fastapi import HTTPException, Request

from sandbox.api import Sandbox
from sandbox.server.stats import Stats

__all__ = ["Desk"]

T = TypeVar("T")


class Desk:
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
            HTTPException: 503 when the server is ending, 429 when too much is waiting; both say when to try again.
        """
        if self.is_draining:
            raise HTTPException(503, "the server is ending; try another", headers={"Retry-After": "5"})
        if self.waiting and self.waiting + len(work) > self._max_waiting:
            seconds = max(1, min(60, round(self.waiting / max(self._stats.rate(), 1.0))))
            raise HTTPException(
                429,
                f"{self.waiting} pieces of work are waiting already, and {self._max_waiting} may (--max-waiting)",
                headers={"Retry-After": str(seconds)},
            )
        deadline = time.monotonic() + self.box.rules.limits.deadline_seconds
        futures: dict[int, Future[Any]] = {}
        self.waiting += len(work)
        try:
            for number in order if order is not None else range(len(work)):
                futures[number] = self.box.submit(work[number], deadline)
            done = asyncio.gather(*(asyncio.wrap_future(futures[number]) for number in range(len(work))))
            gone = asyncio.ensure_future(_gone(request))
            try:
                await asyncio.wait((done, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
            if not done.done():
                done.cancel()
                raise HTTPException(499, "the client has gone")
            return list(done.result())
        finally:
            self.waiting -= len(work)
            for future in futures.values():
                future.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

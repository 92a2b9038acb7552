"""Which results are shown one by one: the slowest, the most suspicious, and the worst of each outcome. Never more than LIMITS allow."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.judging.reward import Outcome
from sandbox.report.read import Result

__all__ = ["FAILURES_OF_AN_OUTCOME", "SLOWEST", "SUSPICIOUS", "Rows", "rows_of"]

SLOWEST = 10
SUSPICIOUS = 50
FAILURES_OF_AN_OUTCOME = 150


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Places in the list of results."""

    slowest: list[int]
    suspicious: list[int]
    failures: list[int]
    """In the order of lines."""

    @property
    def places(self) -> set[int]:
        """All of them."""
        return {*self.slowest, *self.suspicious, *self.failures}


def rows_of(results: Sequence[Result]) -> Rows:
    """Choose; where results are equally bad, the earlier line is taken."""
    ran = [place for place, result in enumerate(results) if result.cpu_seconds > 0.0 and not result.reused]
    suspicious = [place for place, result in enumerate(results) if result.suspicions]
    failures: dict[str, list[int]] = {}
    for place, result in enumerate(results):
        if result.outcome != Outcome.PASS.value:
            failures.setdefault(result.outcome, []).append(place)
    worst = [
        place
        for places in failures.values()
        for place in heapq.nsmallest(
            FAILURES_OF_AN_OUTCOME, places, key=lambda place: (results[place].reward, results[place].pass_rate, place)
        )
    ]
    return Rows(
        slowest=heapq.nsmallest(SLOWEST, ran, key=lambda place: (-results[place].cpu_seconds, place)),
        suspicious=heapq.nsmallest(SUSPICIOUS, suspicious, key=lambda place: _least_suspicious(results[place], place)),
        failures=sorted(worst),
    )


def _least_suspicious(result: Result, place: int) -> tuple[bool, int, float, int]:
    """What was paid although it is suspicious comes first: there a cheat would have cost something."""
    return (result.outcome != Outcome.PASS.value, -len(result.suspicions), -result.reward, place)

"""Which results are shown one by one: the slowest, the most suspicious, and the failures of each outcome, equal ones together."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.judging.reward import Outcome
from sandbox.report.results_file import Result

__all__ = ["EXAMPLES", "FAILURES_OF_AN_OUTCOME", "SLOWEST", "SUSPICIOUS", "FailureGroup", "Rows", "rows_of"]

SLOWEST = 10
SUSPICIOUS = 50
FAILURES_OF_AN_OUTCOME = 150
"""Rows, examples of equal ones included."""
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """Failures that are equal to people: the same verdict, and the same sentence that says why."""

    samples: int
    places: list[int]
    """Of some examples, the worst first."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Places in the list of results."""

    slowest: list[int]
    suspicious: list[int]
    failures: list[FailureGroup]
    """Those of which there are most first."""

    @property
    def places(self) -> set[int]:
        """All of them."""
        return {*self.slowest, *self.suspicious, *(place for group in self.failures for place in group.places)}


def rows_of(results: Sequence[Result]) -> Rows:
    """Choose; where results are equally bad, the earlier line is taken."""
    ran = [place for place, result in enumerate(results) if result.cpu_seconds > 0.0 and not result.reused]
    suspicious = [place for place, result in enumerate(results) if result.suspicions]
    return Rows(
        slowest=heapq.nsmallest(SLOWEST, ran, key=lambda place: (-results[place].cpu_seconds, place)),
        suspicious=heapq.nsmallest(SUSPICIOUS, suspicious, key=lambda place: _suspicion_order(results[place], place)),
        failures=_failure_groups(results),
    )


def _failure_groups(results: Sequence[Result]) -> list[FailureGroup]:
    """Of each outcome those of which there are most, then the worst."""
    equal: dict[tuple[str, str, str], list[int]] = {}
    for place, result in enumerate(results):
        if result.outcome != Outcome.PASS.value:
            equal.setdefault((result.shown, result.verdict, result.why), []).append(place)

    def badness(place: int) -> tuple[float, float, int]:
        return results[place].reward, results[place].pass_rate, place

    worst = [(shown, places, heapq.nsmallest(EXAMPLES, places, key=badness)) for (shown, _, _), places in equal.items()]
    worst.sort(key=lambda one: (-len(one[1]), badness(one[2][0])))
    left = dict.fromkeys((shown for shown, _, _ in worst), FAILURES_OF_AN_OUTCOME)
    kept = []
    for shown, places, examples in worst:
        taken = examples[: left[shown]]
        left[shown] -= len(taken)
        if taken:
            kept.append(FailureGroup(samples=len(places), places=taken))
    return sorted(kept, key=lambda group: (-group.samples, min(group.places)))


def _suspicion_order(result: Result, place: int) -> tuple[bool, int, float, int]:
    """Sort key: suspicious samples that passed come first, because there a cheat was paid."""
    return (result.outcome != Outcome.PASS.value, -len(result.suspicions), -result.reward, place)

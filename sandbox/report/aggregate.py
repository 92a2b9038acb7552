"""What many results say together: a bounded amount of plain data, however many there are."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sandbox.judging.reward import SHOWN_OUTCOMES, Outcome
from sandbox.report.formats import format_in, named
from sandbox.report.results_file import Result
from sandbox.words.details import in_words
from sandbox.words.verdict import SEVERITY, Owner, Verdict

__all__ = ["FailureKind", "Format", "Headline", "Histogram", "Segment", "Summary", "summary_of"]

MOST_SEGMENTS = 80
LEAST_A_SEGMENT = 32
TENTHS = 10
MOST_FORMATS = 12
MOST_KINDS = 12
KIND_CHARACTERS = 100
PER_DECADE = 6
"""Bars of a distribution of times: each is 1.47 times as long as the one before."""
PER_DOUBLING = 3
MIB = float(1 << 20)
_Key = TypeVar("_Key", bound=Hashable)

VERDICTS = tuple(
    verdict.value for verdict in (*(one for one in SEVERITY if one is not Verdict.SKIPPED), Verdict.SKIPPED)
)  # what is accepted is at the bottom of a stack


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The figures to read first. The reward is what was paid; the pass rate is of what could be judged (no broken label, no fault of ours)."""

    samples: int
    outcomes: dict[str, int]
    verdicts: dict[str, int]
    reward: float
    pass_rate: float | None
    suspicious: int
    suspicious_passes: int
    reused: int
    retried: int
    cpu_seconds: float
    not_enforced: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Some results that follow one another, from number *first* to number *last* (counted from 1)."""

    first: int
    last: int
    outcomes: dict[str, int]
    verdicts: dict[str, int]
    reward: float


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many results have which value, by outcome. Bar *n* is from `edges[n]` to `edges[n + 1]`."""

    edges: list[float]
    outcomes: dict[str, list[int]]
    median: float | None = None
    ninety_ninth: float | None = None
    most: float | None = None
    without: int = 0
    """Results that have no such value: nothing was run for them."""

    @property
    def totals(self) -> list[int]:
        """The height of each bar."""
        return [sum(column) for column in zip(*self.outcomes.values(), strict=True)]


@dataclass(frozen=True, kw_only=True)
class Format:
    """The samples whose labels have one format."""

    name: str
    samples: int
    outcomes: dict[str, int]
    reward: float


@dataclass(frozen=True, kw_only=True)
class FailureKind:
    """Failures of one verdict whose reasons begin in the same way."""

    verdict: str
    name: str
    samples: int
    outcomes: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All of it."""

    headline: Headline
    stretches: list[Segment]
    pass_rates: Histogram
    cpu: Histogram
    memory: Histogram
    formats: list[Format]
    kinds: list[FailureKind]
    other_kinds: int
    """Failures of kinds that are too rare to be named."""


def summary_of(results: Sequence[Result]) -> Summary:
    """Aggregate *results*, in their order; there is at least one."""
    kinds = _grouped([result for result in results if result.outcome != Outcome.PASS.value], _kind)
    frequent = sorted(kinds.items(), key=lambda item: -len(item[1]))[:MOST_KINDS]
    failures = sum(map(len, kinds.values()))
    ran = [result for result in results if not result.reused]  # an equal sample's times would be counted twice
    return Summary(
        headline=_headline(results),
        stretches=_segments(results),
        pass_rates=_pass_rates(results),
        cpu=_logarithmic(ran, lambda result: result.cpu_seconds, 10.0 ** (1 / PER_DECADE)),
        memory=_logarithmic(ran, lambda result: result.peak_memory_bytes / MIB, 2.0 ** (1 / PER_DOUBLING)),
        formats=_formats(results),
        kinds=[
            FailureKind(verdict=verdict, name=name, samples=len(group), outcomes=_outcomes(group))
            for (verdict, name), group in frequent
        ],
        other_kinds=failures - sum(len(group) for _, group in frequent),
    )


def _headline(results: Sequence[Result]) -> Headline:
    judged = [result for result in results if _is_judged(result)]
    suspicious = [result for result in results if result.suspicions]
    return Headline(
        samples=len(results),
        outcomes=_outcomes(results),
        verdicts=_verdicts(results),
        reward=_mean_reward(results),
        pass_rate=math.fsum(result.pass_rate for result in judged) / len(judged) if judged else None,
        suspicious=len(suspicious),
        suspicious_passes=sum(result.outcome == Outcome.PASS.value for result in suspicious),
        reused=sum(result.reused for result in results),
        retried=sum(result.retries > 0 for result in results),
        cpu_seconds=sum(result.cpu_seconds for result in results if not result.reused),
        not_enforced=dict(Counter(layer for result in results for layer in result.not_enforced).most_common(MOST_KINDS)),
    )


def _segments(results: Sequence[Result]) -> list[Segment]:
    count = max(1, min(MOST_SEGMENTS, len(results) // LEAST_A_SEGMENT))
    edges = [len(results) * number // count for number in range(count + 1)]
    found = []
    for first, last in itertools.pairwise(edges):
        part = results[first:last]
        found.append(
            Segment(
                first=first + 1,
                last=last,
                outcomes=_outcomes(part),
                verdicts=_verdicts(part),
                reward=_mean_reward(part),
            )
        )
    return found


def _pass_rates(results: Sequence[Result]) -> Histogram:
    """Nothing and everything have bars of their own: what is between them is another story."""
    judged = [result for result in results if _is_judged(result)]
    edges = [0.0, *(number / TENTHS for number in range(TENTHS)), 1.0, 1.0]

    def place(result: Result) -> int:
        if result.pass_rate <= 0.0:
            return 0
        return TENTHS + 1 if result.pass_rate >= 1.0 else 1 + int(result.pass_rate * TENTHS)

    return Histogram(edges=edges, outcomes=_counted(judged, place, TENTHS + 2), without=len(results) - len(judged))


def _logarithmic(results: Sequence[Result], value: Callable[[Result], float], ratio: float) -> Histogram:
    """Bars whose edges are powers of *ratio*, as many as there are values for."""
    known = [result for result in results if value(result) > 0.0]
    if not known:
        return Histogram(edges=[], outcomes={}, without=len(results))
    values = sorted(map(value, known))
    low = _power(values[0], ratio)
    count = _power(values[-1], ratio) - low + 1
    return Histogram(
        edges=[ratio ** (low + number) for number in range(count + 1)],
        outcomes=_counted(known, lambda result: _power(value(result), ratio) - low, count),
        median=_quantile(values, 0.5),
        ninety_ninth=_quantile(values, 0.99),
        most=values[-1],
        without=len(results) - len(known),
    )


def _power(value: float, ratio: float) -> int:
    bounded = min(max(value, 1e-6), 1e7)  # a file that says a year of CPU time gets one wide last bar, not thousands
    return math.floor(math.log(bounded) / math.log(ratio) + 1e-9)


def _counted(results: Sequence[Result], place: Callable[[Result], int], count: int) -> dict[str, list[int]]:
    found = {outcome: [0] * count for outcome in SHOWN_OUTCOMES}
    for result in results:
        found[result.shown][place(result)] += 1
    return {outcome: bars for outcome, bars in found.items() if any(bars)}


def _formats(results: Sequence[Result]) -> list[Format]:
    groups = sorted(_grouped(results, lambda result: result.format).items(), key=lambda item: -len(item[1]))
    rest = [result for _, group in groups[MOST_FORMATS:] for result in group]
    found = [(named(name) or "not recognised", group) for name, group in groups[:MOST_FORMATS]]
    return [
        Format(
            name=name,
            samples=len(group),
            outcomes=_outcomes(group),
            reward=_mean_reward(group),
        )
        for name, group in [*found, *([("all others", rest)] if rest else [])]
    ]


def _kind(result: Result) -> tuple[str, str]:
    """The verdict, and what its reason is without the particulars: `raised TypeError`, `failed while loading: NameError`."""
    said = result.reason.partition("\n")[0]
    if result.verdict == Verdict.WRONG_ANSWER.value:
        return result.verdict, ""  # each is wrong in its own way
    if said.startswith(("exception:", "load:", "compile:", "exit:", "signal:")):
        said = in_words(":".join(said.split(":")[:2]))
    elif code := format_in(said):
        said = named(code) + said.removeprefix(code)
    else:
        said = in_words(said)
    return result.verdict, said if len(said) <= KIND_CHARACTERS else said[:KIND_CHARACTERS] + "…"


def _grouped(results: Sequence[Result], key: Callable[[Result], _Key]) -> dict[_Key, list[Result]]:
    groups: dict[_Key, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return groups


def _outcomes(results: Sequence[Result]) -> dict[str, int]:
    counts = Counter(result.shown for result in results)
    return {outcome: counts[outcome] for outcome in SHOWN_OUTCOMES if counts[outcome]}


def _verdicts(results: Sequence[Result]) -> dict[str, int]:
    counts = Counter(result.verdict for result in results)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def _is_judged(result: Result) -> bool:
    return Verdict(result.verdict).owner not in (Owner.LABEL, Owner.OURS)


def _mean_reward(results: Sequence[Result]) -> float:
    return math.fsum(result.reward for result in results) / len(results)


def _quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(part * len(ordered)))]

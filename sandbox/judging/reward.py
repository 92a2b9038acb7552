"""Judgement → number: the only place that prices outcomes.

The default is the table of docs/rewards.md, from the document this project implements; other shapes are one option away.
Worst wins: crash over timeout over fail.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sandbox.words.errors import ConfigurationError
from sandbox.words.judgement import CaseResult, Judgement
from sandbox.words.verdict import Owner, Verdict

__all__ = ["DOCUMENTED", "SHOWN_OUTCOMES", "Outcome", "Price", "Shape", "outcome_of", "shown_outcome"]


class Outcome(str, Enum):
    """What became of a suite, as far as its price goes."""

    PASS = "pass"
    """Every case accepted."""
    PARTIAL = "partial"
    """Some accepted, the others answered wrongly."""
    FAIL = "fail"
    """None accepted, every one answered: a wrong value, or an exception inside the called function."""
    TIMEOUT = "timeout"
    """A case hit its time limit."""
    CRASH = "crash"
    """No code, no valid program, failure while loading, death by signal or exit, memory or output limit, violation;
    for a program on standard input, an uncaught exception."""
    INTERNAL = "internal"
    """Our fault after retries, or a broken label."""


SHOWN_OUTCOMES = (
    *(outcome.value for outcome in Outcome if outcome is not Outcome.INTERNAL),
    Verdict.LABEL_ERROR.value,
    Verdict.INTERNAL_ERROR.value,
)


def shown_outcome(outcome: str, verdict: str) -> str:
    """The outcome as people see it: `internal` is `label_error` or `internal_error` there, since those are mended by different people."""
    if outcome != Outcome.INTERNAL.value:
        return outcome
    return Verdict.LABEL_ERROR.value if verdict == Verdict.LABEL_ERROR.value else Verdict.INTERNAL_ERROR.value


_CRASHES = frozenset((Verdict.NO_CODE, Verdict.COMPILE_ERROR, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT, Verdict.VIOLATION))


def _crashed(case: CaseResult) -> bool:
    return case.verdict in _CRASHES or (case.verdict is Verdict.RUNTIME_ERROR and not case.answered)


def outcome_of(judgement: Judgement) -> Outcome:
    """The outcome of a judgement, by its worst case."""
    cases = judgement.cases
    if judgement.verdict.owner in (Owner.OURS, Owner.LABEL):
        return Outcome.INTERNAL
    if judgement.verdict in _CRASHES or any(map(_crashed, cases)):
        return Outcome.CRASH
    if any(case.verdict is Verdict.TIME_LIMIT for case in cases):
        return Outcome.TIMEOUT
    accepted = [case for case in cases if case.verdict is Verdict.ACCEPTED]
    if cases and len(accepted) == len(cases):
        return Outcome.PASS
    return Outcome.PARTIAL if accepted else Outcome.FAIL


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a sample is worth: *reward* for the advantage, *score* within [0, 1] for dynamic filtering."""

    reward: float
    score: float
    outcome: Outcome


DOCUMENTED: Mapping[Outcome, float] = {
    Outcome.PASS: 1.0,
    Outcome.PARTIAL: 0.3,
    Outcome.FAIL: 0.0,
    Outcome.TIMEOUT: -0.5,
    Outcome.CRASH: -1.0,
    Outcome.INTERNAL: 0.0,
}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How outcomes become numbers: `documented`, `binary`, `fraction`, `threshold` or `table`.

    - documented: the rewards above; score = (reward + 1) / 2.
    - binary: 1.0 for a pass, else 0.0; score the same, so that dynamic filtering drops groups that all pass or all fail.
    - fraction: the part of the cases that were accepted; 0.0 where the suite crashed in loading or no code was found.
    - threshold: 1.0 where that part is at least *threshold*, else 0.0.
    - table: rewards of one's own for every outcome, within [-1, 1]; score = (reward + 1) / 2.

    Raises:
        ConfigurationError: the shape does not exist, or its numbers cannot be used.
    """

    name: str = "documented"
    threshold: float = 1.0
    table: Mapping[Outcome, float] = field(default_factory=lambda: DOCUMENTED)

    def __post_init__(self) -> None:
        if self.name not in ("documented", "binary", "fraction", "threshold", "table"):
            raise ConfigurationError(
                f"reward shape {self.name!r}: use documented, binary, fraction, threshold:0.8 or table:{{...}}"
            )
        if not 0.0 < self.threshold <= 1.0:
            raise ConfigurationError(f"reward shape: threshold {self.threshold} is not within (0, 1]")
        missing = [outcome.value for outcome in Outcome if outcome not in self.table]
        if missing:
            raise ConfigurationError(f"reward table: no reward for {', '.join(missing)}")
        for outcome, reward in self.table.items():
            if not (math.isfinite(reward) and -1.0 <= reward <= 1.0):
                raise ConfigurationError(f"reward table: {outcome.value}={reward} is not within [-1, 1]")

    @classmethod
    def parse(cls, text: str) -> Shape:
        """A shape from a setting: `binary`, `threshold:0.8`, `table:{"pass": 1, "timeout": -0.2}` (others as documented)."""
        name, _, rest = text.strip().partition(":")
        if name == "threshold":
            try:
                return cls(name=name, threshold=float(rest))
            except ValueError:
                raise ConfigurationError(f"reward shape {text!r}: write threshold:0.8, with a number within (0, 1]") from None
        if name == "table":
            try:
                own = {Outcome(key): float(value) for key, value in json.loads(rest).items()}
            except (ValueError, AttributeError, TypeError) as error:
                words = ", ".join(outcome.value for outcome in Outcome)
                raise ConfigurationError(f"reward table {rest!r}: a JSON object with keys of {words}; {error}") from None
            return cls(name=name, table={**DOCUMENTED, **own})
        return cls(name=name)

    @property
    def needs_only_passes(self) -> bool:
        """Whether a suite is decided by its first case that is not accepted."""
        return self.name == "binary"

    def price(self, judgement: Judgement) -> Price:
        """What *judgement* is worth."""
        outcome = outcome_of(judgement)
        if self.name in ("documented", "table"):
            reward = float(self.table[outcome])
            return Price(reward=reward, score=(reward + 1.0) / 2.0, outcome=outcome)
        if outcome is Outcome.INTERNAL:
            value = 0.0
        elif self.name == "binary":
            value = 1.0 if outcome is Outcome.PASS else 0.0
        elif self.name == "threshold":
            value = 1.0 if judgement.pass_rate >= self.threshold else 0.0
        else:
            value = judgement.pass_rate
        return Price(reward=value, score=value, outcome=outcome)

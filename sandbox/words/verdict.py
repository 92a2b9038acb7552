"""Verdicts, causes, and the tables that say what a cause means and which verdict is worse.

A `Cause` is what the worker observed of a process (how it ended); a `Verdict` is what that means for a case. First cause wins
within a run: the worker writes down why it kills before it kills. Worst wins within a suite.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

__all__ = ["SEVERITY", "VERDICT_OF_CAUSE", "Cause", "Owner", "Verdict", "worst"]


class Owner(str, Enum):
    """Whose failure it is. Every failure has exactly one owner."""

    NOBODY = "nobody"
    CANDIDATE = "candidate"
    LABEL = "label"
    OURS = "ours"


class Verdict(str, Enum):
    """What became of one test case, or of a whole suite."""

    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong_answer"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    RUNTIME_ERROR = "runtime_error"
    COMPILE_ERROR = "compile_error"
    VIOLATION = "violation"
    NO_CODE = "no_code"
    LABEL_ERROR = "label_error"
    INTERNAL_ERROR = "internal_error"
    SKIPPED = "skipped"
    """Not run: an earlier case had decided."""

    @property
    def owner(self) -> Owner:
        """Whose failure this is."""
        if self in (Verdict.ACCEPTED, Verdict.SKIPPED):
            return Owner.NOBODY
        if self is Verdict.LABEL_ERROR:
            return Owner.LABEL
        if self is Verdict.INTERNAL_ERROR:
            return Owner.OURS
        return Owner.CANDIDATE


class Cause(str, Enum):
    """How a candidate's process ended, as its worker observed it."""

    FINISHED = "finished"
    """It ended by itself with exit status 0."""
    EXITED = "exited"
    """It ended by itself with another exit status."""
    SIGNALED = "signaled"
    """A signal that we did not send ended it."""
    CPU_TIME = "cpu_time"
    WALL_TIME = "wall_time"
    MEMORY = "memory"
    OUTPUT = "output"
    PROCESSES = "processes"
    SYSCALL = "syscall"
    """A system call that is not allowed ended it."""
    OVERLOADED = "overloaded"
    """The hard cap passed although neither time limit was used: the machine was too busy. Ours, and retried."""
    SETUP = "setup"
    """The worker could not prepare the process. Ours, and retried."""
    LOST = "lost"
    """The worker died or could not be had. Ours, after retries."""


VERDICT_OF_CAUSE: dict[Cause, Verdict] = {
    Cause.FINISHED: Verdict.RUNTIME_ERROR,  # the case has no answer, and silence is never a pass
    Cause.EXITED: Verdict.RUNTIME_ERROR,
    Cause.SIGNALED: Verdict.RUNTIME_ERROR,
    Cause.CPU_TIME: Verdict.TIME_LIMIT,
    Cause.WALL_TIME: Verdict.TIME_LIMIT,
    Cause.MEMORY: Verdict.MEMORY_LIMIT,
    Cause.OUTPUT: Verdict.OUTPUT_LIMIT,
    Cause.PROCESSES: Verdict.VIOLATION,
    Cause.SYSCALL: Verdict.VIOLATION,
    Cause.OVERLOADED: Verdict.INTERNAL_ERROR,
    Cause.SETUP: Verdict.INTERNAL_ERROR,
    Cause.LOST: Verdict.INTERNAL_ERROR,
}
"""What a cause means for a case that was not answered."""

SEVERITY: tuple[Verdict, ...] = (
    Verdict.SKIPPED,
    Verdict.ACCEPTED,
    Verdict.WRONG_ANSWER,
    Verdict.TIME_LIMIT,
    Verdict.RUNTIME_ERROR,
    Verdict.OUTPUT_LIMIT,
    Verdict.MEMORY_LIMIT,
    Verdict.VIOLATION,
    Verdict.COMPILE_ERROR,
    Verdict.NO_CODE,
    Verdict.LABEL_ERROR,
    Verdict.INTERNAL_ERROR,
)
"""Every verdict, mildest first."""

_RANK = {verdict: rank for rank, verdict in enumerate(SEVERITY)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a suite: the worst of its cases.

    Raises:
        ValueError: there are no cases, and a suite without cases has no verdict.
    """
    ranked = sorted(verdicts, key=_RANK.__getitem__)
    if not ranked:
        raise ValueError("a suite without cases has no verdict")
    return ranked[-1]

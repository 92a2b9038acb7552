"""A suite is what a label was read into: test cases, how to compare, and the label's own limits.

A case holds its input and its *check*. The check stays on the host, where no candidate code ever runs. Where the tests are
code, the suite holds them instead of cases, and they run in a tester (`sandbox.guest.tests.tester`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.words.errors import LabelError
from sandbox.words.job import Call, CodeTests

__all__ = ["CallCase", "Comparison", "OutputCheck", "Reference", "StdioCase", "Suite", "ValueCheck"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Whether an answer is what the label expects, and where the two first differ (bounded text)."""

    ok: bool
    difference: str = ""


class OutputCheck(Protocol):
    """Compares what a program wrote with what the label expects."""

    def __call__(self, output: str) -> Comparison:
        """Compare the whole standard output, decoded."""


class ValueCheck(Protocol):
    """Compares what calls returned with what the label expects."""

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Compare the values of the case's calls, in their order, of exact builtin types."""


@dataclass(frozen=True, kw_only=True)
class StdioCase:
    """Run the program with this standard input."""

    stdin: str
    check: OutputCheck


@dataclass(frozen=True, kw_only=True)
class CallCase:
    """Make these calls (usually one) and check their values together."""

    calls: tuple[Call, ...]
    check: ValueCheck


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A reference solution, and the calls whose expected values are its answers."""

    source: str
    calls: tuple[Call, ...]
    tolerance: float = 0.0
    """Absolute tolerance for floats."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Test cases of one kind, or tests that are code, or a reference to take the expected values from; one of them is always there.

    Raises:
        LabelError: there are none. Every program would pass a suite that asks nothing.
    """

    cases: tuple[StdioCase, ...] | tuple[CallCase, ...] = ()
    tests: CodeTests | None = None
    reference: Reference | None = None
    format: str
    """The label format that was recognised: its number (F1 to F21) in the table of docs/why.md."""
    entry_points: tuple[str, ...] = ()
    """Names that the program has to define; extraction prefers a block that does."""
    preamble: str = ""
    """Imports that the program may rely on; they run in its module before it."""
    standard_preamble: bool = False
    """The format's own graders give programs the usual imports (`sandbox.judging.languages.python`) as well."""
    prompt: str = ""
    """Code that a completion continues, where the label itself carries it."""
    language: str = "python"
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    as_code: Callable[[], Suite] | None = field(default=None, compare=False, repr=False)
    """Makes the same tests as code: where a program returns objects of its own, only a tester can compare them."""

    def __post_init__(self) -> None:
        if not (self.cases or self.tests or (self.reference and self.reference.calls)):
            raise LabelError(f"{self.format}: the label has no test cases; a suite needs at least one")

    @functools.cached_property
    def calls(self) -> tuple[Call, ...]:
        """The calls of all cases. Always the same object, so that it is encoded once for all candidates."""
        return tuple(call for case in self.cases if isinstance(case, CallCase) for call in case.calls)

    @property
    def uses_stdin(self) -> bool:
        """Whether the cases run a script rather than call functions."""
        return bool(self.cases) and isinstance(self.cases[0], StdioCase)

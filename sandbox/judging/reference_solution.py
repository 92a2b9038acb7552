"""Expected values from a reference solution: it runs once, as a job of its own, and its answers are remembered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sandbox.judging.bounded_cache import BoundedCache
from sandbox.judging.checkers import Equal, EqualAsSets, NotNone, PolynomialRoot
from sandbox.words.errors import LabelError, WorkerError
from sandbox.words.job import AnswerKind, Call, Job, Run
from sandbox.words.limits import Limits
from sandbox.words.suite import CallCase, Reference, Suite, ValueCheck
from sandbox.words.verdict import VERDICT_OF_CAUSE, Owner

__all__ = ["with_expected_values"]

RELATIVE = 1e-7
ABSOLUTE = 1e-6
"""EvalPlus's tolerances, for expected values that are floats or flat sequences of floats."""
MAX_KNOWN = 64

_known: BoundedCache[int, tuple[Reference, tuple[CallCase, ...]]] = BoundedCache(MAX_KNOWN)
"""By the id of the reference, which is kept alive here: all samples of a group have the same suite."""


def with_expected_values(
    suite: Suite, reference: Reference, run: Callable[[Job, float], Run], limits: Limits, deadline: float
) -> Suite:
    """*suite* with cases instead of its reference.

    Raises:
        LabelError: the reference program fails on one of its own inputs.
        WorkerError: it could not be run.
    """
    known = _known.get(id(reference))
    if known is None:
        cases = _cases(suite.format, reference, run, limits, deadline)
        _known.put(id(reference), (reference, cases))
    else:
        cases = known[1]
    return dataclasses.replace(suite, cases=cases, reference=None)


def _cases(
    name: str, reference: Reference, run: Callable[[Job, float], Run], limits: Limits, deadline: float
) -> tuple[CallCase, ...]:
    seen = run(Job(source=reference.source, calls=reference.calls, limits=limits), deadline)
    if VERDICT_OF_CAUSE[seen.cause].owner is Owner.OURS:
        raise WorkerError(f"the canonical solution could not be run: {seen.detail}")
    cases = []
    for number, call in enumerate(reference.calls):
        if number >= len(seen.answers):
            raise LabelError(f"{name}: the canonical solution has no answer to input {number + 1}: {seen.failure or seen.detail}")
        answer = seen.answers[number]
        if answer.kind is not AnswerKind.RETURNED:
            raise LabelError(f"{name}: the canonical solution fails on input {number + 1}: {answer.error or answer.kind.value}")
        cases.append(CallCase(calls=(call,), check=_check(call, answer.value, reference.tolerance)))
    return tuple(cases)


# EvalPlus's own rules for problems of MBPP that have several right answers (evalplus.eval of 0.3.1).
_EQUAL_AS_SETS = frozenset(
    [
        "similar_elements",
        "find_char_long",
        "common_in_nested_lists",
        "extract_singly",
        "larg_nnum",
        "intersection_array",
        "find_dissimilar",
        "Diff",
    ]
)
_NOT_NONE = frozenset(("check_str", "text_match_three", "text_starta_endb"))


def _check(call: Call, expected: Any, tolerance: float) -> ValueCheck:
    if call.function in _EQUAL_AS_SETS and isinstance(expected, list | tuple | set):
        return EqualAsSets(expected=expected)
    if call.function in _NOT_NONE:
        return NotNone(expected=expected is not None and expected is not False)
    if call.function == "find_zero" and len(call.args) == 1 and isinstance(call.args[0], list):
        return PolynomialRoot(coefficients=tuple(call.args[0]), absolute=max(tolerance, 1e-4))
    if tolerance == 0.0 and _is_floats(expected):
        tolerance = ABSOLUTE
    return Equal(expected=expected, relative=RELATIVE if tolerance else 0.0, absolute=tolerance)


def _is_floats(value: Any) -> bool:
    return isinstance(value, float) or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(item, float) for item in value)
    )

"""Labels of EvalPlus: inputs, and a canonical solution whose answers to them are the expected values."""

from __future__ import annotations

from typing import Any

from sandbox.judging.labels.limits import limits_of
from sandbox.judging.labels.parsing import described, parsed
from sandbox.words.errors import LabelError
from sandbox.words.job import Call
from sandbox.words.suite import Reference, Suite

__all__ = ["from_inputs"]


def from_inputs(label: dict[str, Any]) -> Suite:
    """{"base_input": [[args]], "plus_input": [[args]], "canonical_solution", "prompt", "entry_point", "atol"}."""
    entry = str(label.get("entry_point") or "").strip()
    solution = label.get("canonical_solution")
    if not entry.isidentifier() or not isinstance(solution, str) or not solution.strip():
        raise LabelError("F2: the label needs an entry_point and a canonical_solution, whose answers are the expected values")
    calls = []
    for key in ("base_input", "plus_input"):
        rows = parsed(label[key]) if label.get(key) else []
        if not isinstance(rows, list) or not all(isinstance(row, list | tuple) for row in rows):
            raise LabelError(f"F2: {key} is a list of lists of arguments; found {described(rows)}")
        calls += [Call(function=entry, args=tuple(row)) for row in rows]
    prompt = str(label.get("prompt") or "")
    # A canonical solution of HumanEval is the body that continues the prompt; one of MBPP is a whole program.
    source = solution if f"def {entry}" in solution else prompt + solution
    try:
        tolerance = float(label.get("atol") or 0.0)
    except (TypeError, ValueError):
        raise LabelError(f"F2: atol is {described(label['atol'])}; it should be a number") from None
    return Suite(
        reference=Reference(source=source, calls=tuple(calls), tolerance=tolerance),
        format="F2",
        entry_points=(entry,),
        prompt=prompt,
        **limits_of(label),
    )

"""Labels whose cases are function calls with values: APPS, TACO, LiveCodeBench, DeepCoder, PrimeIntellect, INTELLECT, NeMo-Gym.

How an expected value is read follows a rule. Accepting either of two readings would pay for wrong answers:

- Where the inputs are texts (JSON, one argument a line), the outputs are JSON texts too. Where the inputs are lists of
  arguments, an output is the value itself, a text included.
- APPS wraps outputs in a list of one. If *every* output of the label is a list of one, they are unwrapped, unless the starter
  code says that the function returns a list.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.judging import syntax
from sandbox.judging.checkers import Equal
from sandbox.judging.labels import stdio
from sandbox.judging.labels.limits import limits_of, positive
from sandbox.judging.labels.parsing import columns_of, described, is_plain_json, parsed, unpacked
from sandbox.judging.languages import language_named
from sandbox.words.errors import LabelError
from sandbox.words.job import Call
from sandbox.words.suite import CallCase, Suite

__all__ = ["case_kind", "from_columns", "from_intellect", "from_live_code_bench", "from_rows", "function_name"]


def function_name(label: dict[str, Any]) -> str:
    """The function that the label names, or ""."""
    metadata = label.get("metadata")
    metadata = parsed(metadata) if metadata else {}
    places = [label, metadata if isinstance(metadata, dict) else {}]
    for place in places:
        for key in ("fn_name", "func_name", "function_name", "entry_point"):
            if isinstance(place.get(key), str) and place[key].strip():
                return str(place[key]).strip()
    return ""


def case_kind(row: dict[str, Any], outer: dict[str, Any]) -> str:
    """Whether a test case of a list is a `call` or runs on standard input (`stdin`)."""
    said = str(row.get("testtype") or row.get("type") or outer.get("type") or "")
    if "stdin" in said or "stdio" in said:
        return "stdin"
    return "call" if "func" in said or function_name(row) or function_name(outer) else "stdin"


def from_columns(label: dict[str, Any]) -> Suite:
    """APPS, TACO: {"fn_name", "inputs", "outputs"}; inputs are lists of arguments, or texts with one JSON argument a line."""
    inputs, outputs = columns_of(label, "F6")
    return _suite("F6", function_name(label), inputs, outputs, label)


def from_rows(rows: list[dict[str, Any]], outer: dict[str, Any]) -> Suite:
    """DeepCoder, PrimeIntellect: a list of dicts with input, output and the function's name; *outer* is the dict that holds the list."""
    names = {function_name(row) or function_name(outer) for row in rows}
    if len(names) != 1 or not (name := names.pop()):
        raise LabelError("F8: function tests have to name one function, as metadata.func_name or fn_name")
    return _suite("F8", name, [row["input"] for row in rows], [row["output"] for row in rows], {**rows[0], **outer})


def from_intellect(label: dict[str, Any]) -> Suite:
    """INTELLECT: {"fn_name", "test_case_inputs", "test_case_outputs"}: JSON texts, an input being the list of arguments."""
    inputs, outputs = parsed(label["test_case_inputs"]), parsed(label.get("test_case_outputs", []))
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise LabelError("F10: test_case_inputs and test_case_outputs are lists of the same length")
    arguments = []
    for text in inputs:
        value = _value(text, "F10") if isinstance(text, str) else text
        arguments.append(value if isinstance(value, list) else [value])
    values = [_value(text, "F10") if isinstance(text, str) else text for text in outputs]
    return _suite("F10", function_name(label), arguments, values, label, may_be_wrapped=False)


def from_live_code_bench(label: dict[str, Any]) -> Suite:
    """A row of LiveCodeBench; packed private tests are unpacked without running anything."""
    rows: list[dict[str, Any]] = []
    for key in ("public_test_cases", "private_test_cases"):
        tests = label.get(key)
        if isinstance(tests, str) and tests.strip() and not tests.lstrip().startswith("["):
            tests = unpacked(tests.strip())
        tests = parsed(tests) if tests else []
        if not isinstance(tests, list) or not all(isinstance(test, dict) and "input" in test for test in tests):
            raise LabelError(f"F7: {key} is a list of dicts with input and output; found {described(tests)}")
        rows += tests
    if not rows:
        raise LabelError("F7: the label has neither public nor private test cases")
    kinds = {case_kind(row, label) for row in rows}
    if kinds == {"stdin"}:
        return stdio.from_rows(rows, label)
    if kinds == {"call"}:
        return from_rows(rows, label)
    raise LabelError("F7: the label mixes test cases for standard input with function calls; a suite has one kind")


def _suite(
    name: str, function: str, inputs: list[Any], outputs: list[Any], label: dict[str, Any], *, may_be_wrapped: bool = True
) -> Suite:
    if not function:
        raise LabelError(f"{name}: the label names no function (fn_name, func_name or entry_point)")
    function = re.sub(r"^Solution\(\)\.", "", function)
    language = language_named(str(label.get("language") or "python"))
    as_text = bool(inputs) and all(isinstance(given, str) for given in inputs)
    wanted = [_value(output, name) if isinstance(output, str) else output for output in outputs] if as_text else outputs
    if may_be_wrapped and not as_text and _are_wrapped(outputs, function, str(label.get("starter_code") or "")):
        wanted = [output[0] for output in outputs]
    from_json = all(map(is_plain_json, wanted))
    tolerance = _tolerance(label)
    cases = tuple(
        CallCase(calls=(_call(function, given, name),), check=Equal(expected=value, from_json=from_json, **tolerance))
        for given, value in zip(inputs, wanted, strict=True)
    )
    preamble = str(label.get("preamble") or "")
    return Suite(
        cases=cases,
        format=name,
        entry_points=(function,),
        preamble=preamble,
        standard_preamble=True,
        language=language.name,
        **limits_of(label),
    )


def _call(function: str, given: Any, name: str) -> Call:
    if isinstance(given, str):
        return Call(function=function, args=tuple(_value(line, name) for line in given.split("\n") if line.strip()))
    if isinstance(given, list | tuple):
        return Call(function=function, args=tuple(given))
    if isinstance(given, dict) and all(isinstance(key, str) for key in given):
        return Call(function=function, kwargs=given)
    return Call(function=function, args=(given,))


def _value(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return syntax.parse_literal(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise LabelError(f"{name}: expected a JSON value on a line, found {text[:80]!r}") from None


def _are_wrapped(outputs: list[Any], function: str, starter: str) -> bool:
    """Whether every output is a list of one item, and the starter code does not say that the function returns a list."""
    if not outputs or not all(isinstance(output, list) and len(output) == 1 for output in outputs):
        return False
    returns = re.search(rf"def\s+{re.escape(function)}\s*\(.*?\)\s*->\s*([^:\n]+):", starter, re.S)
    return not (returns and re.match(r"['\"]?(?:typing\.)?(?:List|list|Sequence|Tuple|tuple)\b", returns[1]))


def _tolerance(label: dict[str, Any]) -> dict[str, float]:
    """Float tolerance only where the label asks for it: `atol`, `rtol`, or the checker `floats`, with `relative` and `absolute`."""
    checker = label.get("checker") or {}
    checker = {"type": checker} if isinstance(checker, str) else checker
    if not isinstance(checker, dict) or checker.get("type", "exact") not in ("exact", "floats"):
        raise LabelError(f"what a function returns is compared by the checker exact or floats; found {described(label['checker'])}")
    settings = {**({"relative": 1e-9, "absolute": 1e-9} if checker.get("type") == "floats" else {}), **label, **checker}
    found = {"relative": settings.get("rtol", settings.get("relative")), "absolute": settings.get("atol", settings.get("absolute"))}
    return {key: positive(value, f"{key} tolerance") for key, value in found.items() if value}

"""Labels whose cases are standard input and output: APPS, TACO, DeepCoder, PrimeIntellect, open-r1, CodeContests, CommonOJ."""

from __future__ import annotations

from typing import Any

from sandbox.judging.checkers import output_check
from sandbox.judging.labels.limits import limits_of
from sandbox.judging.labels.parsing import columns_of, described, parsed
from sandbox.judging.languages import language_named
from sandbox.words.errors import LabelError
from sandbox.words.suite import StdioCase, Suite

__all__ = ["from_code_contests", "from_columns", "from_rows"]


def from_columns(label: dict[str, Any]) -> Suite:
    r"""APPS, TACO: {"inputs": ["1 2\\n"], "outputs": ["3\\n"]}; an item may be a list of lines."""
    inputs, outputs = columns_of(label, "F5")
    return _suite("F5", list(zip(inputs, outputs, strict=True)), label)


def from_rows(rows: list[dict[str, Any]], label: dict[str, Any]) -> Suite:
    """DeepCoder, PrimeIntellect, open-r1: a list of dicts with input and output. CommonOJ: those are {"stdin": ...} and {"stdout": ...}."""
    pairs = []
    for row in rows:
        given, wanted = row["input"] or "", row["output"]
        if isinstance(given, dict):
            given = _only(given, "stdin")
        if isinstance(wanted, dict):
            wanted = _only(wanted, "stdout")
        pairs.append((given, wanted))
    return _suite("F12" if isinstance(rows[0]["input"], dict) else "F8", pairs, {**rows[0], **label})


def from_code_contests(label: dict[str, Any]) -> Suite:
    """CodeContests: public, private and generated tests, each {"input": [...], "output": [...]} or a list of dicts."""
    pairs: list[tuple[Any, Any]] = []
    for key in ("public_tests", "private_tests", "generated_tests"):
        tests = parsed(label[key]) if label.get(key) else {}
        if isinstance(tests, dict):
            inputs, outputs = tests.get("input") or [], tests.get("output") or []
        elif isinstance(tests, list) and all(isinstance(test, dict) and {"input", "output"} <= test.keys() for test in tests):
            inputs, outputs = [test["input"] for test in tests], [test["output"] for test in tests]
        else:
            raise LabelError(f"F11: {key} holds input and output; found {described(tests)}")
        if len(inputs) != len(outputs):
            raise LabelError(f"F11: {key} has {len(inputs)} inputs and {len(outputs)} outputs")
        pairs += zip(inputs, outputs, strict=True)
    return _suite("F11", pairs, label)


def _only(given: dict[str, Any], name: str) -> Any:
    others = sorted(key for key, value in given.items() if key != name and value is not None)
    if others:
        raise LabelError(f"F12: a test case with files ({', '.join(others)}) is not supported; only {name} is")
    return given.get(name) or ""


def _suite(name: str, pairs: list[tuple[Any, Any]], label: dict[str, Any]) -> Suite:
    language = language_named(str(label.get("language") or "python"))
    for key in ("input_file", "output_file", "input_mode", "interaction_format"):
        if label.get(key) and label[key] not in ("stdio", "stdin", "stdout"):
            raise LabelError(
                f"{name}: the label wants {key}={str(label[key])[:80]!r}; only standard input and output are supported"
            )
    cases = tuple(
        StdioCase(stdin=_text(given, name, "input"), check=output_check(_text(wanted, name, "output"), label.get("checker")))
        for given, wanted in pairs
    )
    return Suite(cases=cases, format=name, language=language.name, **limits_of(label))


def _text(item: Any, name: str, what: str) -> str:
    """A text, or a list of lines, or lines as lists of words."""
    if isinstance(item, str):
        return item
    if isinstance(item, bytes):
        return item.decode("utf-8", "surrogateescape")
    if isinstance(item, bool) or item is None or isinstance(item, dict):
        raise LabelError(f"{name}: an {what} is a text or a list of lines; found {described(item)}")
    if isinstance(item, list):
        return "\n".join(" ".join(map(str, line)) if isinstance(line, list) else str(line) for line in item)
    return str(item)

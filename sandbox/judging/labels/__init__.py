"""Reads a label, in any format that data sets use, into a `Suite`.

`_read` tells the formats apart by their keys, in a fixed order. The readers are in one file for each family of formats:

    asserts    HumanEval, MBPP, ROLL: assert statements          stdio      APPS, TACO, CodeContests: standard input and output
    code       LeetCodeDataset, AutoEval: other statements       calls      APPS, LiveCodeBench, INTELLECT: function calls
    files      KodCode, BigCodeBench: pytest and unittest files  evalplus   EvalPlus: inputs and a reference solution

`Suite.format` is the number of the format (F1 to F21): docs/why.md has their names, docs/labels.md what they look like.
"""

from __future__ import annotations

import copy
import difflib
import re
from typing import Any

from sandbox.judging.bounded_cache import BoundedCache
from sandbox.judging.labels import asserts, calls, code, evalplus, files, stdio
from sandbox.judging.labels.parsing import arrays_as_lists, described, parsed, without_none
from sandbox.words.errors import LabelError, WorkerError
from sandbox.words.suite import Suite

__all__ = ["read"]

_WRAPPERS = ("ground_truth", "reward_model", "verification_info", "input_output", "unit_tests", "label", "verifier_metadata")
"""Keys whose value is the label itself: verl, OpenRLHF rows, INTELLECT, APPS and LiveCodeBench samples, NeMo-Gym."""


def read(label: Any) -> Suite:
    """The test cases of *label*: a dict, a list, a JSON or Python-literal text of one, or a text of asserts. A `Suite` is itself.

    Raises:
        LabelError: it cannot be understood; the message says what was looked for and what was found.
    """
    if isinstance(label, Suite):
        return label
    key = _cache_key(label)
    known = _recent.get(key) if key else None
    if known is None:
        known = _read_anew(label, is_kept=bool(key))
        if key:
            _recent.put(key, known)
    return known


MAX_RECENT = 256
MAX_KEY_CHARACTERS = 20_000
_recent: BoundedCache[str, Suite] = BoundedCache(MAX_RECENT)
"""The suites of small labels that were read last, by the label's repr: all samples of a group have the same label."""


def _cache_key(label: Any) -> str:
    if not isinstance(label, str | list | dict):
        return ""
    try:
        key = repr(label)
    except Exception:  # a label may hold anything, and what cannot be shown is not remembered
        return ""
    return key if len(key) <= MAX_KEY_CHARACTERS and " at 0x" not in key and "array(" not in key else ""


def _read_anew(label: Any, *, is_kept: bool) -> Suite:
    try:
        own = copy.deepcopy(label) if is_kept else label  # the caller may change its own
        return _read(parsed(arrays_as_lists(own)), {})
    except (LabelError, WorkerError):
        raise
    except Exception as error:  # labels are data from anywhere: where one breaks a reader, the label is at fault
        raise LabelError(f"the label is malformed ({type(error).__name__}: {error}); found {described(label)}") from error


def _read(label: Any, outer: dict[str, Any]) -> Suite:
    if isinstance(label, str):
        return asserts.from_text(label, outer)
    if isinstance(label, list):
        return _read_list(label, outer)
    if not isinstance(label, dict):
        raise LabelError(f"a label is a dict, a list or a text; this one is {described(label)}")
    label = without_none({**outer, **label})
    if any(label.get(key) for key in _ASSERTS) or asserts.is_assert_list(label.get("tests")):
        return asserts.from_lists(label)
    if label.keys() & {"base_input", "plus_input"}:
        return evalplus.from_inputs(label)
    if isinstance(label.get("test"), str) and "entry_point" in label and re.search(r"^def check\(", label["test"], re.M):
        return asserts.from_check(label)
    if label.keys() & {"public_test_cases", "private_test_cases"}:
        return calls.from_live_code_bench(label)
    if label.keys() & {"public_tests", "private_tests", "generated_tests"}:
        return stdio.from_code_contests(label)
    if "test_case_inputs" in label:
        return calls.from_intellect(label)
    if label.get("files") or label.get("hidden_files"):
        return files.from_files(label)
    if label.get("labels"):
        return code.from_auto_eval(label)
    if label.get("functional"):
        return code.from_functional(label)
    for key in ("pytest", "tests_code"):
        if isinstance(label.get(key), str):
            return files.from_text(label[key], label)
    if label.get("generated_checker"):
        raise LabelError("F14: the label has a checker program, which this version does not run")
    if "inputs" in label and "outputs" in label:
        return calls.from_columns(label) if calls.function_name(label) else stdio.from_columns(label)
    for key in ("test_cases", "official_tests", "tests"):
        if isinstance(label.get(key), list | str | dict):
            rest = {name: value for name, value in label.items() if name != key}
            return _read(parsed(label[key]), rest)
    for key in _WRAPPERS:
        if key in label:
            rest = {name: value for name, value in label.items() if name != key and name not in ("style", "source")}
            return _read(parsed(label[key]), rest)
    if isinstance(label.get("test"), str):
        if re.search(r"^def check\(", label["test"], re.M) and not re.search(r"^check\(", label["test"], re.M):
            raise LabelError("F1: the test defines check, and there is no entry_point to say which function check is given")
        return asserts.from_text(label["test"], label)
    if "input" in label and "output" in label:
        return _read_pair(label)
    if label.keys() & set(_ASSERTS):
        return asserts.from_lists(label)
    raise LabelError(
        "no known label format: looked for test (with entry_point), test_list, tests, assert_case, assert_code, pytest, functional, "
        "files (with solution_path), hidden_files, labels, base_input, inputs/outputs (with fn_name), test_cases, public_test_cases, "
        f"public_tests, unit_tests; found {described(label)}{_spelling_hint(label)}"
    )


_ASSERTS = ("test_list", "assert_case", "assert_code")


def _read_pair(label: dict[str, Any]) -> Suite:
    """One case; or, as in CodeContests, one for each item where both are lists of the same length."""
    inputs, outputs = parsed(label["input"]), parsed(label["output"])
    if isinstance(inputs, list) and isinstance(outputs, list) and len(inputs) == len(outputs):
        columns = {**label, "inputs": inputs, "outputs": outputs}
        if not calls.function_name(label):
            return stdio.from_columns(columns)
        if all(isinstance(given, list) for given in inputs):  # of arguments
            return calls.from_columns(columns)
    return _read_list([label], {})


_KEYS = (
    *(
        "test",
        "tests",
        "test_list",
        "test_cases",
        "unit_tests",
        "assert_case",
        "assert_code",
        "pytest",
        "functional",
        "entry_point",
    ),
    *("inputs", "outputs", "input", "output", "files", "hidden_files", "labels", "base_input", "public_tests", "private_tests"),
    *("public_test_cases", "private_test_cases", "ground_truth", "input_output"),
)


def _spelling_hint(label: dict[Any, Any]) -> str:
    """Which known keys the keys of a label that was not understood may stand for."""
    if {"input", "outputs"} <= label.keys() or {"inputs", "output"} <= label.keys():
        return "; input goes with output (one case), inputs with outputs (lists of cases)"
    near = []
    for name in label:
        close = difflib.get_close_matches(name, _KEYS, 1, 0.8) if isinstance(name, str) and name not in _KEYS else []
        near += [f"{key!r} for {name!r}" for key in close]
    return f"; did you mean {', '.join(near)}?" if near else ""


def _read_list(items: list[Any], outer: dict[str, Any]) -> Suite:
    items = [parsed(item) if isinstance(item, str) and item.lstrip().startswith("{") else item for item in items]
    if not items:
        raise LabelError("the label is an empty list; it needs at least one test case")
    if asserts.is_assert_list(items):
        return asserts.from_lists({**outer, "test_list": items})
    rows = [_row(item) for item in items if isinstance(item, dict)]
    if len(rows) != len(items):
        raise LabelError(f"a list label holds assert texts, or dicts with input and output; this one holds {described(items)}")
    if all("assert_code" in row for row in rows):
        return asserts.from_lists({**outer, "assert_code": [row["assert_code"] for row in rows], **_shared(rows)})
    if not all("input" in row and "output" in row for row in rows):
        raise LabelError(f"every test case needs input and output; the first has {described(rows[0])}")
    kinds = {calls.case_kind(row, outer) for row in rows}
    if len(kinds) > 1:
        raise LabelError("the label mixes test cases for standard input with function calls; a suite has one kind")
    return calls.from_rows(rows, outer) if kinds == {"call"} else stdio.from_rows(rows, outer)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    """A test case without keys that are None; input and output are kept, because a function may return None."""
    return {**{key: None for key in ("input", "output") if key in item}, **without_none(item)}


def _shared(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: rows[0][key] for key in ("entry_point", "import_prefix") if key in rows[0]}

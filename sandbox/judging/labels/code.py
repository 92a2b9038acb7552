"""Labels whose tests are code that cannot be reduced to cases: HumanEval, MBPP, ROLL, LeetCodeDataset, AutoEval.

A label's text is only read here. A tester runs it, in a process that no candidate can reach. A name that the tests use and do not
define is the program's.
"""

from __future__ import annotations

import ast
import base64
import binascii
import sys
from typing import Any

from sandbox.judging.labels.names import (
    BUILTINS,
    COMPARISON_FUNCTIONS,
    LIBRARIES,
    bound_names,
    called_names,
    free_names,
    missing_imports,
)
from sandbox.judging.labels.parsing import checked_file_name, described, parsed
from sandbox.judging.labels.source import is_call_of, is_valid_program, parse
from sandbox.judging.labels.statements import cases_of_check, grouped, statement_suite
from sandbox.judging.languages import language_named
from sandbox.words.errors import LabelError
from sandbox.words.suite import Suite

__all__ = ["from_auto_eval", "from_check", "from_functional", "from_statements"]


def from_check(label: dict[str, Any]) -> Suite:
    """HumanEval and LeetCodeDataset: any `def check(candidate)`, for a function or for an expression such as `Solution().twoSum`."""
    entry = str(label["entry_point"]).strip()
    text = str(label["test"])
    tree = parse(text, "F1: test")
    prompt = str(label.get("prompt") or "")
    is_expression = not entry.isidentifier()
    if is_expression:
        parse(entry, "F16: entry_point")
    prelude = str(label.get("import_prefix") or (_definitions_for_both(prompt, entry) if is_expression else ""))
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    others = [node for node in tree.body if node not in checks and not is_call_of(node, "check")]
    if len(checks) != 1:
        raise LabelError(f"F1: the test defines {len(checks)} functions called check; there should be one")
    alias, cases = cases_of_check(checks[0])
    if not alias:
        others = [*others, checks[0]]
        alias, cases = "candidate", ("check(candidate)",)
    return statement_suite(
        "F16" if is_expression else "F1",
        label,
        setup=others,
        cases=cases,
        entry=entry,
        alias=alias,
        prelude=prelude,
        prompt="" if is_expression else prompt,
    )


def _definitions_for_both(prompt: str, entry: str) -> str:
    """What a prompt that is code defines for program and tests: all but the function or class that *entry* asks the program for."""
    if not is_valid_program(prompt):
        return ""
    asked = {node.id for node in ast.walk(parse(entry, "F16: entry_point")) if isinstance(node, ast.Name)}
    body = parse(prompt, "F16: prompt").body
    given = [node for node in body if not (isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in asked)]
    return prompt if given == body else ast.unparse(ast.Module(given, []))


def from_functional(label: dict[str, Any]) -> Suite:
    """LeetCodeDataset as one text: classes and other definitions, `def check(candidate)`, and `check(Solution().f)`."""
    text = str(label["functional"])
    tree = parse(text, "F16: functional")
    calls = [node.value for node in tree.body if isinstance(node, ast.Expr) and is_call_of(node, "check")]
    if len(calls) != 1 or not isinstance(calls[0], ast.Call) or len(calls[0].args) != 1:
        free = free_names([tree])
        names = free - LIBRARIES - COMPARISON_FUNCTIONS - sys.stdlib_module_names
        return statement_suite(
            "F16",
            label,
            setup=[],
            cases=grouped(tree.body),
            program_names=tuple(sorted(names - missing_imports(names, "", [tree]))),
        )
    return from_check({**label, "test": text, "entry_point": ast.unparse(calls[0].args[0])})


def from_statements(label: dict[str, Any], setup: str, tests: list[str], entry: str = "", alias: str = "candidate") -> Suite:
    """MBPP, ROLL and others: each text of *tests* is a test, after *setup*."""
    trees = [parse(test, "F3: a test") for test in tests]
    checks = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if entry and checks:  # ROLL: check functions in a list
        head = [node for tree in trees for node in tree.body if node not in checks and not is_call_of(node, "check")]
        texts = [f"{ast.unparse(check)}\ncheck(candidate)" for check in checks]
        return statement_suite("F3", label, setup=[*parse(setup, "F3: setup").body, *head], cases=tuple(texts), entry=entry)
    called = called_names(trees) - bound_names([parse(setup, "F3: setup"), *trees])
    known = BUILTINS | LIBRARIES | COMPARISON_FUNCTIONS
    called = {name for name in called if name not in known and not name.startswith("assert")}
    program_names = tuple(sorted(called - missing_imports(called, entry, trees)))
    return statement_suite(
        "F3", label, setup=parse(setup, "F3: setup").body, cases=tuple(tests), entry=entry, alias=alias, program_names=program_names
    )


def from_auto_eval(label: dict[str, Any]) -> Suite:
    """AutoEval: {"labels": {"programming_language"}, "test": {"code": "... #<INSERT> ...", "asset": {name: base64}}}.

    The tests get all code before the marker; the program gets its imports and classes.
    """
    labels, test = parsed(label["labels"]), parsed(label.get("test") or {})
    if not isinstance(labels, dict) or not isinstance(test, dict) or not isinstance(test.get("code"), str):
        raise LabelError(f"F13: labels and test are dicts, and test has code; found {described(label)}")
    language_named(str(labels.get("execution_language") or labels.get("programming_language") or "python"))
    before, marker, after = test["code"].partition("#<INSERT>")
    if not marker:
        before, after = "", test["code"]
    head = parse(before, "F13: test.code").body
    given: list[ast.stmt] = [node for node in head if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef)]
    prelude = ast.unparse(ast.Module(given, []))
    assets = tuple((checked_file_name(str(name), "F13"), _decoded(content)) for name, content in (test.get("asset") or {}).items())
    return statement_suite(
        "F13",
        label,
        setup=head,
        cases=grouped(parse(after, "F13: test.code").body),
        prelude=prelude if is_valid_program(prelude) else "",
        visible=assets,
    )


def _decoded(content: Any) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise LabelError("F13: an asset is a text of base64") from None

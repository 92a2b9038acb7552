"""Labels whose tests are assert statements: HumanEval (`check(candidate)`), MBPP and ROLL (lists), KodCode and others (a text).

Each is reduced to calls and expected values where that is possible (`reduction`). Otherwise a tester runs the label's code
(`code`, `files`).
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import re
import textwrap
from typing import Any

from sandbox.judging.checkers.expression import Irreducible
from sandbox.judging.labels import code, files
from sandbox.judging.labels.names import BUILTINS, bound_names, called_names, missing_imports
from sandbox.judging.labels.parsing import described, parsed
from sandbox.judging.labels.reduction import AssertReader
from sandbox.judging.labels.source import is_call_of, parse
from sandbox.words.errors import LabelError
from sandbox.words.suite import Suite

__all__ = ["from_check", "from_lists", "from_text", "is_assert_list"]


def is_assert_list(items: Any) -> bool:
    """Whether *items* is a list of texts that begin with assert (setup lines may stand before them)."""
    return bool(isinstance(items, list) and items and all(isinstance(item, str) for item in items)) and any(
        re.search(r"^\s*assert\b", item, re.M) for item in items
    )


def from_check(label: dict[str, Any]) -> Suite:
    """HumanEval: {"test": "def check(candidate): ...", "entry_point": "f"}; "prompt" is code that a completion continues."""
    entry = str(label["entry_point"]).strip()
    tree = parse(label["test"], "F1: test")
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if len(checks) != 1 or not entry.isidentifier():
        return code.from_check(label)
    try:
        names, statements = _inlined_checks(tree.body)
        suite = AssertReader(names={entry, *names}, entry=entry).suite(
            "F1", statements, label, prompt=str(label.get("prompt") or "")
        )
    except Irreducible:
        return code.from_check(label)
    return dataclasses.replace(suite, as_code=functools.partial(code.from_check, label))


def from_lists(label: dict[str, Any]) -> Suite:
    """MBPP, ROLL: lists of assert texts, with imports as `test_setup_code`, `test_imports`, `setup` or `import_prefix`."""
    tests: list[str] = []
    for key in ("test_list", "challenge_test_list", "tests", "assert_case", "assert_code"):
        found = parsed(label[key]) if label.get(key) else []
        tests += [found] if isinstance(found, str) else found
    if not all(isinstance(test, str) for test in tests):
        raise LabelError(f"F3: the tests are texts of assert statements; found {described(tests)}")
    tests = [textwrap.dedent(test) if test[:1].isspace() else test for test in tests]
    setup = []
    for key in ("test_setup_code", "setup", "test_imports", "import_prefix"):
        lines = label.get(key) or ""
        setup.append("\n".join(lines) if isinstance(lines, list) else str(lines))
    statements = parse("\n".join(setup), "F3: setup").body
    for test in tests:
        statements += parse(test, "F3: a test").body
    named = str(label.get("entry_point") or "")
    entry = named or _builtin_under_test(statements)
    as_code = functools.partial(
        code.from_statements, label, "\n".join(setup), tests, entry, "candidate" if named else entry or "candidate"
    )
    try:
        if named:  # ROLL: asserts, or check functions, that say "candidate"
            names, statements = _inlined_checks(statements)
            suite = AssertReader(names={named, "candidate", *names}, entry=named).suite("F3", statements, label)
        else:
            module = ast.Module(body=statements, type_ignores=[])
            library = missing_imports(called_names([module]) - BUILTINS, "", [module])
            suite = AssertReader(names={entry} if entry else set(), entry=entry, library=library).suite("F3", statements, label)
    except Irreducible:
        return as_code()
    return dataclasses.replace(suite, as_code=as_code)


def _inlined_checks(statements: list[ast.stmt]) -> tuple[list[str], list[ast.stmt]]:
    """Check functions inlined: the names of their arguments, and all statements outside of them followed by their bodies."""
    names: list[str] = []
    bodies: list[ast.stmt] = []
    others: list[ast.stmt] = []
    for node in statements:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            if len(node.args.args) != 1 or node.args.posonlyargs or node.args.kwonlyargs:
                raise Irreducible("a check function that takes more than the candidate")
            names.append(node.args.args[0].arg)
            bodies += node.body
        elif not is_call_of(node, "check"):
            others.append(node)
    return names, [*others, *bodies]


def from_text(text: str, outer: dict[str, Any]) -> Suite:
    """One text: assert statements, a check function with its call, or a file of tests for pytest or unittest."""
    if re.search(r"^def check\(", text, re.M):
        called = re.search(r"^check\((\w+)\)", text, re.M)
        entry = str(outer.get("entry_point") or (called[1] if called else ""))
        if entry:
            return from_check({**outer, "test": text, "entry_point": entry})
    if files.is_test_file(text):
        return files.from_text(text, outer)
    if re.search(r"^\s*assert\b", text, re.M):
        return from_lists({**outer, "test_list": [text]})
    raise LabelError(f"the label is a text, but neither JSON nor assert statements{_why_no_json(text)}: {described(text)}")


def _why_no_json(text: str) -> str:
    if not text.lstrip().startswith(("{", "[")):
        return ""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return f" (as JSON: {error})"
    return ""


def _builtin_under_test(statements: list[ast.stmt]) -> str:
    """The builtin whose name the candidate's function has (MBPP asks for a `sum`), if all asserts call one and nothing else; else ""."""
    outermost = set()
    bound = bound_names([ast.Module(body=statements, type_ignores=[])])
    for statement in statements:
        if isinstance(statement, ast.Assert):
            if any(isinstance(node, ast.Name) and node.id in bound for node in ast.walk(statement.test)):
                return ""  # `assert list(x) == [1]` looks at an answer that a variable holds
            calls = [node for node in ast.walk(statement.test) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
            if not calls or any(node.func.id not in BUILTINS for node in calls if isinstance(node.func, ast.Name)):
                return ""
            if any(isinstance(node, ast.Name) for call in calls[:1] for part in call.args for node in ast.walk(part)):
                return ""  # `assert len(DATA) == 3` looks at what the program holds
            outermost |= {node.func.id for node in calls[:1] if isinstance(node.func, ast.Name)}
    return outermost.pop() if len(outermost) == 1 else ""

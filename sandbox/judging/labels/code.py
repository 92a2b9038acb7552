"""Labels whose tests are statements: what of F1, F3 and F4 is not reduced to cases; F13, F16.

Here a label's text is only read; a tester runs it, in a process that no candidate can reach. What the tests call by a name that
they do not define themselves is the program's.
"""

from __future__ import annotations

import ast
import base64
import binascii
import dataclasses
import re
import sys
from typing import Any

from sandbox.judging import syntax
from sandbox.judging.checkers.text import shorten
from sandbox.judging.labels.names import (
    BUILTINS,
    COMPARISON_FUNCTIONS,
    LIBRARIES,
    bound_names,
    called_names,
    free_names,
    missing_imports,
    standard_imports,
    with_missing_imports,
)
from sandbox.judging.labels.text import described, limits_of, parsed
from sandbox.judging.languages import language_named
from sandbox.words.errors import LabelError
from sandbox.words.job import CodeTests
from sandbox.words.suite import Suite

__all__ = [
    "checked_file_name",
    "from_auto_eval",
    "from_check",
    "from_functional",
    "from_statements",
    "is_valid_program",
    "parse",
    "with_prompt_definitions",
]

_STRUCTURES = {
    "ListNode": """\
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next
""",
    "TreeNode": """\
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right
""",
}
"""What LeetCode gives to programs and tests alike."""


def parse(text: str, where: str) -> ast.Module:
    """The tree of a label's text.

    Raises:
        LabelError: it is not valid Python.
    """
    try:
        return syntax.program(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = f"{error.msg}, line {error.lineno}" if isinstance(error, SyntaxError) else error
        raise LabelError(f"{where} is not valid Python: {said}; it begins with {shorten(text.strip(), 80)!r}") from None


# --- statements ----------------------------------------------------------------------------------------------------------


def from_check(label: dict[str, Any]) -> Suite:
    """F1 and F16: any `def check(candidate)`, for a function or for an expression such as `Solution().twoSum`."""
    entry = str(label["entry_point"]).strip()
    text = str(label["test"])
    tree = parse(text, "F1: test")
    prompt = str(label.get("prompt") or "")
    is_expression = not entry.isidentifier()
    if is_expression:
        parse(entry, "F16: entry_point")
    prelude = str(label.get("import_prefix") or (_given_by(prompt, entry) if is_expression else ""))
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    others = [node for node in tree.body if node not in checks and not is_call_of(node, "check")]
    if len(checks) != 1:
        raise LabelError(f"F1: the test defines {len(checks)} functions called check; there should be one")
    alias, cases = _cases_of_check(checks[0])
    if not alias:
        others = [*others, checks[0]]
        alias, cases = "candidate", ("check(candidate)",)
    return _statements(
        "F16" if is_expression else "F1",
        label,
        setup=others,
        cases=cases,
        entry=entry,
        alias=alias,
        prelude=prelude,
        prompt="" if is_expression else prompt,
    )


def _given_by(prompt: str, entry: str) -> str:
    """What a prompt that is code gives to program and tests: all but a first draft of what *entry* asks the program for."""
    if not is_valid_program(prompt):
        return ""
    asked = {node.id for node in ast.walk(parse(entry, "F16: entry_point")) if isinstance(node, ast.Name)}
    body = parse(prompt, "F16: prompt").body
    given = [node for node in body if not (isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in asked)]
    return prompt if given == body else ast.unparse(ast.Module(given, []))


def from_functional(label: dict[str, Any]) -> Suite:
    """F16 as one text: classes and helpers, `def check(candidate)`, and `check(Solution().f)`."""
    text = str(label["functional"])
    tree = parse(text, "F16: functional")
    calls = [node.value for node in tree.body if isinstance(node, ast.Expr) and is_call_of(node, "check")]
    if len(calls) != 1 or not isinstance(calls[0], ast.Call) or len(calls[0].args) != 1:
        free = free_names([tree])
        names = free - LIBRARIES - COMPARISON_FUNCTIONS - sys.stdlib_module_names
        return _statements(
            "F16", label, setup=[], cases=_grouped(tree.body), asked=tuple(sorted(names - missing_imports(names, "", [tree])))
        )
    return from_check({**label, "test": text, "entry_point": ast.unparse(calls[0].args[0])})


def from_statements(label: dict[str, Any], setup: str, tests: list[str], entry: str = "", alias: str = "candidate") -> Suite:
    """F3 and F4: texts of statements, each a test, after a text that prepares them."""
    trees = [parse(test, "F3: a test") for test in tests]
    checks = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if entry and checks:  # ROLL: check functions in a list
        head = [node for tree in trees for node in tree.body if node not in checks and not is_call_of(node, "check")]
        texts = [f"{ast.unparse(check)}\ncheck(candidate)" for check in checks]
        return _statements("F3", label, setup=[*parse(setup, "F3: setup").body, *head], cases=tuple(texts), entry=entry)
    called = called_names(trees) - bound_names([parse(setup, "F3: setup"), *trees])
    known = BUILTINS | LIBRARIES | COMPARISON_FUNCTIONS
    called = {name for name in called if name not in known and not name.startswith("assert")}
    asked = tuple(sorted(called - missing_imports(called, entry, trees)))
    return _statements("F3", label, setup=parse(setup, "F3: setup").body, cases=tuple(tests), entry=entry, alias=alias, asked=asked)


def from_auto_eval(label: dict[str, Any]) -> Suite:
    """F13: {"labels": {"programming_language"}, "test": {"code": "... #<INSERT> ...", "asset": {name: base64}}}.

    Of the code before the marker the program has the imports and the classes; the tests have all of it.
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
    return _statements(
        "F13",
        label,
        setup=head,
        cases=_grouped(parse(after, "F13: test.code").body),
        prelude=prelude if is_valid_program(prelude) else "",
        visible=assets,
    )


def with_prompt_definitions(suite: Suite, tests: CodeTests, prompt: str) -> Suite:
    """*suite* with what its tests call of the code before the function in *prompt* on both sides.

    HumanEval/32 checks a root with a `poly` that the prompt defines: a program may use it, but not say what it is to the tests.
    """
    if not prompt or not is_valid_program(prompt):
        return suite
    trees = [parse(tests.setup, "the setup"), *(parse(case, "a test") for case in tests.cases)]
    asked = {tests.entry, tests.alias, *tests.asked, *suite.entry_points}
    wanted = free_names(trees) - asked
    body = parse(prompt, "the prompt").body
    helpers = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in asked]
    if not wanted & {node.name for node in helpers}:
        return suite
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    text = ast.unparse(ast.Module(body=[*imports, *helpers], type_ignores=[]))
    return dataclasses.replace(
        suite, tests=dataclasses.replace(tests, setup=f"{text}\n{tests.setup}"), preamble=f"{suite.preamble}\n{text}"
    )


def _statements(
    name: str,
    label: dict[str, Any],
    *,
    setup: list[ast.stmt],
    cases: tuple[str, ...],
    entry: str = "",
    alias: str = "candidate",
    asked: tuple[str, ...] = (),
    prelude: str = "",
    prompt: str = "",
    visible: tuple[tuple[str, str | bytes], ...] = (),
) -> Suite:
    trees = [ast.Module(body=setup, type_ignores=[]), *(parse(case, "a test") for case in cases)]
    names = free_names(trees)
    missing = missing_imports({*names, *asked} - BUILTINS - LIBRARIES, entry or " ".join(asked), trees) - set(asked)
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if name == "F16":
        # LeetCode's classes are given to programs too, by the label or by convention.
        given = [node for node in setup if isinstance(node, ast.ClassDef) and node.name in (*_STRUCTURES, "Node")]
        defined = bound_names([*trees, parse(prelude, "F16: prompt")])
        prelude += "".join(f"\n{text}" for struct, text in _STRUCTURES.items() if struct in used and struct not in defined)
        prelude += "".join(f"\n{ast.unparse(node)}" for node in given)
    classes = [node.name for node in parse(prelude, "the prelude").body if isinstance(node, ast.ClassDef)]
    setup = [node for node in setup if not (isinstance(node, ast.ClassDef) and node.name in classes)]
    text = with_missing_imports(ast.unparse(ast.Module(body=setup, type_ignores=[])), missing & names)
    imports = "\n".join(ast.unparse(node) for node in setup if isinstance(node, ast.Import | ast.ImportFrom))
    # What the label imports, a program of its format may rely on, as it would where both are one file.
    preamble = "\n".join(part for part in (standard_imports(prompt), imports, prelude, str(label.get("preamble") or "")) if part)
    root = re.match(r"\w+", entry)
    return Suite(
        tests=CodeTests(
            setup=text,
            cases=cases,
            entry=entry,
            alias=alias,
            asked=asked,
            shared=prelude,
            structures=tuple(classes),
            visible=visible,
        ),
        format=name,
        entry_points=(root[0],) if root else (),
        preamble=preamble,
        standard_preamble=name in ("F13", "F16"),
        prompt=prompt,
        **limits_of(label),
    )


def _cases_of_check(check: ast.FunctionDef) -> tuple[str, tuple[str, ...]]:
    """The argument of a check function and its body in cases; ("", ()) if it means something only as a whole."""
    arguments = check.args
    if len(arguments.args) != 1 or arguments.posonlyargs or arguments.kwonlyargs or check.decorator_list:
        return "", ()
    inner = [
        node for node in ast.walk(check) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
    ]
    hidden = {id(child) for node in inner if node is not check for child in ast.walk(node)}
    whole = ast.Return | ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal
    if any(isinstance(node, whole) and id(node) not in hidden for node in ast.walk(check)) or any(
        isinstance(node, ast.Nonlocal) for node in ast.walk(check)
    ):
        return "", ()
    return arguments.args[0].arg, _grouped(check.body)


def _grouped(statements: list[ast.stmt]) -> tuple[str, ...]:
    """Statements in groups that each end with one that asserts; what comes after the last belongs to it."""
    groups: list[list[ast.stmt]] = [[]]
    for statement in statements:
        groups[-1].append(statement)
        if any(isinstance(node, ast.Assert | ast.Raise) for node in ast.walk(statement)):
            groups.append([])
    tail = groups.pop()
    if not groups:
        groups.append([])
    groups[-1] += tail
    return tuple(ast.unparse(ast.Module(body=group, type_ignores=[])) for group in groups)


def checked_file_name(name: str, where: str) -> str:
    """A name of a file in the label's folder.

    Raises:
        LabelError: it is none.
    """
    parts = name.split("/")
    if not name.isprintable() or ".." in parts or "" in parts or "." in parts or len(name) > 500:
        raise LabelError(f"{where}: the file {name[:100]!r} lies outside of the label's folder, or has a name that no file has")
    return name


def _decoded(content: Any) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise LabelError("F13: an asset is a text of base64") from None


def is_call_of(node: ast.stmt, name: str) -> bool:
    """Whether a statement is nothing but a call of *name*."""
    match node:
        case ast.Expr(ast.Call(ast.Name(called))):
            return called == name
    return False


def is_valid_program(text: str) -> bool:
    """Whether *text* is a valid program, and not one that a completion has to continue."""
    try:
        syntax.program(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True

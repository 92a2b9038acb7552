"""Builds a suite of test statements: which names are the program's, and what code both sides run."""

from __future__ import annotations

import ast
import re
from typing import Any

from sandbox.judging.labels.limits import limits_of
from sandbox.judging.labels.names import (
    BUILTINS,
    LIBRARIES,
    bound_names,
    free_names,
    missing_imports,
    standard_imports,
    with_missing_imports,
)
from sandbox.judging.labels.source import parse
from sandbox.words.job import CodeTests
from sandbox.words.suite import Suite

__all__ = ["cases_of_check", "grouped", "statement_suite"]

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
"""The classes that LeetCode gives to programs and tests alike."""


def statement_suite(
    name: str,
    label: dict[str, Any],
    *,
    setup: list[ast.stmt],
    cases: tuple[str, ...],
    entry: str = "",
    alias: str = "candidate",
    program_names: tuple[str, ...] = (),
    prelude: str = "",
    prompt: str = "",
    visible: tuple[tuple[str, str | bytes], ...] = (),
) -> Suite:
    """A suite of format *name* whose tests are *setup*, then each text of *cases* in the same namespace.

    *entry* is what the tests call *alias*. *program_names* are names that are the program's even where a library has the same. *prelude* is code
    that runs on both sides. *visible* are files in the program's folder.
    """
    trees = [ast.Module(body=setup, type_ignores=[]), *(parse(case, "a test") for case in cases)]
    names = free_names(trees)
    missing = missing_imports({*names, *program_names} - BUILTINS - LIBRARIES, entry or " ".join(program_names), trees) - set(
        program_names
    )
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if name == "F16":
        # LeetCode gives its classes to programs as well: those of the label, or else the usual ones.
        given = [node for node in setup if isinstance(node, ast.ClassDef) and node.name in (*_STRUCTURES, "Node")]
        defined = bound_names([*trees, parse(prelude, "F16: prompt")])
        prelude += "".join(f"\n{text}" for struct, text in _STRUCTURES.items() if struct in used and struct not in defined)
        prelude += "".join(f"\n{ast.unparse(node)}" for node in given)
    classes = [node.name for node in parse(prelude, "the prelude").body if isinstance(node, ast.ClassDef)]
    setup = [node for node in setup if not (isinstance(node, ast.ClassDef) and node.name in classes)]
    text = with_missing_imports(ast.unparse(ast.Module(body=setup, type_ignores=[])), missing & names)
    imports = "\n".join(ast.unparse(node) for node in setup if isinstance(node, ast.Import | ast.ImportFrom))
    # A program may rely on the imports of its label, as it could if both were one file.
    preamble = "\n".join(part for part in (standard_imports(prompt), imports, prelude, str(label.get("preamble") or "")) if part)
    root = re.match(r"\w+", entry)
    return Suite(
        tests=CodeTests(
            setup=text,
            cases=cases,
            entry=entry,
            alias=alias,
            program_names=program_names,
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


def cases_of_check(check: ast.FunctionDef) -> tuple[str, tuple[str, ...]]:
    """The name of a check function's argument, and its body split into cases; ("", ()) where only the whole function can run."""
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
    return arguments.args[0].arg, grouped(check.body)


def grouped(statements: list[ast.stmt]) -> tuple[str, ...]:
    """Statements in groups, each of which ends with one that asserts. What follows the last assert belongs to the last group."""
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

"""Labels whose tests are files for pytest or unittest: KodCode, BigCodeBench, SandboxFusion, Exercism and others.

A label's text is only read here. A tester runs it, in a process that no candidate can reach.
"""

from __future__ import annotations

import ast
import base64
import binascii
import importlib.util
import re
import sys
from typing import Any

from sandbox.judging.labels.limits import limits_of
from sandbox.judging.labels.names import LIBRARIES, free_names, missing_imports, missing_module_imports, with_missing_imports
from sandbox.judging.labels.parsing import checked_file_name, described, parsed
from sandbox.judging.labels.source import is_valid_program, parse
from sandbox.words.errors import LabelError
from sandbox.words.job import CodeTests
from sandbox.words.suite import Suite

__all__ = ["from_files", "from_text", "is_test_file"]

SHORTEST_ENCODED = 24
"""A shorter text is never taken for base64."""


def is_test_file(text: str) -> bool:
    """Whether *text* looks like a file of tests for pytest or unittest."""
    return bool(
        re.search(r"^\s*(?:(?:async )?def test|class \w+\(.*TestCase|class Test|import pytest|from solution import)", text, re.M)
    )


def from_text(text: str, label: dict[str, Any]) -> Suite:
    """One file of tests: KodCode (pytest), BigCodeBench (unittest)."""
    tree = parse(text, "F17: the test file")
    entry = str(label.get("entry_point") or "").strip()
    entry_points = (entry,) if entry.isidentifier() else ()
    needs_pytest = re.search(r"\bpytest\b", text) or any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test") for node in tree.body
    )
    if not needs_pytest and re.search(r"^class \w+\(.*TestCase", text, re.M):
        return _unittest_suite("F18", label, text, entry_points)
    return _pytest_suite("F17", label, {"test_label.py": text}, ["test_label.py"], entry_points)


def from_files(label: dict[str, Any]) -> Suite:
    """Several files: {"files": {path: text}, "solution_path": path}, or starter_files and hidden_files."""
    files = _checked_files(label.get("files") or label.get("hidden_files") or {})
    visible = _checked_files(label.get("starter_files") or {})
    verifier = parsed(label["verifier"]) if label.get("verifier") else {}
    runner = str(
        (verifier.get("type") if isinstance(verifier, dict) else "") or label.get("runner") or label.get("language") or "pytest"
    )
    if runner not in ("pytest", "python", "unittest"):
        raise LabelError(f"F21: the label wants its files run by {runner!r}; this version runs pytest")
    solution_path = (
        label.get("solution_path") or (verifier.get("solution_path") if isinstance(verifier, dict) else "") or "solution.py"
    )
    solution_path = checked_file_name(str(solution_path), "F17: solution_path")
    path = verifier.get("path") if isinstance(verifier, dict) else None
    tests = [str(path)] if isinstance(path, str) and path in files else [name for name in files if _is_test_file_name(name)]
    if not tests:
        raise LabelError(
            f"F21: none of the label's files is a test file (test_*.py or *_test.py): {', '.join(sorted(files))[:300]}"
        )
    visible = {name: content for name, content in visible.items() if name != str(solution_path)}
    return _pytest_suite(
        "F21" if visible or verifier else "F17", label, files, tests, (), solution_path=str(solution_path), visible=visible
    )


def _checked_files(given: Any) -> dict[str, str | bytes]:
    given = parsed(given) if isinstance(given, str) else given
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise LabelError(f"F21: files are a dict of names and texts; found {described(given)}")
    found: dict[str, str | bytes] = {}
    for name, item in given.items():
        content = item["content"] if isinstance(item, dict) and "content" in item else item
        if not isinstance(content, str | bytes):
            raise LabelError(f"F21: the file {name} is {described(content)}; it should be a text")
        found[checked_file_name(name, "F21")] = content
    folders = {name.rsplit("/", depth)[0] for name in found for depth in range(1, name.count("/") + 1)}
    if folders & found.keys():
        raise LabelError(f"F21: {min(folders & found.keys())} cannot be a file and a folder")
    return _decoded_files(found)


def _decoded_files(files: dict[str, str | bytes]) -> dict[str, str | bytes]:
    """*files* decoded, if all are base64, as SandboxFusion sends them: its Python files are valid only once they are decoded."""
    found: dict[str, str | bytes] = {}
    for name, content in files.items():
        try:
            data = base64.b64decode(content, validate=True)
            found[name] = data.decode("utf-8") if name.endswith(".py") else data
        except (binascii.Error, ValueError):
            return files
    programs = [(str(files[name]), str(found[name])) for name in files if name.endswith(".py") and files[name]]
    encoded = [before for before, after in programs if is_valid_program(after) and len(before) > SHORTEST_ENCODED]
    return found if encoded and len(encoded) == len(programs) else files


def _is_test_file_name(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base.endswith(".py") and (base.startswith("test_") or base.endswith("_test.py") or base == "tests.py")


def _unittest_suite(name: str, label: dict[str, Any], text: str, entry_points: tuple[str, ...]) -> Suite:
    tree = parse(text, f"{name}: test")
    imports = "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    modules, imported = _program_modules([tree], set(), "solution")
    wanted = tuple(name for name in (*imported, *entry_points) if name)
    return Suite(
        tests=CodeTests(framework="unittest", setup=text, modules=modules, program_names=entry_points),
        format=name,
        entry_points=wanted,
        preamble="" if imported else _without_test_frameworks(imports),
        prompt=str(label.get("code_prompt") or label.get("prompt") or ""),
        **limits_of(label),
    )


def _without_test_frameworks(imports: str) -> str:
    """The imports of a test file that a program in the same file could rely on."""
    return "\n".join(line for line in imports.split("\n") if line and "unittest" not in line and "pytest" not in line)


def _pytest_suite(
    name: str,
    label: dict[str, Any],
    files: dict[str, str | bytes],
    tests: list[str],
    entry_points: tuple[str, ...],
    solution_path: str = "solution.py",
    visible: dict[str, str | bytes] | None = None,
) -> Suite:
    trees = {path: parse(text, f"{name}: {path}") for path, text in files.items() if path.endswith(".py") and isinstance(text, str)}
    own_modules = {part for path in files for part in path.removesuffix(".py").split("/")}
    modules, imported = _program_modules(list(trees.values()), own_modules, solution_path.removesuffix(".py").replace("/", "."))
    if not imported and not _imports_any(list(trees.values()), modules):
        files, imported = _with_program_imports(files, tests, trees, modules[0], entry_points)
    for path in tests:
        missing = missing_imports(free_names([trees[path]]), " ".join((*imported, *entry_points)), [trees[path]])
        missing_modules = missing_module_imports(trees[path])
        if missing or missing_modules:
            files = {**files, path: with_missing_imports(str(files[path]), missing, missing_modules)}
    return Suite(
        tests=CodeTests(
            framework="pytest",
            files=tuple(files.items()),
            paths=tuple(tests),
            modules=modules,
            visible=tuple((visible or {}).items()),
            program_file=solution_path.rsplit("/", 1)[-1],
        ),
        format=name,
        entry_points=tuple(dict.fromkeys((*imported, *entry_points))),
        prompt=str(label.get("prompt") or "") if entry_points else "",
        **limits_of(label),
    )


def _with_program_imports(
    files: dict[str, str | bytes], tests: list[str], trees: dict[str, ast.Module], module: str, entry_points: tuple[str, ...]
) -> tuple[dict[str, str | bytes], tuple[str, ...]]:
    """Tests that use the program's names without importing them, as if they were in one file with it: with an import of those names."""
    free = {name for path in tests for name in free_names([trees[path]]) if name not in LIBRARIES and not name.startswith("assert")}
    names = sorted({*entry_points, *free})
    if not names:
        return files, ()
    missing_modules = {name for tree in trees.values() for name in missing_module_imports(tree)}
    missing = missing_imports(names, " ".join(entry_points), list(trees.values())) | missing_modules
    imported = tuple(name for name in names if name not in missing)
    head = f"from {module} import {', '.join(imported)}\n" if imported else ""
    return {path: f"{head}{text}" if path in tests and isinstance(text, str) else text for path, text in files.items()}, imported


def _imports_any(trees: list[ast.Module], modules: tuple[str, ...]) -> bool:
    return any(
        (isinstance(node, ast.Import) and any(alias.name in modules for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module in modules)
        for tree in trees
        for node in ast.walk(tree)
    )


def _program_modules(
    trees: list[ast.Module], own_modules: set[str], program_module: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The module names (*program_module* among them) under which the tests import the program, and the names that they import from it."""
    modules = {program_module}
    wanted: list[str] = []
    unknown: set[str] = set()
    imports: list[tuple[str, list[str]]] = []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imports.append((node.module, [alias.name for alias in node.names]))
            elif isinstance(node, ast.Import):
                imports += [(alias.name, []) for alias in node.names]
    for module, _ in imports:
        root = module.split(".")[0]
        if module not in modules and root not in own_modules and root not in LIBRARIES and not _is_installed(root):
            unknown.add(module)
    if not any(module in modules for module, _ in imports) and len(unknown) == 1:
        modules |= unknown  # KodCode and others name the program's module as they like
    for module, names in imports:
        if module in modules:
            wanted += [name for name in names if name != "*"]
    return tuple(sorted(modules)), tuple(dict.fromkeys(wanted))


def _is_installed(root: str) -> bool:
    if root in sys.stdlib_module_names:
        return True
    try:
        return importlib.util.find_spec(root) is not None
    except (ImportError, ValueError):
        return False

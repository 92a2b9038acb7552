"""Labels whose tests are code: what of F1, F3 and F4 is not reduced to cases; F13, F16, F17, F18, F21.

Here a label's text is only read; a tester runs it, in a process that no candidate can reach. What the tests call by a name that
they do not define themselves is the program's.
"""

from __future__ import annotations

import ast
import base64
import binascii
import builtins
import dataclasses
import importlib.util
import re
import sys
from typing import Any

from sandbox.errors import LabelError
from sandbox.job import Tests
from sandbox.labels.text import described, limits_of, parsed
from sandbox.languages import language_named
from sandbox.suite import Suite

__all__ = [
    "from_auto_eval",
    "from_check",
    "from_files",
    "from_functional",
    "from_statements",
    "from_text",
    "is_test_file",
    "parse",
    "told_by",
]

_BUILTINS = frozenset(dir(builtins))
_LIBRARIES = frozenset(("np", "pd", "plt", "sns", "tf", "numpy", "pandas", "scipy", "sklearn", "torch", "matplotlib", "pytest"))
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


def is_test_file(text: str) -> bool:
    """Whether *text* looks like a file of tests for pytest or unittest."""
    return bool(
        re.search(r"^\s*(?:(?:async )?def test|class \w+\(.*TestCase|class Test|import pytest|from solution import)", text, re.M)
    )


def parse(text: str, where: str) -> ast.Module:
    """The tree of a label's text.

    Raises:
        LabelError: it is not valid Python.
    """
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise LabelError(f"{where} is not valid Python: {error}") from None


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
    if re.search(r"^class \w+\(.*TestCase", text, re.M):
        return _unittest("F18", label, text, (entry,))
    prelude = str(label.get("import_prefix") or (prompt if is_expression and _runs_by_itself(prompt) else ""))
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    others = [node for node in tree.body if node not in checks and not _is_call_of(node, "check")]
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


def from_functional(label: dict[str, Any]) -> Suite:
    """F16 as one text: classes and helpers, `def check(candidate)`, and `check(Solution().f)`."""
    text = str(label["functional"])
    tree = parse(text, "F16: functional")
    calls = [node.value for node in tree.body if isinstance(node, ast.Expr) and _is_call_of(node, "check")]
    if len(calls) != 1 or not isinstance(calls[0], ast.Call) or len(calls[0].args) != 1:
        names = sorted(_free_names([tree]))
        return _statements("F16", label, setup=[], cases=_grouped(tree.body), asked=tuple(names))
    return from_check({**label, "test": text, "entry_point": ast.unparse(calls[0].args[0])})


def from_statements(label: dict[str, Any], setup: str, tests: list[str], entry: str = "", alias: str = "candidate") -> Suite:
    """F3 and F4: texts of statements, each a test, after a text that prepares them."""
    for test in tests:
        parse(test, "F3: a test")
    trees = [parse(test, "F3: a test") for test in tests]
    checks = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if entry and checks:  # ROLL: check functions in a list
        head = [node for tree in trees for node in tree.body if node not in checks and not _is_call_of(node, "check")]
        texts = [f"{ast.unparse(check)}\ncheck(candidate)" for check in checks]
        return _statements("F3", label, setup=[*parse(setup, "F3: setup").body, *head], cases=tuple(texts), entry=entry)
    called = _called_names(trees) - _bound_names([parse(setup, "F3: setup"), *trees])
    asked = tuple(sorted(name for name in called if name not in _BUILTINS and name not in _LIBRARIES))
    return _statements("F3", label, setup=parse(setup, "F3: setup").body, cases=tuple(tests), entry=entry, alias=alias, asked=asked)


def from_auto_eval(label: dict[str, Any]) -> Suite:
    """F13: {"labels": {"programming_language"}, "test": {"code": "... #<INSERT> ...", "asset": {name: base64}}}."""
    labels, test = parsed(label["labels"]), parsed(label.get("test") or {})
    if not isinstance(labels, dict) or not isinstance(test, dict) or not isinstance(test.get("code"), str):
        raise LabelError(f"F13: labels and test are dicts, and test has code; found {described(label)}")
    language_named(str(labels.get("execution_language") or labels.get("programming_language") or "python"))
    before, marker, after = test["code"].partition("#<INSERT>")
    if not marker:
        before, after = "", test["code"]
    assets = tuple((str(name), _decoded(content)) for name, content in (test.get("asset") or {}).items())
    return _statements(
        "F13",
        label,
        setup=parse(before, "F13: test.code").body,
        cases=_grouped(parse(after, "F13: test.code").body),
        prelude=before if _runs_by_itself(before) else "",
        visible=assets,
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
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if name == "F16":
        # LeetCode's classes are given to programs too, by the label or by convention.
        given = [node for node in setup if isinstance(node, ast.ClassDef) and node.name in (*_STRUCTURES, "Node")]
        defined = _bound_names([*trees, parse(prelude, "F16: prompt")])
        prelude += "".join(f"\n{text}" for struct, text in _STRUCTURES.items() if struct in used and struct not in defined)
        prelude += "".join(f"\n{ast.unparse(node)}" for node in given)
    classes = [node.name for node in parse(prelude, "the prelude").body if isinstance(node, ast.ClassDef)]
    setup = [node for node in setup if not (isinstance(node, ast.ClassDef) and node.name in classes)]
    text = ast.unparse(ast.Module(body=setup, type_ignores=[]))
    imports = "\n".join(ast.unparse(node) for node in setup if isinstance(node, ast.Import | ast.ImportFrom))
    # What the label imports, a program of its format may rely on, as it would where both are one file.
    preamble = "\n".join(part for part in (imports, prelude, str(label.get("preamble") or "")) if part)
    root = re.match(r"\w+", entry)
    return Suite(
        tests=Tests(
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


def _is_call_of(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.Expr(ast.Call(ast.Name(called))):
            return called == name
    return False


def _runs_by_itself(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _bound_names(trees: list[ast.Module]) -> set[str]:
    found: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Name(name, ast.Store() | ast.Del()) | ast.arg(name):
                    found.add(name)
                case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                    found.add(name)
                case ast.alias(name, asname):
                    found.add((asname or name).split(".")[0])
                case ast.ExceptHandler(name=str(name)):
                    found.add(name)
    return found


def _called_names(trees: list[ast.Module]) -> set[str]:
    return {
        node.func.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _free_names(trees: list[ast.Module]) -> set[str]:
    """Names that are read, and bound nowhere: the program's, where tests and program are one file."""
    read = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - _bound_names(trees) - _BUILTINS - {"__name__", "__file__"}


# --- files ---------------------------------------------------------------------------------------------------------------


def from_text(text: str, label: dict[str, Any]) -> Suite:
    """F17 and F18: one file of tests."""
    tree = parse(text, "F17: the test file")
    entry = str(label.get("entry_point") or "").strip()
    names = (entry,) if entry.isidentifier() else ()
    needs_pytest = re.search(r"\bpytest\b", text) or any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test") for node in tree.body
    )
    if not needs_pytest and re.search(r"^class \w+\(.*TestCase", text, re.M):
        return _unittest("F18", label, text, names)
    return _pytest("F17", label, {"test_label.py": text}, ["test_label.py"], names)


def from_files(label: dict[str, Any]) -> Suite:
    """F17 and F21: {"files": {path: text}, "solution_path": path}, or starter_files and hidden_files."""
    files = _files(label.get("files") or label.get("hidden_files") or {})
    visible = _files(label.get("starter_files") or {})
    verifier = parsed(label["verifier"]) if label.get("verifier") else {}
    runner = str(
        (verifier.get("type") if isinstance(verifier, dict) else "") or label.get("runner") or label.get("language") or "pytest"
    )
    if runner not in ("pytest", "python", "unittest"):
        raise LabelError(f"F21: the label wants its files run by {runner!r}; this version runs pytest")
    place = label.get("solution_path") or (verifier.get("solution_path") if isinstance(verifier, dict) else "") or "solution.py"
    path = verifier.get("path") if isinstance(verifier, dict) else None
    tests = [str(path)] if isinstance(path, str) and path in files else [name for name in files if _is_test_name(name)]
    if not tests:
        raise LabelError(
            f"F21: none of the label's files is a test file (test_*.py or *_test.py): {', '.join(sorted(files))[:300]}"
        )
    visible = {name: content for name, content in visible.items() if name != str(place)}
    return _pytest("F21" if visible or verifier else "F17", label, files, tests, (), place=str(place), visible=visible)


def told_by(prompt: str, tests: Tests) -> Tests:
    """*tests* with those of their files in the program's sight that the prompt tells it of by name, tests excepted.

    Exercism's tasks come with modules of constants that the task's text names and both sides import.
    """
    told = tuple(
        (name, content)
        for name, content in tests.files
        if "test" not in name and name.endswith(".py") and re.search(rf"(?<![\w/]){re.escape(name)}\b", prompt)
    )
    known = {name for name, _ in tests.visible}
    if not told:
        return tests
    visible = (*tests.visible, *(item for item in told if item[0] not in known))
    return dataclasses.replace(tests, visible=visible, files=tuple(item for item in tests.files if item not in told))


def _files(given: Any) -> dict[str, str | bytes]:
    given = parsed(given) if isinstance(given, str) else given
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise LabelError(f"F21: files are a dict of names and texts; found {described(given)}")
    found: dict[str, str | bytes] = {}
    for name, item in given.items():
        content = item["content"] if isinstance(item, dict) and "content" in item else item
        if not isinstance(content, str | bytes):
            raise LabelError(f"F21: the file {name} is {described(content)}; it should be a text")
        if name.startswith("/") or ".." in name.split("/"):
            raise LabelError(f"F21: the file {name!r} lies outside of the label's folder")
        encoded = isinstance(content, str) and name.endswith(".py") and not _runs_by_itself(content)
        found[name] = _decoded_text(content) if encoded and isinstance(content, str) else content
    return found


def _decoded_text(content: str) -> str:
    """SandboxFusion's files are base64; a text that is no Python and decodes to some is taken to be."""
    try:
        text = base64.b64decode(content, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return content
    return text if _runs_by_itself(text) else content


def _decoded(content: Any) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise LabelError("F13: an asset is a text of base64") from None


def _is_test_name(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base.endswith(".py") and (base.startswith("test_") or base.endswith("_test.py") or base == "tests.py")


def _unittest(name: str, label: dict[str, Any], text: str, names: tuple[str, ...]) -> Suite:
    tree = parse(text, f"{name}: test")
    imports = "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    modules, imported = _program_modules([tree], set(), "solution")
    wanted = tuple(name for name in (*imported, *names) if name)
    return Suite(
        tests=Tests(framework="unittest", setup=text, modules=modules, asked=names),
        format=name,
        entry_points=wanted,
        preamble="" if imported else _importable(imports),
        prompt=str(label.get("code_prompt") or label.get("prompt") or ""),
        **limits_of(label),
    )


def _importable(imports: str) -> str:
    """The imports of a test file that a program in the same file could rely on."""
    return "\n".join(line for line in imports.split("\n") if line and "unittest" not in line and "pytest" not in line)


def _pytest(
    name: str,
    label: dict[str, Any],
    files: dict[str, str | bytes],
    tests: list[str],
    names: tuple[str, ...],
    place: str = "solution.py",
    visible: dict[str, str | bytes] | None = None,
) -> Suite:
    trees = {path: parse(text, f"{name}: {path}") for path, text in files.items() if path.endswith(".py") and isinstance(text, str)}
    own = {part for path in files for part in path.removesuffix(".py").split("/")}
    modules, imported = _program_modules(list(trees.values()), own, place.removesuffix(".py").replace("/", "."))
    if not imported and not _imports_any(list(trees.values()), modules):
        # Tests that name what they test without importing it were written to stand in one file with it.
        free = sorted(set(names) | {one for path in tests for one in _free_names([trees[path]]) if one not in _LIBRARIES})
        if free:
            imported = tuple(free)
            head = f"from {modules[0]} import {', '.join(free)}\n"
            files = {path: f"{head}{text}" if path in tests and isinstance(text, str) else text for path, text in files.items()}
    return Suite(
        tests=Tests(
            framework="pytest",
            files=tuple(files.items()),
            paths=tuple(tests),
            modules=modules,
            visible=tuple((visible or {}).items()),
            program_file=place.rsplit("/", 1)[-1],
        ),
        format=name,
        entry_points=tuple(dict.fromkeys((*imported, *names))),
        prompt=str(label.get("prompt") or "") if names else "",
        **limits_of(label),
    )


def _imports_any(trees: list[ast.Module], modules: tuple[str, ...]) -> bool:
    return any(
        (isinstance(node, ast.Import) and any(alias.name in modules for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module in modules)
        for tree in trees
        for node in ast.walk(tree)
    )


def _program_modules(trees: list[ast.Module], own: set[str], place: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Under which names the tests import the program, and what they import from it."""
    modules = {place}
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
        if module not in modules and root not in own and root not in _LIBRARIES and not _exists(root):
            unknown.add(module)
    if not any(module in modules for module, _ in imports) and len(unknown) == 1:
        modules |= unknown  # KodCode and others name the program's module as they like
    for module, names in imports:
        if module in modules:
            wanted += [name for name in names if name != "*"]
    return tuple(sorted(modules)), tuple(dict.fromkeys(wanted))


def _exists(root: str) -> bool:
    if root in sys.stdlib_module_names:
        return True
    try:
        return importlib.util.find_spec(root) is not None
    except (ImportError, ValueError):
        return False

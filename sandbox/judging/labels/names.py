"""Names in tests that are code: which are the tests' own, which a library's, and which the program's."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Collection, Sequence

__all__ = [
    "BUILTINS",
    "COMPARISON_FUNCTIONS",
    "LIBRARIES",
    "bound_names",
    "called_names",
    "free_names",
    "missing_imports",
    "missing_module_imports",
    "standard_imports",
    "with_missing_imports",
]

BUILTINS = frozenset(dir(builtins))
LIBRARIES = frozenset(("np", "pd", "plt", "sns", "tf", "numpy", "pandas", "scipy", "sklearn", "torch", "matplotlib", "pytest"))
COMPARISON_FUNCTIONS = frozenset(["isclose", "allclose", "array_equal", "approx", "deepcopy"])
"""Functions that asserts compare with. Labels often forget to import them, and they are never the program's."""
_FORGOTTEN = {
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "functools": "reduce",
    "io": "StringIO",
    "itertools": "combinations permutations",
    "math": "ceil floor isclose isinf isnan sqrt",
    "operator": "itemgetter",
}
_MODULE_OF = {
    **{name: module for module, names in _FORGOTTEN.items() for name in names.split()},
    "isclose": "math",
    "allclose": "numpy",
    "array_equal": "numpy",
    "approx": "pytest",
    "deepcopy": "copy",
}
"""The module of a library's name. It must not be asked of the program: its own Counter could be equal to everything."""


def bound_names(trees: list[ast.Module]) -> set[str]:
    """Names that are bound anywhere in some programs."""
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


def called_names(trees: list[ast.Module]) -> set[str]:
    """Names that are called as functions."""
    return {
        node.func.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def missing_imports(names: Collection[str], entry: str, trees: Sequence[ast.Module]) -> set[str]:
    """Those of *names* (used by the tests, but not defined there) that are functions of libraries which the label forgot to import.

    A name in *entry* is the program's. A name that is called as the library's function could not be (`Counter()` with nothing to count,
    `floor(17, 5)`) is the program's too. If no name would be left for the program, all are the program's.
    """
    found = {name for name in names if name in _MODULE_OF and not re.search(rf"\b{name}\b", entry)}
    for node in (node for tree in trees for node in ast.walk(tree)) if found else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in found:
            takes_one = _MODULE_OF[node.func.id] == "math" and node.func.id != "isclose"
            if not node.args or (takes_one and len(node.args) > 1):
                found.discard(node.func.id)
    return found if entry or set(names) - found else set()


_STANDARD = sys.stdlib_module_names - {"__future__"}
_MODULES = frozenset(
    [
        "collections",
        "copy",
        "datetime",
        "functools",
        "itertools",
        "json",
        "math",
        "operator",
        "os",
        "random",
        "re",
        "statistics",
        "string",
        "sys",
        "time",
    ]
)


def missing_module_imports(tree: ast.Module) -> set[str]:
    """Modules of the standard library that a test file uses (`math.isclose`) without importing them."""
    used = {node.value.id for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    return used & _MODULES & free_names([tree])


def with_missing_imports(text: str, names: Collection[str], modules: Collection[str] = ()) -> str:
    """*text* with imports of *modules*, and of *names* from their libraries, put before it."""
    lines = [f"import {name}\n" for name in sorted(modules)]
    lines += [f"from {_MODULE_OF[name]} import {name}\n" for name in sorted(names)]
    return f"{''.join(lines)}{text}" if lines and "__future__" not in text else text


_IMPORT = re.compile(r"(?:from[ \t]+(\w+)[\w.]*[ \t]+import[ \t]+[\w, \t]+|import[ \t]+(\w+)[\w.]*(?:[ \t]+as[ \t]+\w+)?)[ \t]*")


def standard_imports(prompt: str) -> str:
    """Imports of the standard library in a prompt that is code, on which a program may rely that does not repeat the prompt."""
    found = [line for line in prompt.split("\n") if (match := _IMPORT.fullmatch(line)) and (match[1] or match[2]) in _STANDARD]
    return "\n".join(found)


def free_names(trees: list[ast.Module]) -> set[str]:
    """Names that are read and bound nowhere: they are the program's, if tests and program were one file."""
    read = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - bound_names(trees) - BUILTINS - {"__name__", "__file__"}

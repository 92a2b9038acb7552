"""What a program may ask of objects that its tests passed to it."""

from __future__ import annotations

import functools
import os
import types
from typing import Any, Callable

from .references import FUNCTION_KINDS
from .special_methods import SPECIAL_METHODS

__all__ = ["guard"]

_INTERNAL = (
    *FUNCTION_KINDS,
    types.ModuleType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.CodeType,
    types.TracebackType,
    functools.partial,
)
"""Through attributes of these (`__globals__`, `gi_frame`), a program could get from a callback to the texts of the tests."""
_MOCKS = ("unittest.mock", "mock")
_MOCK_SETUP = frozenset("configure_mock reset_mock attach_mock mock_add_spec".split())
_ARGUMENT_COUNTS = {
    "call": (3,), "call_async": (3,), "await": (1,), "method": (4,), "method_async": (4,), "attr": (2,), "setattr": (3,), "delattr": (2,),
    "op": (3, 4), "op_async": (3,), "signature": (1,),
}  # fmt: skip
"""The questions that the tests answer, with the possible numbers of arguments."""
_NAMES_ONLY = frozenset("attr setattr delattr".split())
_NAMING = _NAMES_ONLY | {"method", "method_async"}
_RUNS_TEXT = frozenset("eval query load_extension enable_load_extension subprocess_exec subprocess_shell".split())
"""Methods of libraries that run what a text says: `DataFrame.eval("@expected")` reads the variables of whoever calls it."""
_WRITES_FILES = frozenset(
    "to_csv to_pickle to_json to_parquet to_excel to_hdf to_feather to_sql to_html to_latex to_markdown to_string to_stata to_xml to_orc "
    "tofile dump save savefig extract extractall backup".split()
)
_PATH_PARAMETERS = frozenset("path path_or_buf buf fname excel_writer filepath_or_buffer file members".split())


def guard(op: str, args: list[Any], is_exported: Callable[[Any], bool], is_tests_own: Callable[[type], bool]) -> None:
    """Refuse what a function may not do to its arguments: through a callback, a program could read the tests, or change them.

    A program may use only objects that a test has passed to it, which *is_exported* tells. A class that it was not passed is refused
    (`type(file)` would open any file, or make an object that is equal to everything), unless the tests wrote it: *is_tests_own* tells.

    Raises:
        AttributeError: it is refused; the program gets this.
    """
    if len(args) not in _ARGUMENT_COUNTS.get(op, ()):
        raise AttributeError(f"the tests do not answer {op!r}")
    target, name = (args[1], args[0]) if op in ("op", "op_async") else (args[0], args[1] if op in _NAMING else "")
    if not is_exported(target):
        raise AttributeError("the tests have not passed that to the program")
    if op == "signature" and not isinstance(target, FUNCTION_KINDS):
        raise AttributeError("__signature__")
    if isinstance(target, type) and not is_tests_own(target):
        raise AttributeError("the tests have not passed that class to the program")
    if type(name) is not str or (name == "__init__" and not is_tests_own(type(target))):
        raise AttributeError(name)
    owner = getattr(target, "__self__", None) if op in ("call", "call_async") and isinstance(target, FUNCTION_KINDS) else target
    if owner is not None and not is_tests_own(type(owner)) and type(owner).__module__ not in _MOCKS:
        _refuse_paths(op, name or getattr(target, "__name__", ""), args)
    if op in ("attr", "setattr", "delattr", "method", "method_async"):
        is_field = isinstance(target, tuple) and name in ("_asdict", "_replace", "_fields", "_make")
        if name.startswith("_") and name != "__init__" and not is_field:
            raise AttributeError(name)
        if isinstance(target, _INTERNAL) and not (op == "method" and name in ("send", "throw", "close")):
            raise AttributeError(name)
        if name in _MOCK_SETUP and type(target).__module__ in _MOCKS:
            raise AttributeError(name)
        if name in ("format", "format_map") and isinstance(target, str):
            raise AttributeError(name)  # "{0.__globals__}" would read attributes that are refused here
    if op in ("setattr", "delattr") and not _may_set(target, args[1]):
        raise AttributeError(f"a program may not change {args[1]!r} of an object of its tests")
    if op in ("op", "op_async") and args[0] not in SPECIAL_METHODS:
        raise AttributeError(args[0])


def _refuse_paths(op: str, name: str, args: list[Any]) -> None:
    """Refuse methods of a library's object that run text, or write to a file that the program names."""
    if name in _RUNS_TEXT:
        raise AttributeError(name)
    if name in _WRITES_FILES and op not in _NAMES_ONLY:
        given, named = args[-2:]
        says = [*given[:1], *(value for key, value in named.items() if key in _PATH_PARAMETERS)]
        if any(isinstance(one, (str, bytes, int, os.PathLike)) for one in says):
            raise AttributeError(name)


def _may_set(target: Any, name: str) -> bool:
    """Whether a program may set an attribute: only data of an object, never what its class defines, and nothing of a class."""
    if isinstance(target, type):
        return False
    for base in type(target).__mro__:
        if name in base.__dict__:
            return isinstance(base.__dict__[name], (property, types.MemberDescriptorType)) and "unittest" not in base.__module__
    held = getattr(target, "__dict__", {}).get(name)
    return not isinstance(held, FUNCTION_KINDS)

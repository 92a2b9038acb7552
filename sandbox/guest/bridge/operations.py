"""The operations of the RPC: what a side does when it is asked, and what the side with the tests refuses to do (`guard`)."""

from __future__ import annotations

import copy
import functools
import os
import types
from typing import Any, Callable

from ..wire import WireError
from . import signatures
from .references import FUNCTION_KINDS
from .special_methods import SPECIAL_METHODS

__all__ = ["OPERATIONS", "called_by", "guard", "run_awaitable"]

MAX_CALLERS = 10
INTERNAL = (
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


def called_by(perform: Callable[..., Any], callers: Any) -> Callable[..., Any]:
    """*perform*, called through one frame for each of the functions that asked, with its name and file, for a test's `inspect.stack`."""
    for name, file in list(callers)[:MAX_CALLERS]:
        if type(name) is not str or type(file) is not str or len(name) + len(file) > 1000:
            raise WireError("a caller has a name and a file")
        code = _frame.__code__.replace(co_name=name, co_filename=file)
        perform = types.FunctionType(code, {}, name, (perform,))
    return perform


def _frame(op: str, args: Any, perform: Any = None) -> Any:
    return perform(op, args)


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
        if isinstance(target, INTERNAL) and not (op == "method" and name in ("send", "throw", "close")):
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


# --- what a side does when it is asked ---------------------------------------------------------------------------------


def _operate(name: str, target: Any, args: list[Any], kwargs: Any = None) -> Any:
    """Call a special method as the interpreter does: looked up on the type, bound to the object."""
    if name == "__deepcopy__":
        return copy.deepcopy(target)
    if name == "__copy__":
        return copy.copy(target)
    if name not in SPECIAL_METHODS:
        raise AttributeError(name)
    kind = type(target)
    for base in kind.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            if hasattr(type(found), "__get__"):
                found = found.__get__(target, kind)
            return found(*args, **(kwargs or {}))
    if name == "__iter__":
        return iter(target)
    if name == "__contains__":
        return args[0] in target
    if name == "__getitem__" and isinstance(target, type):
        return target[args[0]]  # type: ignore[index]
    raise TypeError(f"{kind.__name__!r} object does not support {name}")


def _content(target: Any) -> Any:
    """What an object of a subclass of list, dict, set or bytearray holds, read past whatever the subclass overrides."""
    for base in type(target).__mro__:
        if base is list:
            return list.__getitem__(target, slice(None))
        if base is dict:
            return dict(dict.items(target))
        if base is set:
            return set(set.__iter__(target))
        if base is bytearray:
            return bytearray.__getitem__(target, slice(None))
    raise TypeError("no such content")


def run_awaitable(target: Any) -> Any:
    """Run an awaitable to its end on a loop of this process, even while another loop runs in this thread."""
    import asyncio  # imported only where it is used: it would make every fork dearer

    async def wait() -> Any:
        return await target

    outer = asyncio._get_running_loop()
    if outer is None:
        loop = _loops[0] if _loops and not _loops[0].is_closed() else asyncio.new_event_loop()
        _loops[:] = [loop]
        return loop.run_until_complete(wait())
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(wait())
    finally:
        loop.close()
        asyncio._set_running_loop(outer)


_loops: list[Any] = []


def _method_of(target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return getattr(target, name)(*args, **kwargs)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, args, kwargs: target(*args, **kwargs),
    "call_async": lambda target, args, kwargs: run_awaitable(target(*args, **kwargs)),
    "await": run_awaitable,
    "method": _method_of,
    "method_async": lambda target, name, args, kwargs: run_awaitable(_method_of(target, name, args, kwargs)),
    "attr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "op": _operate,
    "op_async": lambda name, target, args: run_awaitable(_operate(name, target, args)),
    "content": _content,
    "signature": signatures.rows_of,
}

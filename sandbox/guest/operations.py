"""What a side does when it is asked, and what the side with the tests refuses to do."""

from __future__ import annotations

import copy
import inspect
import types
from typing import Any, Callable

from .mirrors import PROTOCOL
from .references import FUNCTION_KINDS
from .wire import WireError

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
)
"""Through the attributes of these, a program could walk from a callback to the tests."""


def called_by(perform: Callable[..., Any], callers: Any) -> Callable[..., Any]:
    """*perform* with frames below it that bear the names of the functions which asked, for `inspect.stack` in a test."""
    for name, file in list(callers)[:MAX_CALLERS]:
        if type(name) is not str or type(file) is not str or len(name) + len(file) > 1000:
            raise WireError("a caller has a name and a file")
        code = _frame.__code__.replace(co_name=name, co_filename=file)
        perform = types.FunctionType(code, {}, name, (perform,))
    return perform


def _frame(op: str, args: Any, perform: Any = None) -> Any:
    return perform(op, args)


_OF_MOCKS = frozenset("configure_mock reset_mock attach_mock mock_add_spec".split())


def guard(op: str, args: list[Any], is_given: Callable[[Any], bool]) -> None:
    """Refuse what a function may not do to its arguments, or a program could read the tests, or change them, through a callback.

    It may use what a test has passed to it by reference, and nothing else: *is_given* says of an object whether that is so.

    Raises:
        AttributeError: so the program sees it.
    """
    if op not in ("call", "call_async", "await", "method", "method_async", "attr", "setattr", "delattr", "op", "op_async"):
        raise AttributeError(f"the tests do not answer {op!r}")
    target = args[1] if op in ("op", "op_async") else args[0]
    if not is_given(target):
        raise AttributeError("the tests have not passed that to the program")
    if op in ("attr", "setattr", "delattr", "method", "method_async"):
        name = args[1]
        is_field = isinstance(target, tuple) and name in ("_asdict", "_replace", "_fields", "_make")
        if type(name) is not str or (name.startswith("_") and name != "__init__" and not is_field):
            raise AttributeError(name)
        if isinstance(target, INTERNAL) and not (op == "method" and name in ("send", "throw", "close")):
            raise AttributeError(name)
        if name in _OF_MOCKS and type(target).__module__ in ("unittest.mock", "mock"):
            raise AttributeError(name)
        if name in ("format", "format_map") and isinstance(target, str):
            raise AttributeError(name)  # a text that the program writes would walk through the attributes of what it formats
    if op in ("setattr", "delattr") and not _may_set(target, args[1]):
        raise AttributeError(f"a program may not change {args[1]!r} of an object of its tests")
    if op in ("op", "op_async") and args[0] not in PROTOCOL:
        raise AttributeError(args[0])


def _may_set(target: Any, name: str) -> bool:
    """Whether a program may set an attribute: data of an object, not what its class defines, and nothing of a class."""
    if isinstance(target, type):
        return False
    for base in type(target).__mro__:
        if name in base.__dict__:
            return isinstance(base.__dict__[name], (property, types.MemberDescriptorType)) and "unittest" not in base.__module__
    held = getattr(target, "__dict__", {}).get(name)
    return not isinstance(held, FUNCTION_KINDS)


# --- what a side does when it is asked ---------------------------------------------------------------------------------


def _operate(name: str, target: Any, args: list[Any], kwargs: Any = None) -> Any:
    """As the interpreter calls special methods: looked up on the type, bound to the object."""
    if name == "__deepcopy__":
        return copy.deepcopy(target)
    if name == "__copy__":
        return copy.copy(target)
    if name not in PROTOCOL:
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
    """What an object of a subclass of list, dict, set or bytearray holds, read by the base's own slots."""
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


def _signature_rows(target: Any) -> list[Any]:
    rows = []
    for parameter in inspect.signature(target).parameters.values():
        has_default = parameter.default is not parameter.empty
        rows.append([parameter.name, int(parameter.kind), has_default, parameter.default if has_default else None])
    return rows


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
    "signature": _signature_rows,
}

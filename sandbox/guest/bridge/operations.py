"""The operations of the RPC: what each question does on the side that is asked."""

from __future__ import annotations

import copy
import types
from typing import Any, Callable

from ..wire import WireError
from . import signatures
from .special_methods import SPECIAL_METHODS

__all__ = ["MAX_CALLERS", "OPERATIONS", "called_by", "run_awaitable"]

MAX_CALLERS = 10


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

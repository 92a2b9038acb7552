"""What a mutable object holds, kept to see later whether it has changed."""

from __future__ import annotations

import operator
import types
from collections import deque
from typing import Any

__all__ = ["attributes", "content", "identity", "same", "size"]


def attributes(value: Any) -> dict[str, Any]:
    """What an instance of a structure holds: its own attributes, those in slots included."""
    found = dict(object.__getattribute__(value, "__dict__")) if hasattr(value, "__dict__") else {}
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                found[name] = object.__getattribute__(value, name)
            except AttributeError:
                pass
    return {name: item for name, item in found.items() if not name.startswith("__")}


def content(item: Any) -> Any:
    """What a container holds, to be compared by identity later."""
    kind = type(item)
    if kind is list or kind is deque:
        return tuple(item)
    if kind is set:
        return frozenset(item)
    if kind is bytearray:
        return bytes(item)
    if kind.__module__ == "numpy":
        return item.copy()
    return (*dict.keys(item), *dict.values(item))


def same(now: Any, before: Any) -> bool:
    kind = type(now)
    if kind is tuple:
        return len(now) == len(before) and all(map(operator.is_, now, before))
    if kind is frozenset:
        return len(now) == len(before) and set(map(id, now)) == set(map(id, before))
    if kind is bytes:
        return bool(now == before)
    return bool(now.shape == before.shape and now.tobytes() == before.tobytes())


def size(container: Any) -> int:
    return int(container.size) if type(container).__module__ == "numpy" else len(container)


def identity(value: Any) -> Any:
    """What makes an object the same again: a bound method is made anew each time that it is looked up."""
    if type(value) is types.MethodType:
        return id(value.__self__), id(value.__func__)
    if type(value) is types.BuiltinMethodType and not isinstance(value.__self__, (types.ModuleType, type(None))):
        return id(value.__self__), value.__name__
    return id(value)

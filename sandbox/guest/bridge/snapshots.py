"""Snapshots of mutable objects, to see later whether one has changed and has to be sent again."""

from __future__ import annotations

import operator
from collections import deque
from typing import Any

__all__ = ["attributes", "is_unchanged", "size", "snapshot"]


def attributes(value: Any) -> dict[str, Any]:
    """The attributes of an instance itself, those in slots included."""
    found = dict(object.__getattribute__(value, "__dict__")) if hasattr(value, "__dict__") else {}
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                found[name] = object.__getattribute__(value, name)
            except AttributeError:
                pass
    return {name: item for name, item in found.items() if not name.startswith("__")}


def snapshot(item: Any) -> Any:
    """What a container or a numpy array holds now; `is_unchanged` compares it with what it holds later."""
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


def is_unchanged(now: Any, before: Any) -> bool:
    """Whether two snapshots hold the same objects."""
    kind = type(now)
    if kind is tuple:
        return len(now) == len(before) and all(map(operator.is_, now, before))
    if kind is frozenset:
        return len(now) == len(before) and set(map(id, now)) == set(map(id, before))
    if kind is bytes:
        return bool(now == before)
    return bool(now.shape == before.shape and now.tobytes() == before.tobytes())


def size(container: Any) -> int:
    """How many items a container or an array holds."""
    return int(container.size) if type(container).__module__ == "numpy" else len(container)

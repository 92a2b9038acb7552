"""A dict that forgets its oldest entry when it is full. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["BoundedCache"]

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class BoundedCache(Generic[_Key, _Value]):
    """Keeps *most* entries."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()  # protects the next
        self._entries: dict[_Key, _Value] = {}

    def get(self, key: _Key) -> _Value | None:
        """What was put there last; None if nothing was, or it is forgotten."""
        with self._lock:
            return self._entries.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        """Keep *value*."""
        with self._lock:
            self._entries[key] = value
            while len(self._entries) > self._most:
                del self._entries[next(iter(self._entries))]

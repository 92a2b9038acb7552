"""numpy's arrays and numbers as trees, where a side has numpy."""

from __future__ import annotations

import importlib
from typing import Any

from .. import values
from ..values import Unsendable
from ..wire import WireError

__all__ = ["read_array", "read_number", "write_array"]

KINDS = tuple("biufcSU")
"""Kinds of dtypes that cross: bool, numbers, bytes and text of fixed length."""
_FLAT = frozenset((int, float, str, bool, type(None)))


def write_array(carrier: Any, value: Any, depth: int) -> Any:
    if value.size > values.MAX_ITEMS:
        raise Unsendable(f"an array of {value.size} items")
    flat = value.ravel().tolist()
    items = flat if value.dtype.kind in "biuf" else carrier.trees(flat, depth)
    return {"A": [value.dtype.str, list(value.shape), items]}


def read_array(carrier: Any, tree: Any, depth: int, numbered: bool = True) -> Any:
    dtype, shape, items = tree
    if type(dtype) is not str or dtype[1:2] not in KINDS:
        raise WireError("an array of no known kind")
    if not numbered:
        return _numpy().array([carrier.value(item, depth) for item in items], dtype=dtype).reshape(shape)
    place = len(carrier.items)
    carrier.items.append(None)
    flat = [item if type(item) in _FLAT else carrier.value(item, depth) for item in items]
    carrier.items[place] = made = _numpy().array(flat, dtype=dtype).reshape(shape)
    carrier.numbers[id(made)] = place
    return made


def _numpy() -> Any:
    try:
        return importlib.import_module("numpy")
    except ImportError:
        raise WireError("a numpy value, and there is no numpy here") from None


def read_number(carrier: Any, tree: Any, depth: int) -> Any:
    dtype, item = tree
    if type(dtype) is not str or dtype[1:2] not in KINDS:
        raise WireError("a number of no known kind")
    return _numpy().dtype(dtype).type(carrier.value(item, depth))

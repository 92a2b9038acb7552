"""Arrays and numbers of numpy as trees."""

from __future__ import annotations

import importlib
from typing import Any

from .. import values
from ..values import SCALARS, Unsendable
from ..wire import WireError

__all__ = ["read_array", "read_number", "write_array"]

KINDS = tuple("biufcSU")
"""Kinds of dtypes that are copied: bool, numbers, and bytes and text of fixed length."""


def write_array(marshaller: Any, value: Any, depth: int) -> Any:
    """The tree of an array.

    Raises:
        Unsendable: it is too large.
    """
    if value.size > values.MAX_ITEMS:
        raise Unsendable(f"an array of {value.size} items")
    flat = value.ravel().tolist()
    items = flat if value.dtype.kind in "biuf" else marshaller.trees(flat, depth)
    return {"A": [value.dtype.str, list(value.shape), items]}


def read_array(marshaller: Any, tree: Any, depth: int, numbered: bool = True) -> Any:
    """The array of a tree; *numbered* if it is to get a number, as containers do.

    Raises:
        WireError: there is no numpy here, or the tree is none of an array.
        ValueError, TypeError: likewise.
    """
    dtype, shape, items = tree
    if type(dtype) is not str or dtype[1:2] not in KINDS:
        raise WireError("an array of no known kind")
    if not numbered:
        return _numpy().array([marshaller.value(item, depth) for item in items], dtype=dtype).reshape(shape)
    place = len(marshaller.items)
    marshaller.items.append(None)
    flat = [item if type(item) in SCALARS else marshaller.value(item, depth) for item in items]
    marshaller.items[place] = made = _numpy().array(flat, dtype=dtype).reshape(shape)
    marshaller.numbers[id(made)] = place
    return made


def _numpy() -> Any:
    try:
        return importlib.import_module("numpy")
    except ImportError:
        raise WireError("a numpy value, and there is no numpy here") from None


def read_number(marshaller: Any, tree: Any, depth: int) -> Any:
    """The number of a tree, of the dtype that it had."""
    dtype, item = tree
    if type(dtype) is not str or dtype[1:2] not in KINDS:
        raise WireError("a number of no known kind")
    return _numpy().dtype(dtype).type(marshaller.value(item, depth))

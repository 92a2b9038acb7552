"""Frames, series, indexes and timestamps of pandas as trees: what a program returns of these is copied to its tests.

What the tests pass to a program is not copied but crosses by reference, for a program may change it in place.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .. import values
from ..wire import WireError
from .numpy_arrays import read_array, write_array

__all__ = ["read_frame", "write_frame"]

MAX_TEXT = 64
_EXTENSIONS = frozenset("str string boolean Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64".split())
_MOMENTS = frozenset(f"<{kind}8[{unit}]" for kind in "mM" for unit in ("s", "ms", "us", "ns"))


class _NotCopied(Exception):
    """It is of a kind that is not copied."""


def write_frame(marshaller: Any, value: Any, depth: int) -> Any:
    """The tree of an object of pandas; None if it is of a kind that is not copied."""
    known = len(marshaller.items)
    try:
        return _written(marshaller, value, depth)
    except _NotCopied:
        for item in marshaller.items[known:]:  # its parts have got numbers, and will not be sent
            del marshaller.numbers[id(item)]
        del marshaller.items[known:]
        return None


def _written(marshaller: Any, value: Any, depth: int) -> list[Any]:
    pandas = sys.modules["pandas"]
    kind = type(value)
    if kind is pandas.DataFrame and value.size <= values.MAX_ITEMS:
        columns = [_column(marshaller, value.iloc[:, place], depth) for place in range(value.shape[1])]
        return ["frame", _index(marshaller, value.index, depth), _index(marshaller, value.columns, depth), columns]
    if kind is pandas.Series and value.size <= values.MAX_ITEMS:
        return [
            "series",
            _index(marshaller, value.index, depth),
            _column(marshaller, value, depth),
            _name(marshaller, value.name, depth),
        ]
    if isinstance(value, pandas.Index) and kind.__module__.startswith("pandas") and value.size <= values.MAX_ITEMS:
        return ["index", _index(marshaller, value, depth)]
    if kind in (pandas.Timestamp, pandas.Timedelta):
        return ["moment", kind.__name__, value.isoformat()]
    if value is pandas.NaT or value is pandas.NA:
        return ["missing", "NaT" if value is pandas.NaT else "NA"]
    raise _NotCopied


def _name(marshaller: Any, name: Any, depth: int) -> Any:
    if name is not None and type(name) not in (str, int, float, bool, tuple):
        raise _NotCopied
    return marshaller.tree(name, depth)


def _index(marshaller: Any, index: Any, depth: int) -> list[Any]:
    pandas = sys.modules["pandas"]
    if type(index) is pandas.RangeIndex:
        return ["range", index.start, index.stop, index.step, _name(marshaller, index.name, depth)]
    if type(index) is pandas.MultiIndex:
        return ["multi", marshaller.trees(list(index), depth), [_name(marshaller, name, depth) for name in index.names]]
    frequency = getattr(index, "freqstr", None)
    return [
        "plain",
        _column(marshaller, index, depth),
        _name(marshaller, index.name, depth),
        frequency if type(frequency) is str else None,
    ]


def _column(marshaller: Any, owner: Any, depth: int) -> list[Any]:
    pandas, dtype, array = sys.modules["pandas"], owner.dtype, owner.array
    if type(dtype) is pandas.CategoricalDtype:
        codes = write_array(marshaller, array.codes, depth)["A"]
        return ["category", codes, _index(marshaller, array.categories, depth), bool(array.ordered)]
    if str(dtype) in _EXTENSIONS:
        return [
            "extension",
            str(dtype),
            [None if missing else item for item, missing in zip(array.tolist(), array.isna().tolist())],
        ]
    kind = getattr(dtype, "kind", "") if type(dtype).__module__.startswith("numpy") else ""
    if kind in tuple("biufc"):
        return ["numbers", write_array(marshaller, array.to_numpy(), depth)["A"]]
    if kind in ("M", "m") and dtype.str in _MOMENTS:
        return ["moments", dtype.str, array.to_numpy().view("i8").tolist()]
    if kind == "O":
        return ["objects", marshaller.trees(array.tolist(), depth)]
    raise _NotCopied


def read_frame(marshaller: Any, tree: Any, depth: int) -> Any:
    """The object of a tree that `write_frame` made.

    Raises:
        WireError: it is none.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise WireError("an object of pandas, and there is no pandas here") from None
    what, *parts = tree
    if what == "frame":
        index, columns, cells = parts
        found = {place: _read_column(pandas, marshaller, cell, depth) for place, cell in enumerate(cells)}
        frame = pandas.DataFrame(found, index=_read_index(pandas, marshaller, index, depth))
        frame.columns = _read_index(pandas, marshaller, columns, depth)
        return frame
    if what == "series":
        index, cells, name = parts
        array = _read_column(pandas, marshaller, cells, depth)
        return pandas.Series(array, index=_read_index(pandas, marshaller, index, depth), name=marshaller.value(name, depth))
    if what == "index":
        return _read_index(pandas, marshaller, parts[0], depth)
    if what == "moment" and parts[0] in ("Timestamp", "Timedelta") and type(parts[1]) is str and len(parts[1]) < MAX_TEXT:
        return getattr(pandas, parts[0])(parts[1])
    if what == "missing" and parts[0] in ("NaT", "NA"):
        return getattr(pandas, parts[0])
    raise WireError("an object of pandas of no known kind")


def _read_index(pandas: Any, marshaller: Any, tree: Any, depth: int) -> Any:
    what, *parts = tree
    if what == "range":
        start, stop, step, name = parts
        return pandas.RangeIndex(start, stop, step, name=marshaller.value(name, depth))
    if what == "multi":
        rows, names = parts
        return pandas.MultiIndex.from_tuples(
            [marshaller.value(row, depth) for row in rows], names=[marshaller.value(name, depth) for name in names]
        )
    if what != "plain":
        raise WireError("an index of no known kind")
    cells, name, frequency = parts
    index = pandas.Index(_read_column(pandas, marshaller, cells, depth), name=marshaller.value(name, depth))
    if type(frequency) is str and len(frequency) < MAX_TEXT and isinstance(index, (pandas.DatetimeIndex, pandas.TimedeltaIndex)):
        index.freq = frequency
    return index


def _read_column(pandas: Any, marshaller: Any, tree: Any, depth: int) -> Any:
    numpy = importlib.import_module("numpy")
    what, *parts = tree
    if what == "numbers":
        return read_array(marshaller, parts[0], depth, numbered=False)
    if what == "moments" and parts[0] in _MOMENTS:
        return numpy.array(parts[1], dtype="i8").view(parts[0])
    if what == "extension" and parts[0] in _EXTENSIONS:
        return pandas.array([pandas.NA if item is None else item for item in parts[1]], dtype=parts[0])
    if what == "category":
        codes, categories, ordered = parts
        found = read_array(marshaller, codes, depth, numbered=False)
        return pandas.Categorical.from_codes(found, _read_index(pandas, marshaller, categories, depth), ordered=ordered is True)
    if what == "objects":
        objects = numpy.empty(len(parts[0]), dtype=object)
        for place, item in enumerate(parts[0]):
            objects[place] = marshaller.value(item, depth)
        return objects
    raise WireError("a column of no known kind")

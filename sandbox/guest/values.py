"""Serializes Python values as JSON text (`encode`), and reads such text without trusting it (`decode`).

Over 400 lines because the writer and the reader of one format are only right together.

None, bool, int of 64 bits, float, str and list are themselves in JSON. Any other value is an object with one key, its tag:

    i  big int (hex)         x  bytes (hex)           X  bytearray (hex)      c  complex [real, imag]
    u  str with surrogates   t  tuple                 s  set                  f  frozenset
    d  dict [[k, v], ...]    o  OrderedDict           n  Counter              m  defaultdict, without its factory
    q  deque [items, maxlen] r  range                 D  Decimal              F  Fraction [n, d]
    T  date, time, datetime, timedelta, timezone      e  Ellipsis
    I  an iterator: its items, as `Iterated`          V  dict keys or items, equal to a set: `Iterated` too
    A  numpy array: [dtype, shape, items], as `Array`
    O  anything else: [type name, truth], as `Opaque`

A value of a subclass becomes one of the plain type, read without calling anything that the subclass overrides. A number of numpy
becomes the Python number that it holds. What is too deep or too large raises `Unsendable` with a reason.

The text that `decode` reads may be hostile. It raises WireError and nothing else, and has limits for the size, the depth and the time
spent on hashing: keys can be chosen so that all their hashes collide, and then building a set takes quadratic time.

*tree* stands below for what JSON text is made of: None, bool, numbers, str, list and dict.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Callable, Iterable

from .wire import WireError

__all__ = [
    "CHECK_EVERY",
    "LEAF_KINDS",
    "LEAF_TAGS",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_NODES",
    "SCALARS",
    "Array",
    "Clock",
    "Iterated",
    "Opaque",
    "Unsendable",
    "decode",
    "encode",
    "integer_tree",
    "leaf_tree",
    "leaf_value",
    "text_of",
    "text_tree",
]

_dumps, _loads = json.dumps, json.loads  # kept from before a program runs, which may patch them

MAX_DEPTH = 200
"""Of nested containers. Python's recursion limit is 1000, and on the host a part of the stack is in use already."""
MAX_NODES = 300_000
"""Containers in one value, not counting flat lists of plain values."""
MAX_ITEMS = 1_000_000
"""Items of one iterator or array."""
MAX_INT_BITS = 1 << 23
MAX_HASHING_SECONDS = 2.0
"""CPU time that reading the sets and dicts of one value may take."""

_WORD = 1 << 63
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
SCALARS = frozenset((int, float, str, bool, type(None)))
"""Types of values that hold no others: a list of nothing else is read without a look at each item."""
_FLAT = {frozenset((kind,)) for kind in SCALARS} | {frozenset((int, float)), frozenset((bool, int))}


class Unsendable(Exception):
    """A value that cannot be serialized, or is too deep or too large; the message says why."""


@dataclass(frozen=True)
class Iterated:
    """The items that an iterator gave. As in Python it is equal to no list; a label may compare `list(...)` of it."""

    items: list[Any]
    is_view: bool = False
    """Keys or items of a dict, which are equal to a set of the same."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Iterated):
            return self.items == other.items
        if self.is_view and isinstance(other, (set, frozenset)):
            return len(self.items) == len(other) and all(item in other for item in self.items)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Array:
    """A numpy array, for a reader that may have no numpy. Equal to no list."""

    dtype: str
    shape: tuple[int, ...]
    items: list[Any]


@dataclass(frozen=True, eq=False)
class Opaque:
    """An object that cannot be serialized: the name of its type, and its truth value. Equal to nothing but itself."""

    type_name: str
    truth: bool

    def __bool__(self) -> bool:
        return self.truth

    def __repr__(self) -> str:
        return f"<{self.type_name} object>"


# --- to text -----------------------------------------------------------------------------------------------------------


def encode(value: Any, max_bytes: int = 1 << 40, exact: bool = False) -> str:
    """*value* as ASCII JSON text. With *exact*, a value that `decode` would not give back as the same type is refused.

    Raises:
        Unsendable: a cycle, a value over a limit, or with *exact* of a type that is refused.
    """
    budget = [MAX_NODES, exact]
    try:
        text = _dumps(_tree(value, 0, budget))
    except RecursionError:
        raise Unsendable("nested too deeply") from None
    if len(text) > max_bytes:
        raise Unsendable(f"{len(text)} bytes, and at most {max_bytes} may cross")
    return text


def _tree(value: Any, depth: int, budget: list[int]) -> Any:
    kind = type(value)
    if kind is bool or value is None or kind is float:
        return value
    if kind is int:
        return integer_tree(value)
    if kind is str:
        return text_tree(value)
    if depth > MAX_DEPTH:
        raise Unsendable(f"nested more than {MAX_DEPTH} deep, or a cycle")
    budget[0] -= 1
    if budget[0] < 0:
        raise Unsendable(f"more than {MAX_NODES} containers")
    write = _WRITERS.get(kind) or _writer_of_subclass(value)
    return write(value, depth + 1, budget)


def integer_tree(value: int) -> Any:
    """The tree of an exact int."""
    if -_WORD <= value < _WORD:
        return value
    if value.bit_length() > MAX_INT_BITS:
        raise Unsendable(f"an integer of {value.bit_length()} bits")
    return {"i": hex(value)}


def text_tree(value: str) -> Any:
    """The tree of an exact str."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return {"u": value.encode("utf-32-be", "surrogatepass").hex()}
    return value


def _items(values: Iterable[Any], depth: int, budget: list[int]) -> list[Any]:
    found = list(values)
    kinds = frozenset(map(type, found))
    # Fast path: a flat list of numbers or ASCII words needs no loop in Python.
    if kinds in _FLAT:
        if str in kinds:
            if all(map(str.isascii, found)):
                return found
        elif int not in kinds or (min(found) >= -_WORD and max(found) < _WORD):
            return found
    return [_tree(item, depth, budget) for item in found]


def _pairs(value: Any, depth: int, budget: list[int]) -> list[Any]:
    return [[_tree(key, depth, budget), _tree(item, depth, budget)] for key, item in dict.items(value)]


def _decimal(value: Decimal) -> str:
    return Decimal.__str__(value)


def _moment(value: Any) -> list[Any]:
    kind = type(value)
    if kind is dt.timedelta:
        return ["timedelta", value.days, value.seconds, value.microseconds]
    if kind is dt.date:
        return ["date", value.year, value.month, value.day]
    if kind is dt.timezone:
        offset = value.utcoffset(None)
        return ["timezone", _moment(offset)]
    zone = value.tzinfo
    if zone is not None and type(zone) is not dt.timezone:
        offset = zone.utcoffset(value) if kind is dt.datetime else zone.utcoffset(None)
        if type(offset) is not dt.timedelta:
            raise Unsendable("a time whose zone has no fixed offset")
        zone = dt.timezone(offset)
    end = [value.hour, value.minute, value.second, value.microsecond, value.fold, None if zone is None else _moment(zone)]
    if kind is dt.time:
        return ["time", *end]
    return ["datetime", value.year, value.month, value.day, *end]


def _iterated(value: Any, depth: int, budget: list[int]) -> Any:
    if budget[1]:
        raise Unsendable("an iterator")
    items = []
    for item in value:
        items.append(item)
        if len(items) > MAX_ITEMS:
            raise Unsendable(f"an iterator of more than {MAX_ITEMS} items")
    return {"I": _items(items, depth, budget)}


def _view(value: Any, depth: int, budget: list[int]) -> Any:
    return {"V": _items(value, depth, budget)}


_Writer = Callable[[Any, int, "list[int]"], Any]

_WRITERS: dict[type, _Writer] = {
    list: _items,
    tuple: lambda v, d, b: {"t": _items(v, d, b)},
    dict: lambda v, d, b: {"d": _pairs(v, d, b)},
    set: lambda v, d, b: {"s": _items(v, d, b)},
    frozenset: lambda v, d, b: {"f": _items(v, d, b)},
    bytes: lambda v, d, b: {"x": v.hex()},
    bytearray: lambda v, d, b: {"X": v.hex()},
    complex: lambda v, d, b: {"c": [v.real, v.imag]},
    range: lambda v, d, b: {"r": [_tree(part, d, b) for part in (v.start, v.stop, v.step)]},
    OrderedDict: lambda v, d, b: {"o": _pairs(v, d, b)},
    Counter: lambda v, d, b: {"n": _pairs(v, d, b)},
    defaultdict: lambda v, d, b: {"m": _pairs(v, d, b)},
    deque: lambda v, d, b: {"q": [_items(v, d, b), v.maxlen]},
    Decimal: lambda v, d, b: {"D": _decimal(v)},
    Fraction: lambda v, d, b: {"F": [_tree(v.numerator, d, b), _tree(v.denominator, d, b)]},
    dt.date: lambda v, d, b: {"T": _moment(v)},
    dt.time: lambda v, d, b: {"T": _moment(v)},
    dt.datetime: lambda v, d, b: {"T": _moment(v)},
    dt.timedelta: lambda v, d, b: {"T": _moment(v)},
    dt.timezone: lambda v, d, b: {"T": _moment(v)},
    type(Ellipsis): lambda v, d, b: {"e": 0},
}
_WRITERS[type({}.values())] = _iterated
_WRITERS.update(dict.fromkeys((type({}.keys()), type({}.items())), _view))

LEAF_KINDS = frozenset(
    (bytes, complex, range, Decimal, Fraction, dt.date, dt.time, dt.datetime, dt.timedelta, dt.timezone, type(Ellipsis))
)
"""Types of values that are not plain and hold no containers."""


def leaf_tree(value: Any) -> Any:
    """The tree of a value whose type is in LEAF_KINDS."""
    return _WRITERS[type(value)](value, 0, [MAX_NODES, False])


# How to read the plain value of an object of a subclass without calling anything that the subclass overrides.
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (str, str.__str__),
    (list, lambda v: list.__getitem__(v, slice(None))),
    (tuple, lambda v: tuple.__getitem__(v, slice(None))),
    (dict, lambda v: dict(dict.items(v))),
    (set, lambda v: set(set.__iter__(v))),
    (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
    (bytes, lambda v: bytes.__getitem__(v, slice(None))),
    (bytearray, lambda v: bytearray.__getitem__(v, slice(None))),
)


def _writer_of_subclass(value: Any) -> _Writer:
    kind = type(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _write_numpy
    for base, exact in _BASES:
        if base in kind.__mro__:
            plain = exact(value)
            if type(plain) is not base:
                break
            return lambda _, depth, budget: _tree(plain, depth, budget)
    if kind.__module__ in ("builtins", "itertools") and hasattr(kind, "__next__"):
        return _iterated
    return _write_opaque


def _write_opaque(value: Any, _depth: int, budget: list[int]) -> Any:
    if budget[1]:
        raise Unsendable(f"a value of type {_name(type(value))}")
    # bool() runs code of the candidate, which may lie; but it could have answered True in the first place.
    return {"O": [_name(type(value)), bool(value)]}


def _write_numpy(value: Any, depth: int, budget: list[int]) -> Any:
    numpy = sys.modules["numpy"]
    if budget[1]:
        raise Unsendable("a numpy value")
    if isinstance(value, numpy.generic):
        plain = value.item()
        if isinstance(plain, numpy.generic):  # a long double has no Python number
            return _write_opaque(value, depth, budget)
        return _tree(plain, depth, budget)
    if value.size > MAX_ITEMS:
        raise Unsendable(f"an array of {value.size} items")
    flat = numpy.asarray(value).ravel().tolist()
    return {"A": [str(value.dtype), list(value.shape), _items(flat, depth, budget)]}


def _name(kind: type) -> str:
    name = type.__getattribute__(kind, "__name__")
    return name[:80] if type(name) is str else "?"


# --- from text ---------------------------------------------------------------------------------------------------------


def decode(text: str | bytes) -> Any:
    """The value of *text*, which may be hostile.

    Raises:
        WireError: the text is not that of a value, or over a limit. Never anything else.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("ascii")
        except UnicodeDecodeError:
            raise WireError("text that is not ASCII") from None
    limit = 3 * MAX_NODES
    if text.count("[") + text.count("{") > limit:
        bare = _QUOTED.sub("", text)  # without strings, in which brackets are no containers
        if bare.count("[") + bare.count("{") > limit:
            raise WireError("too many containers")
    _local.clock = Clock()
    try:
        return _value(_loads(text), 0)
    except WireError:
        raise
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError, AttributeError) as error:
        raise WireError(f"not a value: {type(error).__name__}: {str(error)[:200]}") from None


def _value(tree: Any, depth: int) -> Any:
    kind = type(tree)
    if kind is list:
        return _list(tree, depth)
    if kind is not dict:
        return tree
    if depth > MAX_DEPTH + 2:
        raise WireError("nested too deeply")
    if len(tree) != 1:
        raise WireError("a tag has one key")
    ((tag, body),) = tree.items()
    read = _READERS.get(tag)
    if read is None:
        raise WireError(f"no value has the tag {tag[:20]!r}")
    return read(body, depth + 1)


def _list(tree: Any, depth: int) -> list[Any]:
    if type(tree) is not list:
        raise WireError("expected an array")
    if depth > MAX_DEPTH + 2:
        raise WireError("nested too deeply")
    if frozenset(map(type, tree)) <= SCALARS:
        return tree
    return [_value(item, depth + 1) for item in tree]


class Clock:
    """Limits the CPU time that the sets and dicts of one value take; checked every CHECK_EVERY insertions."""

    def __init__(self) -> None:
        self.started = time.thread_time()

    def check(self) -> None:
        """Raises WireError if the time is used up."""
        if time.thread_time() - self.started > MAX_HASHING_SECONDS:
            raise WireError("its keys take too long to hash")


CHECK_EVERY = 16
_local = threading.local()


def _set(tree: Any, depth: int) -> set[Any]:
    clock = _local.clock
    found: set[Any] = set()
    for number, item in enumerate(_list(tree, depth)):
        if number % CHECK_EVERY == 0:
            clock.check()
        found.add(item)
    return found


def _fill(target: dict[Any, Any], tree: Any, depth: int) -> dict[Any, Any]:
    pairs = [(_value(key, depth), _value(item, depth)) for key, item in tree]
    clock = _local.clock
    for number, (key, item) in enumerate(pairs):
        if number % CHECK_EVERY == 0:
            clock.check()
        target[key] = item
    return target


def _int(tree: Any) -> int:
    if type(tree) is str:
        if len(tree) > MAX_INT_BITS // 4 + 4:
            raise WireError("an integer too large")
        return int(tree, 16)
    number: int = _exactly(int, tree)
    return number


def _exactly(kind: type, tree: Any) -> Any:
    if type(tree) is not kind:
        raise WireError(f"expected {kind.__name__}")
    return tree


def _fraction(tree: Any) -> Fraction:
    numerator, denominator = (_value(part, 0) for part in tree)
    for part in (numerator, denominator):
        if _exactly(int, part).bit_length() > 1 << 14:
            raise WireError("a fraction too large")
    return Fraction(numerator, denominator)


def _from_decimal(tree: Any) -> Decimal:
    if len(_exactly(str, tree)) > 100_000:
        raise WireError("a decimal too long")
    return Decimal(tree)


def _from_moment(tree: Any) -> Any:
    name, *parts = tree
    if name == "timedelta":
        return dt.timedelta(*parts)
    if name == "date":
        return dt.date(*parts)
    if name == "timezone":
        return dt.timezone(_from_moment(parts[0]))
    *clock, fold, zone = parts
    kind = {"time": dt.time, "datetime": dt.datetime}[name]
    return kind(*clock, fold=fold, tzinfo=None if zone is None else _from_moment(zone))


def _deque(tree: Any, depth: int) -> deque[Any]:
    items, length = tree
    return deque(_list(items, depth), length)


def _array(tree: Any, depth: int) -> Array:
    dtype, shape, items = tree
    return Array(_exactly(str, dtype), tuple(_exactly(int, size) for size in shape), _list(items, depth))


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "i": lambda t, d: _int(t),
    "u": lambda t, d: bytes.fromhex(t).decode("utf-32-be", "surrogatepass"),
    "x": lambda t, d: bytes.fromhex(t),
    "X": lambda t, d: bytearray.fromhex(t),
    "c": lambda t, d: complex(_exactly(float, t[0]), _exactly(float, t[1])),
    "t": lambda t, d: tuple(_list(t, d)),
    "s": _set,
    "f": lambda t, d: frozenset(_set(t, d)),
    "d": lambda t, d: _fill({}, t, d),
    "o": lambda t, d: _fill(OrderedDict(), t, d),
    "n": lambda t, d: _fill(Counter(), t, d),
    "m": lambda t, d: _fill(defaultdict(None), t, d),
    "q": _deque,
    "r": lambda t, d: range(*(_exactly(int, _value(part, d)) for part in t)),
    "D": lambda t, d: _from_decimal(t),
    "F": lambda t, d: _fraction(t),
    "T": lambda t, d: _from_moment(t),
    "e": lambda t, d: Ellipsis,
    "I": lambda t, d: Iterated(_list(t, d)),
    "V": lambda t, d: Iterated(_list(t, d), is_view=True),
    "A": _array,
    "O": lambda t, d: Opaque(_exactly(str, t[0])[:80], _exactly(bool, t[1])),
}

LEAF_TAGS = frozenset("iuxcrDFTe")


def leaf_value(tag: str, body: Any) -> Any:
    """The value of the tree {*tag*: *body*}, whose tag is in LEAF_TAGS. Raises what it likes: the caller makes that a WireError."""
    return _READERS[tag](body, 0)


def text_of(tree: Any) -> str:
    """The str of a tree that has to be one."""
    text: str = _exactly(str, _value(tree, 0))
    return text

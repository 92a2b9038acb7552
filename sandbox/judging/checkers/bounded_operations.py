"""The operators and functions of Python that an assert statement may use, each with a bound on what it costs.

A candidate chooses the values, and the host evaluates: without bounds, `answer_0 ** answer_1` or a sum of large fractions could take
hours. What would cost too much raises `TooCostly`.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sized
from collections.abc import Set as AbstractSet
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

from sandbox.guest.values import Iterated

__all__ = ["BINARY", "COMPARE", "CONSTANTS", "FUNCTIONS", "TYPES", "UNARY", "Irreducible", "TooCostly", "arithmetic"]

MAX_ITEMS = 1_000_000
MAX_BITS = 100_000
MAX_DIGITS = 10_000
MAX_COLLISIONS = 100
MAX_STEPS = 10**9


class Irreducible(Exception):
    """An assert cannot be reduced to calls and a check on the host: it uses what is not supported here. The message names it."""


class TooCostly(Irreducible):
    """An operation would cost too much on the values that the candidate returned."""


def _bounded_items(value: Any) -> Any:
    """The items of *value* to iterate over; refused where there are too many."""
    if isinstance(value, Iterated):
        return value.items
    if isinstance(value, Sized) and len(value) > MAX_ITEMS:
        raise TooCostly(f"{len(value)} items")
    return value


def _with_bounded_items(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_bounded_items, args))
        for given in args:
            if isinstance(given, list | tuple | set | frozenset) and any(_is_large_fraction(item) for item in given):
                raise TooCostly("fractions that large")
        return function(*args, **kwargs)

    return call


def _without_collisions(function: Callable[..., Any]) -> Callable[..., Any]:
    """*function*, refused where many different items have the same hash: integers can be chosen so, which makes a set quadratic."""

    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_bounded_items, args))
        for given in args:
            if not isinstance(given, str | bytes | bytearray | range | Mapping | AbstractSet):
                keys = [item[0] for item in given] if function in (dict, OrderedDict) else given
                alike: dict[int, list[Any]] = {}
                for key in keys:
                    same = alike.setdefault(hash(key), [])
                    if key not in same:
                        same.append(key)
                    if len(same) > MAX_COLLISIONS:
                        raise TooCostly("items with equal hashes")
        return function(*args, **kwargs)

    return call


def _with_bounded_digits(function: Callable[..., Any]) -> Callable[..., Any]:
    """*function*, which returns an int, refused where that would be enormous: a Decimal of a few letters (1E+999999999) is enough."""

    def call(value: Any = 0, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > MAX_DIGITS:
            raise TooCostly("a number that large")
        if any(isinstance(number, int) and abs(number) > MAX_DIGITS for number in (*args, *kwargs.values())):
            raise TooCostly("digits that many")
        return function(value, *args, **kwargs)

    return call


def _bounded_bytes(*args: Any) -> bytes:
    if any(isinstance(given, int) and given > MAX_ITEMS for given in args):
        raise TooCostly("bytes of that length")
    return bytes(*map(_bounded_items, args))


def _bounded_sum(values: Any, start: Any = 0) -> Any:
    """`sum` of numbers that stay small, and of lists or tuples."""
    items = list(_bounded_items(values))
    if isinstance(start, list | tuple):
        if not all(type(item) is type(start) for item in items):
            raise TypeError("lists and tuples do not add up")
        return type(start)(chain(start, *items))
    bits = sum(map(_size_in_bits, items))
    # The denominator of a sum of fractions may grow to the product of all of theirs, and each addition has to reduce it.
    if bits > MAX_BITS * 1000 or (any(isinstance(item, Fraction) for item in items) and len(items) * (bits // 30) ** 2 > MAX_STEPS):
        raise TooCostly("a sum that large")
    if len(items) > 1000 and any(isinstance(item, int) and item.bit_length() > MAX_BITS for item in items):
        raise TooCostly("a sum that large")
    return sum(items, start)


TYPES: dict[str, Any] = {
    "bool": bool, "bytes": bytes, "complex": complex, "dict": dict, "float": float, "frozenset": frozenset, "int": int,
    "list": list, "set": set, "str": str, "tuple": tuple,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "bool": bool,
    "bytes": _bounded_bytes,
    "complex": complex,
    "dict": _without_collisions(dict),
    "float": float,
    "frozenset": _without_collisions(frozenset),
    "int": _with_bounded_digits(int),
    "list": _with_bounded_items(list),
    "set": _without_collisions(set),
    "str": str,
    "tuple": _with_bounded_items(tuple),
    "abs": abs,
    "all": _with_bounded_items(all),
    "any": _with_bounded_items(any),
    "len": len,
    "max": _with_bounded_items(max),
    "min": _with_bounded_items(min),
    "round": _with_bounded_digits(round),
    "sorted": _with_bounded_items(sorted),
    "sum": _bounded_sum,
    "Counter": _without_collisions(Counter),
    "OrderedDict": _without_collisions(OrderedDict),
    "collections.Counter": _without_collisions(Counter),
    "collections.OrderedDict": _without_collisions(OrderedDict),
    "collections.deque": _with_bounded_items(deque),
    "deque": _with_bounded_items(deque),
    "isclose": math.isclose,
    "math.isclose": math.isclose,
    "math.isnan": math.isnan,
    "math.isinf": math.isinf,
    "math.sqrt": math.sqrt,
    "math.fabs": math.fabs,
    "math.floor": _with_bounded_digits(math.floor),
    "math.ceil": _with_bounded_digits(math.ceil),
    "sys.getsizeof": sys.getsizeof,
}

CONSTANTS: dict[str, Any] = {"math.pi": math.pi, "math.e": math.e, "math.inf": math.inf, "math.nan": math.nan}


def _identical(left: Any, right: Any) -> bool:
    """`is`, true for None, True, False and `...` only: any other value is a copy of the candidate's, never the same object."""
    return left is right and (left is None or left is Ellipsis or isinstance(left, bool))


BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
UNARY: dict[type, Callable[[Any], Any]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip


def _bounded_order(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def call(left: Any, right: Any) -> Any:
        if _is_large_fraction(left) or _is_large_fraction(right):
            raise TooCostly("fractions that large")
        return function(left, right)

    return call


def _is_large_fraction(value: Any) -> bool:
    """Whether comparing or adding *value* takes a long multiplication."""
    return isinstance(value, Fraction) and _size_in_bits(value) > MAX_BITS


def _container(container: Any) -> Any:
    return container.items if isinstance(container, Iterated) else container


COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: _bounded_order(operator.lt), ast.LtE: _bounded_order(operator.le),
    ast.Gt: _bounded_order(operator.gt), ast.GtE: _bounded_order(operator.ge),
    ast.In: lambda a, b: a in _container(b), ast.NotIn: lambda a, b: a not in _container(b),
    ast.Is: _identical, ast.IsNot: lambda a, b: not _identical(a, b),
}  # fmt: skip


def arithmetic(kind: type, left: Any, right: Any) -> Any:
    """Apply a binary operator, refused where its result could be enormous."""
    if kind is ast.Pow and {type(left), type(right)} <= {bool, int, Fraction} and _size_in_bits(left) * abs(right) > MAX_BITS:
        raise TooCostly("a power that large")
    if kind in (ast.FloorDiv, ast.Mod) and min(_size_in_bits(left), _size_in_bits(right)) > MAX_BITS:
        raise TooCostly("a division that large")
    if _is_large_fraction(left) or _is_large_fraction(right):
        raise TooCostly("fractions that large")
    if kind is ast.Mult:
        if min(_size_in_bits(left), _size_in_bits(right)) > MAX_BITS:
            raise TooCostly("a product that large")
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Sized) and isinstance(other, int) and len(one) * other > MAX_ITEMS:
                raise TooCostly("a repetition that long")
    if kind is ast.Mod and isinstance(left, str | bytes):
        raise TooCostly("formatting")
    return BINARY[kind](left, right)


def _size_in_bits(value: Any) -> int:
    """How large a number is, at least 1; a float, and what is no number, counts as 64."""
    if isinstance(value, Fraction):
        return value.numerator.bit_length() + value.denominator.bit_length()
    return max(value.bit_length(), 1) if isinstance(value, int) else 64

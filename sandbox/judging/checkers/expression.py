"""What an assert statement says about a candidate's values, evaluated on the host over exact builtin types.

Only a small part of Python is understood: literals, operators, comparisons, subscripts and a few pure functions whose cost is
bounded. Everything else raises `Irreducible` when the label is read, and such a label goes to the tester.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

from sandbox.guest.values import Iterated
from sandbox.judging import syntax
from sandbox.judging.checkers.text import shorten
from sandbox.judging.checkers.values import bounded_repr
from sandbox.words.suite import Comparison

__all__ = ["ANSWER_PREFIX", "Assertion", "Irreducible", "evaluate", "is_evaluated", "validate"]

ANSWER_PREFIX = "answer_"
"""`answer_0` in an expression is the value of the case's first call."""
MAX_ITEMS = 1_000_000
MAX_BITS = 100_000
MAX_DIGITS = 10_000
MAX_COLLISIONS = 100
MAX_STEPS = 10**9


class Irreducible(Exception):
    """The expression uses something that is not understood here; the message names it."""


class _Refused(Irreducible):
    """The operation would cost too much on values of the candidate."""


_FALSE = (_Refused, ArithmeticError, ValueError, TypeError, LookupError, AttributeError, RecursionError, MemoryError)


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """*expression* is true of the values `answer_0`, `answer_1`, ..."""

    expression: str

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Evaluate the expression; an error in it means that it does not hold, as in an assert."""
        names = {f"{ANSWER_PREFIX}{number}": value for number, value in enumerate(values)}
        try:
            ok = bool(evaluate(syntax.expression(self.expression), names))
            problem = ""
        except _FALSE as error:
            ok, problem = False, f" ({type(error).__name__}: {shorten(str(error))})"
        shown = ", ".join(f"{name} = {bounded_repr(value)}" for name, value in names.items())
        return Comparison(ok=ok, difference="" if ok else f"not true: {shorten(self.expression)} with {shown}{problem}")


def _items(value: Any) -> Any:
    """*value* where it is about to be walked: an iterator's items, and nothing that is too long to walk."""
    if isinstance(value, Iterated):
        return value.items
    if isinstance(value, Sized) and len(value) > MAX_ITEMS:
        raise _Refused(f"{len(value)} items")
    return value


def _over_items(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_items, args))
        for given in args:
            if isinstance(given, list | tuple | set | frozenset) and any(_is_slow(item) for item in given):
                raise _Refused("fractions that large")
        return function(*args, **kwargs)

    return call


def _hashing(function: Callable[..., Any]) -> Callable[..., Any]:
    """*function*, unless many different items have the same hash: integers can be chosen so, which makes a set quadratic."""

    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_items, args))
        for given in args:
            if not isinstance(given, str | bytes | bytearray | range | Mapping | AbstractSet):
                keys = [item[0] for item in given] if function in (dict, OrderedDict) else given
                alike: dict[int, list[Any]] = {}
                for key in keys:
                    same = alike.setdefault(hash(key), [])
                    if key not in same:
                        same.append(key)
                    if len(same) > MAX_COLLISIONS:
                        raise _Refused("items with equal hashes")
        return function(*args, **kwargs)

    return call


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """*function* gives an int, which a Decimal of a few letters (1E+999999999) would make enormous."""

    def call(value: Any = 0, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > MAX_DIGITS:
            raise _Refused("a number that large")
        if any(isinstance(number, int) and abs(number) > MAX_DIGITS for number in (*args, *kwargs.values())):
            raise _Refused("digits that many")
        return function(value, *args, **kwargs)

    return call


def _bytes(*args: Any) -> bytes:
    if any(isinstance(given, int) and given > MAX_ITEMS for given in args):
        raise _Refused("bytes of that length")
    return bytes(*map(_items, args))


def _sum(values: Any, start: Any = 0) -> Any:
    """Of numbers that stay small, and of lists or tuples."""
    items = list(_items(values))
    if isinstance(start, list | tuple):
        if not all(type(item) is type(start) for item in items):
            raise TypeError("lists and tuples do not add up")
        return type(start)(chain(start, *items))
    bits = sum(map(_bits, items))
    # The denominator of a sum of fractions may grow to the product of all of theirs, and each addition has to reduce it.
    if bits > MAX_BITS * 1000 or (any(isinstance(item, Fraction) for item in items) and len(items) * (bits // 30) ** 2 > MAX_STEPS):
        raise _Refused("a sum that large")
    if len(items) > 1000 and any(isinstance(item, int) and item.bit_length() > MAX_BITS for item in items):
        raise _Refused("a sum that large")
    return sum(items, start)


_TYPES: dict[str, Any] = {
    "bool": bool, "bytes": bytes, "complex": complex, "dict": dict, "float": float, "frozenset": frozenset, "int": int,
    "list": list, "set": set, "str": str, "tuple": tuple,
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "bool": bool,
    "bytes": _bytes,
    "complex": complex,
    "dict": _hashing(dict),
    "float": float,
    "frozenset": _hashing(frozenset),
    "int": _whole(int),
    "list": _over_items(list),
    "set": _hashing(set),
    "str": str,
    "tuple": _over_items(tuple),
    "abs": abs,
    "all": _over_items(all),
    "any": _over_items(any),
    "len": len,
    "max": _over_items(max),
    "min": _over_items(min),
    "round": _whole(round),
    "sorted": _over_items(sorted),
    "sum": _sum,
    "Counter": _hashing(Counter),
    "OrderedDict": _hashing(OrderedDict),
    "collections.Counter": _hashing(Counter),
    "collections.OrderedDict": _hashing(OrderedDict),
    "collections.deque": _over_items(deque),
    "deque": _over_items(deque),
    "isclose": math.isclose,
    "math.isclose": math.isclose,
    "math.isnan": math.isnan,
    "math.isinf": math.isinf,
    "math.sqrt": math.sqrt,
    "math.fabs": math.fabs,
    "math.floor": _whole(math.floor),
    "math.ceil": _whole(math.ceil),
    "sys.getsizeof": sys.getsizeof,
}

_CONSTANTS: dict[str, Any] = {"math.pi": math.pi, "math.e": math.e, "math.inf": math.inf, "math.nan": math.nan}


def _identical(left: Any, right: Any) -> bool:
    """`is` for the values that have one identity; for others the copy that crossed the wall is never the same object."""
    return left is right and (left is None or left is Ellipsis or isinstance(left, bool))


_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip


def _ordered(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def call(left: Any, right: Any) -> Any:
        if _is_slow(left) or _is_slow(right):
            raise _Refused("fractions that large")
        return function(left, right)

    return call


def _is_slow(value: Any) -> bool:
    """Whether to compare or add it means a multiplication that takes long."""
    return isinstance(value, Fraction) and _bits(value) > MAX_BITS


def _within(container: Any) -> Any:
    return container.items if isinstance(container, Iterated) else container


_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: _ordered(operator.lt), ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt), ast.GtE: _ordered(operator.ge),
    ast.In: lambda a, b: a in _within(b), ast.NotIn: lambda a, b: a not in _within(b),
    ast.Is: _identical, ast.IsNot: lambda a, b: not _identical(a, b),
}  # fmt: skip


def evaluate(node: ast.expr, names: dict[str, Any]) -> Any:
    """The value of *node*, where only *names* and the functions above have a meaning.

    Raises:
        Irreducible: the node needs more than that.
    """

    def value(child: ast.expr) -> Any:
        return evaluate(child, names)

    match node:
        case ast.Constant(constant):
            return constant
        case ast.Name(name) if name in names:
            return names[name]
        case ast.List(elements) if _plain(elements):
            return [value(element) for element in elements]
        case ast.Tuple(elements) if _plain(elements):
            return tuple(value(element) for element in elements)
        case ast.Set(elements) if _plain(elements):
            return {value(element) for element in elements}
        case ast.Dict(keys, items) if None not in keys:
            return {value(key): value(item) for key, item in zip(keys, items, strict=True) if key is not None}
        case ast.UnaryOp(kind, operand):
            return _UNARY[type(kind)](value(operand))
        case ast.BinOp(left, kind, right) if type(kind) in _BINARY:
            return _arithmetic(type(kind), value(left), value(right))
        case ast.BoolOp(kind, operands):
            result: Any = None
            for operand in operands:
                result = value(operand)
                if bool(result) == isinstance(kind, ast.Or):
                    break
            return result
        case ast.Compare(left, kinds, rights):
            first = value(left)
            for comparison, right in zip(kinds, rights, strict=True):
                second = value(right)
                if not _COMPARE[type(comparison)](first, second):
                    return False
                first = second
            return True
        case ast.Subscript(container, index):
            return value(container)[value(index)]
        case ast.Slice(lower, upper, step):
            return slice(*(None if part is None else value(part) for part in (lower, upper, step)))
        case ast.Call(function, args, keywords) if _plain(args) and all(keyword.arg for keyword in keywords):
            name = ast.unparse(function)
            if name == "isinstance" and len(args) == 2:
                return isinstance(value(args[0]), _kinds(args[1]))
            if name not in _FUNCTIONS or name in names:
                raise Irreducible(f"a call of {shorten(name, 60)}")
            return _FUNCTIONS[name](*map(value, args), **{keyword.arg or "": value(keyword.value) for keyword in keywords})
        case ast.Attribute() if ast.unparse(node) in _CONSTANTS:
            return _CONSTANTS[ast.unparse(node)]
    raise Irreducible(f"{type(node).__name__} ({shorten(ast.unparse(node), 60)})")


def is_evaluated(name: str) -> bool:
    """Whether a function of this name is evaluated here, so that it is no candidate's unless the label says so."""
    return name in _FUNCTIONS


def validate(node: ast.expr, answers: Sequence[str]) -> None:
    """Make sure that `evaluate` will understand *node* whatever the *answers* are.

    Raises:
        Irreducible: it will not; the message names the part.
    """
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    match node:
        case ast.Name(name) if name in answers:
            pass
        case ast.Attribute() if ast.unparse(node) in _CONSTANTS:
            return
        case ast.Call(ast.Name("isinstance"), [value, kinds], []):
            _kinds(kinds)
            parts = [value]
        case ast.Call(function, args, keywords) if ast.unparse(function) in _FUNCTIONS:
            parts = [*args, *(keyword.value for keyword in keywords)]
            if not (_plain(args) and all(keyword.arg for keyword in keywords)):
                raise Irreducible("an unpacking")
        case ast.Call(function):
            raise Irreducible(f"a call of {shorten(ast.unparse(function), 60)}")
        case ast.BinOp(_, kind) if type(kind) not in _BINARY:
            raise Irreducible(f"the operator {type(kind).__name__}")
        case ast.BinOp(ast.Constant(str() | bytes()), ast.Mod()):
            raise Irreducible("formatting")
        case ast.Starred():
            raise Irreducible("an unpacking")
        case ast.Dict(keys) if None in keys:
            raise Irreducible("an unpacking")
        case _ if not isinstance(node, _UNDERSTOOD):
            raise Irreducible(f"{type(node).__name__} ({shorten(ast.unparse(node), 60)})")
    for part in parts:
        if isinstance(part, ast.expr):
            validate(part, answers)


_UNDERSTOOD = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.Slice,
)  # fmt: skip


def _plain(elements: list[ast.expr]) -> bool:
    return not any(isinstance(element, ast.Starred) for element in elements)


def _kinds(node: ast.expr) -> Any:
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    try:
        return tuple(_TYPES[ast.unparse(name)] for name in names)
    except KeyError as error:
        raise Irreducible(f"isinstance of {error}") from None


def _arithmetic(kind: type, left: Any, right: Any) -> Any:
    """An operator, unless its result could be enormous."""
    if kind is ast.Pow and {type(left), type(right)} <= {bool, int, Fraction} and _bits(left) * abs(right) > MAX_BITS:
        raise _Refused("a power that large")
    if kind in (ast.FloorDiv, ast.Mod) and min(_bits(left), _bits(right)) > MAX_BITS:
        raise _Refused("a division that large")
    if _is_slow(left) or _is_slow(right):
        raise _Refused("fractions that large")
    if kind is ast.Mult:
        if min(_bits(left), _bits(right)) > MAX_BITS:
            raise _Refused("a product that large")
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Sized) and isinstance(other, int) and len(one) * other > MAX_ITEMS:
                raise _Refused("a repetition that long")
    if kind is ast.Mod and isinstance(left, str | bytes):
        raise _Refused("formatting")
    return _BINARY[kind](left, right)


def _bits(value: Any) -> int:
    """How large a number is, at least 1; a float, and what is no number, counts as 64."""
    if isinstance(value, Fraction):
        return value.numerator.bit_length() + value.denominator.bit_length()
    return max(value.bit_length(), 1) if isinstance(value, int) else 64

"""What an assert statement says about a candidate's values, evaluated on the host over exact builtin types.

Only a small part of Python is understood: literals, operators, comparisons, subscripts and a few pure functions whose cost is
bounded. Everything else raises `Irreducible` when the label is read, and such a label goes to the tester.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from sandbox.checkers.text import shorten
from sandbox.checkers.values import shown
from sandbox.guest.values import Iterated
from sandbox.suite import Match

__all__ = ["ANSWER_PREFIX", "Holds", "Irreducible", "evaluate", "validate"]

ANSWER_PREFIX = "answer_"
"""`answer_0` in an expression is the value of the case's first call."""
MAX_ITEMS = 1_000_000
MAX_BITS = 100_000


class Irreducible(Exception):
    """The expression uses something that is not understood here; the message names it."""


class _Refused(Exception):
    """The operation would cost too much on what the candidate said."""


@dataclass(frozen=True, kw_only=True)
class Holds:
    """*expression* is true of the values `answer_0`, `answer_1`, ..."""

    expression: str

    def __call__(self, said: tuple[Any, ...]) -> Match:
        """Evaluate the expression; an error in it means that it does not hold, as in an assert."""
        names = {f"{ANSWER_PREFIX}{number}": value for number, value in enumerate(said)}
        try:
            ok = bool(evaluate(ast.parse(self.expression, mode="eval").body, names))
            problem = ""
        except (_Refused, ArithmeticError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            ok, problem = False, f" ({type(error).__name__}: {shorten(str(error))})"
        values = ", ".join(f"{name} = {shown(value)}" for name, value in names.items())
        return Match(ok=ok, difference="" if ok else f"not true: {shorten(self.expression)} with {values}{problem}")


def _items(value: Any) -> Any:
    """*value* where it is about to be walked: an iterator's items, and nothing that is too long to walk."""
    if isinstance(value, Iterated):
        return value.items
    if isinstance(value, Sized) and len(value) > MAX_ITEMS:
        raise _Refused(f"{len(value)} items")
    return value


def _over_items(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*map(_items, args), **kwargs)

    return call


def _type_check(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds)


_TYPES: dict[str, Any] = {
    "bool": bool, "bytes": bytes, "complex": complex, "dict": dict, "float": float, "frozenset": frozenset, "int": int,
    "list": list, "set": set, "str": str, "tuple": tuple,
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _over_items(kind) for name, kind in _TYPES.items() if name != "complex"},
    "complex": complex,
    "abs": abs,
    "all": _over_items(all),
    "any": _over_items(any),
    "isinstance": _type_check,
    "len": len,
    "max": _over_items(max),
    "min": _over_items(min),
    "round": round,
    "sorted": _over_items(sorted),
    "sum": _over_items(sum),
    "Counter": _over_items(Counter),
    "OrderedDict": _over_items(OrderedDict),
    "collections.Counter": _over_items(Counter),
    "collections.OrderedDict": _over_items(OrderedDict),
    "collections.deque": _over_items(deque),
    "collections.defaultdict": lambda *args: defaultdict(None, *args[1:]),
    "deque": _over_items(deque),
    "isclose": math.isclose,
    "math.isclose": math.isclose,
    "math.isnan": math.isnan,
    "math.isinf": math.isinf,
    "math.sqrt": math.sqrt,
    "math.fabs": math.fabs,
    "math.floor": math.floor,
    "math.ceil": math.ceil,
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
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda a, b: a in _items(b), ast.NotIn: lambda a, b: a not in _items(b),
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
            return _items(value(container))[value(index)]
        case ast.Slice(lower, upper, step):
            return slice(*(None if part is None else value(part) for part in (lower, upper, step)))
        case ast.Call(function, args, keywords) if _plain(args) and all(keyword.arg for keyword in keywords):
            name = ast.unparse(function)
            if name not in _FUNCTIONS or name in names:
                raise Irreducible(f"a call of {shorten(name, 60)}")
            if name == "isinstance" and len(args) == 2:
                return isinstance(value(args[0]), _kinds(args[1]))
            return _FUNCTIONS[name](*map(value, args), **{keyword.arg or "": value(keyword.value) for keyword in keywords})
        case ast.Attribute() if ast.unparse(node) in _CONSTANTS:
            return _CONSTANTS[ast.unparse(node)]
    raise Irreducible(f"{type(node).__name__} ({shorten(ast.unparse(node), 60)})")


def validate(node: ast.expr, answers: Sequence[str]) -> None:
    """Make sure that `evaluate` will understand *node* whatever the *answers* are.

    Raises:
        Irreducible: it will not; the message names the part.
    """
    for child in ast.walk(node):
        match child:
            case ast.Name(name) if (
                name in answers or name in _TYPES or name in _FUNCTIONS or name in ("math", "sys", "collections")
            ):
                pass
            case ast.Call(function) if ast.unparse(function) not in _FUNCTIONS:
                raise Irreducible(f"a call of {shorten(ast.unparse(function), 60)}")
            case ast.Attribute() if ast.unparse(child) not in (*_FUNCTIONS, *_CONSTANTS):
                raise Irreducible(f"the attribute {shorten(ast.unparse(child), 60)}")
            case ast.BinOp(_, kind) if type(kind) not in _BINARY:
                raise Irreducible(f"the operator {type(kind).__name__}")
            case ast.Starred() | ast.Dict(keys=[*_, None]):
                raise Irreducible("an unpacking")
            case _ if not isinstance(child, _UNDERSTOOD):
                raise Irreducible(f"{type(child).__name__} ({shorten(ast.unparse(child), 60)})")


_UNDERSTOOD = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Subscript,
    ast.Slice, ast.Call, ast.Attribute, ast.keyword, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
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
    if kind is ast.Pow and (_bits(left) or 1) * (right if isinstance(right, int) else 1) > MAX_BITS:
        raise _Refused("a power that large")
    if kind is ast.Mult:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Sized) and isinstance(other, int) and len(one) * other > MAX_ITEMS:
                raise _Refused("a repetition that long")
    if kind is ast.Mod and isinstance(left, str | bytes):
        raise _Refused("formatting")
    return _BINARY[kind](left, right)


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 64

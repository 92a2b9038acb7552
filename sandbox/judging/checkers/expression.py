"""What an assert statement says about a candidate's values, evaluated on the host over exact builtin types.

Only a small part of Python is supported: literals, comparisons, subscripts, and the operators and functions of
`bounded_operations`. Anything else raises `Irreducible` when the label is read, and a tester runs that label's code instead.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.judging import syntax
from sandbox.judging.checkers.bounded_operations import (
    BINARY,
    COMPARE,
    CONSTANTS,
    FUNCTIONS,
    TYPES,
    UNARY,
    Irreducible,
    TooCostly,
    arithmetic,
)
from sandbox.judging.checkers.values import bounded_repr
from sandbox.words.shorten import shorten
from sandbox.words.suite import Comparison

__all__ = ["ANSWER_PREFIX", "Assertion", "Irreducible", "evaluate", "is_supported_function", "validate"]

ANSWER_PREFIX = "answer_"
"""`answer_0` in an expression is the value of the case's first call."""

_NOT_TRUE = (TooCostly, ArithmeticError, ValueError, TypeError, LookupError, AttributeError, RecursionError, MemoryError)


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """An assert statement's *expression*, over the values `answer_0`, `answer_1`, ... of the case's calls, is true."""

    expression: str

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Evaluate the expression; where that raises, it is not true, as in an assert."""
        names = {f"{ANSWER_PREFIX}{number}": value for number, value in enumerate(values)}
        try:
            ok = bool(evaluate(syntax.parse_expression(self.expression), names))
            problem = ""
        except _NOT_TRUE as error:
            ok, problem = False, f" ({type(error).__name__}: {shorten(str(error))})"
        shown = ", ".join(f"{name} = {bounded_repr(value)}" for name, value in names.items())
        return Comparison(ok=ok, difference="" if ok else f"not true: {shorten(self.expression)} with {shown}{problem}")


def evaluate(node: ast.expr, names: dict[str, Any]) -> Any:
    """The value of *node*, in which only *names* and the functions of `bounded_operations` are known.

    Raises:
        Irreducible: the node uses anything else.
    """

    def value(child: ast.expr) -> Any:
        return evaluate(child, names)

    match node:
        case ast.Constant(constant):
            return constant
        case ast.Name(name) if name in names:
            return names[name]
        case ast.List(elements) if _has_no_unpacking(elements):
            return [value(element) for element in elements]
        case ast.Tuple(elements) if _has_no_unpacking(elements):
            return tuple(value(element) for element in elements)
        case ast.Set(elements) if _has_no_unpacking(elements):
            return {value(element) for element in elements}
        case ast.Dict(keys, items) if None not in keys:
            return {value(key): value(item) for key, item in zip(keys, items, strict=True) if key is not None}
        case ast.UnaryOp(kind, operand):
            return UNARY[type(kind)](value(operand))
        case ast.BinOp(left, kind, right) if type(kind) in BINARY:
            return arithmetic(type(kind), value(left), value(right))
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
                if not COMPARE[type(comparison)](first, second):
                    return False
                first = second
            return True
        case ast.Subscript(container, index):
            return value(container)[value(index)]
        case ast.Slice(lower, upper, step):
            return slice(*(None if part is None else value(part) for part in (lower, upper, step)))
        case ast.Call(function, args, keywords) if _has_no_unpacking(args) and all(keyword.arg for keyword in keywords):
            name = ast.unparse(function)
            if name == "isinstance" and len(args) == 2:
                return isinstance(value(args[0]), _named_types(args[1]))
            if name not in FUNCTIONS or name in names:
                raise Irreducible(f"a call of {shorten(name, 60)}")
            return FUNCTIONS[name](*map(value, args), **{keyword.arg or "": value(keyword.value) for keyword in keywords})
        case ast.Attribute() if ast.unparse(node) in CONSTANTS:
            return CONSTANTS[ast.unparse(node)]
    raise Irreducible(f"{type(node).__name__} ({shorten(ast.unparse(node), 60)})")


def is_supported_function(name: str) -> bool:
    """Whether `evaluate` knows a function of this name; it is then not the candidate's, unless the label names it so."""
    return name in FUNCTIONS


def validate(node: ast.expr, answers: Sequence[str]) -> None:
    """Make sure that `evaluate` supports *node*, whatever values the names in *answers* have.

    Raises:
        Irreducible: it does not; the message names the part.
    """
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    match node:
        case ast.Name(name) if name in answers:
            pass
        case ast.Attribute() if ast.unparse(node) in CONSTANTS:
            return
        case ast.Call(ast.Name("isinstance"), [value, kinds], []):
            _named_types(kinds)
            parts = [value]
        case ast.Call(function, args, keywords) if ast.unparse(function) in FUNCTIONS:
            parts = [*args, *(keyword.value for keyword in keywords)]
            if not (_has_no_unpacking(args) and all(keyword.arg for keyword in keywords)):
                raise Irreducible("an unpacking")
        case ast.Call(function):
            raise Irreducible(f"a call of {shorten(ast.unparse(function), 60)}")
        case ast.BinOp(_, kind) if type(kind) not in BINARY:
            raise Irreducible(f"the operator {type(kind).__name__}")
        case ast.BinOp(ast.Constant(str() | bytes()), ast.Mod()):
            raise Irreducible("formatting")
        case ast.Starred():
            raise Irreducible("an unpacking")
        case ast.Dict(keys) if None in keys:
            raise Irreducible("an unpacking")
        case _ if not isinstance(node, _SUPPORTED):
            raise Irreducible(f"{type(node).__name__} ({shorten(ast.unparse(node), 60)})")
    for part in parts:
        if isinstance(part, ast.expr):
            validate(part, answers)


_SUPPORTED = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.Slice,
)  # fmt: skip


def _has_no_unpacking(elements: list[ast.expr]) -> bool:
    return not any(isinstance(element, ast.Starred) for element in elements)


def _named_types(node: ast.expr) -> Any:
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    try:
        return tuple(TYPES[ast.unparse(name)] for name in names)
    except KeyError as error:
        raise Irreducible(f"isinstance of {error}") from None

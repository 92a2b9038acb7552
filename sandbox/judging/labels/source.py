"""Python code in labels: parsed, with a label's error where it is not valid."""

from __future__ import annotations

import ast

from sandbox.judging import syntax
from sandbox.words.errors import LabelError
from sandbox.words.shorten import shorten

__all__ = ["is_call_of", "is_valid_program", "parse"]


def parse(text: str, where: str) -> ast.Module:
    """The tree of a label's text.

    Raises:
        LabelError: it is not valid Python.
    """
    try:
        return syntax.parse_program(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = f"{error.msg}, line {error.lineno}" if isinstance(error, SyntaxError) else error
        raise LabelError(f"{where} is not valid Python: {said}; it begins with {shorten(text.strip(), 80)!r}") from None


def is_call_of(node: ast.stmt, name: str) -> bool:
    """Whether a statement is nothing but a call of *name*."""
    match node:
        case ast.Expr(ast.Call(ast.Name(called))):
            return called == name
    return False


def is_valid_program(text: str) -> bool:
    """Whether *text* is a valid program by itself, without a completion that continues it."""
    try:
        syntax.parse_program(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True

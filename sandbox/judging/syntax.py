"""Parses Python on the host, safely from any number of threads.

`ast.parse` of CPython 3.11 counts its depth for all threads of an interpreter together: where they take turns in the middle of
it (a collection that runs a finalizer is enough), a valid text fails with a SystemError. All parsing of the host goes through here;
where it fails in that way again and again, that is a WorkerError: ours, and neither the label's nor the candidate's.
"""

from __future__ import annotations

import ast
import functools
import threading
from typing import Any

from sandbox.words.errors import WorkerError

__all__ = ["parse_expression", "parse_literal", "parse_program"]

_TRIES = 3
_lock = threading.RLock()  # a finalizer that runs in the middle may parse, too


def parse_program(text: str) -> ast.Module:
    """The tree of a program.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse` does.
    """
    tree = _parsed(text, "exec")
    assert isinstance(tree, ast.Module)
    return tree


@functools.lru_cache(maxsize=1024)
def parse_expression(text: str) -> ast.expr:
    """The tree of an expression; to be read and never changed, since the next caller gets the same.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse` does.
    """
    tree = _parsed(text, "eval")
    assert isinstance(tree, ast.Expression)
    return tree.body


def parse_literal(text: str) -> Any:
    """The value of a literal, as `ast.literal_eval` has it.

    Raises:
        SyntaxError, ValueError, TypeError, RecursionError, MemoryError: as `ast.literal_eval` does.
    """
    return ast.literal_eval(_parsed(text.lstrip(" \t"), "eval"))


def _parsed(text: str, mode: str) -> ast.AST:
    trouble = None
    for _ in range(_TRIES):  # the lock is ours, and other code of this process parses without it
        try:
            with _lock:
                return ast.parse(text, mode=mode)
        except SystemError as error:
            trouble = error
    raise WorkerError(f"other threads of this process kept the interpreter from parsing: {trouble}")

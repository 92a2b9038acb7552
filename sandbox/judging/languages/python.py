"""Python: the tags of its fenced blocks, and the imports that programs of some data sets rely on without writing them."""

from __future__ import annotations

import builtins
import functools
import importlib
import re

from sandbox.words.suite import Suite

__all__ = ["PYTHON_TAGS", "STANDARD_PREAMBLE", "full_preamble", "preamble_for"]

PYTHON_TAGS = frozenset(("python", "py", "python3", "py3", "python2", "cpython", "pypy", "pypy3", "sage", "pycon", "ipython"))

_MODULES = ("typing", "math", "itertools", "functools", "collections", "heapq", "bisect", "operator", "string")
_PLAIN = (
    "sys", "math", "re", "string", "random", "itertools", "functools", "collections", "heapq", "bisect", "operator", "copy", "datetime",
)  # fmt: skip

STANDARD_PREAMBLE = f"""\
import {", ".join(_PLAIN)}
{chr(10).join(f"from {name} import *" for name in _MODULES)}
from builtins import *
"""
"""What APPS- and LeetCode-style programs may rely on; the published graders of these formats run the same kind of imports.
The builtins come last, for `operator` and `math` have a `pow` that takes no modulus."""

_WORD = re.compile(r"[A-Za-z_]\w*")


@functools.cache
def _names() -> frozenset[str]:
    found = set(_PLAIN)
    for name in _MODULES:
        module = importlib.import_module(name)
        found |= set(getattr(module, "__all__", None) or (public for public in dir(module) if not public.startswith("_")))
    return frozenset(found - set(dir(builtins)))


def preamble_for(source: str) -> str:
    """The standard preamble, or "" for a program that uses none of its names: those imports touch half a thousand objects.

    A program that builds names as texts (`globals()["gcd"]`) contains the words `globals`, `eval` or `exec`, and gets it too.
    """
    words = set(_WORD.findall(source))
    return STANDARD_PREAMBLE if words & _names() or words & {"globals", "locals", "vars", "eval", "exec"} else ""


def full_preamble(suite: Suite, source: str) -> str:
    """What runs before the program *source* in its module: the standard preamble if the suite's format has one, and the suite's own."""
    return (preamble_for(source) if suite.standard_preamble else "") + suite.preamble

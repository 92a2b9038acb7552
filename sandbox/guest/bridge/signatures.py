"""Sends a function's signature as rows, and rebuilds the signature from them."""

from __future__ import annotations

import inspect
import types
from typing import Any

__all__ = ["code_of", "rows_of", "signature_of"]


def rows_of(target: Any) -> list[Any]:
    """[name, kind, has a default, default] of each parameter of a function."""
    rows = []
    for parameter in inspect.signature(target).parameters.values():
        has_default = parameter.default is not parameter.empty
        rows.append([parameter.name, int(parameter.kind), has_default, parameter.default if has_default else None])
    return rows


def code_of(rows: Any, name: str) -> Any:
    """As much of `__code__` as tells how many arguments a function takes, which decorators like `curry` look at."""
    kinds = inspect.Parameter
    plain = [name for name, kind, *_ in rows if kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    by_name = [name for name, kind, *_ in rows if kind == kinds.KEYWORD_ONLY]
    rest = [name for name, kind, *_ in rows if kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)]
    only = sum(kind == kinds.POSITIONAL_ONLY for _, kind, *_ in rows)
    return types.SimpleNamespace(
        co_name=name,
        co_argcount=len(plain),
        co_posonlyargcount=only,
        co_kwonlyargcount=len(by_name),
        co_varnames=(*plain, *by_name, *rest),
    )


def signature_of(rows: Any) -> inspect.Signature:
    """The signature that rows describe, for `inspect.signature` of a proxy."""
    empty = inspect.Parameter.empty
    found = []
    for name, kind, has_default, default in rows:
        found.append(inspect.Parameter(name, list(inspect._ParameterKind)[kind], default=default if has_default else empty))
    return inspect.Signature(found)

"""Warms a zygote up, so that no job pays for it: imports, a first compile, and objects that the garbage collector skips (gc.freeze)."""

from __future__ import annotations

import gc
import importlib
import linecache
import sys

from .. import values
from ..program.streams import prepare_streams

_GUEST = __name__.rpartition(".worker.")[0]  # not __package__: zipimport of Python 3.9 sets it only when a module has been loaded
"""The package of the guest's code: "guest" in a worker, "sandbox.guest" elsewhere."""

__all__ = ["forget_sources", "warm_up"]

WARM = (
    "abc array bisect collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq io itertools "
    "json math numbers operator random re string threading time types typing"
).split()
"""What programs import most. Others are imported when they are used: each loaded library makes every fork slower."""


def warm_up(extra: list[str]) -> list[str]:
    """Import common modules and *extra*, and do once what every job would do first. The names that could not be imported."""
    missing = []
    for name in [*WARM, *extra]:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    prepare_streams()
    forget_sources()
    compile("def f(x: int) -> int:\n    return [y for y in range(x)][0] if x else {**{}}", "<warm>", "exec")
    values.decode(values.encode([(1,), {"a": {1}}, 2**70]))
    gc.collect()
    gc.freeze()
    gc.disable()
    return missing


def forget_sources() -> None:
    """Keep tracebacks and `inspect.stack` from reading the guest's source: jobs do not have the descriptor of its zip file."""
    for name, module in list(sys.modules.items()):
        if name == "__main__" or name == _GUEST or name.startswith(f"{_GUEST}."):
            module.__dict__["__loader__"] = None
            if module.__spec__ is not None:
                module.__spec__.loader = None
    linecache.clearcache()

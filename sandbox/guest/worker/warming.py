"""What is done once in a zygote so that no job pays for it: imports, a first compile, and objects that the collector never looks at."""

from __future__ import annotations

import gc
import importlib
import linecache
import resource
import sys

from .. import values
from ..program import candidate

_GUEST = __name__.rsplit(".", 2)[0]
"""The package of all code in here: `guest` in a worker, `sandbox.guest` elsewhere."""

__all__ = ["forget_sources", "status_bytes", "warm_up"]

WARM = (
    "abc array bisect collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq io itertools "
    "json math numbers operator random re string threading time types typing"
).split()
"""What programs import most: paid for once per worker. Others load when they are used; every library costs every fork."""


def warm_up(extra: list[str]) -> list[str]:
    """Do once what every job would do first; the names that could not be imported."""
    missing = []
    for name in [*WARM, *extra]:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    candidate.prepare_streams()
    forget_sources()
    compile("def f(x: int) -> int:\n    return [y for y in range(x)][0] if x else {**{}}", "<warm>", "exec")
    values.decode(values.encode([(1,), {"a": {1}}, 2**70]))
    gc.collect()
    gc.freeze()
    gc.disable()
    return missing


def forget_sources() -> None:
    """Keep tracebacks and `inspect.stack` from reading this code's source: its archive is a descriptor that jobs do not have."""
    for name, module in list(sys.modules.items()):
        if name == "__main__" or name == _GUEST or name.startswith(f"{_GUEST}."):
            module.__dict__["__loader__"] = None
            if module.__spec__ is not None:
                module.__spec__.loader = None
    linecache.clearcache()


def status_bytes(key: str) -> int:
    """A size that the kernel tells of this process, in bytes."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name == key:
                return int(rest.split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

"""The end of a program: what the interpreter does at its end (Py_FinalizeEx), as far as the program can tell."""

from __future__ import annotations

import atexit
import gc
import sys
import threading
import traceback
from typing import Any

__all__ = ["exit_status", "finalize"]


def exit_status(stop: SystemExit) -> int:
    """As the interpreter does for sys.exit(code): None is 0, a number is its low byte, anything else is printed and is 1."""
    code = stop.code
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code) & 0xFF
    print(code, file=sys.stderr)
    return 1


FINALIZES = ("__del__", "open", "finally", "finalize", "yield", "with ")
"""Words of code that can run when an object is destroyed. Without any of them in a program, nobody can tell whether its reference
cycles were collected, and a collection, which costs each job time, is left out."""


def finalize(status: int, namespace: dict[str, Any], source: str) -> int:
    """Wait for threads, run exit functions, destroy the program's objects, write out buffers; the exit status of the process."""
    may_finalize = any(word in source for word in FINALIZES)
    try:
        if len(threading._active) > 1 or threading._threading_atexits:  # type: ignore[attr-defined]
            threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    except SystemExit as stop:
        status = exit_status(stop)
    except BaseException:
        traceback.print_exc()
    status = _flush(status)
    # As the interpreter does, before the names go that streams of the program's own may use.
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    try:
        # As _PyModule_Clear: private names first. Files that the program left open write what they hold, __del__ methods run.
        for private in (True, False):
            for name in [name for name in namespace if name != "__builtins__" and name.startswith("_") == private]:
                namespace[name] = None
        if may_finalize:
            gc.collect()
    except BaseException:
        traceback.print_exc()
    return _flush(status)


def _flush(status: int) -> int:
    for stream in (sys.stdout, sys.__stdout__, sys.stderr):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except (AttributeError, OSError, ValueError):
            status = status or 120  # as the interpreter: exit status 120 for output that could not be written
    return status

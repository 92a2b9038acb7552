"""Turns detail codes into words for people: `load:NameError: ...` becomes `failed while loading: NameError: ...`.

Codes are data: they are in every result, and nothing that reads them need change. The report, the status page and the terminal say them in words.
"""

from __future__ import annotations

import re

from sandbox.words.verdict import Cause

__all__ = ["in_words", "without_trailing_colon"]

_BEGINNINGS = {
    "load:": "failed while loading: ",
    "exception:": "raised ",
    "compile:": "does not compile: ",
    "signal:": "killed by ",
    "exit:": "ended itself with status ",
    "setup:": "could not be set up: ",
    "protocol: ": "",
    "suite: ": "had no time left: ",
    "unsendable: ": "answered what cannot be sent: ",
}
_TESTS = "the tests, by what they asked of the program,"
_WHOLE = {
    "unsendable": "answered what cannot be sent",
    "tests:cpu_time": f"{_TESTS} used up the CPU time",
    "tests:wall_time": f"{_TESTS} waited too long",
    "tests:signaled": f"{_TESTS} were killed",
    Cause.FINISHED.value: "ended without an answer",
    Cause.EXITED.value: "ended itself without an answer",
    Cause.SIGNALED.value: "was killed",
    Cause.CPU_TIME.value: "used up its CPU time",
    Cause.WALL_TIME.value: "waited too long",
    Cause.MEMORY.value: "used up its memory",
    Cause.OUTPUT.value: "wrote too much",
    Cause.PROCESSES.value: "started too many processes",
    Cause.SYSCALL.value: "made a system call that is not allowed",
    Cause.OVERLOADED.value: "the machine was too busy",
    Cause.SETUP.value: "could not be set up",
    Cause.LOST.value: "the worker was lost",
}


def in_words(detail: str) -> str:
    """A detail (`signal:SIGSEGV`, `load:NameError: ...`) as a person would say it; anything else as it is."""
    detail = without_trailing_colon(detail)
    if detail in _WHOLE:
        return _WHOLE[detail]
    for code, words in _BEGINNINGS.items():
        if detail.startswith(code):
            return f"{words}{detail[len(code) :]}"
    return detail


def without_trailing_colon(said: str) -> str:
    """*said* without the colon that nothing follows: a MemoryError has no words of its own (`exception:MemoryError: `)."""
    return re.sub(r"((?:exception|load):[\w.]+):\s*\Z", r"\1", said)

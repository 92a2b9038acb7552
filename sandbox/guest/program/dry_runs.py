"""Dry runs of a candidate in the zygote, so that the code that every candidate runs is warm before the first fork."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from .. import values
from ..walls import confine
from ..walls.workfolder import WorkFolder
from ..wire import Payload
from . import candidate
from .answers import Answers
from .files import write_file

__all__ = ["rehearse"]

ROUNDS = 16
"""More often than a function has to run before the interpreter specializes its code (PEP 659)."""


def rehearse(folder: WorkFolder) -> None:
    """Do what every candidate does, as far as it can be undone, in the process that they are forked from.

    Looking a name up changes the reference counts of the object, its module and its dictionary, each on another page, and each
    page that a candidate writes has to be copied. Code that has been specialized looks names up without.
    """
    argv, first, main, home = sys.argv[:], sys.path[0], sys.modules["__main__"], os.getcwd()
    saved = [os.dup(fd) for fd in range(3)]
    file = os.memfd_create("dry-run", os.MFD_CLOEXEC)
    one_call = values.encode([["f", "", [1], {}]])
    for encoded_calls in ("", one_call):
        for _ in range(ROUNDS):
            os.ftruncate(file, 0)
            os.pwrite(file, Payload(False, "def f(x):\n    return x\n", "", encoded_calls, "", b"").pack(), 0)
            job, calls, seed = candidate.receive_job(file, file, file, file, -1)
            write_file(os.devnull, job.source)
            candidate.fresh_interpreter(os.devnull, folder, seed)
            confine.rehearse_enter()
            module = candidate.make_module(job, os.devnull)
            if calls or not atexit._ncallbacks():
                candidate.load_and_answer(job, calls, Answers(confine.ANSWERS_FD, 1 << 20), module, os.devnull, {})
    gc.disable()
    for fd, one in enumerate(saved):
        os.dup2(one, fd)
    for fd in (*saved, file, confine.ANSWERS_FD):
        os.close(fd)
    os.chdir(home)
    sys.argv[:], sys.path[0], sys.modules["__main__"] = argv, first, main
    del sys.modules["solution"]

"""Times a grader on a list of samples, in a process of its own: JSON on standard input, JSON on standard output.

In: {"samples": [...], "count": how often the list is judged}. Out: {"wall": seconds, "cpu": seconds, "samples": how many}. A sample
says whether it is right, and a grader that says otherwise is not measured. Standard library only: a baseline's virtualenv has nothing
of ours.

CPU time is user and system of this process and of every process that it has started, however they ended: this process adopts orphans,
and waits for all of its children before it looks. The first sample is judged before, unmeasured: imports and caches are not a sample's.
"""

import contextlib
import ctypes
import gc
import json
import multiprocessing
import os
import resource
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def _wait_for_all():
    """End what a grader has left (managers that nobody shut down), and take its time."""
    gc.collect()
    for process in multiprocessing.active_children():
        process.terminate()
        process.join()
    deadline = time.monotonic() + 5
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.001)


def _cpu():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main(grade):
    """Judge what standard input asks for with *grade*, a function of a sample that says whether it is right."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints does so on standard error
    asked = json.load(sys.stdin)
    samples = asked["samples"] * asked["count"]
    assert grade(samples[0]) == samples[0]["right"]
    _wait_for_all()
    before, started = _cpu(), time.perf_counter()
    for sample in samples:
        assert grade(sample) == sample["right"]
    wall = time.perf_counter() - started
    _wait_for_all()
    json.dump({"wall": wall, "cpu": _cpu() - before, "samples": len(samples)}, answer)
    answer.close()

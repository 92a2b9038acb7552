"""The report of a job: how it ended, what it used, and which parts of its files follow."""

from __future__ import annotations

import os
from typing import Sequence

from ..wire import ANSWERS_START, CAUSES, Report
from .host_connection import FileSlice
from .tester_process import TesterProcess
from .watchdog import Watchdog

__all__ = ["report_of"]

STDERR_TAIL_BYTES = 1 << 16
_NUMBER_OF = {name: number for number, name in enumerate(CAUSES)}


def report_of(
    watchdog: Watchdog,
    cause: str,
    status: int,
    clean: bool,
    wall_ns: int,
    cgroup_peak_bytes: int | None,
    files: tuple[int, int, int],
    tests: TesterProcess | None,
) -> tuple[Report, Sequence[FileSlice]]:
    """The report, and the parts of *files* (stdout, stderr, answers) and of the results of *tests* that follow it."""
    order, accounting = watchdog.order, watchdog.accounting
    out_size, err_size, answers_size = [os.fstat(fd).st_size for fd in files]
    stdout_bytes = min(out_size, order.output_bytes)
    stderr_bytes = min(err_size, STDERR_TAIL_BYTES)
    answers_bytes = min(max(0, answers_size - ANSWERS_START), order.output_bytes)
    results_bytes = max(0, os.fstat(tests.results).st_size - ANSWERS_START) if tests else 0
    unreaped_ns = max(0, accounting.reaped_ns - int((accounting.user_seconds + accounting.system_seconds) * 1e9))
    report = Report(
        cause=_NUMBER_OF[cause],
        status=status,
        clean=int(clean),
        cpu_user_ns=int(accounting.user_seconds * 1e9) + unreaped_ns,
        cpu_system_ns=int(accounting.system_seconds * 1e9),
        wall_ns=wall_ns,
        delay_ns=min(accounting.delay_ns, wall_ns),
        peak_bytes=accounting.peak_bytes if cgroup_peak_bytes is None else cgroup_peak_bytes,
        processes=accounting.processes,
        output_bytes=out_size + err_size,
        stdout_bytes=stdout_bytes,
        stderr_bytes=stderr_bytes,
        answers_bytes=answers_bytes,
        results_bytes=results_bytes,
        tester_cause=_NUMBER_OF[tests.cause] if tests else 0,
        tester_status=tests.status if tests else 0,
        tester_cpu_ns=tests.cpu_ns if tests else 0,
    )
    slices = [
        FileSlice(files[0], 0, stdout_bytes),
        FileSlice(files[1], err_size - stderr_bytes, stderr_bytes),
        FileSlice(files[2], ANSWERS_START, answers_bytes),
    ]
    if tests:
        slices.append(FileSlice(tests.results, ANSWERS_START, results_bytes))
    return report, slices

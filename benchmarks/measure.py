"""What the benchmarks share: facts of the machine, CPU time of everything involved, records of measurements, ratios within a round.

A measurement is one line of JSON: benchmark, name (of what was measured), metric, value, unit, round, and the facts of the run, so
that every line can be read alone. Ratios are taken within one round, in which everything is measured one after another: a machine
that changes its speed changes both sides.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SANDBOX_DATA") or ROOT.parent / "shared" / "data")


def parser(text: str, *, rounds: int = 0) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    made = argparse.ArgumentParser(description=text)
    made.add_argument("--json", type=Path, help="append one line a measurement to this file")
    if rounds:
        made.add_argument("--rounds", type=int, default=rounds)
    return made


# --- facts --------------------------------------------------------------------------------------------------------------------


def facts(worker: Any = None) -> dict[str, Any]:
    """The machine, the code, and how *worker* is isolated."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu_model(),
        "processors": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "isolation": isolation(worker),
    }


def isolation(worker: Any) -> str:
    """The tier of a worker, and what counts its processes."""
    if worker is None:
        return "not used"
    if hasattr(worker, "why_no_namespaces"):
        return f"{'unprivileged' if worker.why_no_namespaces else 'namespaces'}, {worker.cgroup}"
    return type(worker).__name__


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "CPU part", "cpu model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


# --- CPU time -----------------------------------------------------------------------------------------------------------------


def cpu_of(*pids: int) -> float:
    """CPU seconds of processes and of the children that they have waited for, to the nanosecond for what is theirs."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended: who waited for it has its time
    return total


def family(zygote: int) -> tuple[int, ...]:
    """A worker's own processes, none of which waits for another while it lives: zygote, keeper and fork server."""
    try:
        keeper = int(Path(f"/proc/{zygote}/stat").read_text().rpartition(")")[2].split()[1])
        servers = map(int, Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split())
        return (keeper, zygote, *servers)
    except (FileNotFoundError, ProcessLookupError):
        return ()


def used(workers: Iterable[Any]) -> float:
    """CPU seconds of this process, of process workers with all their jobs, and of what this process has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + children.ru_utime + children.ru_stime
    return own + sum(cpu_of(*family(worker.pid)) for worker in workers if worker.pid)


def timed(workers: Callable[[], Iterable[Any]], action: Callable[[], Any]) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of *action*; *workers* tells which there are: one that is replaced meanwhile counts too."""
    before, started = used(workers()), time.perf_counter()
    action()
    return time.perf_counter() - started, used(workers()) - before


# --- the least that a fork can cost -------------------------------------------------------------------------------------------

_BARE = """\
import io, itertools, os, sys
from sandbox.guest.worker import warming
warming.warm_up([])
orders = int(sys.argv[1])
stdin, *sources = sys.stdin.read().split("\\0")
turns = itertools.cycle(sources)
null = os.open(os.devnull, os.O_WRONLY)
saved = os.dup(1)
print("ready", flush=True)
os.dup2(null, 1)
while count := int.from_bytes(os.read(orders, 4), "little"):
    for source in itertools.islice(turns, count):
        pid = os.fork()
        if pid == 0:
            sys.stdin = io.StringIO(stdin)
            exec(compile(source, "main.py", "exec"), {"__name__": "__main__"})
            sys.stdout.flush()
            os._exit(0)
        os.wait4(pid, 0)
    os.write(saved, b"d")
"""


class BareFork:
    """An interpreter warmed as a worker's is that forks, compiles, runs and exits: nothing is confined, compared or reported.

    *sources* take turns; each reads *stdin*.
    """

    def __init__(self, *sources: str, stdin: str = "") -> None:
        read, self._orders = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BARE, str(read)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(read,),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        os.close(read)
        assert self.process.stdin is not None
        self.process.stdin.write("\0".join([stdin, *sources]).encode())
        self.process.stdin.close()
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def run(self, jobs: int) -> tuple[float, float]:
        """(wall seconds, CPU seconds) of *jobs* forks."""
        assert self.process.stdout is not None
        before, started = cpu_of(self.process.pid), time.perf_counter()
        os.write(self._orders, jobs.to_bytes(4, "little"))
        assert os.read(self.process.stdout.fileno(), 1) == b"d"
        return time.perf_counter() - started, cpu_of(self.process.pid) - before

    def close(self) -> None:
        os.write(self._orders, bytes(4))
        os.close(self._orders)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


# --- records ------------------------------------------------------------------------------------------------------------------


class Results:
    """The measurements of one benchmark, one value a round, each appended to *file* as it comes."""

    def __init__(self, benchmark: str, file: Path | None = None, worker: Any = None, **more: Any) -> None:
        self.benchmark = benchmark
        self.facts = {**facts(worker), **more}
        self._file = file
        self._values: dict[tuple[str, str], list[float]] = {}
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, metric: str, value: float, unit: str = "") -> None:
        """Record *metric* of *name* in its next round."""
        values = self._values.setdefault((name, metric), [])
        if self._file is not None:
            record = {"benchmark": self.benchmark, "name": name, "metric": metric, "value": value, "unit": unit}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**record, "round": len(values), "facts": self.facts}) + "\n")
        values.append(value)

    def values(self, name: str, metric: str) -> list[float]:
        return self._values[name, metric]

    def median(self, name: str, metric: str) -> float:
        return statistics.median(self._values[name, metric])

    def add_ratios(self, name: str, metric: str, over: str, called: str) -> float:
        """Record, as the metric *called* of *name*, its *metric* divided by that of *over* in the same round; the median."""
        for ratio in ratios(self._values[name, metric], self._values[over, metric]):
            self.add(name, called, ratio, "x")
        return self.median(name, called)


def ratios(ones: list[float], others: list[float]) -> list[float]:
    """One divided by the other, of the same round."""
    return [one / other for one, other in zip(ones, others, strict=True)]


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least *share* of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def read(*files: Path) -> list[dict[str, Any]]:
    """The records of files."""
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]

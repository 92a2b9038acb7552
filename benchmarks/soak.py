"""Many jobs of every kind through one pool: does anything grow, and is every verdict the expected one?

    python benchmarks/soak.py [--jobs 50000] [--every 500] [--json results.jsonl]

Right and wrong programs, crashes by signal and by exit, time, memory and output limits, children that outlive their parent, files,
standard input, calls, asserts and tests that are code, mixed anew in every batch. After each batch, while nothing runs, it looks at
memory (resident and private), descriptors, threads, processes, control groups and mounts of this process and of its workers.

Flat means: the slope after warm-up (Theil and Sen's, over the last 80 % of the samples, which outliers do not move) is below what a
metric is allowed for every 10,000 jobs. The exit status is 1 if anything grows or any verdict is wrong.
"""

from __future__ import annotations

import glob
import itertools
import os
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import measure
import psutil

from sandbox import Limits, Sandbox, Verdict

LIMITS = Limits(cpu_seconds=0.25, wall_seconds=0.5, memory_bytes=96 << 20, output_bytes=256 << 10, file_bytes=4 << 20)
STDIN = {"inputs": ["3 4", "5 6", "7 8"], "outputs": ["7", "11", "15"]}
CALLS = {"fn_name": "f", "inputs": [[3], [[1, "a", None]], [{"k": 2.5}]], "outputs": [3, [1, "a", None], {"k": 2.5}]}
ASSERTS = ["assert f(1) == 1", "assert f('x') == 'x'"]
STATEMENTS = ["answer = f([1, 2])\nassert answer == [1, 2]\nanswer.append(3)\nassert len(answer) == 3"]
UNITTEST = {
    "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(f(2), 2)\n",
    "entry_point": "f",
}
IDENTITY = "def f(x):\n    return x\n"


@dataclass(frozen=True)
class Kind:
    """One kind of job: how often in a hundred, and what has to become of it."""

    name: str
    weight: int
    verdict: Verdict
    label: Any
    program: str


KINDS = (
    Kind("calls", 14, Verdict.ACCEPTED, CALLS, IDENTITY),
    Kind("asserts", 14, Verdict.ACCEPTED, ASSERTS, IDENTITY),
    Kind("stdin", 10, Verdict.ACCEPTED, STDIN, "print(sum(map(int, input().split())))"),
    Kind("statements", 4, Verdict.ACCEPTED, STATEMENTS, IDENTITY),
    Kind("unittest", 2, Verdict.ACCEPTED, UNITTEST, IDENTITY),
    Kind("wrong value", 10, Verdict.WRONG_ANSWER, ASSERTS, "def f(x):\n    return [x]\n"),
    Kind("wrong output", 6, Verdict.WRONG_ANSWER, STDIN, "print(0)"),
    Kind("exception", 6, Verdict.RUNTIME_ERROR, STDIN, "raise ValueError('no')"),
    Kind("syntax error", 4, Verdict.COMPILE_ERROR, ASSERTS, "def f(x) return x"),
    Kind("signal", 5, Verdict.RUNTIME_ERROR, ASSERTS, "import os\nos.kill(os.getpid(), 11)"),
    Kind("exit", 5, Verdict.RUNTIME_ERROR, ASSERTS, "import os\ndef f(x):\n    os._exit(0)\n"),
    Kind("endless", 1, Verdict.TIME_LIMIT, ["assert f(1) == 1"], "def f(x):\n    while True:\n        pass\n"),
    Kind("asleep", 1, Verdict.TIME_LIMIT, ["assert f(1) == 1"], "import time\ndef f(x):\n    time.sleep(100)\n"),
    Kind("memory", 2, Verdict.MEMORY_LIMIT, ["assert f(1) == 1"], "def f(x):\n    return bytearray(1 << 30)\n"),
    Kind("output", 2, Verdict.OUTPUT_LIMIT, {"inputs": [""], "outputs": ["1"]}, "print('x' * (1 << 20))"),
    Kind("children", 4, Verdict.ACCEPTED, ASSERTS, f"import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\n{IDENTITY}"),
    Kind(
        "orphans",
        2,
        Verdict.ACCEPTED,
        ASSERTS,
        f"import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n{IDENTITY}",
    ),
    Kind("files", 4, Verdict.ACCEPTED, ASSERTS, f"open('out.txt', 'w').write('x' * 10_000)\n{IDENTITY}"),
    Kind(
        "temporary files",
        2,
        Verdict.ACCEPTED,
        ASSERTS,
        f"import tempfile\nkept = tempfile.mkstemp(), tempfile.mkdtemp()\n{IDENTITY}",
    ),
    Kind("threads", 2, Verdict.ACCEPTED, ASSERTS, f"import threading\nthreading.Thread(target=print).start()\n{IDENTITY}"),
)

MIB = float(1 << 20)
ALLOWED = {
    "host_resident_mib": 1.0,
    "host_private_mib": 1.0,
    "workers_private_mib": 1.0,
    "host_descriptors": 0.5,
    "workers_descriptors": 0.5,
    "host_threads": 0.5,
    "processes": 0.5,
    "control_groups": 0.5,
    "mounts": 0.5,
}
"""Growth for every 10,000 jobs below which a metric is flat; of a count it would take 20,000 jobs to leave one thing behind."""
LEAST = 20
"""Samples below which a slope says nothing."""


def look(box: Sandbox) -> dict[str, float]:
    """What there is of everything that could grow."""
    host = psutil.Process()
    own = host.memory_full_info()
    workers = [psutil.Process(pid) for worker in box._pool.workers for pid in measure.family(worker.pid)]
    return {
        "host_resident_mib": own.rss / MIB,
        "host_private_mib": own.uss / MIB,
        "workers_private_mib": sum(process.memory_full_info().uss for process in workers) / MIB,
        "host_descriptors": host.num_fds(),
        "workers_descriptors": sum(process.num_fds() for process in workers),
        "host_threads": host.num_threads(),
        "processes": len(host.children(recursive=True)),
        "control_groups": len(_control_groups()),
        "mounts": sum(_mounts(process.pid) for process in workers),
    }


def _control_groups() -> list[str]:
    own = f"reward-sandbox-{os.getpid()}-*"
    return [path for depth in ("", "*/", "*/*/", "*/*/*/") for path in glob.glob(f"/sys/fs/cgroup/{depth}{own}")]


def _mounts(pid: int) -> int:
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="replace") as file:
        return len(file.readlines())


def slope(places: list[float], values: list[float]) -> float:
    """Theil and Sen's: the median of the slopes between all pairs of points."""
    pairs = itertools.combinations(zip(places, values, strict=True), 2)
    return statistics.median((later - value) / (after - place) for (place, value), (after, later) in pairs)


def batch(numbers: random.Random, count: int) -> list[Kind]:
    """*count* jobs: every kind as often as its weight says, in random order; chance decides what is left over."""
    whole = [kind for kind in KINDS for _ in range(kind.weight)]
    drawn = [*whole * (count // len(whole)), *numbers.sample(whole, count % len(whole))]
    numbers.shuffle(drawn)
    return drawn


def main() -> int:
    parser = measure.parser("does anything grow, and is every verdict right")
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--every", type=int, default=500, help="jobs between two looks")
    parser.add_argument("--workers", type=int, help="default: one a processor")
    arguments = parser.parse_args()
    numbers = random.Random(0)
    wrong: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    replaced = 0
    started = time.monotonic()
    with Sandbox(workers=arguments.workers, limits=LIMITS) as box:
        box.warm()
        before = {worker.pid for worker in box._pool.workers}
        results = measure.Results("soak", arguments.json, box._pool.workers[0], every=arguments.every)
        done = 0
        while done < arguments.jobs:
            drawn = batch(numbers, min(arguments.every, arguments.jobs - done))
            begun = time.monotonic()
            # the number makes every program another one: equal ones at the same time would be judged once
            scores = box.score_many([(f"{kind.program}\n# {done + at}", kind.label) for at, kind in enumerate(drawn)])
            for kind, score in zip(drawn, scores, strict=True):
                kinds[kind.name] += 1
                if score.verdict is not kind.verdict:
                    wrong[
                        f"{kind.name}: {score.verdict.value} {score.judgement.reason or score.judgement.first_failure}"[:200]
                    ] += 1
            done += len(drawn)
            results.add("pool", "jobs", done)
            results.add("pool", "jobs_per_second", len(drawn) / (time.monotonic() - begun), "1/s")
            after = {worker.pid for worker in box._pool.workers}
            replaced += len(before - after)
            before = after
            seen = look(box)
            for metric, value in seen.items():
                results.add("pool", metric, value, "MiB" if metric.endswith("_mib") else "")
            if sys.stdout.isatty():
                print(f"\r{done} of {arguments.jobs} jobs, host {seen['host_resident_mib']:.1f} MiB", end="\r", flush=True)
    seconds = time.monotonic() - started
    print(f"{done} jobs of {len(kinds)} kinds in {seconds:.0f} s ({done / seconds:.0f}/s); {replaced} workers replaced")
    grew = report(results, arguments.jobs)
    print(f"verdicts that were not the expected ones: {sum(wrong.values())}")
    for text, count in wrong.most_common(20):
        print(f"  {count} x {text}")
    return 1 if grew or wrong else 0


def report(results: measure.Results, jobs: int) -> list[str]:
    """Print what each metric did after warm-up; the metrics that grew."""
    places = results.values("pool", "jobs")
    first = len(places) // 5
    if len(places) - first < LEAST:
        print(f"too few samples to say whether anything grows ({len(places)}; {LEAST * 5 // 4} are needed)")
        return []
    grew = []
    print(f"{'after warm-up':22}{'first':>9}{'last':>9}{'lowest':>9}{'highest':>9}{'in 10,000 jobs':>16}{'allowed':>9}")
    for metric, allowed in ALLOWED.items():
        values = results.values("pool", metric)[first:]
        growth = slope(places[first:], values) * 10_000
        results.add("pool", f"{metric}_growth", growth, "in 10,000 jobs")
        if growth > allowed:
            grew.append(metric)
        print(
            f"{metric:22}{values[0]:>9.1f}{values[-1]:>9.1f}{min(values):>9.1f}{max(values):>9.1f}{growth:>+16.3f}{allowed:>9.1f}"
            f"{'   GROWS' if growth > allowed else ''}"
        )
    print("flat" if not grew else f"not flat: {', '.join(grew)}", f"(over {jobs - places[first]:.0f} jobs)")
    return grew


if __name__ == "__main__":
    sys.exit(main())

"""Samples a second and CPU-milliseconds a sample, beside what people do today and beside the least that a fork can cost.

    python benchmarks/throughput.py [--rounds 5] [--json results.jsonl]

Three kinds of samples (function calls, asserts, standard input) are judged by the sandbox; the same programs are run

- the seed's way: `python -m pytest FILE` in a subprocess, tests in the file (without plugins, as lean as pytest gets), and
- as a bare fork: an interpreter warmed as a worker's is forks, compiles, runs and exits, and nothing is confined or compared.

Each round measures all of them one after another, so that a machine that changes its speed changes all; ratios are of the same
round, and their median is printed. CPU time is user plus system of every process involved, the host included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import Sandbox

FUNCTION = """\
def largest_gap(numbers):
    ordered = sorted(numbers)
    best = 0
    for left, right in zip(ordered, ordered[1:]):
        best = max(best, right - left)
    return best
"""
SCRIPT = "import sys\n" + FUNCTION + "print(largest_gap([int(word) for word in sys.stdin.read().split()]))\n"
INPUTS = [[5, 1, 9], [3], [], [10, 2, 7, 7], [100, 1]]
OUTPUTS = [4, 0, 0, 5, 99]


@dataclass(frozen=True)
class Kind:
    """One kind of sample: what the sandbox gets, what pytest gets, what a bare fork runs."""

    name: str
    response: str
    label: Any
    test_file: str
    bare: str


def kinds() -> list[Kind]:
    asserts = [f"assert largest_gap({given}) == {wanted}" for given, wanted in zip(INPUTS, OUTPUTS, strict=True)]
    call_all = FUNCTION + "".join(f"largest_gap({given})\n" for given in INPUTS)
    tests = FUNCTION + "def test():\n" + "".join(f"    {line}\n" for line in asserts)
    one_input = " ".join(map(str, INPUTS[3]))
    by_hand = (
        "import io, sys\nfrom contextlib import redirect_stdout\ndef test():\n"
        f"    sys.stdin, out = io.StringIO({one_input!r}), io.StringIO()\n"
        f"    with redirect_stdout(out): exec({SCRIPT!r}, {{}})\n    assert out.getvalue() == '{OUTPUTS[3]}\\n'\n"
    )
    return [
        Kind(
            "calls (5 a sample)",
            FUNCTION,
            {"fn_name": "largest_gap", "inputs": [[i] for i in INPUTS], "outputs": OUTPUTS},
            tests,
            call_all,
        ),
        Kind("asserts (5 a sample)", FUNCTION, asserts, tests, call_all),
        Kind("stdin (1 a sample)", SCRIPT, {"inputs": [one_input], "outputs": [str(OUTPUTS[3])]}, by_hand, SCRIPT),
    ]


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def by_sandbox(box: Sandbox, kind: Kind, count: int) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of judging *count* samples."""
    workers = [worker.pid for worker in box._pool.workers]  # type: ignore[attr-defined]  # process workers have one

    def used() -> float:
        return time.process_time() + sum(map(cpu_of, workers))

    started, before = time.perf_counter(), used()
    scores = list(box.score_many([(kind.response, kind.label)] * count))
    seconds, cpu = time.perf_counter() - started, used() - before
    assert all(score.reward == 1.0 for score in scores)
    return seconds, cpu


def by_pytest(kind: Kind, count: int) -> tuple[float, float]:
    """The seed document's way, one subprocess a sample."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test_generated.py"
        file.write_text(kind.test_file)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(file)]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        for _ in range(count):
            done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
            assert "passed" in done.stdout, done.stdout
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


BARE = """\
import json, os, sys, time
from sandbox.guest import warming
warming.warm_up([])
task = json.load(sys.stdin)
source, stdin = task["source"], task["stdin"]
started = time.perf_counter()
for _ in range(task["count"]):
    pid = os.fork()
    if pid == 0:
        sys.stdin = __import__("io").StringIO(stdin)
        sys.stdout = open(os.devnull, "w")
        exec(compile(source, "main.py", "exec"), {"__name__": "__main__"})
        os._exit(0)
    os.wait4(pid, 0)
seconds = time.perf_counter() - started
print(json.dumps(seconds))
"""


def by_bare_fork(kind: Kind, count: int) -> tuple[float, float]:
    """A warmed interpreter forks, compiles, runs and exits; the forking process's own time counts too."""

    def once(number: int) -> tuple[float, float]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        task = json.dumps({"source": kind.bare, "stdin": " ".join(map(str, INPUTS[3])), "count": number})
        done = subprocess.run([sys.executable, "-c", BARE], input=task, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    nothing = once(1)  # what the start of that interpreter costs
    some = once(count + 1)
    return some[0] - nothing[0], some[1] - nothing[1]


def main() -> None:
    parser = argparse.ArgumentParser(description="throughput beside pytest subprocesses and bare forks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--json", type=Path, help="append one line a kind to this file")
    arguments = parser.parse_args()
    count = arguments.samples
    rows = []
    with Sandbox() as box:
        box.warm()
        for kind in kinds():
            by_sandbox(box, kind, 50)
            ours, pytest, bare = [], [], []
            for _ in range(arguments.rounds):
                ours.append([value / count for value in by_sandbox(box, kind, count)])
                bare.append([value / count for value in by_bare_fork(kind, count)])
                pytest.append([value / 4 for value in by_pytest(kind, 4)])
            median = statistics.median
            rows.append(
                {
                    "kind": kind.name,
                    "samples_per_second": median(1 / wall for wall, _ in ours),
                    "cpu_ms": median(cpu * 1000 for _, cpu in ours),
                    "bare_fork_cpu_ms": median(cpu * 1000 for _, cpu in bare),
                    "pytest_cpu_ms": median(cpu * 1000 for _, cpu in pytest),
                    "cheaper_than_pytest": median(b[1] / a[1] for a, b in zip(ours, pytest, strict=True)),
                    "times_bare_fork": median(a[1] / b[1] for a, b in zip(ours, bare, strict=True)),
                    "rounds": arguments.rounds,
                    "samples": count,
                    "workers": len(box._pool.workers),
                    "processors": len(os.sched_getaffinity(0)),
                    "python": platform.python_version(),
                    "kernel": platform.release(),
                }
            )
    head = f"{'':22}{'samples/s':>10}{'CPU-ms':>9}{'bare fork':>11}{'pytest':>9}{'x cheaper than pytest':>23}{'x bare fork':>13}"
    print(head)
    for row in rows:
        print(
            f"{row['kind']:22}{row['samples_per_second']:>10.0f}{row['cpu_ms']:>9.2f}{row['bare_fork_cpu_ms']:>11.2f}"
            f"{row['pytest_cpu_ms']:>9.0f}{row['cheaper_than_pytest']:>23.0f}{row['times_bare_fork']:>13.2f}"
        )
    if arguments.json:
        with arguments.json.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    main()

"""What each layer of confinement costs, in CPU-milliseconds a job, over a bare fork of the same warm interpreter.

    python benchmarks/ladder.py [--rounds 9] [--jobs 200] [--json results.jsonl]

One program runs on every rung: a function and its calls. The first rung is the least there can be: an interpreter warmed as a worker's
is forks, compiles, runs and exits. The second is a worker with no layer at all: orders, files for input and output, accounting,
sweeping. Then one mechanism more a rung. Each round measures every rung once, one after another, so that a machine that changes its
speed changes all of them; ratios are within a round, and their median is printed. CPU time is user and system of zygote, keeper, fork
server and jobs; what the host spends on a job is a column of its own.
"""

from __future__ import annotations

import time

import measure

from sandbox.host.process import ProcessWorker
from sandbox.words.job import Job
from sandbox.words.layers import Layer

PROGRAM = """\
def largest_gap(numbers):
    ordered = sorted(numbers)
    best = 0
    for left, right in zip(ordered, ordered[1:]):
        best = max(best, right - left)
    return best
print([largest_gap(row) for row in ([5, 1, 9], [3], [], [10, 2, 7, 7], [100, 1])])
"""
WRITING = PROGRAM + "open('out.txt', 'w').write('x')\n"

RUNGS = (
    ("no layer", ()),
    ("+ limits", ("limits",)),
    ("+ seccomp", ("limits", "seccomp")),
    ("+ Landlock", ("limits", "seccomp", "landlock")),
    ("+ cgroup", ("limits", "seccomp", "landlock", "cgroup")),
    ("+ namespaces (all)", ("limits", "seccomp", "landlock", "cgroup", "namespaces")),
)


class Rung:
    """A worker with some of the layers."""

    def __init__(self, mechanisms: tuple[str, ...], program: str = PROGRAM) -> None:
        self.worker = ProcessWorker(mechanisms=mechanisms, allow_missing=frozenset(Layer))
        self.job = Job(source=program)
        self.pids = measure.family(self.worker.pid)

    def run(self, jobs: int) -> tuple[float, float]:
        """CPU seconds of *jobs* jobs: the worker's, and the host's."""
        before, host = measure.cpu_of(*self.pids), time.process_time()
        for _ in range(jobs):
            run = self.worker.run(self.job, time.monotonic() + 30)
            assert run.stdout == b"[4, 0, 0, 5, 99]\n", run
        return measure.cpu_of(*self.pids) - before, time.process_time() - host

    def close(self) -> None:
        self.worker.close()


def main() -> None:
    parser = measure.parser("what each layer of confinement costs", rounds=9)
    parser.add_argument("--jobs", type=int, default=200)
    arguments = parser.parse_args()
    bare = measure.BareFork(PROGRAM)
    rungs = {name: Rung(mechanisms) for name, mechanisms in RUNGS}
    rungs["all, a file written"] = Rung(RUNGS[-1][1], WRITING)
    results = measure.Results("ladder", arguments.json, rungs[RUNGS[-1][0]].worker, jobs=arguments.jobs)
    for rung in (bare, *rungs.values()):
        rung.run(min(30, arguments.jobs))
    for _ in range(arguments.rounds):
        results.add("bare fork", "cpu_ms", bare.run(arguments.jobs)[1] * 1000 / arguments.jobs, "ms")
        results.add("bare fork", "host_ms", 0.0, "ms")
        for name, rung in rungs.items():
            cpu, host = rung.run(arguments.jobs)
            results.add(name, "cpu_ms", cpu * 1000 / arguments.jobs, "ms")
            results.add(name, "host_ms", host * 1000 / arguments.jobs, "ms")
    for rung in (bare, *rungs.values()):
        rung.close()
    print(f"{'':22}{'CPU-ms a job':>13}{'x bare fork':>13}{'over the rung above':>21}{'host CPU-ms':>13}")
    above = "bare fork"
    for name in ("bare fork", *rungs):
        ratio = results.add_ratios(name, "cpu_ms", "bare fork", "times_bare_fork")
        for one, other in zip(results.values(name, "cpu_ms"), results.values(above, "cpu_ms"), strict=True):
            results.add(name, "step_ms", one - other, "ms")
        print(
            f"{name:22}{results.median(name, 'cpu_ms'):>13.2f}{ratio:>13.2f}{results.median(name, 'step_ms'):>+21.2f}"
            f"{results.median(name, 'host_ms'):>13.2f}"
        )
        above = name


if __name__ == "__main__":
    main()

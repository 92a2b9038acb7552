"""What a container costs: jobs of a warm container worker against a process worker's, and the first result of a cold one.

    python benchmarks/containers.py [--backends docker] [--rounds 7] [--jobs 100]

Needs Docker and the slim image (`reward-sandbox images build python-slim`). The same jobs on each kind of worker in turn, in one run;
throughput is jobs a second of one worker, and its ratio to the process worker's is the median over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time

from sandbox.host.backends import Starter
from sandbox.job import Call, Job
from sandbox.layers import Backend

SOURCE = "def f(x):\n    return sorted(x)[::-1]\nif __name__ == '__main__':\n    print(f(list(map(int, input().split()))))\n"
JOBS = (
    Job(source=SOURCE, stdin=b"3 1 2\n"),
    Job(source=SOURCE, calls=tuple(Call(function="f", args=([5, number, 1],)) for number in range(5))),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="container workers against process workers")
    parser.add_argument("--backends", nargs="+", default=[Backend.DOCKER], type=Backend)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=100)
    arguments = parser.parse_args()
    kinds = [Backend.PROCESS, *arguments.backends]
    cold = {kind: [] for kind in kinds}
    workers = {}
    for kind in kinds:
        for _ in range(3):
            if kind in workers:
                workers[kind].close()
            started = time.monotonic()
            workers[kind] = Starter(backend=kind)()
            workers[kind].run(JOBS[0], time.monotonic() + 60)
            cold[kind].append(time.monotonic() - started)
    rates = {kind: [] for kind in kinds}
    for _ in range(arguments.rounds):
        for kind in kinds:
            started = time.monotonic()
            for number in range(arguments.jobs):
                run = workers[kind].run(JOBS[number % len(JOBS)], time.monotonic() + 60)
                assert run.detail == "exit:0", run
            rates[kind].append(arguments.jobs / (time.monotonic() - started))
    for worker in workers.values():
        worker.close()
    print(f"{'':16}{'first result':>14}{'jobs/s':>9}{'of a process':>14}")
    for kind in kinds:
        ratio = statistics.median(one / base for one, base in zip(rates[kind], rates[Backend.PROCESS], strict=True))
        first = statistics.median(cold[kind])
        print(f"{kind.value:16}{first:>12.2f} s{statistics.median(rates[kind]):>9.0f}{ratio:>14.2f}")


if __name__ == "__main__":
    main()

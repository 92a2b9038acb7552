"""What a container costs: jobs of a warm container worker against a process worker's, and the first result of a cold one.

    python benchmarks/containers.py [--backends docker] [--rounds 7] [--jobs 100] [--json results.jsonl]

Needs Docker and the slim image (`reward-sandbox images build python-slim`). The same jobs on each kind of worker in turn, in one run;
throughput is jobs a second of one worker, and its ratio to the process worker's is the median over the rounds.
"""

from __future__ import annotations

import time

import measure

from sandbox.host.backends import Starter
from sandbox.words.job import Call, Job
from sandbox.words.layers import Backend

SOURCE = "def f(x):\n    return sorted(x)[::-1]\nif __name__ == '__main__':\n    print(f(list(map(int, input().split()))))\n"
JOBS = (
    Job(source=SOURCE, stdin=b"3 1 2\n"),
    Job(source=SOURCE, calls=tuple(Call(function="f", args=([5, number, 1],)) for number in range(5))),
)


def main() -> None:
    parser = measure.parser("container workers against process workers", rounds=7)
    parser.add_argument("--backends", nargs="+", default=[Backend.DOCKER], type=Backend)
    parser.add_argument("--jobs", type=int, default=100)
    arguments = parser.parse_args()
    kinds = [Backend.PROCESS, *arguments.backends]
    results = measure.Results("containers", arguments.json, jobs=arguments.jobs)
    workers = {}
    for kind in kinds:
        for _ in range(3):
            if kind in workers:
                workers[kind].close()
            started = time.monotonic()
            workers[kind] = Starter(backend=kind)()
            workers[kind].run(JOBS[0], time.monotonic() + 60)
            results.add(kind.value, "first_result_seconds", time.monotonic() - started, "s")
    for _ in range(arguments.rounds):
        for kind in kinds:
            started = time.monotonic()
            for number in range(arguments.jobs):
                run = workers[kind].run(JOBS[number % len(JOBS)], time.monotonic() + 60)
                assert run.detail == "exit:0", run
            results.add(kind.value, "jobs_per_second", arguments.jobs / (time.monotonic() - started), "1/s")
    for worker in workers.values():
        worker.close()
    print(f"{'':16}{'first result':>14}{'jobs/s':>9}{'of a process':>14}")
    for kind in kinds:
        ratio = results.add_ratios(kind.value, "jobs_per_second", Backend.PROCESS.value, "of_process")
        first = results.median(kind.value, "first_result_seconds")
        print(f"{kind.value:16}{first:>12.2f} s{results.median(kind.value, 'jobs_per_second'):>9.0f}{ratio:>14.2f}")


if __name__ == "__main__":
    main()

"""How long a caller waits: OpenRLHF's pattern (many threads, a batch of one each), one caller alone, and the same load from processes.

    python benchmarks/latency.py [--threads 64] [--jobs 1024] [--cpu-ms 30] [--door] [--json results.jsonl]
    python benchmarks/latency.py --processes 4 --threads 16 [--node-jobs 2]

OpenRLHF calls a reward function for every finished sample, each in a thread of its own. Here each thread calls `Sandbox.score` (with
--door the real `reward_func`, which needs torch) again and again. With --processes the same load, as many threads in all, comes from
one process and then from several, in turn in every round, and the ratio of their 99th percentiles is of the same round.

Every program computes for --cpu-ms and says when it began and ended, on the clock that all processes share: from that comes how many
ran at the same time, which no more than the configured number should.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import measure

from sandbox import Sandbox

PROGRAM = """\
import sys, time
began = time.monotonic()
while time.process_time() < {seconds}:
    pass
print(sum(map(int, input().split())))
print(began, time.monotonic(), file=sys.stderr)
"""
LABEL = {"inputs": ["1 2"], "outputs": ["3"]}


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one process does."""

    threads: int
    jobs: int
    cpu_ms: float
    options: dict[str, Any]
    is_door: bool

    @property
    def program(self) -> str:
        return PROGRAM.format(seconds=self.cpu_ms / 1000)


@dataclass(frozen=True)
class Observed:
    """What became of a load."""

    seconds: list[float]
    """Each caller's wait."""
    spans: list[tuple[float, float]]
    """When each program began and ended."""
    began: float
    ended: float
    isolation: str


def judging(load: Load) -> tuple[Sandbox, Callable[[], float]]:
    """A sandbox, and a function that judges one sample and gives its reward."""
    if not load.is_door:
        box = Sandbox(**load.options)
        return box, lambda: box.score(load.program, LABEL).reward
    from sandbox.adapters import openrlhf, process_sandbox

    for name, value in load.options.items():
        os.environ[f"SANDBOX_{name.upper()}"] = str(value)
    query = f"Write it.\n```python\n{load.program}```"
    return process_sandbox.sandbox_of_process(), lambda: float(openrlhf.reward_func([query], ["Write it."], [LABEL])["rewards"][0])


def bear(load: Load, line: Connection) -> None:
    """In a process of its own: make ready, wait for the word, call from all threads, say what was observed."""
    box, judge = judging(load)
    spans: list[tuple[float, float]] = []
    run = box._pool.run

    def watched(*args: Any, **kwargs: Any) -> Any:
        """The pool's `run`, where a program's own account of its time can be read."""
        done = run(*args, **kwargs)
        began, ended = map(float, done.stderr.split())
        spans.append((began, ended))
        return done

    box._pool.run = watched  # type: ignore[method-assign]  # to see its spans
    with box, ThreadPoolExecutor(load.threads) as threads:
        box.warm()
        ready = threading.Barrier(load.threads)
        list(threads.map(lambda _: ready.wait(), range(load.threads)))  # all threads exist, as a trainer's do
        judge()
        spans.clear()
        line.send("ready")
        line.recv()

        def call(_: int) -> float:
            started = time.monotonic()
            assert judge() == 1.0
            return time.monotonic() - started

        began = time.monotonic()
        seconds = list(threads.map(call, range(load.jobs)))
        line.send(Observed(seconds, spans, began, time.monotonic(), measure.isolation(box._pool.workers[0])))
        line.recv()  # until all have ended: nobody's end makes room for the others


def observe(load: Load, processes: int) -> list[Observed]:
    """The same *load* in each of *processes*, all at once."""
    context = multiprocessing.get_context("spawn")
    lines, started = [], []
    for _ in range(processes):
        ours, theirs = context.Pipe()
        process = context.Process(target=bear, args=(load, theirs))
        process.start()
        theirs.close()
        lines.append(ours)
        started.append(process)
    for line in lines:
        line.recv()
    for line in lines:
        line.send("go")
    found = [line.recv() for line in lines]
    for line in lines:
        line.send("end")
    for process in started:
        process.join()
        assert process.exitcode == 0
    return found


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """The most spans that overlap."""
    edges = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    now = most = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def record(results: measure.Results, name: str, found: list[Observed]) -> None:
    seconds = [wait for one in found for wait in one.seconds]
    elapsed = max(one.ended for one in found) - min(one.began for one in found)
    for share in (0.5, 0.9, 0.99):
        results.add(name, f"p{share * 100:.0f}_ms", measure.quantile(seconds, share) * 1000, "ms")
    results.add(name, "max_ms", max(seconds) * 1000, "ms")
    results.add(name, "samples_per_second", len(seconds) / elapsed, "1/s")
    results.add(name, "most_at_once", most_at_once([span for one in found for span in one.spans]))
    for share in range(1, 101):
        results.add(name, f"quantile_{share}_ms", measure.quantile(seconds, share / 100) * 1000, "ms")


def main() -> None:
    parser = measure.parser("latency of many callers", rounds=3)
    parser.add_argument("--threads", type=int, help="of each process (default: 64 in all)")
    parser.add_argument("--processes", type=int, default=1, help="the same load from so many processes, beside one")
    parser.add_argument("--jobs", type=int, default=1024, help="samples of a round, in all")
    parser.add_argument("--cpu-ms", type=float, default=30.0, help="what each program computes")
    parser.add_argument("--workers", type=int, help="of each process (default: one a processor)")
    parser.add_argument(
        "--node-jobs",
        type=int,
        help="jobs that all processes of the node may run at the same time (default: one a processor; 0: no cap)",
    )
    parser.add_argument("--door", action="store_true", help="call reward_func instead of Sandbox.score (needs torch)")
    arguments = parser.parse_args()
    threads = arguments.threads or max(1, 64 // arguments.processes)
    given = {"workers": arguments.workers, "node_jobs": arguments.node_jobs}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options["deduplicate"] = False  # all samples are the same
    common = {"cpu_ms": arguments.cpu_ms, "options": options, "is_door": arguments.door}

    together = threads * arguments.processes
    ways = {
        "one caller": (1, Load(threads=1, jobs=max(1, arguments.jobs // 8), **common)),
        f"{together} threads": (1, Load(threads=together, jobs=arguments.jobs, **common)),
    }
    if arguments.processes > 1:
        share = Load(threads=threads, jobs=max(1, arguments.jobs // arguments.processes), **common)
        ways[f"{arguments.processes} processes x {threads} threads"] = (arguments.processes, share)
    results = measure.Results("latency", arguments.json, cpu_ms=arguments.cpu_ms, **options)
    for _ in range(arguments.rounds):
        for name, (processes, load) in ways.items():
            found = observe(load, processes)
            results.facts["isolation"] = found[0].isolation
            record(results, name, found)

    print(f"{'':28}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}  ms{'samples/s':>11}{'at once':>9}")
    for name in ways:
        times = "".join(f"{results.median(name, metric):>9.1f}" for metric in ("p50_ms", "p90_ms", "p99_ms", "max_ms"))
        rate, most = results.median(name, "samples_per_second"), max(results.values(name, "most_at_once"))
        print(f"{name:28}{times}{rate:>15.0f}{most:>9.0f}")
    waited = statistics.median(results.values("one caller", "p50_ms")) - arguments.cpu_ms
    print(f"one caller waits {waited:.1f} ms longer than its program computes (median)")
    if arguments.processes > 1:
        ratio = results.add_ratios(name, "p99_ms", f"{together} threads", "p99_of_one_process")
        print(f"p99 of {name}: {ratio:.2f} times that of one process with {together} threads (median of rounds)")


if __name__ == "__main__":
    main()

"""How throughput grows: with the workers of one pool, and with --ray with the nodes of a cluster.

    python benchmarks/scaling.py [--workers 1 2 4] [--cpu-ms 10] [--rounds 5] [--json results.jsonl]
    python benchmarks/scaling.py --ray [--nodes 1 2] [--cpu-ms 30] [--rounds 3]

Samples compute for --cpu-ms and are judged from one thread a worker. Each round measures every size once, one after another, and the
ratio to the smallest is of the same round; more workers than processors cannot be faster. Also: how long a pool takes to start, and
the private memory of a worker that waits. The cap of the node is off: other processes on it would count too.

With --ray nodes are simulated by Ray's own local cluster: each a raylet with one processor and a resource `sandbox`, so that it gets one
pool with one worker. They share this machine's processors: two nodes on two processors can be twice as fast, more cannot.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import measure

from sandbox import Sandbox

PROGRAM = "import time\nwhile time.process_time() < {seconds}:\n    pass\nprint(sum(map(int, input().split())))\n"
LABEL = {"inputs": ["1 2"], "outputs": ["3"]}


def rate(box: Sandbox, program: str, count: int) -> float:
    """Samples a second."""
    started = time.perf_counter()
    assert all(score.reward == 1.0 for score in box.score_many([(program, LABEL)] * count))
    return count / (time.perf_counter() - started)


def private_bytes(pids: tuple[int, ...]) -> int:
    """Memory that no other process shares."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_"):
                total += int(line.split()[1]) * 1024
    return total


def by_workers(arguments: argparse.Namespace) -> None:
    program = PROGRAM.format(seconds=arguments.cpu_ms / 1000)
    with ExitStack() as boxes:
        pools: dict[int, Sandbox] = {}
        results = measure.Results("scaling", arguments.json, cpu_ms=arguments.cpu_ms, samples=arguments.samples)
        for size in arguments.workers:
            pools[size] = boxes.enter_context(Sandbox(workers=size, node_jobs=0, deduplicate=False))
            started = time.perf_counter()
            pools[size].warm()
            results.add(_workers(size), "start_seconds", time.perf_counter() - started, "s")
            rate(pools[size], program, 4 * size)
            results.facts["isolation"] = measure.isolation(pools[size]._pool.workers[0])
        for _ in range(arguments.rounds):
            for size, box in pools.items():
                results.add(_workers(size), "samples_per_second", rate(box, program, arguments.samples), "1/s")
        for size, box in pools.items():
            for worker in box._pool.workers:
                results.add(_workers(size), "idle_private_bytes", private_bytes(measure.family(worker.pid)), "B")
        _show(results, {_workers(size): size for size in arguments.workers})
        for size in arguments.workers:
            memory = results.median(_workers(size), "idle_private_bytes") / (1 << 20)
            start = results.median(_workers(size), "start_seconds")
            print(
                f"{_workers(size)}: started in {start:.2f} s; {memory:.1f} MiB private a worker that waits (with keeper and fork server)"
            )


def by_nodes(arguments: argparse.Namespace) -> None:
    program = PROGRAM.format(seconds=arguments.cpu_ms / 1000)
    results = measure.Results("nodes", arguments.json, cpu_ms=arguments.cpu_ms, samples=arguments.samples, workers_per_node=1)
    for _ in range(arguments.rounds):
        for nodes in arguments.nodes:
            options = {"ray_nodes": "sandbox", "workers": 1, "node_jobs": 0, "deduplicate": False}
            with cluster(nodes), Sandbox(backend="ray", **options) as box:
                end = time.monotonic() + 60
                while box._pool.size < nodes and time.monotonic() < end:  # the first node is used before the others are ready
                    time.sleep(0.2)
                assert box._pool.size == nodes
                box.warm()
                rate(box, program, 8 * nodes)
                results.add(_nodes(nodes), "samples_per_second", rate(box, program, arguments.samples), "1/s")
    _show(results, {_nodes(nodes): nodes for nodes in arguments.nodes})


@contextmanager
def cluster(nodes: int) -> Iterator[None]:
    """Ray with *nodes* that may judge, and a head that may not."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or Ray warns of what it will do one day
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1, resources={"sandbox": 1})
        ray.init(address=made.address, log_to_driver=False, logging_level=logging.ERROR)
        yield
    finally:
        ray.shutdown()
        made.shutdown()


def _workers(size: int) -> str:
    return f"{size} worker{'s' if size > 1 else ''}"


def _nodes(size: int) -> str:
    return f"{size} node{'s' if size > 1 else ''}"


def _show(results: measure.Results, sizes: dict[str, int]) -> None:
    (first, *_), least = sizes, min(sizes.values())
    print(f"{'':14}{'samples/s':>10}{f'x {first}':>14}")
    for name, size in sizes.items():
        results.add(name, "size", size)
        ratio = results.add_ratios(name, "samples_per_second", first, "times_smallest")
        low, high = min(results.values(name, "times_smallest")), max(results.values(name, "times_smallest"))
        rate_ = statistics.median(results.values(name, "samples_per_second"))
        print(f"{name:14}{rate_:>10.0f}{ratio:>14.2f}   ({low:.2f} to {high:.2f}; {size / least:.0f} times the workers)")


def main() -> None:
    parser = measure.parser("throughput by workers or nodes", rounds=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ray", action="store_true", help="nodes of a simulated cluster instead of workers")
    parser.add_argument("--samples", type=int, default=200, help="of a round")
    parser.add_argument("--cpu-ms", type=float, default=10.0, help="what each program computes")
    arguments = parser.parse_args()
    (by_nodes if arguments.ray else by_workers)(arguments)


if __name__ == "__main__":
    main()

"""What it costs that tests which are code run in a process of their own: the same five asserts, judged in four ways.

    python benchmarks/tester.py [--rounds 5] [--json results.jsonl]

Declared cases are compared on the host; statements, unittest and pytest labels run in a tester that asks the candidate. Each way has
a pool of its own, and each round measures all of them one after another; ratios to declared cases are of the same round, and their
median is printed. CPU time is user plus system of every process involved, the host included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from throughput import FUNCTION, INPUTS, OUTPUTS, Kind, by_sandbox

from sandbox import Sandbox


def kinds() -> list[Kind]:
    pairs = list(zip(INPUTS, OUTPUTS, strict=True))
    statements = [f"answer = largest_gap({given})\nassert answer == {wanted}" for given, wanted in pairs]
    cases = "".join(
        f"    def test_{number}(self):\n        self.assertEqual(largest_gap({given}), {wanted})\n"
        for number, (given, wanted) in enumerate(pairs)
    )
    functions = "".join(
        f"def test_{number}():\n    assert largest_gap({given}) == {wanted}\n" for number, (given, wanted) in enumerate(pairs)
    )
    labels: list[tuple[str, Any]] = [
        ("declared", [f"assert largest_gap({given}) == {wanted}" for given, wanted in pairs]),
        ("statements", statements),
        ("unittest", {"test": f"import unittest\nclass TestCases(unittest.TestCase):\n{cases}", "entry_point": "largest_gap"}),
        ("pytest", {"pytest": f"from solution import largest_gap\n{functions}"}),
    ]
    return [Kind(name, FUNCTION, label, "", "") for name, label in labels]


def main() -> None:
    parser = argparse.ArgumentParser(description="the cost of a tester beside declared cases")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--json", type=Path, help="append one line a kind to this file")
    arguments = parser.parse_args()
    ways = kinds()
    measured: dict[str, list[tuple[float, float]]] = {kind.name: [] for kind in ways}
    with ExitStack() as boxes:
        pools = {kind.name: boxes.enter_context(Sandbox()) for kind in ways}
        for kind in ways:
            pools[kind.name].warm()
            by_sandbox(pools[kind.name], kind, 20)
        for _ in range(arguments.rounds):
            for kind in ways:
                count = arguments.samples if kind.name != "pytest" else max(1, arguments.samples // 5)
                wall, cpu = by_sandbox(pools[kind.name], kind, count)
                measured[kind.name].append((wall / count, cpu / count))
    median = statistics.median
    print(f"{'':14}{'samples/s':>10}{'CPU-ms':>9}{'x declared':>12}")
    for kind in ways:
        rounds = measured[kind.name]
        row = {
            "kind": kind.name,
            "samples_per_second": median(1 / wall for wall, _ in rounds),
            "cpu_ms": median(cpu * 1000 for _, cpu in rounds),
            "times_declared": median(own[1] / other[1] for own, other in zip(rounds, measured["declared"], strict=True)),
            "rounds": arguments.rounds,
            "samples": arguments.samples,
            "processors": len(os.sched_getaffinity(0)),
            "python": platform.python_version(),
            "kernel": platform.release(),
        }
        print(f"{kind.name:14}{row['samples_per_second']:>10.0f}{row['cpu_ms']:>9.2f}{row['times_declared']:>12.2f}")
        if arguments.json:
            with arguments.json.open("a") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()

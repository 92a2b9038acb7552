"""What it costs that tests which are code run in a process of their own: the same five asserts, judged in four ways.

    python benchmarks/tester.py [--rounds 5] [--json results.jsonl]

Declared cases are compared on the host; statements, unittest and pytest labels run in a tester that asks the candidate. Each way has
a pool of its own, and each round measures all of them one after another; ratios to declared cases are of the same round, and their
median is printed. CPU time is user plus system of every process involved, the host included.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import measure
from throughput import FUNCTION, INPUTS, OUTPUTS, by_sandbox

from sandbox import Sandbox


def labels() -> dict[str, Any]:
    pairs = list(zip(INPUTS, OUTPUTS, strict=True))
    cases = "".join(
        f"    def test_{number}(self):\n        self.assertEqual(largest_gap({given}), {wanted})\n"
        for number, (given, wanted) in enumerate(pairs)
    )
    functions = "".join(
        f"def test_{number}():\n    assert largest_gap({given}) == {wanted}\n" for number, (given, wanted) in enumerate(pairs)
    )
    return {
        "declared": [f"assert largest_gap({given}) == {wanted}" for given, wanted in pairs],
        "statements": [f"answer = largest_gap({given})\nassert answer == {wanted}" for given, wanted in pairs],
        "unittest": {"test": f"import unittest\nclass TestCases(unittest.TestCase):\n{cases}", "entry_point": "largest_gap"},
        "pytest": {"pytest": f"from solution import largest_gap\n{functions}"},
    }


def main() -> None:
    parser = measure.parser("the cost of a tester beside declared cases", rounds=5)
    parser.add_argument("--samples", type=int, default=200)
    arguments = parser.parse_args()
    ways = labels()
    with ExitStack() as boxes:
        pools = {name: boxes.enter_context(Sandbox(deduplicate=False)) for name in ways}
        for name, label in ways.items():
            pools[name].warm()
            by_sandbox(pools[name], [(FUNCTION, label)], min(20, arguments.samples))
        results = measure.Results("tester", arguments.json, pools["declared"]._pool.workers[0], samples=arguments.samples)
        for _ in range(arguments.rounds):
            for name, label in ways.items():
                count = arguments.samples if name != "pytest" else max(1, arguments.samples // 5)
                seconds, cpu = by_sandbox(pools[name], [(FUNCTION, label)], count)
                results.add(name, "samples_per_second", count / seconds, "1/s")
                results.add(name, "cpu_ms", cpu * 1000 / count, "ms")
    print(f"{'':14}{'samples/s':>10}{'CPU-ms':>9}{'x declared':>12}")
    for name in ways:
        ratio = results.add_ratios(name, "cpu_ms", "declared", "times_declared")
        print(f"{name:14}{results.median(name, 'samples_per_second'):>10.0f}{results.median(name, 'cpu_ms'):>9.2f}{ratio:>12.2f}")


if __name__ == "__main__":
    main()

"""Whole datasets of real problems: samples a second, CPU-milliseconds a sample, and what became of them.

    python benchmarks/datasets.py [--datasets humaneval ...] [--limit 50] [--json results.jsonl]

Judges the known solutions and the known wrong programs of `../shared/data` (SANDBOX_DATA names another folder), each kind of each
dataset on its own: wrong programs loop for ever now and then, and then cost their time limit. CPU time is user plus system of every
process involved, the host included. The exit status is 1 if a right program does not pass, or a wrong one does.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import measure

from sandbox import Outcome, Sandbox, Score

PYTHON = ("humaneval", "mbpp_sanitized", "cruxeval", "quixbugs_functional", "quixbugs_pytest", "exercism", "coderl_apps")


def problems(name: str, limit: int | None) -> list[dict[str, Any]]:
    with (measure.DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [row for row in map(json.loads, file) if row["lang"] == "python"][:limit]


def samples(rows: list[dict[str, Any]]) -> dict[str, list[tuple[str, Any, str]]]:
    """What the datasets say is right, and what they say is wrong."""
    return {
        "right": [(row["solution"], row["label"], row["prompt"]) for row in rows],
        "wrong": [(program, row["label"], row["prompt"]) for row in rows for program in row["wrong"]],
    }


def main() -> int:
    parser = measure.parser("whole datasets", rounds=1)
    parser.add_argument("--datasets", nargs="+", default=PYTHON, choices=PYTHON)
    parser.add_argument("--limit", type=int, help="problems of each dataset (default: all)")
    arguments = parser.parse_args()
    misjudged = 0
    print(f"{'':28}{'samples':>8}{'samples/s':>11}{'CPU-ms':>9}   what became of them")
    with Sandbox() as box:
        box.warm()
        results = measure.Results("datasets", arguments.json, box._pool.workers[0])
        for dataset in arguments.datasets:
            for kind, given in samples(problems(dataset, arguments.limit)).items():
                if not given:
                    continue
                name = f"{dataset}, {kind}"
                scores: list[Score] = []
                for _ in range(arguments.rounds):
                    seconds, cpu = measure.timed(
                        lambda: box._pool.workers,
                        lambda given=given, scores=scores: scores.extend(box.score_many(given)),  # type: ignore[misc]  # bound now
                    )
                    results.add(name, "samples_per_second", len(given) / seconds, "1/s")
                    results.add(name, "cpu_ms", cpu * 1000 / len(given), "ms")
                verdicts = Counter(score.verdict.value for score in scores[-len(given) :])
                for verdict, count in verdicts.items():
                    results.add(name, f"verdict_{verdict}", count)
                misjudged += sum((score.outcome is Outcome.PASS) != (kind == "right") for score in scores)
                print(
                    f"{name:28}{len(given):>8}{results.median(name, 'samples_per_second'):>11.0f}{results.median(name, 'cpu_ms'):>9.1f}"
                    f"   {', '.join(f'{count} {verdict}' for verdict, count in verdicts.most_common())}"
                )
    print(f"misjudged: {misjudged}")
    return 1 if misjudged else 0


if __name__ == "__main__":
    sys.exit(main())

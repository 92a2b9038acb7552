"""What moved between two runs of the benchmarks: only that, and by how much.

    python benchmarks/compare.py OLD.jsonl NEW.jsonl [--all]

Values are compared round against round by the Mann-Whitney U test (two-sided, exact for few rounds): nothing is assumed of how they are
distributed. How much: Hodges and Lehmann's estimate, the median of all ratios of a new value to an old one. Of metrics that did not
move, one in twenty is listed by chance; how many were compared is said at the end. Figures in milliseconds move with the machine; those
in "x" are ratios within a round and hardly do.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import measure

SIGNIFICANT = 0.05
EXACT = 200_000
"""Ways to split the ranks up to which all are counted."""


def mann_whitney(old: Sequence[float], new: Sequence[float]) -> float:
    """The two-sided probability of ranks as uneven as these, if both came from the same distribution."""
    ranks = _ranks([*old, *new])
    observed, middle = sum(ranks[: len(old)]), len(old) * (len(ranks) + 1) / 2
    distance = abs(observed - middle)
    if math.comb(len(ranks), len(old)) <= EXACT:
        sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(old))]
        return sum(abs(total - middle) >= distance - 1e-9 for total in sums) / len(sums)
    count = len(ranks)
    ties = sum(ranks.count(rank) ** 3 - ranks.count(rank) for rank in set(ranks))
    variance = len(old) * len(new) / 12 * (count + 1 - ties / (count * (count - 1)))
    return math.erfc(max(0.0, distance - 0.5) / math.sqrt(2 * variance)) if variance else 1.0


def _ranks(values: Sequence[float]) -> list[float]:
    """From 1; equal values share the middle of their ranks."""
    ordered = sorted(values)
    first, count = {}, defaultdict(int)
    for place, value in enumerate(ordered, 1):
        first.setdefault(value, place)
        count[value] += 1
    return [first[value] + (count[value] - 1) / 2 for value in values]


def shift(old: Sequence[float], new: Sequence[float]) -> float:
    """The median of all ratios of a new value to an old one; of differences plus 1 where an old value is 0."""
    if all(value > 0 for value in old):
        return statistics.median(later / earlier for earlier in old for later in new)
    return 1 + statistics.median(later - earlier for earlier in old for later in new)


def grouped(file: Path) -> dict[tuple[str, str, str], list[float]]:
    """Values by benchmark, name and metric; of a curve's quantiles the usual percentiles are enough."""
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for record in measure.read(file):
        if not record["metric"].startswith("quantile_") and record["metric"] not in ("size", "jobs"):
            found[record["benchmark"], record["name"], record["metric"]].append(record["value"])
    return found


def differing_facts(*files: Path) -> list[str]:
    """Facts of the machine and of the runs that are not the same, and make a comparison doubtful."""
    seen: dict[str, list[set[str]]] = defaultdict(lambda: [set() for _ in files])
    for place, file in enumerate(files):
        for record in measure.read(file):
            for fact, value in record["facts"].items():
                if fact not in ("date", "commit"):
                    seen[f"{record['benchmark']}: {fact}"][place].add(str(value))
    return [
        f"{fact}: {' | '.join(','.join(sorted(values)) for values in found)}"
        for fact, found in seen.items()
        if all(found) and any(values != found[0] for values in found)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="what moved between two runs of the benchmarks")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--all", action="store_true", help="print what did not move too")
    arguments = parser.parse_args()
    old, new = grouped(arguments.old), grouped(arguments.new)
    for fact in differing_facts(arguments.old, arguments.new):
        print(f"not the same: {fact}")
    common = [key for key in old if key in new]
    tellable = [key for key in common if 2 / math.comb(len(old[key]) + len(new[key]), len(old[key])) <= SIGNIFICANT]
    moved = 0
    for key in tellable if not arguments.all else common:
        chance = mann_whitney(old[key], new[key])
        moved += chance <= SIGNIFICANT
        if chance <= SIGNIFICANT or arguments.all:
            before, after = statistics.median(old[key]), statistics.median(new[key])
            print(
                f"{' / '.join(key):70}{before:>12.4g} -> {after:<12.4g}{(shift(old[key], new[key]) - 1) * 100:>+8.1f} %   p = {chance:.3f}"
            )
    print(
        f"{moved} of {len(tellable)} metrics moved ({len(tellable) * SIGNIFICANT:.1f} would by chance alone); "
        f"{len(common) - len(tellable)} have too few rounds to tell, {len(set(old) ^ set(new))} are in one file only"
    )


if __name__ == "__main__":
    main()

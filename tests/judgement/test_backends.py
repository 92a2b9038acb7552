"""The same judgements whatever the workers are: real problems, right and wrong programs, on processes and in containers."""

import os

import pytest
from machine import DOCKER, GVISOR

from sandbox import Limits, Outcome, Sandbox

pytestmark = pytest.mark.needs("data")

DATASETS = ("humaneval", "mbpp_sanitized", "cruxeval", "quixbugs_functional", "quixbugs_pytest", "exercism", "coderl_apps")
LIMITS = Limits(cpu_seconds=1.5)
"""Far from what right programs take (0.25 s), but for those of SLOW; endless ones take all of it, on every kind of worker."""
SLOW_LIMITS = Limits(cpu_seconds=10.0)
SLOW = ("MbppSan/123", "QuixBugs/levenshtein", "QuixBugsPytest/levenshtein", "Exercism/practice/killer-sudoku-helper")
"""Problems whose right programs compute for two seconds: the usual limit would be reached on one kind of worker, and not on another."""
EVERY = {"humaneval": 2, "mbpp_sanitized": 4, "cruxeval": 8, "exercism": 4}
"""Of large datasets every so manieth problem; SANDBOX_TEST_WHOLE=1 takes all (five minutes more)."""


def samples_of(problems, dataset, every, *, slow=False):
    """(name, sample) of right and wrong programs of every so manieth problem; of those of SLOW, or of all others."""
    found = []
    for row in problems(dataset)[::every]:
        if (row["id"] in SLOW) != slow:
            continue
        programs = [row["solution"], *row.get("wrong", ()), *(sample["completion"] for sample in row.get("model_samples", ())[:5])]
        found += [(f"{row['id']} {number}", (program, row["label"], row["prompt"])) for number, program in enumerate(programs)]
    return found


def judged(samples, limits=LIMITS, **options):
    with Sandbox(limits=limits, **options) as box:
        return list(box.score_many(sample for _, sample in samples))


def told(score):
    """What is the same for the same program: all but times, memory, and words that name a path."""
    cases = [(case.verdict, case.name) for case in score.judgement.cases]
    return score.reward, score.outcome, score.judgement.verdict, cases


def differing(samples, mine, other):
    return [
        (name, told(one), told(another), another.judgement.reason)
        for (name, _), one, another in zip(samples, mine, other, strict=True)
        if told(one) != told(another)
    ]


@pytest.mark.needs("docker")
@pytest.mark.parametrize("dataset", DATASETS)
def test_containers_judge_as_processes_do(dataset, problems):
    samples = samples_of(problems, dataset, every=1 if os.environ.get("SANDBOX_TEST_WHOLE") else EVERY.get(dataset, 1))
    mine = judged(samples)
    assert differing(samples, mine, judged(samples, backend="docker")) == []
    assert {score.outcome for score in mine} >= {Outcome.PASS}


@pytest.mark.needs("docker")
@pytest.mark.parametrize("dataset", ["mbpp_sanitized", "quixbugs_functional", "quixbugs_pytest", "exercism"])
def test_containers_judge_slow_programs_as_processes_do(dataset, problems):
    samples = samples_of(problems, dataset, every=1, slow=True)
    mine = judged(samples, SLOW_LIMITS)
    assert differing(samples, mine, judged(samples, SLOW_LIMITS, backend="docker")) == []
    assert mine[0].outcome is Outcome.PASS


@pytest.mark.needs("gvisor")
@pytest.mark.parametrize("dataset", [name for name in DATASETS if name not in ("quixbugs_pytest", "exercism")])
def test_gvisor_judges_as_processes_do(dataset, problems):
    """A sample: a job takes ten times as long there. Labels that are files of tests are refused, for nothing hides them."""
    samples = samples_of(problems, dataset, every=10 if dataset != "coderl_apps" else 2)
    assert differing(samples, judged(samples), judged(samples, backend="docker+gvisor")) == []


@pytest.mark.parametrize("backend", [DOCKER, GVISOR])
def test_both_are_there(backend):
    with Sandbox(workers=1, backend=backend) as box:
        assert box.score("def f(x): return x", ["assert f(1) == 1"]).outcome is Outcome.PASS

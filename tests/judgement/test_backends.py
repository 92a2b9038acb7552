"""The same judgements whatever the workers are: real problems, right and wrong programs, on processes and in containers."""

import os

import pytest
from machine import DOCKER, GVISOR

from sandbox import Limits, Outcome, Sandbox

pytestmark = pytest.mark.needs("data")

DATASETS = ("humaneval", "mbpp_sanitized", "cruxeval", "quixbugs_functional", "quixbugs_pytest", "exercism", "coderl_apps")
LIMITS = Limits(cpu_seconds=5.0)
"""Far from what any of these programs takes: QuixBugs' levenshtein computes for two seconds, and would be late on one kind of worker."""
EVERY = {"humaneval": 2, "mbpp_sanitized": 4, "cruxeval": 8, "exercism": 4}
"""Of large datasets every so manieth problem; SANDBOX_TEST_WHOLE=1 takes all (five minutes more)."""


def samples_of(problems, dataset, every):
    """(name, response, label, prompt) of right and wrong programs of every so manieth problem."""
    found = []
    for row in problems(dataset)[::every]:
        programs = [row["solution"], *row.get("wrong", ()), *(sample["completion"] for sample in row.get("model_samples", ())[:5])]
        found += [(f"{row['id']} {number}", (program, row["label"], row["prompt"])) for number, program in enumerate(programs)]
    return found


def judged(samples, **options):
    with Sandbox(limits=LIMITS, **options) as box:
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

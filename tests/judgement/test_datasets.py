"""The main promise, on real problems: every right program passes, every wrong one does not, published verdicts agree."""

import pytest

from sandbox import Limits, Outcome, Sandbox
from sandbox.judging import labels

pytestmark = pytest.mark.needs("data")

# data/README.md: one published verdict differs. The sample hides its class inside a function, which APPS's own harness
# unwraps by accident; the label asks for a class Solution or a function of that name, and there is none.
KNOWN_EXCEPTIONS = {("APPS/2404", 19)}


EVERY = 8
"""With --quick, every so manieth problem."""


@pytest.fixture(scope="module")
def chosen(problems, quick):
    """A function: the problems of a file, of which there are so many; a sample of them with --quick."""

    def choose(dataset, count):
        rows = problems(dataset)
        assert sum(bool(row["solution"]) for row in rows) >= count
        return rows[::EVERY] if quick else rows

    return choose


@pytest.fixture(scope="module")
def judge_all():
    # Right programs of three problems compute for two seconds on a quiet machine, and for six on one whose cores others share.
    with (
        Sandbox(limits=Limits(cpu_seconds=15.0, suite_seconds=120.0), shape="binary") as patient,
        Sandbox(limits=Limits(cpu_seconds=5.0), shape="binary") as box,
    ):

        def judged(rows, programs, *, are_right=False):
            samples = [(program, row["label"], row["prompt"]) for row in rows for program in programs(row)]
            names = [row["id"] for row in rows for _ in programs(row)]
            return list(zip(names, (patient if are_right else box).score_many(samples), strict=True))

        yield judged


def _reasons(results):
    return [(name, score.verdict.value, score.judgement.reason, score.judgement.cases[:1]) for name, score in results]


@pytest.mark.parametrize(
    ("dataset", "count"),
    [
        ("humaneval", 164),
        ("mbpp_sanitized", 427),
        ("cruxeval", 800),
        ("quixbugs_functional", 30),
        ("quixbugs_pytest", 40),
        ("exercism", 161),
        ("coderl_apps", 5),
    ],
)
def test_every_solution_passes(dataset, count, chosen, judge_all, quick):
    results = judge_all(chosen(dataset, count), lambda row: [row["solution"]], are_right=True)
    assert len(results) == count or (quick and results)
    assert _reasons((name, score) for name, score in results if score.outcome is not Outcome.PASS) == []


@pytest.mark.parametrize(
    ("dataset", "count"), [("humaneval", 164), ("quixbugs_functional", 30), ("quixbugs_pytest", 40), ("exercism", 159)]
)
def test_no_wrong_program_passes(dataset, count, chosen, judge_all, quick):
    results = judge_all(chosen(dataset, count), lambda row: row["wrong"])
    assert len(results) == count or (quick and results)
    paid_or_ours = [(name, score) for name, score in results if score.outcome in (Outcome.PASS, Outcome.INTERNAL)]
    assert _reasons(paid_or_ours) == []


@pytest.mark.long
def test_published_verdicts_of_model_samples_agree(problems, judge_all):
    rows = problems("coderl_apps")
    results = judge_all(rows, lambda row: [sample["completion"] for sample in row["model_samples"]])
    wanted = [(row["id"], number, sample["passed"]) for row in rows for number, sample in enumerate(row["model_samples"])]
    differing = {
        (name, number)
        for (name, number, passed), (_, score) in zip(wanted, results, strict=True)
        if (score.outcome is Outcome.PASS) != passed
    }
    assert len(wanted) == 88
    assert differing == KNOWN_EXCEPTIONS


def test_most_labels_of_asserts_are_declared_cases(problems):
    """What goes to the tester costs twice as much; which labels do is no accident."""
    code = {row["id"] for name in ("humaneval", "mbpp_sanitized") for row in problems(name) if labels.read(row["label"]).tests}
    assert code == {f"HumanEval/{number}" for number in (32, 38, 44, 50, 53, 151)}

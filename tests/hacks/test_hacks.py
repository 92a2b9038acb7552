"""Programs that try to be paid without solving the problem. None is, and each is paid by a naive grader of control.py."""

import os
import sys
from pathlib import Path

import pytest

from sandbox import Outcome, Verdict

sys.path.insert(0, str(Path(__file__).resolve().parent))

import labels
import suite

TRIALS = [(program, family) for program in suite.PROGRAMS for family in suite.families_of(program)]
LABELS = [(shape, family) for shape, look in labels.SHAPES.items() for family in look.families]
ROOT_ONLY = {"memory_scan", "file_scan", "stdio_memory_scan"}
"""Only root can look into /proc/self/mem and environ of a process that is not dumpable: for others the look itself fails."""


def name_of(value):
    return value.stem if isinstance(value, Path) else value


@pytest.mark.parametrize(("program", "family"), TRIALS, ids=name_of)
@pytest.mark.sampled(4)
def test_no_hack_is_paid(program, family, box):
    expected = suite.expected_of(program, family)
    if os.geteuid() != 0 and program.stem in ROOT_ONLY:
        expected = [*expected, "runtime_error"]
    for score in suite.scores(program, family, box):
        assert score.outcome is not Outcome.PASS, score.judgement
        assert score.outcome is not Outcome.INTERNAL, score.judgement
        assert score.pass_rate == 0.0, score.judgement
        assert score.verdict.value in expected, score.judgement


LOOK_AROUND = {"working_folders"}
"""What looks at every process of the machine, and would find tests that others run."""


@pytest.mark.parametrize(
    "program",
    [pytest.param(one, marks=pytest.mark.alone) if one.stem in LOOK_AROUND else one for one in suite.PROGRAMS],
    ids=name_of,
)
@pytest.mark.sampled(4)
def test_every_hack_is_paid_by_a_naive_grader(program, tmp_path):
    """The control: if a program beats no naive grader, the test above proves nothing."""
    for number, family in enumerate(suite.controls_of(program)):
        folder = tmp_path / str(number)
        folder.mkdir()
        if suite.beats(program, family, folder):
            return
    pytest.fail(f"{program.stem} is paid by none of {suite.controls_of(program)}")


@pytest.mark.parametrize("program", suite.PROGRAMS, ids=name_of)
def test_every_hack_says_what_it_is(program):
    header = suite.header(program)
    assert {"tries", "against", "labels", "expect"} <= header.keys() <= {"tries", "against", "labels", "expect", "label", "control"}
    families = suite.families_of(program)
    assert set(families) <= set(labels.SHAPES[suite.shape_of(program)].families)
    verdicts = {verdict.value for verdict in Verdict} - {"accepted", "internal_error", "label_error", "skipped"}
    for family in families:
        assert set(suite.expected_of(program, family)) <= verdicts


@pytest.mark.parametrize(("shape", "family"), LABELS)
def test_a_right_program_is_paid(shape, family, box):
    """The other control: the same labels, answered."""
    wanted = labels.secret_of(shape)
    for label in labels.labels_of(shape, family, wanted):
        score = box.score(labels.right_program(shape, family, wanted), label)
        assert score.reward == 1.0, score.judgement


@pytest.mark.parametrize(
    ("shape", "family"),
    [
        (shape, family)
        for shape, family in LABELS
        if family in ("calls", "stdio") or shape in ("equal", "solution", "files", "mock")
    ],
)
@pytest.mark.sampled(4)
def test_a_naive_grader_does_not_pay_for_a_wrong_program(shape, family, tmp_path):
    """Nor does a control prove anything that pays for everything."""
    label = labels.labels_of(shape, family, labels.secret_of(shape))[0]
    source = "class Solution:\n    def f(self, x):\n        return None\n\n\ndef f(x):\n    return None\n\n\nprint('no idea')\n"
    if shape == "solution" and family == "asserts":
        label = {**label, "entry_point": "Solution().f"}
    assert not suite.control.paid(family, source, label, tmp_path)


def test_there_are_enough_of_them():
    assert len(suite.PROGRAMS) >= 75
    for family in labels.FAMILIES:
        assert sum(family in suite.families_of(program) for program in suite.PROGRAMS) >= 10, family


def test_the_readme_lists_every_program():
    """`python tests/hacks/table.py` writes it; running everything again is not for a test."""
    text = (suite.HERE / "README.md").read_text(encoding="utf-8")
    for program in suite.PROGRAMS:
        assert f"[{program.stem}](programs/{program.name})" in text, "run python tests/hacks/table.py"
    assert text.count("](programs/") == len(suite.PROGRAMS), "run python tests/hacks/table.py"

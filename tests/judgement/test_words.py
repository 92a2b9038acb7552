"""The words: limits are valid or not built; every cause and every verdict has its place in the one table."""

import math
from itertools import product

import pytest

from sandbox.guest.tests.program_module import COMPARISON_HOMES, COMPARISON_NAMES, LIBRARY_ALIASES
from sandbox.guest.wire import CAUSES
from sandbox.judging.labels import names
from sandbox.words.errors import ConfigurationError
from sandbox.words.limits import MIB, Limits
from sandbox.words.verdict import SEVERITY, VERDICT_OF_CAUSE, Cause, Owner, Verdict, worst

FIELDS = ["cpu_seconds", "wall_seconds", "memory_bytes", "output_bytes", "processes", "open_files", "file_bytes", "suite_seconds"]


def test_the_defaults_are_those_of_the_design():
    limits = Limits()
    assert (limits.cpu_seconds, limits.wall, limits.memory_bytes) == (5.0, 16.0, 1024 * MIB)
    assert (limits.output_bytes, limits.processes, limits.open_files, limits.file_bytes) == (16 * MIB, 64, 256, 64 * MIB)


@pytest.mark.parametrize("name", [*FIELDS, "deadline_seconds"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, -math.inf, True, "5"], ids=repr)
def test_a_limit_is_a_positive_finite_number(name, value):
    with pytest.raises(ConfigurationError, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize("name", ["memory_bytes", "output_bytes", "processes", "open_files", "file_bytes"])
def test_a_count_is_whole(name):
    with pytest.raises(ConfigurationError, match=rf"{name}.*whole"):
        Limits(**{name: 1.5})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"cpu_seconds": 5.0, "wall_seconds": 4.0}, "wall_seconds=4.0 is below cpu_seconds=5.0", id="wall-below-cpu"),
        pytest.param({"file_bytes": 1, "output_bytes": 2}, "file_bytes=1 is below output_bytes=2", id="file-below-output"),
    ],
)
def test_limits_do_not_contradict_each_other(values, words):
    with pytest.raises(ConfigurationError, match=words):
        Limits(**values)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param({}, (5.0, 16.0, 1024 * MIB), id="nothing-asked"),
        pytest.param({"cpu_seconds": 2.0}, (2.0, 7.0, 1024 * MIB), id="less-time"),
        pytest.param({"cpu_seconds": 90.0}, (10.0, 31.0, 1024 * MIB), id="time-above-the-ceiling"),
        pytest.param({"memory_bytes": 50 * MIB}, (5.0, 16.0, 50 * MIB), id="less-memory"),
        pytest.param({"memory_bytes": 5 * MIB}, (5.0, 16.0, 16 * MIB), id="memory-below-an-interpreters-need"),
        pytest.param({"memory_bytes": 9999 * MIB}, (5.0, 16.0, 2048 * MIB), id="memory-above-the-ceiling"),
    ],
)
def test_a_label_tightens_or_widens_limits_up_to_the_ceiling(own, expected):
    limits = Limits().with_overrides(**own, ceiling=Limits(cpu_seconds=10.0, memory_bytes=2048 * MIB))
    assert (limits.cpu_seconds, limits.wall, limits.memory_bytes) == expected


def test_a_label_may_ask_for_less_time_than_the_wall_limit_that_was_set():
    assert Limits(wall_seconds=20.0).with_overrides(cpu_seconds=30.0).wall == 91.0


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_verdict_and_none_is_a_pass(cause):
    verdict = VERDICT_OF_CAUSE[cause]
    assert verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED)
    assert (verdict.owner is Owner.OURS) == (cause in (Cause.OVERLOADED, Cause.SETUP, Cause.LOST))


def test_the_table_of_causes_holds_nothing_else():
    assert set(VERDICT_OF_CAUSE) == set(Cause)


def test_host_and_guest_use_the_same_words_in_the_same_order():
    assert tuple(cause.value for cause in Cause) == CAUSES


def test_host_and_guest_know_the_same_names_of_libraries():
    """A name that only one of them takes for a library's would be asked of the program, whose own could be equal to everything."""
    homes = {name: library for library, names in COMPARISON_HOMES for name in names}
    assert names.COMPARISON_FUNCTIONS == COMPARISON_NAMES == set(homes)
    assert {name: names._MODULE_OF[name] for name in homes} == homes
    assert set(LIBRARY_ALIASES) - names.LIBRARIES == {"dt"}  # `datetime as dt`: the host leaves it to a program that has that name
    assert {name for name in names.LIBRARIES if len(name) <= 3} <= set(LIBRARY_ALIASES)


def test_severity_holds_every_verdict_exactly_once():
    assert sorted(SEVERITY) == sorted(Verdict)


@pytest.mark.parametrize(
    ("verdict", "owner"),
    [
        (verdict, owner)
        for owner, verdicts in {
            Owner.NOBODY: (Verdict.ACCEPTED, Verdict.SKIPPED),
            Owner.LABEL: (Verdict.LABEL_ERROR,),
            Owner.OURS: (Verdict.INTERNAL_ERROR,),
            Owner.CANDIDATE: (
                Verdict.WRONG_ANSWER,
                Verdict.TIME_LIMIT,
                Verdict.MEMORY_LIMIT,
                Verdict.OUTPUT_LIMIT,
                Verdict.RUNTIME_ERROR,
                Verdict.COMPILE_ERROR,
                Verdict.VIOLATION,
                Verdict.NO_CODE,
            ),
        }.items()
        for verdict in verdicts
    ],
)
def test_every_failure_has_one_owner(verdict, owner):
    assert verdict.owner is owner


@pytest.mark.parametrize(("one", "other"), list(product(Verdict, repeat=2)))
def test_the_worst_wins_in_either_order(one, other):
    expected = max(one, other, key=SEVERITY.index)
    assert worst([one, other]) is worst([other, one]) is expected


@pytest.mark.parametrize("bad", [verdict for verdict in Verdict if verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED)])
def test_one_failure_outweighs_any_number_of_passes(bad):
    assert worst([Verdict.ACCEPTED] * 99 + [bad]) is bad


def test_no_cases_have_no_verdict():
    with pytest.raises(ValueError, match="no verdict"):
        worst([])

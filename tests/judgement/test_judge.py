"""Response + label + a way to run jobs ⇒ judgement. No process runs here: `Fake` is given what workers would have observed."""

import json

import pytest

from sandbox.judging.judge import judge
from sandbox.judging.response.candidate import Choice
from sandbox.judging.rules import Rules
from sandbox.words.job import Answer, AnswerKind, Run, Usage
from sandbox.words.limits import Limits
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Owner, Verdict

pytestmark = pytest.mark.timeout(20)

CODE = "```python\ndef f(x):\n    return x\n```"
V = Verdict


class Fake:
    """Gives its runs one after another, and remembers the jobs it was asked."""

    def __init__(self, *runs):
        self.runs = list(runs)
        self.jobs = []

    def __call__(self, job, deadline):
        self.jobs.append(job)
        return self.runs.pop(0)

    @property
    def asked(self):
        return [[call.args[0] for call in job.calls] for job in self.jobs]


def asserts(count):
    """A label whose case number i asks f(i) and wants i."""
    return [f"assert f({number}) == {number}" for number in range(count)]


def pairs(*wanted):
    return {"inputs": [f"{number}\n" for number in range(len(wanted))], "outputs": list(wanted)}


def said(*values):
    return tuple(Answer(kind=AnswerKind.RETURNED, value=value) for value in values)


def ended(cause=Cause.FINISHED, *values, seconds=0.0, **more):
    more.setdefault("loaded", "failure" not in more)
    return Run(cause=cause, answers=said(*values), usage=Usage(effective_wall_seconds=seconds), **more)


def printed(text, **more):
    return Run(cause=Cause.FINISHED, stdout=text.encode(), **more)


def verdicts(judgement):
    return [case.verdict for case in judgement.cases]


def judged(label, *runs, response=CODE, **rules):
    run = Fake(*runs)
    judgement = judge(response, label, run=run, rules=Rules(**rules))
    assert not run.runs, "a run was not asked for"
    return judgement, run


# --- calls -------------------------------------------------------------------------------------------------------------


def test_a_pass_is_every_case_answered_and_equal():
    judgement, run = judged(asserts(3), ended(Cause.FINISHED, 0, 1, 2))
    assert (judgement.verdict, judgement.pass_rate, judgement.format) == (V.ACCEPTED, 1.0, "F3")
    assert all(case.answered for case in judgement.cases)
    assert run.asked == [[0, 1, 2]]


def test_a_wrong_value_is_wrong_and_costs_nobody_else():
    judgement, _ = judged(asserts(3), ended(Cause.FINISHED, 0, 9, 2))
    assert verdicts(judgement) == [V.ACCEPTED, V.WRONG_ANSWER, V.ACCEPTED]
    assert judgement.verdict is V.WRONG_ANSWER
    assert "got 9, expected 1" in judgement.cases[1].difference


@pytest.mark.parametrize(
    ("answer", "verdict", "answered", "detail"),
    [
        pytest.param(
            Answer(kind=AnswerKind.RAISED, error="KeyError: 1"), V.RUNTIME_ERROR, True, "exception:KeyError: 1", id="raised"
        ),
        pytest.param(
            Answer(kind=AnswerKind.RAISED, error="MemoryError: "), V.MEMORY_LIMIT, False, "exception:MemoryError: ", id="memory"
        ),
        # A call that exits has not answered, whatever status it chose.
        pytest.param(Answer(kind=AnswerKind.EXITED, error="0"), V.RUNTIME_ERROR, False, "exit:0", id="exited"),
        pytest.param(Answer(kind=AnswerKind.UNSENDABLE, error="too deep"), V.WRONG_ANSWER, True, "unsendable", id="unsendable"),
    ],
)
def test_an_answer_that_is_no_value_is_no_pass(answer, verdict, answered, detail):
    judgement, _ = judged(["assert f(1) == None"], Run(cause=Cause.FINISHED, answers=(answer,)))
    (case,) = judgement.cases
    assert (case.verdict, case.answered, case.detail) == (verdict, answered, detail)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_crash_costs_one_case_and_the_rest_goes_on_in_a_fresh_process(at):
    first = ended(Cause.SIGNALED, *range(at), detail="signal:SIGSEGV")
    judgement, run = judged(asserts(3), first, *([ended(Cause.FINISHED, *range(at + 1, 3))] if at < 2 else []))
    assert verdicts(judgement) == [V.RUNTIME_ERROR if number == at else V.ACCEPTED for number in range(3)]
    assert judgement.cases[at].detail == "signal:SIGSEGV"
    assert not judgement.cases[at].answered
    assert run.asked == [[0, 1, 2], *([list(range(at + 1, 3))] if at < 2 else [])]


def test_every_call_of_a_case_has_to_be_answered():
    label = ["assert f(0) == f(0)", "assert f(1) == 1"]
    judgement, run = judged(label, ended(Cause.EXITED, 0, detail="exit:3"), ended(Cause.FINISHED, 1))
    assert verdicts(judgement) == [V.RUNTIME_ERROR, V.ACCEPTED]
    assert run.asked == [[0, 0, 1], [1]]


@pytest.mark.parametrize("cause", list(Cause))
def test_silence_is_never_a_pass(cause):
    judgement, _ = judged(["assert f(1) == None"], ended(cause))
    (case,) = judgement.cases
    assert case.verdict is VERDICT_OF_CAUSE[cause]
    assert judgement.verdict is not V.ACCEPTED
    assert not case.answered


def test_exit_0_with_missing_answers_is_never_a_pass():
    judgement, _ = judged(asserts(3), ended(Cause.FINISHED, 0, 1), early_stop=True)
    assert verdicts(judgement) == [V.ACCEPTED, V.ACCEPTED, V.RUNTIME_ERROR]
    assert judgement.verdict is V.RUNTIME_ERROR


def test_more_answers_than_questions_change_nothing():
    judgement, _ = judged(asserts(2), ended(Cause.FINISHED, 9, 9, 0, 1))
    assert verdicts(judgement) == [V.WRONG_ANSWER, V.WRONG_ANSWER]


@pytest.mark.parametrize(
    ("failure", "cause", "verdict"),
    [
        pytest.param("compile:SyntaxError: x", Cause.EXITED, V.COMPILE_ERROR, id="compile"),
        pytest.param("load:NameError: x", Cause.EXITED, V.RUNTIME_ERROR, id="load"),
        pytest.param("load:MemoryError: ", Cause.EXITED, V.MEMORY_LIMIT, id="load-memory"),
        # Whoever ended the process while it loaded knows better why than the program does.
        pytest.param("load:KeyboardInterrupt: ", Cause.CPU_TIME, V.TIME_LIMIT, id="load-time"),
    ],
)
def test_what_does_not_load_is_not_loaded_again(failure, cause, verdict):
    judgement, run = judged(asserts(3), Run(cause=cause, failure=failure))
    assert verdicts(judgement) == [verdict] * 3
    assert len(run.jobs) == 1
    assert not any(case.answered for case in judgement.cases)


# --- standard input ----------------------------------------------------------------------------------------------------


def test_every_input_has_its_own_run():
    judgement, run = judged(pairs("a", "b", "c"), printed("a\n"), printed("x"), printed("c"))
    assert verdicts(judgement) == [V.ACCEPTED, V.WRONG_ANSWER, V.ACCEPTED]
    assert [job.stdin for job in run.jobs] == [b"0\n", b"1\n", b"2\n"]
    assert all(not job.calls for job in run.jobs)


@pytest.mark.parametrize(
    "run",
    [
        *(pytest.param(Run(cause=cause, stdout=b"a"), id=cause.value) for cause in Cause if cause is not Cause.FINISHED),
        pytest.param(Run(cause=Cause.FINISHED, stdout=b"a", failure="load:KeyError: 1"), id="uncaught-exception"),
        pytest.param(Run(cause=Cause.FINISHED, stdout=b""), id="nothing-printed"),
        pytest.param(Run(cause=Cause.FINISHED, stdout=b"\xff"), id="bytes-that-are-no-text"),
    ],
)
def test_the_right_output_of_a_program_that_failed_is_no_pass(run):
    judgement, _ = judged(pairs("a"), run)
    assert judgement.verdict is not V.ACCEPTED
    assert judgement.pass_rate == 0.0


def test_nothing_wanted_and_nothing_printed_is_a_pass_only_for_a_program_that_finished():
    assert judged(pairs(""), printed(""))[0].verdict is V.ACCEPTED
    assert judged(pairs(""), Run(cause=Cause.EXITED, detail="exit:1"))[0].verdict is V.RUNTIME_ERROR


def test_a_script_that_does_not_compile_is_run_once():
    judgement, run = judged(pairs("a", "b"), Run(cause=Cause.EXITED, failure="compile:SyntaxError: x"))
    assert verdicts(judgement) == [V.COMPILE_ERROR] * 2
    assert len(run.jobs) == 1


# --- early stop and time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "runs"),
    [
        pytest.param(asserts(4), [ended(Cause.FINISHED, 0, 9, 2, 3)], id="calls"),
        pytest.param(asserts(4), [ended(Cause.SIGNALED, 0)], id="calls-crash"),
        pytest.param(pairs("a", "b", "c", "d"), [printed("a"), printed("x")], id="stdin"),
    ],
)
def test_early_stop_skips_what_cannot_change_a_binary_reward(label, runs):
    judgement, _ = judged(label, *runs, early_stop=True)
    assert verdicts(judgement)[0] is V.ACCEPTED
    assert verdicts(judgement)[1] in (V.WRONG_ANSWER, V.RUNTIME_ERROR)
    assert verdicts(judgement)[2:] == [V.SKIPPED] * 2
    assert judgement.pass_rate == 0.25


@pytest.mark.parametrize("cause", [Cause.CPU_TIME, Cause.WALL_TIME])
@pytest.mark.parametrize("label", [asserts(9), pairs(*"abcdefghi")], ids=["calls", "stdin"])
def test_an_endless_loop_costs_two_time_limits_however_many_cases(label, cause):
    judgement, run = judged(label, ended(cause, seconds=5.0), ended(cause, seconds=5.0))
    assert verdicts(judgement) == [V.TIME_LIMIT] * 9
    assert [job.total_seconds for job in run.jobs] == [60.0, 5.0]


def test_after_a_timeout_the_others_may_still_answer():
    judgement, run = judged(asserts(3), ended(Cause.CPU_TIME, 0, seconds=5.0), ended(Cause.FINISHED, 2))
    assert verdicts(judgement) == [V.ACCEPTED, V.TIME_LIMIT, V.ACCEPTED]
    assert judgement.verdict is V.TIME_LIMIT
    assert run.asked == [[0, 1, 2], [2]]


def test_the_time_of_a_suite_is_shared_by_its_cases():
    label = pairs("a", "b", "c")
    judgement, run = judged(
        label,
        printed("a", usage=Usage(cpu_user_seconds=4.0)),
        printed("b", usage=Usage(cpu_user_seconds=4.0)),
        limits=Limits(suite_seconds=8.0),
    )
    assert verdicts(judgement) == [V.ACCEPTED, V.ACCEPTED, V.TIME_LIMIT]
    assert [job.total_seconds for job in run.jobs] == [8.0, 4.0]
    assert not judgement.cases[2].answered


# --- faults that are not the candidate's -------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [Cause.OVERLOADED, Cause.SETUP, Cause.LOST])
@pytest.mark.parametrize("label", [asserts(3), pairs("a", "b", "c")], ids=["calls", "stdin"])
def test_our_faults_blame_nobody_and_stop_the_suite(label, cause):
    judgement, _ = judged(label, Run(cause=cause, detail="step:fork", retries=2))
    assert verdicts(judgement) == [V.INTERNAL_ERROR, V.SKIPPED, V.SKIPPED]
    assert (judgement.verdict, judgement.reason, judgement.retries) == (V.INTERNAL_ERROR, "step:fork", 2)


def test_our_fault_after_right_answers_is_no_pass():
    judgement, _ = judged(asserts(3), ended(Cause.LOST, 0, 1))
    assert verdicts(judgement) == [V.ACCEPTED, V.ACCEPTED, V.INTERNAL_ERROR]
    assert judgement.verdict is V.INTERNAL_ERROR


@pytest.mark.parametrize(
    ("label", "words"),
    [
        pytest.param(None, "empty", id="empty"),
        pytest.param({"a": 1}, "no known label format", id="unknown"),
        pytest.param({"testcases": [], 1: 2}, "did you mean 'test_cases' for 'testcases'?", id="misspelt"),
        pytest.param({"inputs": ["1"], "output": ["1"]}, "input goes with output", id="half of a pair"),
        pytest.param({"pytest": "def test_a(: ..."}, "not valid Python", id="code"),
        pytest.param({"test_list": 5}, "malformed", id="malformed"),
    ],
)
@pytest.mark.parametrize("response", [CODE, ""], ids=["code", "no-code"])
def test_a_broken_label_runs_nothing_and_blames_nobody(label, words, response):
    judgement, _ = judged(label, response=response)
    assert judgement.verdict is V.LABEL_ERROR
    assert judgement.verdict.owner is Owner.LABEL
    assert words in judgement.reason
    assert (judgement.cases, judgement.pass_rate) == ((), 0.0)


@pytest.mark.parametrize("label", [asserts(3), pairs("", "", "")], ids=["calls", "stdin"])
def test_no_code_runs_nothing(label):
    judgement, _ = judged(label, response="I cannot.")
    assert verdicts(judgement) == [V.NO_CODE] * 3
    assert judgement.verdict is V.NO_CODE
    assert judgement.first_failure == judgement.reason != ""
    assert "prose only" in judgement.reason


# --- what a worker is asked --------------------------------------------------------------------------------------------


def test_a_job_never_holds_an_expected_value():
    label = ["assert f(1) == 'the secret'", "assert abs(f(2) - 271828) < 1"]
    _, run = judged(label, ended(Cause.FINISHED, 0, 0))
    assert "secret" not in repr(run.jobs)
    assert "271828" not in repr(run.jobs)


def test_a_labels_limits_win_up_to_the_ceiling():
    label = {**pairs("a"), "time_limit": 1000, "memory_limit": 16}
    _, run = judged(label, printed("a"))
    assert (run.jobs[0].limits.cpu_seconds, run.jobs[0].limits.memory_bytes) == (50.0, 16 << 20)
    _, run = judged(label, printed("a"), ceiling=Limits(cpu_seconds=7.0))
    assert run.jobs[0].limits.cpu_seconds == 7.0


def test_a_prompt_of_the_label_is_continued():
    label = {"prompt": "def f(x):\n", "entry_point": "f", "test": "def check(candidate):\n    assert candidate(1) == 2\n"}
    _, run = judged(label, ended(Cause.FINISHED, 2), response="    return x + 1")
    assert run.jobs[0].source == "def f(x):\n    return x + 1"


TWO = "```python\ndef f(x): return 1\n```\n```python\ndef f(:\n```"


@pytest.mark.parametrize(
    ("output", "chosen"),
    [
        pytest.param(b"[true, false]\n", "def f(x): return 1", id="the-last-that-parses"),
        pytest.param(b"[true, true]\n", "def f(:", id="both-parse"),
        pytest.param(b"[false, false]\n", "def f(:", id="none-parses"),
        pytest.param(b"", "def f(:", id="the-parser-died"),
        pytest.param(b"[true]", "def f(:", id="too-few"),
        pytest.param(b"{}", "def f(:", id="no-list"),
        pytest.param(b"\xff", "def f(:", id="no-text"),
    ],
)
def test_a_worker_says_which_of_several_blocks_parse(output, chosen):
    inspection = Run(cause=Cause.FINISHED, stdout=output)
    _, run = judged(["assert f(1) == 1"], inspection, ended(Cause.FINISHED, 1), response=TWO)
    assert json.loads(run.jobs[0].stdin) == ["def f(x): return 1", "def f(:"]
    assert run.jobs[1].source == chosen


def test_a_choice_of_the_operator_asks_no_worker():
    _, run = judged(["assert f(1) == 1"], ended(Cause.FINISHED, 1), response=TWO, choice=Choice.FIRST)
    assert [job.source for job in run.jobs] == ["def f(x): return 1"]


def test_usage_of_several_runs_adds_up_and_peaks_do_not():
    used = [
        Usage(cpu_user_seconds=1.0, wall_seconds=2.0, peak_memory_bytes=peak, processes=peak, output_bytes=5) for peak in (3, 2)
    ]
    judgement, _ = judged(pairs("a", "b"), *(printed("a", usage=one, retries=1) for one in used))
    usage = judgement.usage
    assert (usage.cpu_seconds, usage.wall_seconds, usage.output_bytes) == (2.0, 4.0, 10)
    assert (usage.peak_memory_bytes, usage.processes, judgement.retries) == (3, 3, 2)


def test_a_checker_that_always_fails_is_the_labels_failure():
    def broken(said, expected):
        raise ZeroDivisionError("in the checker")

    judgement, _ = judged({**pairs("1"), "checker": broken}, printed("1"))
    assert judgement.verdict is V.LABEL_ERROR
    assert "in the checker" in judgement.reason


def test_a_checker_that_fails_on_what_the_candidate_wrote_is_no_way_out():
    """Were it our fault, a program could trade a failure for a neutral reward by writing what the checker cannot read."""

    def numbers(said, expected):
        return float(said) == float(expected)

    judgement, _ = judged({**pairs("1"), "checker": numbers}, printed("one"))
    assert judgement.verdict is V.WRONG_ANSWER
    assert "ValueError" in judgement.cases[0].difference


def test_a_value_that_cannot_be_compared_is_a_wrong_answer():
    from collections import Counter
    from decimal import Decimal

    judgement, _ = judged(["assert f(1) == 1"], ended(Cause.FINISHED, Counter({"a": Decimal("sNaN"), "b": Decimal(1)})))
    assert judgement.verdict is V.WRONG_ANSWER


def test_a_candidate_that_dies_in_every_call_is_not_asked_for_ever():
    judgement, run = judged(asserts(500), *[ended(Cause.EXITED, detail="exit:3", loaded=True)] * 20)
    assert verdicts(judgement) == [V.RUNTIME_ERROR] * 500
    assert len(run.jobs) == 20


def test_a_program_that_ends_while_it_is_loaded_is_asked_once():
    judgement, run = judged(asserts(500), ended(Cause.FINISHED, detail="exit:0", loaded=False))
    assert verdicts(judgement) == [V.RUNTIME_ERROR] * 500
    assert len(run.jobs) == 1

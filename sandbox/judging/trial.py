"""One candidate against one suite: run its jobs, compare its answers, give every test case a verdict.

Which way a suite goes depends on its kind:

    stdin   one job a case: the program reads the case's input, its output is compared
    calls   one job for all cases: the functions are called, their return values are compared
    tests   one job for all tests: a tester runs the label's code and reports each test

A pass needs positive evidence: a case is accepted when its answer came and compared equal, here, on values of exact builtin
types. Silence, exit status 0 or a missing answer is never a pass.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandbox.guest.values import Array, Iterated, Opaque
from sandbox.judging import suspicion
from sandbox.judging.languages.python import full_preamble
from sandbox.judging.response.candidate import Candidate
from sandbox.judging.rules import Rules, RunJob
from sandbox.words.errors import LabelError, WorkerError
from sandbox.words.job import Answer, AnswerKind, CodeTests, Job, Run, Usage
from sandbox.words.judgement import (
    CaseResult,
    Judgement,
    result_of_exception,
    result_of_test,
    result_of_unrun_tests,
    result_without_answer,
    total_usage,
)
from sandbox.words.layers import Enforced
from sandbox.words.suite import CallCase, Comparison, StdioCase, Suite
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Owner, Verdict, worst

__all__ = ["Trial"]

HOST_SECONDS = 10.0
"""CPU time that judging one sample may take on the host. Comparing hostile answers is charged to the candidate, too."""
MAX_RUNS_CUT_SHORT = 20
"""A candidate whose process died this many times in a suite is taken to die in all other cases as well."""


class Trial:
    """One candidate against one suite."""

    def __init__(self, candidate: Candidate, suite: Suite, run: RunJob, rules: Rules, deadline: float) -> None:
        self.candidate = candidate
        self.suite = suite
        self.run = run
        self.rules = rules
        self.limits = rules.for_suite(suite)
        self.deadline = deadline
        self.usages: list[Usage] = []
        self.retries = 0
        self.enforced: tuple[Enforced, ...] = ()
        self.suspicions = suspicion.signs_in_source(candidate.source)
        self.seconds_left = self.limits.suite_seconds
        """Effective seconds that all remaining cases may use together."""
        self.preamble = full_preamble(suite, candidate.source)
        self.timed_out = False
        self.runs_cut_short = 0
        """Processes that ended before all cases were decided."""
        self.returned_own_objects = False
        """A wrong answer was, or held, an object of the program's own: only code can compare that."""
        self.started = time.thread_time()

    def judgement(self) -> Judgement:
        """Try every case and sum up. To be called once.

        Raises:
            LabelError, WorkerError: the label cannot be judged, or nobody could run it.
        """
        results: list[CaseResult] = []
        for result in self._case_results():
            results.append(result)
            if result.verdict.owner is Owner.OURS or (self.rules.early_stop and result.verdict is not Verdict.ACCEPTED):
                break
        missing = max(0, len(self.suite.cases) - len(results))
        results += [CaseResult(verdict=Verdict.SKIPPED, detail="an earlier case had decided")] * missing
        verdict = worst(result.verdict for result in results)
        ours = [result.detail for result in results if result.verdict.owner is Owner.OURS]
        return Judgement(
            verdict=verdict,
            reason=ours[0] if ours else "",
            cases=tuple(results),
            format=self.suite.format,
            usage=total_usage(self.usages),
            enforced=self.enforced,
            retries=self.retries,
            suspicions=tuple(sorted(self.suspicions)),
        )

    def _case_results(self) -> Iterator[CaseResult]:
        if self.suite.tests is not None:
            return self._try_tests(self.suite.tests)
        return self._try_stdin_cases() if self.suite.uses_stdin else self._try_call_cases()

    # --- stdin --------------------------------------------------------------------------------------------------------------

    def _try_stdin_cases(self) -> Iterator[CaseResult]:
        """One process a case."""
        cases = [case for case in self.suite.cases if isinstance(case, StdioCase)]
        for number, case in enumerate(cases):
            if self._is_out_of_time():
                yield from [_OUT_OF_TIME] * (len(cases) - number)
                return
            run = self._run_job(self._job(stdin=case.stdin.encode("utf-8", "surrogatepass")))
            if run.cause is Cause.FINISHED and not run.failure:
                yield _compared(case.check, run.stdout.decode("utf-8", "replace"))
                continue
            result = result_without_answer(run)
            yield result
            if result.verdict is Verdict.COMPILE_ERROR:
                yield from [result] * (len(cases) - number - 1)
                return

    # --- calls --------------------------------------------------------------------------------------------------------------

    def _try_call_cases(self) -> Iterator[CaseResult]:
        """All cases in one process; where it dies in a case, the next cases get a fresh one."""
        cases = [case for case in self.suite.cases if isinstance(case, CallCase)]
        done = 0
        while done < len(cases):
            if self._is_out_of_time():
                yield from [_OUT_OF_TIME] * (len(cases) - done)
                return
            # The suite's own tuple of calls is encoded once for all candidates, so a first run uses it as it is.
            calls = tuple(call for case in cases[done:] for call in case.calls) if done else self.suite.calls
            run = self._run_job(self._job(calls=calls))
            for result in self._answered_cases(cases[done:], run):
                yield result
                done += 1
            if done == len(cases) or self._is_out_of_time():
                continue
            unanswered = result_without_answer(run)
            self.runs_cut_short += 1
            dies_everywhere = not run.loaded or self.runs_cut_short >= MAX_RUNS_CUT_SHORT
            if dies_everywhere and unanswered.verdict.owner is not Owner.OURS:
                yield from [unanswered] * (len(cases) - done)
                return
            yield unanswered
            done += 1

    def _answered_cases(self, cases: Sequence[CallCase], run: Run) -> Iterator[CaseResult]:
        """The results of those cases all of whose calls were answered, as long as there is time to compare."""
        answers = iter(run.answers)
        for case in cases:
            own = [answer for _, answer in zip(case.calls, answers, strict=False)]
            if len(own) < len(case.calls):
                return
            result = _result_of_calls(case, own)
            if result.verdict is Verdict.WRONG_ANSWER and any(_holds_own_object(answer.value) for answer in own):
                self.returned_own_objects = True
            yield result
            if self._is_out_of_time():
                return

    # --- tests --------------------------------------------------------------------------------------------------------------

    def _try_tests(self, tests: CodeTests) -> Iterator[CaseResult]:
        """All tests in one process; where the program dies in a test, the next tests get a fresh one."""
        done = counted = passed = answers = 0
        while True:
            run = self._run_job(self._job(tests=tests, skip=done))
            report = run.tests
            if VERDICT_OF_CAUSE[run.cause].owner is Owner.OURS or report is None:
                yield CaseResult(verdict=Verdict.INTERNAL_ERROR, detail=run.detail)
                return
            answers += report.answers_received
            unanswered = result_without_answer(run)
            for test in report.results:
                if test.outcome != "skipped":
                    counted += 1
                    passed += test.outcome == "passed"
                    yield result_of_test(test, unanswered)
            done += len(report.results)
            self.runs_cut_short += 1
            unrun = max(report.count - done, 0)
            if report.ended and not report.outcome and not unrun:
                break
            if not report.ended or report.outcome in ("label", "unavailable", "ours", "raised", "missing", "exited"):
                yield from [result_of_unrun_tests(run, report, unanswered)] * max(unrun, 1)
                return
            # The tests that are left had no process to ask: the program's had ended, or the test session was interrupted.
            if not report.results or not run.loaded or self._is_out_of_time() or self.runs_cut_short >= MAX_RUNS_CUT_SHORT:
                yield from [_OUT_OF_TIME if run.loaded and self._is_out_of_time() else unanswered] * (unrun if report.count else 1)
                return
            if not unrun:
                break
        if counted and counted == passed and not answers:
            raise LabelError(
                f"{self.suite.format}: the label's tests ask the program nothing, so that every program would pass them"
            )
        if not counted:
            raise LabelError(f"{self.suite.format}: all {done} tests of the label are skipped; a pass needs at least one that ran")

    # --- jobs and time ------------------------------------------------------------------------------------------------------

    def _job(self, **inputs: object) -> Job:
        return Job(
            source=self.candidate.source,
            preamble=self.preamble,
            limits=self.limits,
            total_seconds=max(self.seconds_left, 0.001),
            entropy=self.rules.entropy,
            **inputs,  # type: ignore[arg-type]  # stdin, calls, or tests and skip
        )

    def _run_job(self, job: Job) -> Run:
        run = self.run(job, self.deadline)
        self.suspicions |= suspicion.signs_in_run(job, run)
        self.usages.append(run.usage)
        self.retries += run.retries
        self.enforced = run.enforced
        self.seconds_left -= max(run.usage.effective_wall_seconds, run.usage.cpu_seconds)
        if VERDICT_OF_CAUSE[run.cause] is Verdict.TIME_LIMIT:
            # The suite is a timeout or a crash by now. All remaining cases get one more time limit together instead of one
            # each: an endless loop costs two limits, however many cases there are.
            self.seconds_left = 0.0 if self.timed_out else min(self.seconds_left, self.limits.cpu_seconds)
            self.timed_out = True
        return run

    def _is_out_of_time(self) -> bool:
        return self.seconds_left <= 0.0 or time.thread_time() - self.started > HOST_SECONDS


_OUT_OF_TIME = CaseResult(
    verdict=Verdict.TIME_LIMIT,
    detail="suite: the cases before, or comparing what they answered, had used the time of the whole suite",
)


def _holds_own_object(value: object, depth: int = 3) -> bool:
    """Whether *value* is, or holds within the first levels, an object that has not crossed as a plain value."""
    if isinstance(value, Opaque | Iterated | Array):
        return True
    if depth and isinstance(value, list | tuple | dict | set | frozenset):
        items = itertools.islice(value.values() if isinstance(value, dict) else value, 1000)
        return any(_holds_own_object(item, depth - 1) for item in items)
    return False


def _result_of_calls(case: CallCase, answers: Sequence[Answer]) -> CaseResult:
    for answer in answers:
        if answer.kind is AnswerKind.RAISED:
            return result_of_exception(answer.error)
        if answer.kind is AnswerKind.EXITED:
            return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"exit:{answer.error}")
        if answer.kind is AnswerKind.UNSENDABLE:
            return CaseResult(verdict=Verdict.WRONG_ANSWER, detail="unsendable", answered=True, difference=answer.error)
    return _compared(case.check, tuple(answer.value for answer in answers))


def _compared(check: Callable[[Any], Comparison], answer: object) -> CaseResult:
    try:
        comparison = check(answer)
    except (LabelError, WorkerError):
        raise
    except Exception as error:  # the candidate chose the value: what breaks the check is a wrong answer, and no fault of ours
        comparison = Comparison(ok=False, difference=f"the answer cannot be compared: {type(error).__name__}")
    verdict = Verdict.ACCEPTED if comparison.ok else Verdict.WRONG_ANSWER
    return CaseResult(verdict=verdict, answered=True, difference=comparison.difference)

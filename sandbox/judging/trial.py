"""One candidate before one suite: its jobs are run, what they answer is compared, and every case gets its verdict.

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
from sandbox.judging.languages.python import preamble_for
from sandbox.judging.response.candidate import Candidate
from sandbox.judging.rules import Rules, RunJob
from sandbox.words.errors import LabelError, WorkerError
from sandbox.words.job import Answer, AnswerKind, CodeTests, Job, Run, Usage
from sandbox.words.judgement import CaseResult, Judgement, result_of_test, result_of_unrun_tests, result_without_answer, total_usage
from sandbox.words.layers import Enforced
from sandbox.words.suite import CallCase, Comparison, StdioCase, Suite
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Owner, Verdict, worst

__all__ = ["Trial"]

HOST_SECONDS = 10.0
"""CPU time that judging one sample may take on the host; comparing hostile answers is the candidate's cost too."""
MAX_DEATHS = 20
"""A candidate that died in this many calls is taken to die in all the others."""


class Trial:
    """One candidate before one suite."""

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
        self.left = self.limits.suite_seconds
        """Effective seconds that the cases still to come may use together."""
        self.preamble = suite.preamble
        if suite.standard_preamble:
            self.preamble = preamble_for(candidate.source) + suite.preamble
        self.timed_out = False
        self.deaths = 0
        self.met_objects = False
        """An answer that did not compare equal was, or held, an object of the program's own."""
        self.started = time.thread_time()

    def judgement(self) -> Judgement:
        """Try every case, and say what became of the suite. Asked once.

        Raises:
            LabelError, WorkerError: the label cannot be judged, or nobody could run it.
        """
        results: list[CaseResult] = []
        if self.suite.tests is not None:
            trial = self._tested(self.suite.tests)
        else:
            trial = self._stdio() if self.suite.uses_stdin else self._calls()
        for result in trial:
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

    def _ask(self, job: Job) -> Run:
        run = self.run(job, self.deadline)
        self.suspicions |= suspicion.signs_in_run(job, run)
        self.usages.append(run.usage)
        self.retries += run.retries
        self.enforced = run.enforced
        self.left -= max(run.usage.effective_wall_seconds, run.usage.cpu_seconds)
        if VERDICT_OF_CAUSE[run.cause] is Verdict.TIME_LIMIT:
            # The outcome is a timeout now, or a crash. The others are worth one more time limit total_usage, not one each:
            # an endless loop costs two limits, however many cases there are.
            self.left = 0.0 if self.timed_out else min(self.left, self.limits.cpu_seconds)
            self.timed_out = True
        return run

    def _is_spent(self) -> bool:
        return self.left <= 0.0 or time.thread_time() - self.started > HOST_SECONDS

    def _job(self, **what: object) -> Job:
        return Job(
            source=self.candidate.source,
            preamble=self.preamble,
            limits=self.limits,
            total_seconds=max(self.left, 0.001),
            entropy=self.rules.entropy,
            **what,  # type: ignore[arg-type]  # stdin or calls
        )

    def _stdio(self) -> Iterator[CaseResult]:
        cases = [case for case in self.suite.cases if isinstance(case, StdioCase)]
        for number, case in enumerate(cases):
            if self._is_spent():
                yield from [_OUT_OF_TIME] * (len(cases) - number)
                return
            run = self._ask(self._job(stdin=case.stdin.encode("utf-8", "surrogatepass")))
            if run.cause is not Cause.FINISHED or run.failure:
                result = result_without_answer(run)
                yield result
                if result.verdict is Verdict.COMPILE_ERROR:
                    yield from [result] * (len(cases) - number - 1)
                    return
                continue
            yield _checked(case.check, run.stdout.decode("utf-8", "replace"))

    def _calls(self) -> Iterator[CaseResult]:
        """All cases in one process; where it dies in the middle, the cases behind that go on in a fresh one."""
        cases = [case for case in self.suite.cases if isinstance(case, CallCase)]
        done = 0
        while done < len(cases):
            if self._is_spent():
                yield from [_OUT_OF_TIME] * (len(cases) - done)
                return
            calls = tuple(call for case in cases[done:] for call in case.calls) if done else self.suite.calls
            run = self._ask(self._job(calls=calls))
            answers = iter(run.answers)
            for case in cases[done:]:
                said = [answer for _, answer in zip(case.calls, answers, strict=False)]
                if len(said) < len(case.calls):
                    break
                result = _compared(case, said)
                self.met_objects = self.met_objects or (
                    result.verdict is Verdict.WRONG_ANSWER and any(_holds_object(answer.value) for answer in said)
                )
                yield result
                done += 1
                if self._is_spent():
                    break
            else:
                return
            if self._is_spent():
                continue
            result = result_without_answer(run)
            self.deaths += 1
            alike = not run.loaded or self.deaths >= MAX_DEATHS
            if alike and result.verdict.owner is not Owner.OURS:  # it would not load, or not live, in another process either
                yield from [result] * (len(cases) - done)
                return
            yield result
            done += 1

    def _tested(self, tests: CodeTests) -> Iterator[CaseResult]:
        """All tests in one process; where the program dies in the middle, the tests behind that go on with a fresh one."""
        done = counted = passed = answers = 0
        while True:
            run = self._ask(self._job(tests=tests, skip=done))
            told = run.tests
            answers += told.answers_received if told else 0
            if VERDICT_OF_CAUSE[run.cause].owner is Owner.OURS or told is None:
                yield CaseResult(verdict=Verdict.INTERNAL_ERROR, detail=run.detail)
                return
            over = result_without_answer(run)
            for test in told.results:
                if test.outcome != "skipped":
                    counted += 1
                    passed += test.outcome == "passed"
                    yield result_of_test(test, over)
            done += len(told.results)
            self.deaths += 1
            left = max(told.count - done, 0)
            if told.ended and not told.outcome and not left:
                break
            if not told.ended or told.outcome in ("label", "ours", "raised", "missing", "exited"):
                yield from [result_of_unrun_tests(run, told, over)] * max(left, 1)
                return
            # What is left has had no process to ask: the program ended, or the session of tests was interrupted.
            if not told.results or not run.loaded or self._is_spent() or self.deaths >= MAX_DEATHS:
                yield from [_OUT_OF_TIME if run.loaded and self._is_spent() else over] * (left if told.count else 1)
                return
            if not left:
                break
        if counted and counted == passed and not answers:
            raise LabelError(
                f"{self.suite.format}: the label's tests ask the program nothing, so that every program would pass them"
            )
        if not counted:
            raise LabelError(f"{self.suite.format}: all {done} tests of the label are skipped; a pass needs at least one that ran")


_OUT_OF_TIME = CaseResult(
    verdict=Verdict.TIME_LIMIT,
    detail="suite: the cases before, or comparing what they answered, had used the time of the whole suite",
)


def _holds_object(value: object, depth: int = 3) -> bool:
    """Whether *value* is an object of the program's own, or what only a Python side can look at; as far as is worth looking."""
    if isinstance(value, Opaque | Iterated | Array):
        return True
    if depth and isinstance(value, list | tuple | dict | set | frozenset):
        items = itertools.islice(value.values() if isinstance(value, dict) else value, 1000)
        return any(_holds_object(item, depth - 1) for item in items)
    return False


def _compared(case: CallCase, said: Sequence[Answer]) -> CaseResult:
    for answer in said:
        if answer.kind is AnswerKind.RAISED:
            out_of_memory = answer.error.startswith("MemoryError")
            verdict = Verdict.MEMORY_LIMIT if out_of_memory else Verdict.RUNTIME_ERROR
            return CaseResult(verdict=verdict, detail=f"exception:{answer.error}", answered=not out_of_memory)
        if answer.kind is AnswerKind.EXITED:
            return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"exit:{answer.error}")
        if answer.kind is AnswerKind.UNSENDABLE:
            return CaseResult(verdict=Verdict.WRONG_ANSWER, detail="unsendable", answered=True, difference=answer.error)
    return _checked(case.check, tuple(answer.value for answer in said))


def _checked(check: Callable[[Any], Comparison], said: object) -> CaseResult:
    try:
        match = check(said)
    except (LabelError, WorkerError):
        raise
    except Exception as error:  # the candidate chose the value, so it cannot gain a fault of ours by it
        match = Comparison(ok=False, difference=f"the answer cannot be compared: {type(error).__name__}")
    verdict = Verdict.ACCEPTED if match.ok else Verdict.WRONG_ANSWER
    return CaseResult(verdict=verdict, answered=True, difference=match.difference)

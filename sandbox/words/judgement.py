"""The judgement of a sample: one result a case, and how the end of a run or of a test becomes a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sandbox.words.details import in_words
from sandbox.words.errors import LabelError, WorkerError
from sandbox.words.job import CodeTestResult, CodeTestsRun, Run, Usage
from sandbox.words.layers import Enforced
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Verdict

__all__ = [
    "CaseResult",
    "Judgement",
    "result_of_exception",
    "result_of_test",
    "result_of_unrun_tests",
    "result_without_answer",
    "total_usage",
]


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """What became of one test case."""

    verdict: Verdict
    detail: str = ""
    """Finer than the verdict: `signal:SIGSEGV`, `exit:3`, `load:NameError: ...`."""
    answered: bool = False
    """The candidate gave an answer to this case: a value, or an exception inside the called function."""
    difference: str = ""
    """Where the answer differs from what the label expects (bounded). It holds expected values: not for the model's eyes."""
    name: str = ""
    """The test's name, where the tests are code."""
    delegated: int = 0
    """Comparisons of two of the program's own objects, which the program itself has made: its `__eq__` was under test."""

    @property
    def said(self) -> str:
        """What was found, in words."""
        return ": ".join(part for part in (in_words(self.detail), self.difference) if part)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a sample."""

    verdict: Verdict
    reason: str = ""
    """Why there is no code, what is wrong with the label, or what failed on our side."""
    cases: tuple[CaseResult, ...] = ()
    format: str = ""
    usage: Usage = field(default_factory=Usage)
    enforced: tuple[Enforced, ...] = field(default=(), repr=False)
    retries: int = 0
    suspicions: tuple[str, ...] = ()
    """Names of `suspicion.SIGNS` that were found, sorted. No verdict depends on them."""
    reused: bool = False
    """Taken over from an equal sample: the same program and the same label."""

    @property
    def delegated(self) -> int:
        """Comparisons that the program itself has made, in all cases."""
        return sum(case.delegated for case in self.cases)

    @property
    def first_failure(self) -> str:
        """Name, detail and difference of the first case that is not accepted (bounded); it may hold expected values.

        Where there is no code, no case was tried: the reason says more than the first one's name.
        """
        if self.verdict is Verdict.NO_CODE:
            return self.reason
        for number, case in enumerate(self.cases, 1):
            if case.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED):
                return ": ".join(part for part in (case.name or f"case {number}", case.said) if part)
        return ""

    @property
    def pass_rate(self) -> float:
        """Accepted cases of all cases, skipped ones included; 0.0 where there are none."""
        return sum(case.verdict is Verdict.ACCEPTED for case in self.cases) / len(self.cases) if self.cases else 0.0


def result_without_answer(run: Run) -> CaseResult:
    """The result of a case that got no answer, by how the run ended."""
    if run.failure and run.cause in (Cause.FINISHED, Cause.EXITED):
        if run.failure.startswith("compile:"):
            return CaseResult(verdict=Verdict.COMPILE_ERROR, detail=run.failure)
        if run.failure.startswith("load:MemoryError"):
            return CaseResult(verdict=Verdict.MEMORY_LIMIT, detail=run.failure)
        return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=run.failure)
    detail = run.detail
    if run.tests and run.cause is Cause.FINISHED:
        detail = f"{detail}: it ended itself" if detail == "exit:0" else "protocol: it broke off the line to its tests"
    return CaseResult(verdict=VERDICT_OF_CAUSE[run.cause], detail=detail)


def result_of_exception(error: str) -> CaseResult:
    """The result of a case in which the called function raised; *error* is the exception's type and message."""
    out_of_memory = error.startswith("MemoryError")
    verdict = Verdict.MEMORY_LIMIT if out_of_memory else Verdict.RUNTIME_ERROR
    return CaseResult(verdict=verdict, detail=f"exception:{error}", answered=not out_of_memory)


def result_of_test(test: CodeTestResult, unanswered: CaseResult) -> CaseResult:
    """One test's outcome as a result; *unanswered* is the result where the program's process gave no answer."""
    if test.outcome == "passed":
        return CaseResult(verdict=Verdict.ACCEPTED, answered=True, name=test.name, delegated=test.delegated)
    if test.outcome == "label":
        raise LabelError(f"the test {test.name} is broken: {test.message}")
    if test.outcome == "gone":
        return replace(unanswered, name=test.name, delegated=test.delegated)
    if test.outcome == "exited":
        return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"exit:{test.message}", name=test.name)
    if test.outcome == "missing":  # as for a call case whose function the program does not define
        return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"load:{test.message}", name=test.name)
    if test.outcome == "raised":
        return replace(result_of_exception(test.message), name=test.name, delegated=test.delegated)
    return CaseResult(
        verdict=Verdict.WRONG_ANSWER, answered=True, difference=test.message, name=test.name, delegated=test.delegated
    )


def result_of_unrun_tests(run: Run, report: CodeTestsRun, unanswered: CaseResult) -> CaseResult:
    """The result of tests that were not run, because the test session failed to start or broke off.

    Raises:
        LabelError: the label is broken.
        WorkerError: the fault is ours.
    """
    if report.outcome == "label":
        raise LabelError(f"the label's tests are broken: {report.message}")
    if report.outcome in ("unavailable", "ours"):
        raise WorkerError(report.message)
    if report.outcome in ("raised", "exited"):
        return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"exception:{report.message}", answered=report.outcome == "raised")
    if report.outcome == "missing":
        return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"load:{report.message}")
    if run.failure or not run.loaded:
        return unanswered
    if VERDICT_OF_CAUSE[report.cause] is Verdict.TIME_LIMIT and not report.was_asked:
        raise LabelError(f"the label's tests do not come to an end ({report.cause.value}), and had asked the program nothing")
    if VERDICT_OF_CAUSE[report.cause] is Verdict.TIME_LIMIT:
        # The tests loop over the program's answers (an endless generator). In a single process the time would be the program's, too.
        return CaseResult(verdict=Verdict.TIME_LIMIT, detail=f"tests:{report.cause.value}")
    if report.cause is Cause.LOST:  # it could not be started: the program had left no room for another process
        return unanswered
    if report.cause is Cause.SIGNALED:
        return CaseResult(verdict=Verdict.RUNTIME_ERROR, detail="tests:signaled")
    raise LabelError("the label's tests ended their own process before they had come to their end")


def total_usage(usages: Sequence[Usage]) -> Usage:
    """The usage of several runs, one after another: times are added, peaks are not."""
    return Usage(
        cpu_user_seconds=sum(usage.cpu_user_seconds for usage in usages),
        cpu_system_seconds=sum(usage.cpu_system_seconds for usage in usages),
        wall_seconds=sum(usage.wall_seconds for usage in usages),
        effective_wall_seconds=sum(usage.effective_wall_seconds for usage in usages),
        peak_memory_bytes=max((usage.peak_memory_bytes for usage in usages), default=0),
        peak_memory_method=usages[-1].peak_memory_method if usages else "none",
        processes=max((usage.processes for usage in usages), default=0),
        output_bytes=sum(usage.output_bytes for usage in usages),
    )

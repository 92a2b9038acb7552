"""Encodes jobs for workers and decodes their reports: the same for every kind of worker."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from typing import Any

from sandbox.guest import values, wire
from sandbox.words.errors import LabelError
from sandbox.words.job import Answer, AnswerKind, Call, CodeTestResult, CodeTests, CodeTestsRun, Job, Run, Usage
from sandbox.words.layers import Enforced
from sandbox.words.verdict import Cause

__all__ = ["decode_report", "encode_job"]

DECODING_SECONDS = 3.0
"""CPU time that reading the answers of one run may take on the host."""
MAX_ERROR = 2000
TESTER_SECONDS = 20.0
"""CPU time that the tests themselves may take, or four times that of a case if it is more."""
_MANY = 1 << 20
"""In the place of the number of slots, where the number of tests is not known."""

_CAUSES = tuple(Cause(word) for word in wire.CAUSES)

_ANSWER_KINDS = {
    wire.KIND_RETURNED: AnswerKind.RETURNED,
    wire.KIND_RAISED: AnswerKind.RAISED,
    wire.KIND_EXITED: AnswerKind.EXITED,
    wire.KIND_UNSENDABLE: AnswerKind.UNSENDABLE,
}


def encode_job(job: Job, deadline: float) -> tuple[wire.Order, bytes, bytes]:
    """The order, the candidate's payload and the tests of *job*, which has until *deadline* (seconds of `time.monotonic`).

    Raises:
        LabelError: the arguments of a call cannot cross.
    """
    limits = job.limits
    calls = job.calls
    payload = wire.Payload(job.entropy, job.source, job.preamble, _encoded_calls(calls), _serving(job.tests), job.stdin).pack()
    tests = _encoded_tests(job) if job.tests else b""
    slots = _MANY if tests else 1 + len(calls)
    hard = max(0.001, min(limits.hard_seconds * slots, deadline - time.monotonic()))
    order = wire.Order(
        cpu_ns=_ns(limits.cpu_seconds),
        wall_ns=_ns(limits.wall),
        total_ns=_ns(job.total_seconds or limits.suite_seconds),
        hard_ns=_ns(hard),
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
        file_bytes=limits.file_bytes,
        processes=limits.processes,
        open_files=limits.open_files,
        slots=slots,
        payload_bytes=len(payload),
        tests_bytes=len(tests),
        tester_ns=_ns(min(limits.suite_seconds, max(TESTER_SECONDS, 4 * limits.cpu_seconds))),
        framework=wire.FRAMEWORKS.index(job.tests.framework) if job.tests else 0,
    )
    return order, payload, tests


_MOST_ENCODED = 64
_encoded: dict[int, tuple[tuple[Call, ...], str]] = {}
"""Calls and their encoding, by identity: all samples of one prompt have the same calls. Reading and writing a key is atomic."""


def _encoded_calls(calls: tuple[Call, ...]) -> str:
    if not calls:
        return ""
    known = _encoded.get(id(calls))
    if known is not None and known[0] is calls:
        return known[1]
    try:
        text = values.encode([[call.function, call.expression, list(call.args), call.kwargs] for call in calls], exact=True)
    except values.Unsendable as error:
        raise LabelError(f"the arguments of a call do not cross to the candidate: {error}") from None
    if len(text) < 1 << 16:
        if len(_encoded) >= _MOST_ENCODED:
            _encoded.clear()
        _encoded[id(calls)] = calls, text
    return text


def decode_report(
    job: Job,
    report: wire.Report,
    stdout: bytes,
    stderr: bytes,
    answers: bytes,
    results: bytes,
    enforced: tuple[Enforced, ...],
    peak_method: str,
) -> Run:
    """A report and its sections as a run; *peak_method* says how its memory was measured.

    Raises:
        LabelError: the label's imports fail.
    """
    if _CAUSES[report.cause] is Cause.SETUP and stderr.startswith(b"LabelFault: "):
        raise LabelError(f"the label's imports fail: {stderr.decode('utf-8', 'replace').removeprefix('LabelFault: ')}")
    run = _run(report, stdout, stderr, answers, len(job.calls), enforced, peak_method)
    return replace(run, tests=_tests_run(report, results)) if job.tests else run


def _run(
    report: wire.Report,
    stdout: bytes,
    stderr: bytes,
    answers: bytes,
    calls: int,
    enforced: tuple[Enforced, ...],
    peak_method: str,
) -> Run:
    """A report as a run. The bytes of *answers* are hostile: what cannot be decoded was not answered."""
    failure = ""
    decoded: list[Answer] = []
    loaded = False
    started = time.thread_time()
    try:
        for kind, body in wire.frames(answers):
            if kind in (wire.KIND_UNCOMPILED, wire.KIND_ERROR):
                phase = "compile" if kind == wire.KIND_UNCOMPILED else "load"
                name, message = values.decode(body)
                failure = f"{phase}:{str(name)[:80]}: {str(message)[:MAX_ERROR]}".rstrip(": ")
                break
            if kind == wire.KIND_LOADED:
                loaded = True
            elif len(decoded) == calls:
                break
            elif time.thread_time() - started > DECODING_SECONDS:
                decoded.append(Answer(kind=AnswerKind.UNSENDABLE, error="the answers before took too long to read"))
            else:
                decoded.append(_answer(_ANSWER_KINDS[kind], body))
    except (wire.WireError, TypeError, ValueError):
        failure = failure or "load:WireError: the answers cannot be read"
    cause = _CAUSES[report.cause]
    detail = cause.value
    if cause is Cause.SIGNALED:
        detail = f"signal:{_signal_name(-report.status)}"
    elif cause in (Cause.FINISHED, Cause.EXITED):
        detail = f"exit:{report.status}"
    elif cause is Cause.SETUP:
        detail = f"setup:{stderr.decode('utf-8', 'replace')}"
    wall = report.wall_ns / 1e9
    usage = Usage(
        cpu_user_seconds=report.cpu_user_ns / 1e9,
        cpu_system_seconds=report.cpu_system_ns / 1e9,
        wall_seconds=wall,
        effective_wall_seconds=wall - report.delay_ns / 1e9,
        peak_memory_bytes=report.peak_bytes,
        peak_memory_method=peak_method,
        processes=report.processes,
        output_bytes=report.output_bytes,
    )
    return Run(
        cause=cause,
        detail=detail,
        failure=failure,
        loaded=loaded,
        answers=tuple(decoded),
        stdout=stdout,
        stderr=stderr,
        usage=usage,
        enforced=enforced,
    )


def _serving(tests: CodeTests | None) -> str:
    """What the candidate of a job with tests is told: files and names that the label lets it know, nothing of the tests."""
    if tests is None:
        return ""
    settings = {
        "file": tests.program_file,
        "files": [[name, _content(content)] for name, content in tests.visible],
        "modules": list(tests.modules),
        "shared": list(tests.structures),
        "asked": [name for name in (tests.entry, *tests.program_names) if name.isidentifier()],
    }
    return json.dumps(settings)


def _encoded_tests(job: Job) -> bytes:
    """The tests, as their tester reads them."""
    tests = job.tests
    assert tests is not None
    settings = {
        "framework": tests.framework,
        "setup": tests.setup,
        "cases": list(tests.cases),
        "shared": tests.shared,
        "structures": list(tests.structures),
        "entry": tests.entry,
        "alias": tests.alias,
        "asked": list(tests.program_names),
        "files": [[name, _content(content)] for name, content in (*tests.visible, *tests.files)],
        "paths": list(tests.paths),
        "modules": list(tests.modules),
        "skip": job.skip,
        "entropy": job.entropy,
    }
    return json.dumps(settings).encode("ascii")


def _content(content: str | bytes) -> str | list[str]:
    """A file's content in JSON: a text as it is, bytes in hexadecimal in a list."""
    return content if isinstance(content, str) else [content.hex()]


def _tests_run(report: wire.Report, results: bytes) -> CodeTestsRun:
    """The results that the tester wrote. What cannot be decoded is our fault, for no candidate writes there."""
    found: list[CodeTestResult] = []
    end: dict[str, Any] | None = None
    was_asked = before = False
    try:
        for kind, body in wire.frames(results, wire.RESULT_KINDS):
            record = json.loads(body)
            if kind == wire.KIND_TESTS_ENDED:
                end = record
                break
            if record["outcome"] == "asking":
                before, was_asked = was_asked, True
                continue
            if record["outcome"] == "unasked":  # the name gave a function or a class, which is no answer yet
                was_asked = before
                continue
            if record["outcome"] not in wire.OUTCOMES:
                raise ValueError(f"no test ends as {record['outcome']!r}")
            found.append(
                CodeTestResult(
                    name=record["name"], outcome=record["outcome"], message=record["message"], delegated=record["delegated"]
                )
            )
    except (wire.WireError, ValueError, KeyError, TypeError) as error:
        end = {"count": 0, "outcome": "ours", "message": f"the results cannot be read: {error}"}
    return CodeTestsRun(
        results=tuple(found),
        ended=end is not None,
        count=end["count"] if end else 0,
        outcome=end["outcome"] if end else "",
        message=end["message"] if end else "",
        answers_received=end.get("told", 0) if end else 0,
        was_asked=was_asked,
        cause=_CAUSES[report.tester_cause],
        cpu_seconds=report.tester_cpu_ns / 1e9,
    )


def _answer(kind: AnswerKind, body: bytes) -> Answer:
    try:
        value = values.decode(body)
    except wire.WireError as error:
        return Answer(kind=AnswerKind.UNSENDABLE, error=str(error))
    if kind is AnswerKind.RETURNED:
        return Answer(kind=kind, value=value)
    return Answer(kind=kind, error=value[:MAX_ERROR] if isinstance(value, str) else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)

"""What a model is told about its program between two turns: the verdict, the first visible test that fails, the end of its traceback.

Everything here comes from visible tests. What the program wrote is in it too, so it is bounded, and the special tokens of chat
templates are broken up: tokenizers read them in any text, and a program must not end its own turn or speak as the system.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.api import Sandbox, Score
from sandbox.judging.checkers.values import bounded_repr
from sandbox.judging.languages.python import full_preamble
from sandbox.judging.response.candidate import Candidate
from sandbox.judging.response.special_tokens import SPECIAL_TOKEN
from sandbox.words.errors import SandboxError
from sandbox.words.job import AnswerKind, Call, Job
from sandbox.words.judgement import CaseResult
from sandbox.words.shorten import shorten
from sandbox.words.suite import CallCase, StdioCase, Suite
from sandbox.words.verdict import Verdict

__all__ = ["INVALID_PYTHON", "NO_PROGRAM", "break_special_tokens", "feedback_on", "why_uncompiled"]

MAX_QUESTION = 400
MAX_TRACEBACK = 1500
MAX_LINES = 16

_WORDS = {
    Verdict.WRONG_ANSWER: "the answer is wrong",
    Verdict.TIME_LIMIT: "it takes too long",
    Verdict.MEMORY_LIMIT: "it takes too much memory",
    Verdict.OUTPUT_LIMIT: "it writes too much",
    Verdict.RUNTIME_ERROR: "it fails",
    Verdict.COMPILE_ERROR: "it is no valid Python",
    Verdict.VIOLATION: "it does what programs may not do here",
}

NO_PROGRAM = "There is no program in your answer"
INVALID_PYTHON = "Your program is no valid Python"
_SPECIAL = re.compile(SPECIAL_TOKEN)


def break_special_tokens(text: str) -> str:
    """*text* in which no special token of a chat template is one any more: `< |im_end|>`."""
    while True:  # what is broken up may leave another behind it
        broken = _SPECIAL.sub(lambda token: f"{token[0][0]} {token[0][1:]}" if len(token[0]) > 1 else "", text)
        if broken == text:
            return text
        text = broken


def feedback_on(score: Score, suite: Suite, program: Candidate | None, box: Sandbox) -> str:
    """What to tell of a *program* that visible tests, *suite*, did not accept. Runs it once more where it raised, for the traceback.

    Raises:
        ConfigurationError: workers cannot be started, or the sandbox is closed.
    """
    judgement = score.judgement
    if judgement.verdict is Verdict.NO_CODE or program is None:
        return break_special_tokens(f"{NO_PROGRAM}: {judgement.reason}." if judgement.reason else f"{NO_PROGRAM}.")
    cases = judgement.cases
    passed = sum(case.verdict is Verdict.ACCEPTED for case in cases)
    number, failed = next(
        ((number, case) for number, case in enumerate(cases) if case.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED)),
        (0, CaseResult(verdict=judgement.verdict)),
    )
    if failed.verdict is Verdict.COMPILE_ERROR:
        return break_special_tokens(f"{INVALID_PYTHON}: {_tail(failed.detail.removeprefix('compile:'))}")
    lines = [f"Your program passes {passed} of {len(cases)} visible tests. The first that it fails:"]
    question = _question(suite, number) or failed.name
    if question:
        lines.append(question)
    said = failed.difference or re.sub(r"^(?:exception|load|signal):", "", failed.detail)
    lines.append(f"{_WORDS.get(failed.verdict, 'it fails')}{': ' if said else ''}{_tail(said)}")
    if failed.verdict is Verdict.RUNTIME_ERROR:
        lines.append(_tail(_traceback(suite, number, program, box)))
    return break_special_tokens("\n".join(line for line in lines if line))


def _tail(text: str) -> str:
    """The end of a text, where a traceback says what happened."""
    lines = text.rstrip().split("\n")[-MAX_LINES:]
    short = "\n".join(lines)
    return short if len(short) <= MAX_TRACEBACK else f"…{short[-MAX_TRACEBACK:]}"


def _question(suite: Suite, number: int) -> str:
    case = suite.cases[number] if number < len(suite.cases) else None
    if isinstance(case, StdioCase):
        return f"standard input:\n{shorten(case.stdin.rstrip(), MAX_QUESTION)}"
    if isinstance(case, CallCase):
        return shorten("; ".join(map(_written, case.calls)), MAX_QUESTION)
    if suite.reference is not None and number < len(suite.reference.calls):
        return shorten(_written(suite.reference.calls[number]), MAX_QUESTION)
    return ""


def _written(call: Call) -> str:
    if call.expression:
        return call.expression
    arguments = [*map(bounded_repr, call.args), *(f"{name}={bounded_repr(value)}" for name, value in call.kwargs.items())]
    return f"{call.function}({', '.join(arguments)})"


_ASK = """

def _sandbox_asks(name, expression, args, kwargs):
    import traceback
    try:
        if expression:
            eval(expression, globals())
        else:
            (globals()[name] if name in globals() else getattr(globals()["Solution"](), name))(*args, **kwargs)
    except BaseException as error:
        trace = error.__traceback__.tb_next
        return "".join(traceback.format_exception(type(error), error, trace))
    return ""
"""
"""Appended to the program. A program may forge what this answers, but only the model that wrote the program is shown it."""


def _traceback(suite: Suite, number: int, program: Candidate, box: Sandbox) -> str:
    """How the program failed a visible test, in its own words, from a run of its own; "" where it does not say."""
    preamble = full_preamble(suite, program.source)
    case = suite.cases[number] if number < len(suite.cases) else None
    limits = box.rules.for_suite(suite)
    try:
        if isinstance(case, StdioCase):
            stdin = case.stdin.encode("utf-8", "surrogatepass")
            run = box.run_job(Job(source=program.source, preamble=preamble, stdin=stdin, limits=limits))
            return run.stderr[-4 * MAX_TRACEBACK :].decode("utf-8", "replace")
        calls = case.calls if isinstance(case, CallCase) else suite.reference.calls[number:][:1] if suite.reference else ()
        asked = tuple(_asking(call) for call in calls)
        if not asked:
            return ""
        run = box.run_job(Job(source=program.source + _ASK, preamble=preamble, calls=asked, limits=limits))
        if not run.answers:
            return run.stderr[-4 * MAX_TRACEBACK :].decode("utf-8", "replace")
        said = [answer.value for answer in run.answers if answer.kind is AnswerKind.RETURNED]
        return next((value for value in said if isinstance(value, str) and value), "")
    except SandboxError:
        return ""  # it explains a verdict that is there already


def _asking(call: Call) -> Call:
    arguments: tuple[Any, ...] = (call.function, call.expression, list(call.args), call.kwargs)
    return Call(function="_sandbox_asks", args=arguments)


_COMPILES = """\
import sys
try:
    compile(sys.stdin.read(), "main.py", "exec")
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


def why_uncompiled(program: Candidate, box: Sandbox) -> str:
    """Why *program* is no valid Python, "" if it is, or if nobody can say. It is not run.

    Raises:
        ConfigurationError: workers cannot be started, or the sandbox is closed.
    """
    run = box.run(_COMPILES, stdin=program.source)
    return break_special_tokens(f"{INVALID_PYTHON}: {_tail(run.stdout.decode('utf-8', 'replace'))}") if run.stdout else ""

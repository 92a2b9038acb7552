"""A job is what is asked of a worker; a run is what was observed.

No candidate ever sees an expected value: where a job has tests, which are code, they go to a process of their own, after
the candidate was forked.

Times are seconds, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sandbox.words.errors import ConfigurationError
from sandbox.words.layers import Enforced
from sandbox.words.limits import Limits
from sandbox.words.verdict import Cause

__all__ = ["Answer", "AnswerKind", "Call", "CodeTestResult", "CodeTests", "CodeTestsRun", "Job", "Run", "Usage"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a candidate's code: call *function* with these arguments, or evaluate *expression* in its module.

    *function* is a name of the module, or else a method of its class `Solution` (a fresh instance each call).
    """

    function: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    expression: str = ""

    def __post_init__(self) -> None:
        if bool(self.function) == bool(self.expression):
            raise ConfigurationError("a call names either a function or an expression")


@dataclass(frozen=True, kw_only=True)
class CodeTests:
    """Tests that are code. A tester runs them; the program under test is a module that they import, or names that they use.

    The framework is one of

    - statements: *setup*, then each text of *cases* in the same namespace; each is a test;
    - unittest: *setup* is a module of test cases;
    - pytest: *files*, of which *paths* are collected.
    """

    framework: str = "statements"
    setup: str = ""
    cases: tuple[str, ...] = ()
    shared: str = ""
    """Code that runs on both sides: the classes that a label gives to program and tests alike."""
    structures: tuple[str, ...] = ()
    """Classes of *shared* whose instances cross by value: list nodes, tree nodes."""
    entry: str = ""
    """Name or expression of what the tests call *alias*."""
    alias: str = "candidate"
    program_names: tuple[str, ...] = ()
    """Names that are the program's even where a builtin or a library has the same."""
    files: tuple[tuple[str, str | bytes], ...] = ()
    paths: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("solution",)
    """Names under which the tests import the program."""
    visible: tuple[tuple[str, str | bytes], ...] = ()
    """Files that the program may see, in its folder."""
    program_file: str = "main.py"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One program and its inputs.

    With *calls*, the program is loaded as a module (its `if __name__ == "__main__"` part does not run) and asked one
    question after another in one process. With *tests*, it is loaded as a module that a tester asks. With neither, it is a
    script that reads *stdin* and writes standard output.
    """

    source: str
    calls: tuple[Call, ...] = ()
    stdin: bytes = b""
    tests: CodeTests | None = None
    skip: int = 0
    """How many tests at the beginning are decided already."""
    preamble: str = ""
    """Code that runs in the module before the program: imports that APPS- and LeetCode-style programs expect."""
    limits: Limits = field(default_factory=Limits)
    total_seconds: float | None = None
    """Effective time of all calls together; None means the limits' `suite_seconds`."""
    entropy: bool = False
    """False: random generators are seeded from the job's content, so the same sample gets the same verdict."""


class AnswerKind(str, Enum):
    """How one call ended."""

    RETURNED = "returned"
    RAISED = "raised"
    EXITED = "exited"
    """The call raised SystemExit."""
    UNSENDABLE = "unsendable"
    """It returned a value that does not cross the wall: the reason is in *error*."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from one call; *value* is built of exact builtin types only."""

    kind: AnswerKind
    value: Any = None
    error: str = ""
    """Exception type and message, or why the value cannot cross; bounded."""


@dataclass(frozen=True, kw_only=True)
class CodeTestResult:
    """A tester's report of one test."""

    name: str
    outcome: str
    """passed, failed, raised (the program did), missing (it lacks what the test asks for), exited (it did), gone (its process ended), skipped (by the label), label (it is
    broken) or ours."""
    message: str = ""
    """The exception, bounded. It may hold expected values: not for the model's eyes."""
    delegated: int = 0
    """Comparisons of two of the program's own objects, made by the program's `__eq__`."""


@dataclass(frozen=True, kw_only=True)
class CodeTestsRun:
    """A tester's report of all tests, and how the tester ended."""

    results: tuple[CodeTestResult, ...] = ()
    ended: bool = False
    """The tester ran to its end. Otherwise results are missing."""
    count: int = 0
    """The number of all tests, skipped ones included."""
    outcome: str = ""
    """Why tests have no results: gone, missing (the program does not define what they import), raised, exited, label, unavailable (the
    interpreter or the machine lacks what they need) or ours."""
    message: str = ""
    was_asked: bool = False
    """The test that did not end had already asked the program something."""
    answers_received: int = 0
    """How many answers of the program the tests received; without one, nothing can be passed."""
    cause: Cause = Cause.FINISHED
    """How the tester's process ended."""
    cpu_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a job used, all its processes together."""

    cpu_user_seconds: float = 0.0
    cpu_system_seconds: float = 0.0
    wall_seconds: float = 0.0
    effective_wall_seconds: float = 0.0
    """Wall time without the time spent waiting for a processor."""
    peak_memory_bytes: int = 0
    peak_memory_method: str = "none"
    processes: int = 1
    """The most processes and threads seen at the same time (sampled)."""
    output_bytes: int = 0

    @property
    def cpu_seconds(self) -> float:
        """User plus system time."""
        return self.cpu_user_seconds + self.cpu_system_seconds


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a worker observed of one job."""

    cause: Cause
    detail: str = ""
    """Finer than the cause: `signal:SIGSEGV`, `exit:3`."""
    failure: str = ""
    """Why the program did not compile or load: `compile:SyntaxError: ...` or `load:NameError: ...`."""
    loaded: bool = False
    """The program was loaded and its calls began (the candidate's own claim)."""
    answers: tuple[Answer, ...] = ()
    """In the order of the job's calls; shorter where the program ended early."""
    tests: CodeTestsRun | None = None
    """Only for a job with tests."""
    stdout: bytes = b""
    stderr: bytes = b""
    usage: Usage = field(default_factory=Usage)
    enforced: tuple[Enforced, ...] = field(default=(), repr=False)
    retries: int = 0

    @property
    def is_our_fault(self) -> bool:
        """The worker, or its tester, failed at its own work: whatever the reason is, it may still be there for the next job."""
        return self.cause is Cause.SETUP or (self.tests is not None and self.tests.outcome == "ours")

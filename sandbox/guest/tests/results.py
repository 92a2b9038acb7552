"""The results file: one frame for each test and one at the end, and the rules by which an exception in a test has an owner.

Only testers have the file, never a candidate.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ..bridge.exceptions import raised_by_program
from ..bridge.peer import Gone, Peer
from ..bridge.proxies import CannotDerive
from ..program.answers import FrameFile
from ..wire import KIND_TEST, KIND_TESTS_ENDED, Progress
from .fault_of_program import check_was_skipped, is_storage_failure, is_unbound, is_use_of_program
from .program_module import Lookups

__all__ = ["Results", "safe_str"]

MAX_MESSAGE = 2000
MAX_NAME = 300
_BREAKS = (NameError, ImportError, SyntaxError)
"""What a broken test raises: it is the label's fault, if the program was not asked anything in that test."""
_NOW = 1 << 62
"""A CPU clock in the future, instead of which the zygote takes its own."""


class Results:
    """Writes the outcomes of tests, one after another."""

    def __init__(self, fd: int, peer: Peer) -> None:
        self._file = FrameFile(fd)
        self.peer = peer
        self.begun = 0
        self.lookups = Lookups()
        self.program_influenced = False
        """Before the first test, the program had given answers or lacked a name: whether a test is skipped may depend on that."""
        peer.on_question = self._note_question
        self.texts: dict[str, str] = {}
        """The texts of the tests, by the names of their files."""
        peer.on_swallowed = self._note_swallowed
        self.has_failed = False
        """An earlier test has not passed, or was not run in this process."""
        self._name = ""
        self._failure_before: BaseException | None = None
        """A failure that the tests did not get to see while they were read: none of them can pass."""
        self._asked = 0
        self._delegated = 0

    def begin(self, name: str) -> None:
        """A test begins, and with it its time limit."""
        if not self.begun:
            self.program_influenced = bool(self.peer.answered or self.lookups.missing)
            self._failure_before = self.peer.deferred_failure
            self.peer.has_printed = False  # no test has seen that
        self.begun += 1
        self.lookups.missing.clear()
        self.peer.test_has_asked = False
        self.peer.callback_failure = None
        self.peer.label_error = None
        self.peer.deferred_failure = self.peer.deferred_failure or self._failure_before
        self._name = name
        self._asked = self.peer.asked
        self._delegated = self.peer.delegated
        os.pwrite(self._file.fd, Progress(self.begun, _NOW, time.monotonic_ns()).pack(), 0)

    def _note_question(self, is_asking: bool) -> None:
        """Mark that the program has a part in the test: a timeout from here on is its fault, for its answers may make the test slow."""
        self._write(KIND_TEST, {"name": self._name[:MAX_NAME], "outcome": "asking" if is_asking else "unasked"})

    def _note_swallowed(self, error: BaseException) -> None:
        if check_was_skipped(error, lambda name: self.texts.get(name, "")):
            self.peer.deferred_failure = self.peer.deferred_failure or error

    @property
    def asked(self) -> int:
        """How many questions the program was asked since the test began."""
        return self.peer.asked - self._asked

    def passed(self) -> None:
        """The test has come to its end without an exception: it has passed, unless a failure was kept from it."""
        if self.peer.gone:
            self._end("gone", "the program ended in it")
        elif self.peer.callback_failure is not None:
            self.failed(self.peer.callback_failure, " (in a callback, and the program has swallowed it)")
        elif self.peer.deferred_failure is not None:
            self.failed(self.peer.deferred_failure, " (and nothing that came after it counts)")
        elif self.peer.label_error is not None:  # the test expected a TypeError: no program could fail it
            self._end("label", str(self.peer.label_error))
        else:
            self._end("passed", "")

    def skipped(self, message: str, by_label: bool) -> None:
        """The test was skipped. If the program may have caused that, it is a failure: else it could avoid being tested."""
        self._end("skipped" if by_label and not self.asked and not self.lookups.missing else "failed", f"skipped: {message}")

    def failed(self, error: BaseException, note: str = "") -> str:
        """The test ended with *error*; the outcome."""
        outcome, message = self.classify(error)
        if outcome == "label" and self.has_failed and self.peer.label_error is None:
            outcome = "failed"  # it may lack what an earlier test should have prepared
        self.has_failed = True
        self._end(outcome, f"{message}{note}")
        return outcome

    def stopped(self, outcome: str, message: str) -> None:
        """The test ended in another way."""
        self._end(outcome, message)

    def classify(self, error: BaseException) -> tuple[str, str]:
        """(outcome, message) for an exception: the outcome says whose fault it is."""
        try:
            return self._classified(error)
        except BaseException:  # only an object of a program can raise when it is looked at
            if not self.peer.asked:
                raise
            return "raised", "an exception that cannot be looked at"

    def _classified(self, error: BaseException) -> tuple[str, str]:
        chain = _chain(error)
        message = f"{type(error).__name__}: {safe_str(error)}"
        if self.peer.gone or any(isinstance(link, Gone) for link in chain):
            return "gone", f"the program has ended ({self.peer.why})"
        if any(isinstance(link, CannotDerive) for link in chain):
            return "label", message
        if isinstance(error, SystemExit) and raised_by_program(error):
            return "exited", safe_str(error.code)[:100]
        if raised_by_program(error):
            return "raised", message
        lacking = [name for name in self.lookups.missing if any(name in safe_str(link) for link in chain)]
        if lacking and any(isinstance(link, (ImportError, AttributeError, NameError)) for link in chain):
            return "missing", f"the program defines no {', '.join(sorted(lacking))[:200]}; {message}"
        if isinstance(error, NameError) and any(f"'{name}'" in safe_str(error) for name in self.lookups.not_star_imported):
            return "missing", f"the program defines no such name; {message}"
        if any(map(raised_by_program, chain)):
            return "raised", message
        if isinstance(error, _BREAKS) and not self.asked and not (self.peer.answered and is_unbound(error, self.texts.values())):
            return "label", message
        return "failed", message

    def outcome_of_setup(self, outcome: str, error: BaseException | None = None) -> str:
        """The outcome of an exception before the first test: "label", unless the program raised it or may have caused it."""
        if outcome in ("gone", "raised", "missing", "exited"):
            return outcome
        if error is not None and any(isinstance(link, CannotDerive) for link in _chain(error)):
            return "label"
        return "raised" if self.peer.answered or (error is not None and self.is_fault_of_program(error)) else "label"

    def is_fault_of_program(self, error: BaseException) -> bool:
        """Whether the program is at fault for an exception of a test or its set-up, although it had not been asked anything."""
        # An unknown name and a syntax error are the label's, whatever else the line uses.
        return is_storage_failure(error) or (not isinstance(error, _BREAKS) and is_use_of_program(error))

    def end(self, count: int, outcome: str = "", message: str = "") -> None:
        """The last test is over. There are *count* tests, those skipped included; *outcome* says why some have no result."""
        answers = self.peer.answered + self.peer.has_printed
        record = {"count": count, "outcome": outcome, "message": message[:MAX_MESSAGE], "told": answers}
        self._write(KIND_TESTS_ENDED, record)

    def _end(self, outcome: str, message: str) -> None:
        record = {
            "name": self._name[:MAX_NAME],
            "outcome": outcome,
            "message": message[:MAX_MESSAGE],
            "asked": self.asked,
            "delegated": self.peer.delegated - self._delegated,
        }
        self.peer.deferred_failure = None  # what happens from here on, in the set-up of a class, belongs to the next test
        self._write(KIND_TEST, record)

    def _write(self, kind: int, record: dict[str, Any]) -> None:
        self._file.write(kind, json.dumps(record))


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 20 and all(link is not seen for seen in chain):
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def safe_str(value: Any) -> str:
    """`str(value)`, if that can be had: the value is an exception, or whatever a program has put into one."""
    try:
        return str(value)[:MAX_MESSAGE]
    except BaseException:
        return "(it cannot be shown)"

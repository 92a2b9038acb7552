"""Runs the tests of a label with unittest, inside a tester, and writes down what becomes of each."""

from __future__ import annotations

import importlib
import sys
import types
import unittest
from typing import Any

from ..bridge.peer import Gone
from .results import Results

__all__ = ["run_unittest", "warm_up"]


def warm_up() -> bool:
    """Load what unittest needs, once for all testers of a worker; whether that can be."""
    importlib.import_module("unittest.mock")
    return True


class _Result(unittest.TestResult):
    """Writes outcomes to the results file. A test with sub-tests passes if all of them do."""

    def __init__(self, results: Results) -> None:
        super().__init__()
        self.results = results
        self.open = False
        self.started: set[str] = set()
        self.class_error: BaseException | None = None
        self.class_skip = ""
        self.skip_by_label = False
        self.asked = 0
        """How many questions the program had been asked when the previous test ended."""

    # ruff: noqa: N802, ARG002 - the names and arguments are those of unittest's own methods

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.results.begin(test.id())
        self.started.add(test.id())
        self.open = True

    def _close(self) -> bool:
        was_open, self.open = self.open, False
        return was_open

    def _failed(self, error: Any) -> None:
        if isinstance(error, BaseException) and self._close() and self.results.failed(error) == "gone":
            self.stop()

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        if self.open:
            self._failed(err[1])
        else:  # setUpClass, setUpModule: its tests are not started
            self.class_error = err[1]

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._failed(err[1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._failed(err[1])

    def addSkip(self, test: Any, reason: str) -> None:
        if not self.open:  # setUpClass, setUpModule
            results = self.results
            program_influenced = results.program_influenced or (not results.begun and bool(results.peer.answered))
            self.class_skip = reason
            self.skip_by_label = not program_influenced and not results.lookups.missing and results.peer.asked == self.asked
        elif type(test).__name__ != "_SubTest" and self._close():
            self.results.skipped(reason, by_label=not self.results.program_influenced)

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self.asked = self.results.peer.asked

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        if self._close():
            self.results.stopped("skipped", "an expected failure")

    def addUnexpectedSuccess(self, test: Any) -> None:
        if self._close():
            self.results.stopped("failed", "an unexpected success")

    def addSuccess(self, test: Any) -> None:
        if self._close():
            self.results.passed()
            if self.results.peer.gone:
                self.stop()


def run_unittest(namespace: dict[str, Any], skip: int, results: Results) -> None:
    """Run the test cases of a namespace, in the order in which they are defined, but for the first *skip*."""
    suite = unittest.TestSuite()
    module = types.ModuleType("tests")
    module.__dict__.update(namespace)
    sys.modules["tests"] = module
    loader = unittest.defaultTestLoader
    for value in list(namespace.values()):
        if type(value) is type and issubclass(value, unittest.TestCase) and value is not unittest.TestCase:
            suite.addTests(loader.loadTestsFromTestCase(value))
    tests: list[Any] = list(suite)
    if not tests:
        results.end(0, "label", "there is no test in it")
        return
    result = _Result(results)
    error: BaseException | None = None
    try:
        unittest.TestSuite(tests[skip:]).run(result)
    except BaseException as caught:  # KeyboardInterrupt passes through unittest
        error = caught
        if result.open:
            results.failed(caught)
    if not results.peer.gone and error is None:
        for test in tests[skip:]:  # a setUpClass that failed or skipped has taken these along
            if test.id() not in result.started:
                results.begin(test.id())
                if result.class_error is not None:
                    results.failed(result.class_error)
                else:
                    results.skipped(result.class_skip or "it was not run", by_label=result.skip_by_label)
    results.end(len(tests), "gone" if results.peer.gone or isinstance(error, Gone) else "")

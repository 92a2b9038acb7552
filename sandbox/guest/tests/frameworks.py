"""unittest and pytest, run inside a tester. The only file of the guest that uses a library: pytest, where the label is written for it.

The candidate's side has no part in either: no plugin is loaded by itself, no conftest but the label's is there, and the folder that
pytest sees holds the label's files only.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pathlib
import sys
import types
import unittest
from typing import Any, Callable, Sequence

from ..bridge.operations import run_awaitable
from ..bridge.peer import Gone, Peer
from ..bridge.surroundings import Surroundings
from ..program.files import content_of
from .program_module import Finder
from .results import Results, shown

__all__ = ["follower", "prepare_session", "run_pytest", "run_unittest", "session_options", "warm_up"]

UNUSED_PLUGINS = (
    "cacheprovider doctest faulthandler junitxml pastebin setuponly setupplan stepwise threadexception unraisableexception".split()
)
"""What no label needs: caches, other reports, and collections of garbage that cost more than most tests."""


def warm_up(framework: str) -> bool:
    """Load what a framework needs, once for all testers of a worker. False where pytest is missing: the tester will say so."""
    for name in ("unittest.mock",):
        importlib.import_module(name)
    if framework == "pytest":
        try:
            config = importlib.import_module("_pytest.config")
        except ImportError:
            return False
        for name in config.default_plugins:
            importlib.import_module(f"_pytest.{name}")
    return True


def prepare_session() -> None:
    """Do, in the zygote, the third of a session of pytest that is the same whatever the tests are.

    Raises:
        Exception: this version of pytest has not what is used here, for it promises nothing of it.
    """
    config: Any = importlib.import_module("_pytest.config")
    fixtures: Any = importlib.import_module("_pytest.fixtures")
    if hasattr(fixtures.FixtureManager, "_check_for_wrapped_fixture"):
        # It looks at everything that plugins define, only to warn of decorators.
        fixtures.FixtureManager._check_for_wrapped_fixture = lambda *_: None
    original = config.get_config
    prepared = original(session_options("/", "/", ()))

    def get_config(args: Sequence[str] = (), plugins: Any = None, **_: Any) -> Any:
        config.get_config = original
        prepared.invocation_params = config.Config.InvocationParams(args=args, plugins=plugins, dir=pathlib.Path.cwd())
        return prepared

    config.get_config = get_config


# --- unittest ------------------------------------------------------------------------------------------------------------


class _Result(unittest.TestResult):
    """Tells the results file; a test with sub-tests passes if all of them do."""

    def __init__(self, results: Results) -> None:
        super().__init__()
        self.results = results
        self.open = False
        self.started: set[str] = set()
        self.class_error: BaseException | None = None
        self.class_skip = ""
        self.skip_by_label = False
        self.asked = 0
        """Questions that the program was asked until the test before had ended."""

    # ruff: noqa: N802, ARG002 - the names and arguments are those of the frameworks' own hooks

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
            had_say = results.had_say or (not results.begun and bool(results.peer.told))
            self.class_skip = reason
            self.skip_by_label = not had_say and not results.lookups.missing and results.peer.asked == self.asked
        elif type(test).__name__ != "_SubTest" and self._close():
            self.results.skipped(reason, by_label=not self.results.had_say)

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
    """Run the test cases that a namespace holds, in the order in which they are defined."""
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
        for test in tests[skip:]:  # those that a class's own set-up took along
            if test.id() not in result.started:
                results.begin(test.id())
                if result.class_error is not None:
                    results.failed(result.class_error)
                else:
                    results.skipped(result.class_skip or "it was not run", by_label=result.skip_by_label)
    results.end(len(tests), "gone" if results.peer.gone or isinstance(error, Gone) else "")


# --- pytest --------------------------------------------------------------------------------------------------------------


def run_pytest(tests: dict[str, Any], peer: Peer, results: Results, shared: str) -> None:
    """Run the label's files, which are written into the present folder, with pytest."""
    try:
        import pytest
    except ImportError:
        results.end(0, "ours", f"pytest is not installed for {sys.executable}, and the label's tests need it: pip install pytest")
        return
    texts = {}
    for name, text in tests["files"]:
        path = os.path.normpath(name)
        if path.startswith(("/", "..")):
            results.end(0, "label", f"a file of the label lies outside of its folder: {name}")
            return
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(content_of(text))
        if path.endswith(".py") and isinstance(text, str):
            texts[os.path.abspath(path)] = text
    results.texts = texts
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["HOME"] = shared
    sys.dont_write_bytecode = True
    root = os.getcwd()
    sys.meta_path.insert(0, Finder(tests["modules"], peer, results.lookups, list(texts.values())))
    sys.path.insert(0, root)
    surroundings = Surroundings(peer)
    surroundings.follow_patches(root)
    peer.before_asking = surroundings.carry
    plugin = follower(pytest, tests["skip"], results, peer)
    try:
        pytest.main([*session_options(root, shared, [name for name, _ in tests["files"]]), *tests["paths"]], plugins=[plugin])
    except BaseException as error:
        outcome, message = results.classify(error)
        results.end(0, results.owner_of_start(outcome, error), message)
        return
    plugin.end()


def session_options(root: str, shared: str, files: Sequence[str]) -> list[str]:
    """For a session over *files* in the folder *root*, which may write to *shared*."""
    options = ["-q", "--no-header", "--tb=no"]
    for name in UNUSED_PLUGINS:
        options += ["-p", f"no:{name}"]
    options += [f"--rootdir={root}", f"--confcutdir={root}", f"--basetemp={shared}/tmp", "-W", "ignore"]
    if not any(name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", ".pytest.ini") for name in files):
        options += ["-c", os.devnull]
    return options


def follower(pytest: Any, skip: int, results: Results, peer: Peer) -> Any:
    """A plugin that tells *results* what becomes of every test but the first *skip*."""
    wrapper: Callable[[Any], Any] = pytest.hookimpl(wrapper=True)
    first: Callable[[Any], Any] = pytest.hookimpl(tryfirst=True)

    class Plugin:
        """Follows pytest's own account of every test."""

        def __init__(self) -> None:
            self.count = 0
            self.trouble: BaseException | None = None
            self.open = False
            self.error: BaseException | None = None
            self.skip_reason: str | None = None
            self.expected_failure = self.in_setup = False
            self.skip_by_label = False
            self.began = self.ran = False

        def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
            if not isinstance(node, pytest.Item) and self.trouble is None:
                self.trouble = call.excinfo.value

        def pytest_collection_modifyitems(self, items: list[Any]) -> None:
            self.count = len(items)
            del items[:skip]

        @wrapper
        def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
            results.begin(item.nodeid)
            self.began = True
            self.open, self.error, self.skip_reason, self.ran = True, None, None, False
            self.expected_failure = self.in_setup = False
            done = yield
            self.close(item)
            return done

        @wrapper
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
            report = yield
            # Whatever other hooks made of it: an exception is a failure unless it is a skip or an expected failure.
            if hasattr(report, "wasxfail"):
                said = call.excinfo is not None and isinstance(call.excinfo.value, pytest.xfail.Exception)
                if said and results.asked:
                    self.error = call.excinfo.value
                else:
                    self.expected_failure = True
            elif call.excinfo is not None and isinstance(call.excinfo.value, pytest.skip.Exception):
                reason = shown(call.excinfo.value)
                # A mark without a condition is the label's; any other may hang on what the program has said while it was read.
                is_mark = any(True for _ in item.iter_markers("skip")) and not reason.startswith("got empty parameter set")
                self.skip_reason, self.skip_by_label = reason, is_mark or not results.had_say
            elif call.excinfo is not None:
                self.error = self.error or call.excinfo.value
                self.in_setup = call.when == "setup"
            elif report.failed:
                self.error = self.error or AssertionError(shown(report.longrepr)[:500])
            if call.when == "call":
                self.ran = report.passed
            return report

        def pytest_runtest_logreport(self, report: Any) -> None:
            # Failed sub-tests come as reports of their own, with no exception of the test itself.
            if report.failed and self.open and self.error is None:
                self.error = AssertionError(shown(getattr(report, "longreprtext", "") or "a sub-test failed")[:500])

        def close(self, item: Any) -> None:
            self.open = False
            if self.expected_failure:
                results.stopped("skipped", "an expected failure")
            elif self.error is not None:
                is_programs = (
                    results.classify(self.error)[0] in ("raised", "missing", "exited", "gone")
                    or results.is_programs(self.error)
                    or results.unlucky
                )
                if (
                    self.in_setup and not results.asked and not results.had_say and not is_programs
                ):  # a fixture failed before the program was asked anything
                    missing = getattr(self.error, "argname", None)
                    what = f"there is no fixture {missing!r} (plugins are not loaded)" if missing else shown(self.error)[:500]
                    results.stopped("label", f"{item.name}: {what}")
                else:
                    results.failed(self.error)
            elif self.skip_reason is not None:
                results.skipped(self.skip_reason, self.skip_by_label)
            elif self.ran:
                results.passed()
            else:
                results.stopped("failed", "it did not run")
            if peer.gone:
                item.session.shouldstop = "the program has ended"

        @first
        def pytest_pyfunc_call(self, pyfuncitem: Any) -> Any:
            """`async def` tests run too, as with pytest-asyncio."""
            if not inspect.iscoroutinefunction(pyfuncitem.obj):
                return None
            arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
            run_awaitable(pyfuncitem.obj(**arguments))
            return True

        def pytest_configure(self, config: Any) -> None:
            config.addinivalue_line("markers", "asyncio: run on an event loop")

        def end(self) -> None:
            if self.open:  # KeyboardInterrupt and pytest.exit() end the session in the middle of a test
                results.stopped("failed", "the session was interrupted")
            if peer.gone:
                results.end(self.count, "gone")
            elif self.trouble is not None:
                outcome, message = results.classify(self.trouble)
                results.end(self.count, results.owner_of_start(outcome, self.trouble), message)
            elif not self.count and isinstance(
                peer.last_said, (SystemExit, KeyboardInterrupt)
            ):  # it ended the session while the tests were read
                results.end(0, *results.classify(peer.last_said))
            elif not self.count and results.lookups.missing:
                results.end(
                    0, "missing", f"the program defines no {', '.join(sorted(results.lookups.missing))[:200]}, and no test is left"
                )
            elif not self.count and peer.told:
                results.end(0, "raised", "no test is left after what the program has answered")
            elif not self.count:
                results.end(0, "label", "pytest finds no test in the label's files")
            elif not self.began and self.count > skip:
                results.end(self.count, results.owner_of_start("failed"), "pytest ended before the first test")
            else:
                results.end(self.count)

    return Plugin()

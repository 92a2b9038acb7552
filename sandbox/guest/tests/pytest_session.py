"""Runs the files of a label with pytest, inside a tester, and writes down what becomes of each test.

Nothing of the candidate's has a part in it: no plugin is loaded by itself, and the folder that pytest sees holds the label's files
only. This is the only file of the guest that uses a library.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pathlib
import sys
from typing import Any, Callable, Sequence

from ..bridge.operations import run_awaitable
from ..bridge.patches import Patches
from ..bridge.peer import Peer
from ..program.files import content_of
from .program_module import Finder
from .results import Results, safe_str

__all__ = ["make_plugin", "prepare_session", "run_pytest", "session_options", "warm_up"]

UNUSED_PLUGINS = (
    "cacheprovider doctest faulthandler junitxml pastebin setuponly setupplan stepwise threadexception unraisableexception".split()
)
"""What no label needs: caches, other reports, and garbage collections that take longer than most tests."""


def warm_up() -> bool:
    """Load pytest and its plugins, once for all testers of a worker. False where it is not installed: the tester will say so."""
    importlib.import_module("unittest.mock")
    try:
        config = importlib.import_module("_pytest.config")
    except ImportError:
        return False
    for name in config.default_plugins:
        importlib.import_module(f"_pytest.{name}")
    return True


def prepare_session() -> None:
    """Do in the zygote the part of a session that is the same whatever the tests are: about a third of it.

    Raises:
        Exception: this version of pytest lacks something that is used here and that pytest does not document.
    """
    config: Any = importlib.import_module("_pytest.config")
    fixtures: Any = importlib.import_module("_pytest.fixtures")
    if hasattr(fixtures.FixtureManager, "_check_for_wrapped_fixture"):
        # It looks at every name of every plugin, only to warn of wrong decorators.
        fixtures.FixtureManager._check_for_wrapped_fixture = lambda *_: None
    original = config.get_config
    prepared = original(session_options("/", "/", ()))

    def get_config(args: Sequence[str] = (), plugins: Any = None, **_: Any) -> Any:
        config.get_config = original
        prepared.invocation_params = config.Config.InvocationParams(args=args, plugins=plugins, dir=pathlib.Path.cwd())
        return prepared

    config.get_config = get_config


def run_pytest(tests: dict[str, Any], peer: Peer, results: Results, shared: str) -> None:
    """Write the label's files into the present folder, and run them with pytest; tests may write to *shared*, as the program does."""
    try:
        import pytest
    except ImportError:
        results.end(
            0, "unavailable", f"pytest is not installed for {sys.executable}, and the label's tests need it: pip install pytest"
        )
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
    patches = Patches(peer)
    patches.follow(root)
    peer.before_asking = patches.send_changes
    plugin = make_plugin(pytest, tests["skip"], results, peer)
    try:
        pytest.main([*session_options(root, shared, [name for name, _ in tests["files"]]), *tests["paths"]], plugins=[plugin])
    except BaseException as error:
        outcome, message = results.classify(error)
        results.end(0, results.outcome_of_setup(outcome, error), message)
        return
    plugin.end()


def session_options(root: str, shared: str, files: Sequence[str]) -> list[str]:
    """Command line options for a session over *files* in the folder *root*; `tmp_path` is made in *shared*."""
    options = ["-q", "--no-header", "--tb=no"]
    for name in UNUSED_PLUGINS:
        options += ["-p", f"no:{name}"]
    options += [f"--rootdir={root}", f"--confcutdir={root}", f"--basetemp={shared}/tmp", "-W", "ignore"]
    if not any(name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", ".pytest.ini") for name in files):
        options += ["-c", os.devnull]
    return options


def make_plugin(pytest: Any, skip: int, results: Results, peer: Peer) -> Any:
    """A plugin of pytest that writes to *results* what becomes of every test but the first *skip*."""
    wrapper: Callable[[Any], Any] = pytest.hookimpl(wrapper=True)
    first: Callable[[Any], Any] = pytest.hookimpl(tryfirst=True)

    # ruff: noqa: ARG002 - the arguments are those of pytest's hooks

    class Plugin:
        """Collects what pytest's hooks say of a test, and decides when it is over."""

        def __init__(self) -> None:
            self.count = 0
            self.collection_error: BaseException | None = None
            self.open = False
            self.error: BaseException | None = None
            self.skip_reason: str | None = None
            self.expected_failure = self.in_setup = False
            self.skip_by_label = False
            self.began = self.ran = False

        def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
            if not isinstance(node, pytest.Item) and self.collection_error is None:
                self.collection_error = call.excinfo.value

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
            # An exception is a failure unless it is a skip or an expected failure, whatever other hooks have made of the report.
            if hasattr(report, "wasxfail"):
                is_called = call.excinfo is not None and isinstance(call.excinfo.value, pytest.xfail.Exception)
                if is_called and results.asked:
                    self.error = call.excinfo.value
                else:
                    self.expected_failure = True
            elif call.excinfo is not None and isinstance(call.excinfo.value, pytest.skip.Exception):
                reason = safe_str(call.excinfo.value)
                # A mark without a condition is the label's. Any other may depend on what the program answered while the file was read.
                is_mark = any(True for _ in item.iter_markers("skip")) and not reason.startswith("got empty parameter set")
                self.skip_reason, self.skip_by_label = reason, is_mark or not results.program_influenced
            elif call.excinfo is not None:
                self.error = self.error or call.excinfo.value
                self.in_setup = call.when == "setup"
            elif report.failed:
                self.error = self.error or AssertionError(safe_str(report.longrepr)[:500])
            if call.when == "call":
                self.ran = report.passed
            return report

        def pytest_runtest_logreport(self, report: Any) -> None:
            # Failed sub-tests have reports of their own, and the test itself has no exception.
            if report.failed and self.open and self.error is None:
                self.error = AssertionError(safe_str(getattr(report, "longreprtext", "") or "a sub-test failed")[:500])

        def close(self, item: Any) -> None:
            self.open = False
            if self.expected_failure:
                results.stopped("skipped", "an expected failure")
            elif self.error is not None:
                is_fault_of_program = (
                    results.classify(self.error)[0] in ("raised", "missing", "exited", "gone")
                    or results.is_fault_of_program(self.error)
                    or results.has_failed
                )
                # A fixture that fails before the program was asked anything is the label's.
                if self.in_setup and not results.asked and not results.program_influenced and not is_fault_of_program:
                    missing = getattr(self.error, "argname", None)
                    what = f"there is no fixture {missing!r} (plugins are not loaded)" if missing else safe_str(self.error)[:500]
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
            elif self.collection_error is not None:
                outcome, message = results.classify(self.collection_error)
                results.end(self.count, results.outcome_of_setup(outcome, self.collection_error), message)
            elif not self.count and isinstance(peer.last_raised, (SystemExit, KeyboardInterrupt)):  # while the tests were read
                results.end(0, *results.classify(peer.last_raised))
            elif not self.count and results.lookups.missing:
                results.end(
                    0, "missing", f"the program defines no {', '.join(sorted(results.lookups.missing))[:200]}, and no test is left"
                )
            elif not self.count and peer.answered:
                results.end(0, "raised", "no test is left after what the program has answered")
            elif not self.count:
                results.end(0, "label", "pytest finds no test in the label's files")
            elif not self.began and self.count > skip:
                results.end(self.count, results.outcome_of_setup("failed"), "pytest ended before the first test")
            else:
                results.end(self.count)

    return Plugin()

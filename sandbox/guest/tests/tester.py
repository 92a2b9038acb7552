"""The tester's process: it runs the tests of a label, which call the candidate's process by RPC, and writes the results.

It gets the tests after the candidate was forked. Label code runs here and candidate code never does: what the candidate answers is
data.
"""

from __future__ import annotations

import builtins
import importlib
import json
import logging
import os
import random
import signal
import sys
import traceback
import warnings
from typing import Any, NoReturn

from ..bridge.exceptions import raised_by_program
from ..bridge.patches import Patches
from ..bridge.peer import Gone, Peer
from ..program import candidate
from ..program.answers import MAX_MESSAGE
from ..program.files import read_all
from ..walls import confine
from ..walls.landlock import Ruleset
from ..walls.workfolder import TESTS, WorkFolder
from ..wire import EXIT_CANDIDATE_GONE, Order
from .numpy_asserts import compares_arrays, refuse_empty
from .program_module import Finder, Namespace
from .results import Results

__all__ = ["is_own_module", "note_loaded_modules", "remove_tree", "run"]


def run(
    order: Order,
    tests_fd: int,
    results_fd: int,
    rpc_fd: int,
    setup_fd: int,
    confinement: confine.Confinement,
    ruleset: Ruleset,
    folder: WorkFolder,
) -> NoReturn:
    """Be the tester. Called right after the fork; never returns."""
    code = 1
    try:
        try:
            supervisor = os.getppid()
            os.dup2(results_fd, confine.ANSWERS_FD)
            os.dup2(rpc_fd, confine.RPC_FD)
            os.dup2(setup_fd, confine.SETUP_FD)
            data = read_all(tests_fd)
            tests = json.loads(data)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            random.seed(None if tests["entropy"] else candidate.seed_of(data))
            if tests["framework"] == "pytest":
                folder.show_hidden()
            confine.enter(
                order._replace(slots=1, cpu_ns=order.tester_ns, total_ns=order.tester_ns),
                confinement,
                ruleset,
                supervisor,
                confine.RPC_FD,
                is_visible=False,
            )
            peer = Peer(confine.RPC_FD, is_tester=True, max_bytes=order.output_bytes * 4 + (1 << 16), is_own_module=is_own_module)
            peer.is_own_source = is_own_source
            results = Results(confine.ANSWERS_FD, peer)
            results.lookups.function_names.update((tests["entry"], *(tests["asked"] if tests["framework"] == "unittest" else ())))
            peer.passes_stop_iteration = "StopIteration" in data.decode("ascii")
        except BaseException as error:
            os.pwrite(confine.SETUP_FD, f"tester: {type(error).__name__}: {error}".encode("utf-8", "replace")[:MAX_MESSAGE], 0)
            raise
        try:
            _run_tests(tests, peer, results, folder)
        except Exception as error:
            results.end(0, "ours", f"tester: {type(error).__name__}: {error}")
        code = EXIT_CANDIDATE_GONE if peer.gone else 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


_known: set[str] = set()
"""Modules that were loaded before there were any tests: no label has written them."""


def is_own_module(name: str) -> bool:
    """Whether a module belongs to the label: its own, or a library that only its tests have loaded."""
    return name == "tests" or (name not in _known and name.split(".", maxsplit=1)[0] not in _known)


def is_own_source(name: str) -> bool:
    """Whether the text of a module is in the label."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return name == "tests" or (_root != "" and type(file) is str and file.startswith(_root))


_root = ""
"""The folder of the tests' files, with a slash."""


def note_loaded_modules() -> None:
    """Note, in the zygote, what is loaded. Done in each tester, it would copy many pages of memory."""
    _known.update(sys.modules)


def _run_tests(tests: dict[str, Any], peer: Peer, results: Results, folder: WorkFolder) -> None:
    try:
        peer.wait("loaded")
    except Gone:
        results.end(0, "gone", "the program did not load")
        return
    peer.on_output = _replay_output
    if any(map(compares_arrays, (tests["setup"], *tests["cases"], *(text for _, text in tests["files"] if isinstance(text, str))))):
        refuse_empty()
    if tests["framework"] == "pytest":
        from . import pytest_session

        if not folder.hidden:
            results.end(
                0, "unavailable", "test files cannot be hidden from programs here: that needs Landlock (Linux 5.13, lsm=landlock)"
            )
            return
        os.chdir(folder.hidden)
        os.mkdir(TESTS, 0o700)
        os.chdir(TESTS)
        global _root
        _root = f"{os.getcwd()}/"
        try:
            pytest_session.run_pytest(tests, peer, results, folder.shared)
        finally:
            os.chdir("/")
            remove_tree(f"{folder.hidden}/{TESTS}")
        return
    os.chdir("/")
    patches = Patches(peer)
    if any("mock" in text for text in (tests["setup"], *tests["cases"])):
        importlib.import_module("unittest.mock")  # before `patches.follow`, which looks for it
    patches.follow()
    peer.before_asking = patches.send_changes
    results.texts = {f"<case {number}>": text for number, text in enumerate(tests["cases"], 1)}
    results.texts.update({"<tests>": tests["setup"], "<shared>": tests["shared"]})
    sys.meta_path.insert(0, Finder(tests["modules"], peer, results.lookups, [tests["setup"], *tests["cases"]]))
    names = Namespace(peer, results.lookups, tests["asked"])
    sys.modules["tests"] = module = type(sys)("tests")
    if _prepare(tests, names, peer, results):
        if tests["framework"] == "unittest":
            from . import unittest_session

            module.__dict__.update(names)
            unittest_session.run_unittest(names, tests["skip"], results)
        else:
            _run_statements(tests, names, results)


def _replay_output(output: list[Any]) -> None:
    """Print, warn and log here what the program has printed, warned and logged: capsys, patched streams and caplog look here."""
    for text, stream in zip(output, (sys.stdout, sys.stderr)):
        if text:
            stream.write(str(text))
    for kind, name, level, message in output[2] if len(output) > 2 else ():
        if kind == "warning":
            category = getattr(builtins, name, None)
            is_one = isinstance(category, type) and issubclass(category, Warning)
            warnings.warn(str(message), category if is_one else UserWarning, stacklevel=4)
        else:
            logger = logging.getLogger(str(name))
            if logger.isEnabledFor(int(level)):
                logger.handle(logger.makeRecord(str(name), int(level), "solution.py", 0, str(message), (), None))


def _prepare(tests: dict[str, Any], names: Namespace, peer: Peer, results: Results) -> bool:
    """Run what comes before the first test. False if that fails, and then the results say why."""
    try:
        if tests["shared"]:
            exec(compile(tests["shared"], "<shared>", "exec", dont_inherit=True), names)
            peer.structures = {name: names[name] for name in tests["structures"] if isinstance(names.get(name), type)}
        exec(compile(tests["setup"], "<tests>", "exec", dont_inherit=True), names)
        if tests["entry"]:
            before = peer.answered
            names[tests["alias"]] = _EntryPoint(tests["entry"], names).value()
            peer.answered = before  # that there is an object of `Solution` is no answer yet
    except BaseException as error:
        outcome, message = results.classify(error)
        results.end(0, results.outcome_of_setup(outcome, error), message)
        return False
    return True


class _EntryPoint:
    """What a check function calls the candidate: a function, a method of the class Solution, or an expression."""

    def __init__(self, expression: str, names: Namespace) -> None:
        self.expression = expression
        self.names = names

    def value(self) -> Any:
        if not self.expression.isidentifier():
            return eval(self.expression, self.names)
        missing = self.names.lookups.missing
        try:
            return self.names.of_program(self.expression)
        except KeyError:
            try:
                solution = self.names.of_program("Solution")
                found = getattr(solution(), self.expression)
            except (KeyError, AttributeError):
                missing.discard("Solution")
                raise NameError(f"the program defines no function {self.expression!r}") from None
        missing.discard(self.expression)
        return found


def _run_statements(tests: dict[str, Any], names: Namespace, results: Results) -> None:
    """Run one text after another in one namespace; each is a test."""
    cases = tests["cases"]
    for number, text in enumerate(cases):
        if number < tests["skip"]:
            results.has_failed = True
            continue  # it was run in another process, and what it put into the namespace is lost
        results.begin(f"case {number + 1}")
        try:
            exec(compile(text, f"<case {number + 1}>", "exec", dont_inherit=True), names)
        except BaseException as error:
            note = f" in {text.strip()}" if not raised_by_program(error) else ""
            outcome = results.failed(error, note)
            if outcome == "gone":
                results.end(len(cases), "gone")
                return
        else:
            results.passed()
            if results.peer.gone:
                results.end(len(cases), "gone")
                return
    results.end(len(cases))


def remove_tree(path: str) -> None:
    """Remove a folder of the tests' own files, and all that is in it."""
    for folder, folders, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            inner = os.path.join(folder, name)
            (os.unlink if os.path.islink(inner) else os.rmdir)(inner)
    os.rmdir(path)

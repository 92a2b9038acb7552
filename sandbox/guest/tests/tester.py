"""A tester's process: it gets the tests after the candidate was forked, asks the candidate through its end of the line, decides.

Label code runs here and candidate code never does. What the candidate answers is data, and only this process writes results.
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

from ..bridge.peer import Gone, Peer
from ..bridge.surroundings import Surroundings
from ..program import candidate
from ..program.answers import MAX_MESSAGE
from ..walls import confine
from ..walls.landlock import Ruleset
from ..walls.workfolder import TESTS, WorkFolder
from ..wire import EXIT_ALONE, Order
from .program_module import Finder, Names
from .results import Results, said_by_program
from .vacuous import compare_something, compares_arrays

__all__ = ["is_home", "know_modules", "remove_tree", "run"]


def run(
    order: Order,
    tests_fd: int,
    results_fd: int,
    line_fd: int,
    setup_fd: int,
    wall: confine.Confinement,
    domain: Ruleset,
    folder: WorkFolder,
) -> NoReturn:
    """Be the tester. Called right after the fork; never returns."""
    code = 1
    try:
        try:
            supervisor = os.getppid()
            os.dup2(results_fd, confine.ANSWERS_FD)
            os.dup2(line_fd, confine.LINE_FD)
            os.dup2(setup_fd, confine.SETUP_FD)
            data = _read_all(tests_fd)
            tests = json.loads(data)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            random.seed(None if tests["entropy"] else candidate.seed_of(data))
            confine.enter(
                order._replace(cases=1, cpu_ns=order.tester_ns, total_ns=order.tester_ns),
                wall,
                domain,
                supervisor,
                confine.LINE_FD,
                is_visible=False,
            )
            peer = Peer(confine.LINE_FD, judges=True, max_bytes=order.output_bytes * 4 + (1 << 16), is_home=is_home)
            peer.is_written = is_written
            results = Results(confine.ANSWERS_FD, peer)
            results.lookups.no_classes.update((tests["entry"], *(tests["asked"] if tests["framework"] == "unittest" else ())))
            peer.passes_stop_iteration = "StopIteration" in data.decode("ascii")
        except BaseException as error:
            os.pwrite(confine.SETUP_FD, f"tester: {type(error).__name__}: {error}".encode("utf-8", "replace")[:MAX_MESSAGE], 0)
            raise
        try:
            _test(tests, peer, results, folder)
        except Exception as error:
            results.end(0, "ours", f"tester: {type(error).__name__}: {error}")
        code = EXIT_ALONE if peer.gone else 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


_known: set[str] = set()
"""Modules that were loaded before there were any tests: no label wrote their classes."""


def is_home(name: str) -> bool:
    """Whether the classes of a module are the label's own."""
    return name == "tests" or (name not in _known and name.split(".", maxsplit=1)[0] not in _known)


def is_written(name: str) -> bool:
    """Whether the label holds the text of a module."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return name == "tests" or (_root != "" and type(file) is str and file.startswith(_root))


_root = ""
"""The folder of the tests' files, with a slash."""


def know_modules() -> None:
    """Note, in the zygote, what is loaded; in each tester it would touch, and so copy, much of its memory."""
    _known.update(sys.modules)


def _read_all(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _test(tests: dict[str, Any], peer: Peer, results: Results, folder: WorkFolder) -> None:
    try:
        peer.wait("loaded")
    except Gone:
        results.end(0, "gone", "the program did not load")
        return
    peer.on_output = _print
    if any(map(compares_arrays, (tests["setup"], *tests["cases"], *(text for _, text in tests["files"] if isinstance(text, str))))):
        compare_something()
    if tests["framework"] == "pytest":
        from . import frameworks

        if not folder.hidden:
            results.end(0, "ours", "test files cannot be hidden from programs here: that needs Landlock (Linux 5.13, lsm=landlock)")
            return
        os.chdir(folder.hidden)
        os.mkdir(TESTS, 0o700)
        os.chdir(TESTS)
        global _root
        _root = f"{os.getcwd()}/"
        try:
            frameworks.run_pytest(tests, peer, results, folder.shared)
        finally:
            os.chdir("/")
            remove_tree(f"{folder.hidden}/{TESTS}")
        return
    os.chdir("/")
    surroundings = Surroundings(peer)
    if any("mock" in text for text in (tests["setup"], *tests["cases"])):
        importlib.import_module("unittest.mock")  # before what it patches is followed
    surroundings.follow_patches()
    peer.before_asking = surroundings.carry
    results.texts = {f"<case {number}>": text for number, text in enumerate(tests["cases"], 1)}
    results.texts.update({"<tests>": tests["setup"], "<shared>": tests["shared"]})
    sys.meta_path.insert(0, Finder(tests["modules"], peer, results.lookups, [tests["setup"], *tests["cases"]]))
    names = Names(peer, results.lookups, tests["asked"])
    sys.modules["tests"] = module = type(sys)("tests")
    if _prepare(tests, names, peer, results):
        if tests["framework"] == "unittest":
            from . import frameworks

            module.__dict__.update(names)
            frameworks.run_unittest(names, tests["skip"], results)
        else:
            _run_statements(tests, names, results)


def _print(told: list[Any]) -> None:
    """What the program printed is printed here, where capsys and patched streams look for it; its warnings and logs are repeated."""
    for text, stream in zip(told, (sys.stdout, sys.stderr)):
        if text:
            stream.write(str(text))
    for kind, name, level, message in told[2] if len(told) > 2 else ():
        if kind == "warning":
            category = getattr(builtins, name, None)
            is_one = isinstance(category, type) and issubclass(category, Warning)
            warnings.warn(str(message), category if is_one else UserWarning, stacklevel=4)
        else:
            logger = logging.getLogger(str(name))
            if logger.isEnabledFor(int(level)):
                logger.handle(logger.makeRecord(str(name), int(level), "solution.py", 0, str(message), (), None))


def _prepare(tests: dict[str, Any], names: Names, peer: Peer, results: Results) -> bool:
    """Run what comes before the first test; False if it cannot be."""
    try:
        if tests["shared"]:
            exec(compile(tests["shared"], "<shared>", "exec", dont_inherit=True), names)
            peer.structures = {name: names[name] for name in tests["structures"] if isinstance(names.get(name), type)}
        exec(compile(tests["setup"], "<tests>", "exec", dont_inherit=True), names)
        if tests["entry"]:
            told = peer.told
            names[tests["alias"]] = _Entry(tests["entry"], names).value()
            peer.told = told  # an object of `Solution` is no answer yet
    except BaseException as error:
        outcome, message = results.classify(error)
        results.end(0, results.owner_of_start(outcome, error), message)
        return False
    return True


class _Entry:
    """What a check function calls the candidate: a function, a method of the class Solution, or an expression."""

    def __init__(self, expression: str, names: Names) -> None:
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


def _run_statements(tests: dict[str, Any], names: Names, results: Results) -> None:
    """One text after another in one namespace; each is a test."""
    cases = tests["cases"]
    for number, text in enumerate(cases):
        if number < tests["skip"]:
            results.unlucky = True
            continue  # decided in another process; what it left behind in the namespace went with that
        results.begin(f"case {number + 1}")
        try:
            exec(compile(text, f"<case {number + 1}>", "exec", dont_inherit=True), names)
        except BaseException as error:
            note = f" in {text.strip()}" if not said_by_program(error) else ""
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
    """A folder of the tests' own files, and all that is in it."""
    for folder, folders, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            inner = os.path.join(folder, name)
            (os.unlink if os.path.islink(inner) else os.rmdir)(inner)
    os.rmdir(path)

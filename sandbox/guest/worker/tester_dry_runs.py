"""Dry runs of the RPC between tester and candidate, and of pytest, in the zygote, before the first job that has tests.

The interpreter specializes code that runs often (PEP 659). In a child that costs time and a copy of each page that it writes. What
has run here often enough before the fork is specialized in all children.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
import sys
import tempfile
import warnings
from typing import Any

from ..bridge.patches import Patches
from ..bridge.peer import Peer
from ..program import module_server
from ..tests import tester
from ..tests.program_module import Namespace
from ..tests.results import Results

__all__ = ["rehearse_tests"]

ROUNDS = 16
SESSIONS = 3
"""Dry runs of pytest: what a session runs, it runs many times."""


class _Caller(Peer):
    """The tester's end, in the same process as the candidate's: before it waits for an answer, it lets the other end answer."""

    other: Peer

    def _receive(self) -> list[Any]:
        self.other.answer_next()
        return super()._receive()


class _Subject:
    """A class of the program, for dry runs."""

    __module__ = "solution"

    def __init__(self, value: int) -> None:
        self.value = value

    def double(self) -> int:
        """Twice the value."""
        return self.value * 2

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Subject) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


def _function(number: int, items: list[int]) -> list[int]:
    if number < 0:
        raise ValueError(number)
    items.append(number)
    return items


def rehearse_tests(framework: str, *, is_first: bool, place: str) -> None:
    """Do the dry runs for *framework*, before its first tests; *place* is a folder for a session of pytest, "" if none will ever run."""
    if is_first:
        _call_and_answer()
    if framework != "statements":
        session = importlib.import_module(f"..tests.{framework}_session", __package__)
        if session.warm_up() and framework == "pytest" and place:
            _run_pytest(place)


def _call_and_answer() -> None:
    """Make the calls that tests usually make, a few times."""
    tester.note_loaded_modules()
    ours, theirs = socket.socketpair()
    names = {"f": _function, "Subject": _Subject}
    tests = _Caller(ours.fileno(), is_tester=True, max_bytes=1 << 20, is_own_module=tester.is_own_module)
    tests.other = Peer(theirs.fileno(), is_tester=False, max_bytes=1 << 20, is_own_module=lambda name: name == "solution")
    tests.other.serve_module = lambda op, name, *_: names[name]
    tests.other.output = module_server.Output().since_last
    patches = Patches(tests)
    tests.before_asking = patches.send_changes
    fd = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
    results = Results(fd, tests)
    try:
        for _ in range(ROUNDS):
            namespace = Namespace(tests, results.lookups, ("f",))
            results.begin("rehearsal")
            exec(compile("x = f(1, [2])\nassert x == [2, 1]\nassert Subject(3) == Subject(3)", "<rehearsal>", "exec"), namespace)
            results.passed()
            subject = namespace["Subject"](3)
            subject.double()
            try:
                namespace["f"](-1, [])
            except ValueError as error:
                results.classify(error)
    finally:
        patches.restore()
        os.close(fd)
        ours.close()
        theirs.close()


_SESSION = """\
import pytest
@pytest.fixture
def two(): return 2
@pytest.mark.parametrize("x", [1, 2])
def test_function(x, two): assert x * two == 2 * x
def test_output(capsys):
    print("a")
    assert capsys.readouterr().out == "a\\n"
def test_failure(monkeypatch): assert [1] == [2], "wrong"
class TestClass:
    def test_method(self):
        with pytest.raises(ValueError): int("x")
"""


def _run_pytest(place: str) -> None:
    """Run a session of pytest a few times in a folder that is made in *place*, and undo all that it changes in this process."""
    session = importlib.import_module("..tests.pytest_session", __package__)
    pytest: Any = importlib.import_module("pytest")
    root, name = f"{place}/rehearsal", "test_rehearsal"
    ours, theirs = socket.socketpair()
    fd = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
    peer = Peer(ours.fileno(), is_tester=True, max_bytes=1 << 20, is_own_module=tester.is_own_module)
    paths, finders, environment, handlers = sys.path[:], sys.meta_path[:], dict(os.environ), logging.root.handlers[:]
    without_bytecode, saved = sys.dont_write_bytecode, [os.dup(number) for number in range(3)]
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.mkdir(root, 0o700)
    try:
        for number in range(3):
            os.dup2(null, number)
        with open(f"{root}/{name}.py", "w", encoding="ascii") as file:
            file.write(_SESSION)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.dont_write_bytecode = True
        with warnings.catch_warnings():
            for _ in range(SESSIONS):
                plugin = session.make_plugin(pytest, 0, Results(fd, peer), peer)
                pytest.main([*session.session_options(root, root, [f"{name}.py"]), f"{root}/{name}.py"], plugins=[plugin])
                plugin.end()
                sys.modules.pop(name, None)
        session.prepare_session()
    except Exception:
        pass  # another version of pytest: its sessions start cold
    finally:
        tester.remove_tree(root)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # else the first candidate would write what they hold
        for number, one in enumerate(saved):
            os.dup2(one, number)
        for one in (*saved, null, fd):
            os.close(one)
        ours.close()
        theirs.close()
        sys.path[:], sys.meta_path[:], logging.root.handlers[:] = paths, finders, handlers
        sys.dont_write_bytecode = without_bytecode
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None

"""Both ends of a line, rehearsed in the zygote.

The interpreter adapts code that runs often. Code that adapts in a child is memory that the child has to copy, and it starts
slow in each: what is rehearsed here before the first fork has adapted already in all of them.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from . import program, tester
from .imported import Names
from .peer import Peer
from .results import Results
from .surroundings import Surroundings

__all__ = ["rehearse"]

ROUNDS = 16


class _Asker(Peer):
    """Lets the other end answer whenever it waits itself."""

    other: Peer

    def _receive(self) -> list[Any]:
        self.other._answer(self.other._receive())
        return super()._receive()


class _Subject:
    """What a rehearsal asks."""

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


def rehearse() -> None:
    """Ask and answer what tests usually do, a few times."""
    tester.know_modules()
    ours, theirs = socket.socketpair()
    names = {"f": _function, "Subject": _Subject}
    tests = _Asker(ours.fileno(), judges=True, max_bytes=1 << 20, is_home=tester.is_home)
    tests.other = Peer(theirs.fileno(), judges=False, max_bytes=1 << 20, is_home=lambda name: name == "solution")
    tests.other.serve_module = lambda op, name, *_: names[name]
    tests.other.output = program.Output().since_last
    surroundings = Surroundings(tests)
    tests.before_asking = surroundings.carry
    fd = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
    results = Results(fd, tests)
    try:
        for _ in range(ROUNDS):
            namespace = Names(tests, results, ("f",))
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
        surroundings.restore()
        os.close(fd)
        ours.close()
        theirs.close()

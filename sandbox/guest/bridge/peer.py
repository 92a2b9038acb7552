"""An RPC peer: one end of the connection between a program and its tests. Requests ("questions") and answers are strictly nested.

    tests                                   program
      ["?", 7, "call", [f, [cb], {}], ...] ──▶
      ◀── ["?", 1, "call", [cb, [3], {}], ...]        the program calls back, before it has answered
      ["=", 1, "value", ...] ──▶
      ◀── ["=", 7, "value", ...]

Whoever asked waits for the answer, and serves the questions that come meanwhile. An answer that nobody waits for, a second answer,
or bytes that mean nothing end the connection (`Gone`), which is the program's failure.

Both ends run this file. The tester's end answers a program only what a function may do to its arguments (see `guard`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
import types
from typing import Any, Callable, Sequence

from ..values import Unsendable
from ..wire import WireError
from .connection import MAX_WHY, Connection, Gone
from .exceptions import is_test_outcome
from .guard import guard
from .lengths import is_read_only
from .marshalling import Marshaller
from .operations import MAX_CALLERS, OPERATIONS, called_by
from .proxies import Proxy, ProxyMeta, RemoteFunction
from .references import References
from .snapshots import size, snapshot

__all__ = ["Gone", "Peer"]

_getpid, _exit = os.getpid, os._exit  # tests may patch these, and mean the program

MAX_SHARED = 200
MAX_SHARED_ITEMS = 2000
"""Limits of shared containers and of their items: each message costs a comparison of all of them."""
ANSWERING = frozenset("call call_async method method_async op op_async await content".split())
"""Questions that run code of the program: whatever comes back, an exception too, is its answer."""
_RETURNING_SELF = frozenset(("__enter__", "__aenter__", "__iter__"))
"""Special methods that usually return the object itself, which the tests know already."""
_UNINFORMATIVE = frozenset(("surroundings", "imported"))
"""Questions whose answers nobody uses."""
_ASYNCHRONOUS = frozenset(("await", "op_async", "call_async", "method_async"))
ANSWER_REFERENCES = 2
"""What `sys.getrefcount` says of an answer to which only this file refers; more: the program keeps it."""
ARGUMENT_REFERENCES = 4
"""The same of a container in an argument: the marshaller refers to it, what it lies in, and the snapshot of that."""


class Peer(Connection, References):
    """One end. *is_own_module* says of the name of a module whether its classes belong to the author of this end's code."""

    def __init__(self, fd: int, *, is_tester: bool, max_bytes: int, is_own_module: Callable[[str], bool]) -> None:
        Connection.__init__(self, fd, max_bytes)
        References.__init__(self, is_tester=is_tester, is_own_module=is_own_module)
        self.asked = 0
        """How many questions this end has asked."""
        self.test_has_asked = False
        """The present test has asked the program something. An answer that is only a function or a class takes it back."""
        self.on_question: Callable[[bool], None] = lambda is_asking: None
        """Called with True before such a question, and with False if the answer was only a function or a class."""
        self.answered = 0
        """How many answers were more than a function or a class: after the first, what the tests do may depend on the program."""
        self.has_printed = False
        """The program printed something while it was loaded, and that has been printed here too, where a test may look at it."""
        self.passes_stop_iteration = not is_tester
        """Whether a call may raise StopIteration, which silently ends a loop of the tests: only where their text names it."""
        self.delegated = 0
        """How many comparisons between two objects of the program were left to the program."""
        self.callback_failure: BaseException | None = None
        """The failure that a callback of a test raised, until the call that was given the callback raises it too."""
        self.epoch = 0
        """Counts the questions that may have changed the program's objects: lengths that were said before hold no longer."""
        self.deferred_failure: BaseException | None = None
        """A failure that the present test did not get to see: it fails at its end, whatever else happens."""
        self.on_swallowed: Callable[[BaseException], None] = lambda error: None
        """Called where a context manager of the program's has swallowed an error that is not the outcome of a test."""
        self.label_error: BaseException | None = None
        """The tests want of the program what no proxy can give: the label cannot be judged here."""
        self.last_raised: BaseException | None = None
        """The exception that the program raised last."""
        self.serve_module: Callable[[str, str, Any], Any] | None = None
        """How this end answers questions for its module's names."""
        self.before_asking: Callable[[], None] = lambda: None
        self.output: Callable[[], list[Any]] = list
        """What has been printed and reported since the last answer: [standard output, standard error, warnings and log records]."""
        self.on_output: Callable[[list[Any]], None] = lambda texts: None
        self._shared: list[Any] = []
        """Containers that the program keeps and the tests hold: changes by one side are sent to the other with the next message."""
        self._shared_before: list[Any] = []
        self._process = _getpid()
        self._lock = threading.RLock()
        self._serving = 0
        self._next = 0

    # --- asking ------------------------------------------------------------------------------------------------------

    def ask(self, op: str, *args: Any) -> Any:
        """Put one question and wait for its answer, serving what is asked meanwhile.

        Raises:
            Gone: there will be no answer.
            BaseException: what the other side raised; it carries a mark, see `exceptions.raised_by_program`.
        """
        self._check_process()
        with self._lock:
            while not (self.is_tester or self._serving or self.gone):  # a thread of the program asks while the tests ask nothing
                self._let_others()
            if self.gone:
                raise Gone("the program has ended")
            self.asked += op != "imported"
            self.epoch += not is_read_only(op, args)
            is_first = not self.test_has_asked and op != "surroundings"
            if is_first:
                self.test_has_asked = True
                self.on_question(True)
            if self.is_tester and op != "surroundings":
                self.before_asking()
            self._next += 1
            number = self._next
            marshaller = Marshaller(self, self._shared, self._shared_before)
            self._is_asking = True
            try:
                packed = marshaller.pack(list(args))
            except Unsendable as error:
                raise TypeError(f"cannot cross to the other process: {error}") from None
            finally:
                self._is_asking = False
            self._send(["?", number, op, packed, self._take_releases(), [] if self.is_tester else self._callers()])
            if marshaller.is_grown:
                self._shared.clear()
            self._note_shared()
            while True:
                message = self._receive()
                if message[0] == "?":
                    self._answer(message)
                elif message[1] == number:
                    break
                else:
                    self._end("an answer that nobody waits for")
            value = self._read_answer(marshaller, message, op, args)
            if op in ANSWERING or (op not in _UNINFORMATIVE and type(value) not in (RemoteFunction, ProxyMeta)):
                self.answered += 1
            elif is_first:
                self.test_has_asked = False
                self.on_question(False)
            self._note_named(args[0] if args else None, value)
            if self.is_tester and not (op == "op" and args[0] in _RETURNING_SELF):
                _unmark_made_by_tests(value, 0)
            return value

    def _note_named(self, target: Any, value: Any) -> None:
        """If the label names the class of *target*, it counts as naming the classes of what that returns, too."""
        if self.is_tester and isinstance(type(target), ProxyMeta) and self.is_label_class(type(target)):
            found = value if type(value) in (list, tuple, set) else value.values() if type(value) is dict else (value,)
            self.label_classes.update(type(item) for item in found if isinstance(type(item), ProxyMeta))

    def _read_answer(self, marshaller: Marshaller, message: list[Any], op: str, args: Sequence[Any]) -> Any:
        try:
            _, _, kind, packed, releases, texts, kept = message
            self._release_exports(releases)
            value = marshaller.unpack(packed)
            if not _is_answer(kind, value):
                raise WireError("no answer of that kind")
            if marshaller.is_grown:
                self._shared.clear()  # they hold containers that are not shared: from here on they are copies again
            self._shared += [marshaller.items[number] for number in kept[:MAX_SHARED]]
            self._note_shared()
        except Exception as error:  # whatever the bytes break here: the program sent them
            self._end(_describe(error))
        if texts:
            self.has_printed = self.has_printed or op == "imported"
            try:
                self.on_output(texts)
            except Exception as error:  # the tests turn warnings into errors, or a logger refuses the record
                error.__dict__["_sandbox_raised_by_program"] = self.is_tester
                raise
        if kind == "value":
            return value
        if kind == "raised":
            self.answered += op in ANSWERING
            # An exception that the tests themselves made is the program's too if the program raises it.
            if self.is_tester and value is not self.callback_failure:
                value.__dict__["_sandbox_raised_by_program"] = True
                value.__dict__["_sandbox_made_here"] = "_sandbox_number" not in value.__dict__
            if value is self.callback_failure:
                self.callback_failure = None  # the test sees it now
            if not isinstance(self.last_raised, (SystemExit, KeyboardInterrupt)):  # those end a session, and are kept
                self.last_raised = value
            if isinstance(value, StopIteration) and not (op in _ASYNCHRONOUS or self.passes_stop_iteration or _is_step(op, args)):
                stopped = RuntimeError("the program raised StopIteration")
                stopped.__dict__.update(_sandbox_raised_by_program=True, value=value.value)
                raise stopped from value
            raise value
        trouble = RuntimeError(f"its answer cannot cross to the other process: {value[:MAX_WHY]}")
        trouble.__dict__["_sandbox_raised_by_program"] = self.is_tester
        raise trouble

    def _note_shared(self) -> None:
        self._shared_before = [snapshot(item) for item in self._shared]

    # --- answering ---------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until the other end goes away."""
        try:
            while True:
                self.answer_next()
        except Gone:
            pass

    def _let_others(self) -> None:
        held = self._lock._release_save()  # type: ignore[attr-defined]
        time.sleep(0.0005)
        self._lock._acquire_restore(held)  # type: ignore[attr-defined]

    def answer_next(self) -> None:
        """Answer one question. Threads of the program can ask only during this."""
        with self._lock:
            self._answer(self._receive())

    def wait(self, word: str) -> None:
        """Wait for the other end's *word*.

        Raises:
            Gone: it ended before.
        """
        if self._receive() != ["!", word]:
            self._end("not the word that was waited for")

    def tell(self, word: str) -> None:
        """Send the other end the word that it waits for."""
        self._send(["!", word])

    def _answer(self, message: list[Any]) -> None:
        marshaller = Marshaller(self, self._shared)
        try:
            sign, number, op, packed, releases, callers = message
            if sign != "?" or type(op) is not str:
                raise WireError("not a question")
            perform = called_by(self._perform, callers) if callers else self._perform
            self._release_exports(releases)
            args = marshaller.unpack(packed)
            marshaller.remember()
            known = len(self._shared)
            if marshaller.is_grown:
                self._shared.clear()
            marshaller.is_grown = False
            self._note_shared()
        except Exception as error:
            self._end(_describe(error))
        self._serving += 1
        # Other threads of the program may ask meanwhile: the one that answers may be waiting for them.
        held: Any = None if self.is_tester else self._lock._release_save()  # type: ignore[attr-defined]
        try:
            kind, value = "value", perform(op, args)
        except Gone:
            raise
        except BaseException as error:
            kind, value = "raised", error
            if self.is_tester and is_test_outcome(error):
                self.callback_failure = error  # a program that swallows it has not passed
        finally:
            self._check_process()
            if held is not None:
                self._lock._acquire_restore(held)  # type: ignore[attr-defined]
            self._serving -= 1
        is_kept = kind == "value" and not self.is_tester and (op in ("get", "attr") or sys.getrefcount(value) > ANSWER_REFERENCES)
        kept: list[int] = []
        if kind == "value" and not self.is_tester:
            kept = [
                number
                for number in range(known, len(marshaller.items))
                if sys.getrefcount(marshaller.items[number]) > ARGUMENT_REFERENCES
            ]
        try:
            answer = marshaller.pack(value)
        except Unsendable as error:
            kind, answer = "unsendable", [[], str(error), []]
        else:
            kept = marshaller.closure([*kept, *(marshaller.new_numbers if is_kept else ())])
            items = [marshaller.items[number] for number in kept]
            if len(self._shared) + len(kept) <= MAX_SHARED and sum(map(size, items)) <= MAX_SHARED_ITEMS:
                self._shared += items
            else:
                kept = []
            if marshaller.is_grown:  # as above: what was shared is copied from here on, and so is whatever may hold it
                self._shared.clear()
                kept = []
        self._send(["=", number, kind, answer, self._take_releases(), self.output(), kept])
        self._note_shared()

    def _perform(self, op: str, args: list[Any]) -> Any:
        if op in ("get", "set", "delete", "names", *_UNINFORMATIVE):
            if self.serve_module is None:
                raise AttributeError("the tests are no module")
            return self.serve_module(op, *args)
        if self.is_tester:
            guard(op, args, self.is_exported, self.is_tests_own)
            if op == "signature":  # whether there are defaults, not which
                return [[name, kind, has_default, ...] for name, kind, has_default, _ in OPERATIONS[op](*args)]
        return OPERATIONS[op](*args)

    def _callers(self) -> list[list[str]]:
        """[name, file] of the program's functions on the stack, for tests that look at their callers."""
        found: list[list[str]] = []
        frame: types.FrameType | None = sys._getframe(2)
        while frame is not None and len(found) < MAX_CALLERS:
            if self.is_own_module(frame.f_globals.get("__name__", "")):
                found.append([frame.f_code.co_name, frame.f_code.co_filename])
            frame = frame.f_back
        return found

    def _check_process(self) -> None:
        if _getpid() != self._process:  # a child that the program forked must not answer in its place
            _exit(0)


def _is_answer(kind: Any, value: Any) -> bool:
    """Whether the protocol has answers of that kind with such a value."""
    return (
        kind == "value" or (kind == "raised" and isinstance(value, BaseException)) or (kind == "unsendable" and type(value) is str)
    )


def _describe(error: Exception) -> str:
    """An error as a text, even if the other side has put something into it that cannot be shown, such as a huge int."""
    try:
        return f"{type(error).__name__}: {error}"[:MAX_WHY]
    except Exception:
        return type(error).__name__


def _unmark_made_by_tests(value: Any, depth: int) -> None:
    """An object that comes in an answer is the program's to return, even if the tests made it."""
    if issubclass(type(value), Proxy):
        value.__dict__["_sandbox_made_by_tests"] = False
    elif depth < 5 and type(value) in (list, tuple, set, frozenset, dict):
        for item in value.values() if type(value) is dict else value:
            _unmark_made_by_tests(item, depth + 1)


def _is_step(op: str, args: Sequence[Any]) -> bool:
    """Whether a question is one step of an iterator, which may end with StopIteration."""
    if op == "op":
        return args[0] in ("__next__", "__anext__")
    return op == "method" and args[1] in ("send", "throw", "close", "__next__")

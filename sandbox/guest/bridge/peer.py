"""One end of the line between a program and its tests: questions and answers, strictly nested.

    tests                                   program
      ["?", 7, "call", [f, [cb], {}], ...] ──▶
      ◀── ["?", 1, "call", [cb, [3], {}], ...]        the program calls back, before it has answered
      ["=", 1, "value", ...] ──▶
      ◀── ["=", 7, "value", ...]

Whoever asked waits for the answer and serves the questions that come meanwhile. Nothing is sent that was not asked for: an
answer that nobody waits for, an answer twice, or bytes that mean nothing end the line (`Gone`), which is the program's failure.
Both ends run this file; the end that *judges* serves little (see `operations.guard`), for what the program may ask of the tests is bounded
by what a function can ask of its arguments.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import time
import types
from typing import Any, Callable, Sequence

from ..values import Unsendable
from ..wire import WireError
from .contents import content, size
from .lengths import is_look
from .marshalling import Carrier
from .operations import MAX_CALLERS, OPERATIONS, called_by, guard
from .proxies import Mirror, MirrorMeta, RemoteFunction, is_verdict
from .references import References

__all__ = ["Gone", "Peer"]

_HEAD = struct.Struct("<I")
_dumps, _loads = json.dumps, json.loads  # tests patch what they like, and mean the program
_getpid, _read, _write, _exit = os.getpid, os.read, os.write, os._exit


MAX_SHARED = 200
MAX_SHARED_ITEMS = 2000
"""Of one answer: shared containers are compared with each message."""
ANSWERING = frozenset("call call_async method method_async op op_async await content".split())
"""Questions to which any answer, an exception too, is one that the program has given."""
_KEEPING = frozenset(("__enter__", "__aenter__", "__iter__"))
"""Operators that usually give the object itself, which is no answer yet."""
_QUIET = frozenset(("surroundings", "imported"))
"""Questions whose answers say nothing."""
_STEPS = frozenset(("await", "op_async", "call_async", "method_async"))
MAX_WHY = 500
FRESH = 2
"""References to an answer that the program does not keep itself."""
PASSED = 4
"""And to an argument: of the carrier, of what it lies in, of what that held before."""


class Gone(BaseException):
    """The other end has ended, or does not keep to the rules."""


class Peer(References):
    """One end. *is_home* says of a module's name whether its classes were written by this end's author."""

    def __init__(self, fd: int, *, judges: bool, max_bytes: int, is_home: Callable[[str], bool]) -> None:
        super().__init__(judges=judges, is_home=is_home)
        self.fd = fd
        self.max_bytes = max_bytes
        self.asked = 0
        self.has_asked = False
        """A question has been asked since this was made False, and more than a function or a class came back."""
        self.on_question: Callable[[bool], None] = lambda is_asking: None
        """Called before the first such question, and where it turns out to be none."""
        self.told = 0
        """Questions whose answers were more than a function or a class: from here on the program has had a say."""
        self.has_printed = False
        """What the program printed while it was loaded has been repeated: that may be what a test looks at."""
        self.passes_stop_iteration = not judges
        """Whether a call may raise StopIteration: it ends the loop around it quietly, so a test has to say that it means it."""
        self.delegated = 0
        self.callback_failure: BaseException | None = None
        """What a test's own callback has found wrong, until it comes out of the call that was given the callback."""
        self.turn = 0
        """Counts the questions that may have changed the lengths of the program's objects."""
        self.spoiled: BaseException | None = None
        """Why the present test cannot pass, whatever it comes to: what it found wrong was kept from it."""
        self.on_swallowed: Callable[[BaseException], None] = lambda error: None
        """Called where a context manager of the program's has swallowed an error that is no verdict of the tests."""
        self.mistake: BaseException | None = None
        """What the tests wanted of the program that cannot be had from another process."""
        self.last_said: BaseException | None = None
        self.gone = False
        self.why = ""
        self.serve_module: Callable[[str, str, Any], Any] | None = None
        """How this end answers questions for its module's names."""
        self.before_asking: Callable[[], None] = lambda: None
        self.output: Callable[[], list[Any]] = list
        """What has been printed and reported since the last answer: [standard output, standard error, warnings and log records]."""
        self.on_output: Callable[[list[Any]], None] = lambda texts: None
        self._shared: list[Any] = []
        """Containers that the program keeps and the tests hold: what one side does to them, the other finds done."""
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
            BaseException: what the other side raised, marked as such.
        """
        self._check_process()
        with self._lock:
            while not (self.judges or self._serving or self.gone):  # between two questions of the tests
                self._let_others()
            if self.gone:
                raise Gone("the program has ended")
            self.asked += op != "imported"
            self.turn += not is_look(op, args)
            is_first = not self.has_asked and op != "surroundings"
            if is_first:
                self.has_asked = True
                self.on_question(True)
            if self.judges and op != "surroundings":
                self.before_asking()
            self._next += 1
            number = self._next
            carrier = Carrier(self, self._shared, self._shared_before)
            self._is_asking = True
            try:
                packed = carrier.pack(list(args))
            except Unsendable as error:
                raise TypeError(f"cannot cross to the other process: {error}") from None
            finally:
                self._is_asking = False
            self._send(["?", number, op, packed, self._drops(), [] if self.judges else self._callers()])
            if carrier.is_grown:
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
            value = self._read_answer(carrier, message, op, args)
            if op in ANSWERING or (op not in _QUIET and type(value) not in (RemoteFunction, MirrorMeta)):
                self.told += 1
            elif is_first:
                self.has_asked = False
                self.on_question(False)
            self._note_reached(args[0] if args else None, value)
            if self.judges and not (op == "op" and args[0] in _KEEPING):
                _forget_known(value, 0)
            return value

    def _note_reached(self, target: Any, value: Any) -> None:
        """Classes of objects that an object of a class that the label names gives, it knows too."""
        if self.judges and isinstance(type(target), MirrorMeta) and self.is_named(type(target)):
            found = value if type(value) in (list, tuple, set) else value.values() if type(value) is dict else (value,)
            self.named.update(type(item) for item in found if isinstance(type(item), MirrorMeta))

    def _read_answer(self, carrier: Carrier, message: list[Any], op: str, args: Sequence[Any]) -> Any:
        try:
            _, _, kind, packed, drops, texts, kept = message
            self._forget(drops)
            value = carrier.unpack(packed)
            if not _is_answer(kind, value):
                raise WireError("no answer of that kind")
            if carrier.is_grown:
                self._shared.clear()  # what lies in them now is not followed: from here on they are copies again
            self._shared += [carrier.items[number] for number in kept[:MAX_SHARED]]
            self._note_shared()
        except Exception as error:  # whatever these bytes break here, it is the program that sent them
            self._end(_shown(error))
        if texts:
            self.has_printed = self.has_printed or op == "imported"
            try:
                self.on_output(texts)
            except Exception as error:  # a warning that the tests make an error, a record that no logger takes
                error.__dict__["_sandbox_said"] = self.judges
                raise
        if kind == "value":
            return value
        if kind == "raised":
            self.told += op in ANSWERING
            # An exception of the tests' own that is sent back is the program's too.
            if self.judges and value is not self.callback_failure:
                value.__dict__["_sandbox_said"] = True
                value.__dict__["_sandbox_returned"] = "_sandbox_number" not in value.__dict__
            if value is self.callback_failure:
                self.callback_failure = None  # it came through: the test around the callback sees it
            if not isinstance(self.last_said, (SystemExit, KeyboardInterrupt)):  # the end of a session is not said again
                self.last_said = value
            if isinstance(value, StopIteration) and not (op in _STEPS or self.passes_stop_iteration or _is_step(op, args)):
                stopped = RuntimeError("the program raised StopIteration")
                stopped.__dict__.update(_sandbox_said=True, value=value.value)
                raise stopped from value
            raise value
        trouble = RuntimeError(f"its answer cannot cross to the other process: {value[:MAX_WHY]}")
        trouble.__dict__["_sandbox_said"] = self.judges
        raise trouble

    def _note_shared(self) -> None:
        self._shared_before = [content(item) for item in self._shared]

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
        """Answer one question; a thread of the program's that asks waits until something is asked of the program."""
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
        """Send the other end a word that it waits for."""
        self._send(["!", word])

    def _answer(self, message: list[Any]) -> None:
        carrier = Carrier(self, self._shared)
        try:
            sign, number, op, packed, drops, callers = message
            if sign != "?" or type(op) is not str:
                raise WireError("not a question")
            perform = called_by(self._perform, callers) if callers else self._perform
            self._forget(drops)
            args = carrier.unpack(packed)
            carrier.remember()
            known = len(self._shared)
            if carrier.is_grown:
                self._shared.clear()
            carrier.is_grown = False
            self._note_shared()
        except Exception as error:
            self._end(_shown(error))
        self._serving += 1
        # Threads of the program's may ask while it answers: it may well wait for them.
        held: Any = None if self.judges else self._lock._release_save()  # type: ignore[attr-defined]
        try:
            kind, value = "value", perform(op, args)
        except Gone:
            raise
        except BaseException as error:
            kind, value = "raised", error
            if self.judges and is_verdict(error):
                self.callback_failure = error  # a program that swallows it has not passed
        finally:
            self._check_process()
            if held is not None:
                self._lock._acquire_restore(held)  # type: ignore[attr-defined]
            self._serving -= 1
        is_kept = kind == "value" and not self.judges and (op in ("get", "attr") or sys.getrefcount(value) > FRESH)
        kept: list[int] = []
        if kind == "value" and not self.judges:
            kept = [number for number in range(known, len(carrier.items)) if sys.getrefcount(carrier.items[number]) > PASSED]
        try:
            answer = carrier.pack(value)
        except Unsendable as error:
            kind, answer = "unsendable", [[], str(error), []]
        else:
            kept = carrier.closure([*kept, *(carrier.answered if is_kept else ())])
            items = [carrier.items[number] for number in kept]
            if len(self._shared) + len(kept) <= MAX_SHARED and sum(map(size, items)) <= MAX_SHARED_ITEMS:
                self._shared += items
            else:
                kept = []
            if carrier.is_grown:  # what was shared goes by value now, so nothing that may hold it can be followed
                self._shared.clear()
                kept = []
        self._send(["=", number, kind, answer, self._drops(), self.output(), kept])
        self._note_shared()

    def _perform(self, op: str, args: list[Any]) -> Any:
        if op in ("get", "set", "delete", "names", *_QUIET):
            if self.serve_module is None:
                raise AttributeError("the tests are no module")
            return self.serve_module(op, *args)
        if self.judges:
            guard(op, args, self.is_given, self.is_tests_own)
            if op == "signature":  # that there are defaults, not what they are
                return [[name, kind, has_default, ...] for name, kind, has_default, _ in OPERATIONS[op](*args)]
        return OPERATIONS[op](*args)

    def _callers(self) -> list[list[str]]:
        """Names and files of the program's functions that are running, for tests that look at their callers."""
        found: list[list[str]] = []
        frame: types.FrameType | None = sys._getframe(2)
        while frame is not None and len(found) < MAX_CALLERS:
            if self.is_home(frame.f_globals.get("__name__", "")):
                found.append([frame.f_code.co_name, frame.f_code.co_filename])
            frame = frame.f_back
        return found

    # --- bytes -------------------------------------------------------------------------------------------------------

    def _send(self, message: list[Any]) -> None:
        text = _dumps(message).encode("ascii")
        data = memoryview(_HEAD.pack(len(text)) + text)
        try:
            while data:
                data = data[_write(self.fd, data) :]
        except OSError as error:
            self._end(str(error))

    def _receive(self) -> list[Any]:
        size = _HEAD.unpack(self._read(_HEAD.size))[0]
        if size > self.max_bytes:
            self._end(f"a message of {size} bytes")
        try:
            message = _loads(self._read(size))
        except (ValueError, RecursionError, MemoryError) as error:
            self._end(str(error))
        if type(message) is not list or len(message) < 2:
            self._end("not a message")
        found: list[Any] = message
        return found

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = _read(self.fd, min(size, 1 << 20))
            except OSError as error:
                self._end(str(error))
            if not part:
                self._end("it has ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _end(self, why: str) -> Any:
        self.gone = True
        self.why = self.why or why
        raise Gone(why)

    def _check_process(self) -> None:
        if _getpid() != self._process:  # a child that the program forked has no part in its answers
            _exit(0)


def _is_answer(kind: Any, value: Any) -> bool:
    """Whether there are answers of that kind, with such a value."""
    return (
        kind == "value" or (kind == "raised" and isinstance(value, BaseException)) or (kind == "unsendable" and type(value) is str)
    )


def _shown(error: Exception) -> str:
    """What bytes of the other side have broken; they may have put into it what cannot be shown, such as a long number."""
    try:
        return f"{type(error).__name__}: {error}"[:MAX_WHY]
    except Exception:
        return type(error).__name__


def _forget_known(value: Any, depth: int) -> None:
    """What is in an answer is the program's, even if the tests have made the object."""
    if issubclass(type(value), Mirror):
        value.__dict__["_sandbox_known"] = False
    elif depth < 5 and type(value) in (list, tuple, set, frozenset, dict):
        for item in value.values() if type(value) is dict else value:
            _forget_known(item, depth + 1)


def _is_step(op: str, args: Sequence[Any]) -> bool:
    """Whether a question is one step of an iterator, which ends with StopIteration."""
    if op == "op":
        return args[0] in ("__next__", "__anext__")
    return op == "method" and args[1] in ("send", "throw", "close", "__next__")

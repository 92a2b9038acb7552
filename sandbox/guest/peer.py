"""One end of the line between a program and its tests: questions and answers, strictly nested.

    tests                                   program
      ["?", 7, "call", [f, [cb], {}], ...] ──▶
      ◀── ["?", 1, "call", [cb, [3], {}], ...]        the program calls back, before it has answered
      ["=", 1, "value", ...] ──▶
      ◀── ["=", 7, "value", ...]

Whoever asked waits for the answer and serves the questions that come meanwhile. Nothing is sent that was not asked for: an
answer that nobody waits for, an answer twice, or bytes that mean nothing end the line (`Gone`), which is the program's failure.
Both ends run this file; the end that *judges* serves little (see `_guard`), for what the program may ask of the tests is bounded
by what a function can ask of its arguments.
"""

from __future__ import annotations

import builtins
import copy
import inspect
import json
import os
import struct
import sys
import threading
import types
import weakref
from typing import Any, Callable

from . import mirrors
from .crossing import Carrier
from .mirrors import IMMUTABLE, PROTOCOL, MirrorMeta, RemoteFunction, is_mirror, number_of
from .values import Unsendable
from .wire import WireError

__all__ = ["Gone", "Peer"]

_HEAD = struct.Struct("<I")
_dumps, _loads = json.dumps, json.loads
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
_INTERNAL = (
    *_FUNCTIONS,
    types.ModuleType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.CodeType,
    types.TracebackType,
)
"""Through the attributes of these, a program could walk from a callback to the tests."""
_NEVER = (types.FrameType, types.CodeType, types.TracebackType)
_BY_NAME = {f"builtins:{name}": value for name, value in vars(builtins).items() if isinstance(value, type)}
_BY_NAME["builtins:NotImplemented"] = NotImplemented
for _kind in (types.SimpleNamespace,):
    _BY_NAME[f"types:{_kind.__name__}"] = _kind
for _module, _names in {
    "collections": "OrderedDict Counter defaultdict deque",
    "datetime": "date time datetime timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "Path",
}.items():
    for _name in _names.split():
        _BY_NAME[f"{_module}:{_name}"] = getattr(__import__(_module), _name)
_NAME_OF = {id(value): name for name, value in reversed(list(_BY_NAME.items()))}


MAX_CALLERS = 10


class Gone(BaseException):
    """The other end has ended, or does not keep to the rules."""


class Peer:
    """One end. *is_home* says of a module's name whether its classes were written by this end's author."""

    def __init__(self, fd: int, *, judges: bool, max_bytes: int, is_home: Callable[[str], bool]) -> None:
        self.fd = fd
        self.judges = judges
        self.max_bytes = max_bytes
        self.is_home = is_home
        self.structures: dict[str, type] = {}
        self.named: set[type] = set()
        """Mirrored classes that the label names."""
        self.asked = 0
        self.delegated = 0
        self.gone = False
        self.why = ""
        self.serve_module: Callable[[str, str, Any], Any] | None = None
        """How this end answers questions for its module's names."""
        self.before_asking: Callable[[], None] = lambda: None
        self.output: Callable[[], list[str]] = list
        """What has been printed since the last answer: [standard output, standard error]."""
        self.on_output: Callable[[list[str]], None] = lambda texts: None
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._serving = 0
        self._next = 0
        self._given: dict[int, list[Any]] = {}
        self._numbers: dict[int, int] = {}
        self._taken: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._kept: dict[int, Any] = {}
        self._classes: dict[int, Any] = {}
        self._described: set[int] = set()
        self._dropped: list[int] = []
        self._count = 0

    # --- asking ------------------------------------------------------------------------------------------------------

    def ask(self, op: str, *args: Any) -> Any:
        """Put one question and wait for its answer, serving what is asked meanwhile.

        Raises:
            Gone: there will be no answer.
            BaseException: what the other side raised, marked as such.
        """
        with self._lock:
            if self.gone:
                raise Gone("the program has ended")
            if not self.judges and not self._serving:
                raise RuntimeError("the tests do not wait for this program now")
            self._check_process()
            if self.judges and op != "surroundings":
                self.before_asking()
            self.asked += 1
            self._next += 1
            number = self._next
            carrier = Carrier(self)
            try:
                packed = carrier.pack(list(args))
            except Unsendable as error:
                raise TypeError(f"cannot cross to the other process: {error}") from None
            self._send(["?", number, op, packed, self._drops(), [] if self.judges else self._callers()])
            while True:
                message = self._receive()
                if message[0] == "?":
                    self._answer(message)
                elif message[1] == number:
                    break
                else:
                    self._end("an answer that nobody waits for")
            return self._read_answer(carrier, message)

    def _read_answer(self, carrier: Carrier, message: list[Any]) -> Any:
        try:
            _, _, kind, packed, drops, texts = message
            self._forget(drops)
            value = carrier.unpack_answer(packed)
            if texts:
                self.on_output([str(text) for text in texts])
        except (WireError, ValueError, TypeError) as error:
            self._end(str(error))
        if kind == "value":
            return value
        if kind == "raised" and isinstance(value, BaseException):
            if self.judges and number_in(value) is not None:
                value.__dict__["_sandbox_said"] = True
            raise value
        trouble = RuntimeError(f"its answer cannot cross to the other process: {value}")
        trouble.__dict__["_sandbox_said"] = self.judges
        raise trouble

    async def coroutine(self, op: str, *args: Any) -> Any:
        """`ask`, as a coroutine of this side."""
        return self.ask(op, *args)

    def is_named(self, kind: type) -> bool:
        """Whether the label names this class, or one that it derives from."""
        return not self.named.isdisjoint(kind.__mro__)

    # --- answering ---------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until the other end goes away."""
        try:
            while True:
                self._answer(self._receive())
        except Gone:
            pass

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
        carrier = Carrier(self)
        try:
            sign, number, op, packed, drops, callers = message
            if sign != "?" or type(op) is not str:
                raise WireError("not a question")
            perform = _called_by(self._perform, callers) if callers else self._perform
            self._forget(drops)
            args = carrier.unpack(packed)
            carrier.remember()
        except (WireError, ValueError, TypeError) as error:
            self._end(str(error))
        self._serving += 1
        try:
            kind, value = "value", perform(op, args)
        except Gone:
            raise
        except BaseException as error:
            kind, value = "raised", error
        finally:
            self._serving -= 1
        self._check_process()
        try:
            answer = carrier.pack_answer(value)
        except Unsendable as error:
            kind, answer = "unsendable", [[], str(error), []]
        self._send(["=", number, kind, answer, self._drops(), self.output()])

    def _perform(self, op: str, args: list[Any]) -> Any:
        if op in ("get", "set", "delete", "names", "surroundings"):
            if self.serve_module is None:
                raise AttributeError("the tests are no module")
            return self.serve_module(op, *args)
        if self.judges:
            _guard(op, args)
        return _OPERATIONS[op](*args)

    def _callers(self) -> list[list[str]]:
        """Names and files of the program's functions that are running, for tests that look at their callers."""
        found: list[list[str]] = []
        frame: types.FrameType | None = sys._getframe(2)
        while frame is not None and len(found) < MAX_CALLERS:
            if self.is_home(frame.f_globals.get("__name__", "")):
                found.append([frame.f_code.co_name, frame.f_code.co_filename])
            frame = frame.f_back
        return found

    # --- references --------------------------------------------------------------------------------------------------

    def give(self, value: Any, carrier: Carrier, depth: int) -> Any:
        """See `Crossing.give`."""
        kind = type(value)
        if kind is _Waiting:
            return {"Y": value._sandbox_number}
        if is_mirror(value):
            if kind is MirrorMeta:
                return {"k": number_of(value)}
            return {"Y": number_of(value)}
        name = _NAME_OF.get(id(value))
        if name is not None:
            return {"b": name}
        if issubclass(kind, type):
            return self._class(value)
        if issubclass(kind, _NEVER):
            return None
        if issubclass(kind, BaseException):
            return self._give_exception(value, carrier, depth)
        if kind in _FUNCTIONS or (callable(value) and kind.__module__ == "functools"):
            if self.judges and kind is types.BuiltinFunctionType and value.__module__ in sys.modules:
                # len, math.sqrt, operator.add: known on both sides, and this side is believed
                module, own = str(value.__module__), str(value.__name__)
                if getattr(sys.modules[module], own, None) is value:
                    return {"b": f"{module}:{own}"}
            names = [str(getattr(value, key, "") or "")[:500] for key in ("__name__", "__qualname__", "__module__")]
            doc = getattr(value, "__doc__", None)
            doc = doc[:2000] if type(doc) is str and not self.judges else None
            return {"G": [self._number(value), *names, doc, inspect.iscoroutinefunction(value)]}
        if (
            kind is types.ModuleType
            and self.judges
            and value.__name__.split(".")[0] in sys.modules
            and not self.is_home(value.__name__)
        ):
            return {"b": f"{value.__name__}:"}
        if inspect.isawaitable(value):
            return {"W": self._number(value)}
        for base in kind.__mro__:
            if base in IMMUTABLE.values():
                plain = _exactly(base, value)
                return {"B": [self._class(kind), self._number(value), carrier.tree(plain, depth)]}
        return {"y": [self._number(value), self._class(kind)]}

    def _number(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            self._count += 1
            number = self._numbers[id(value)] = self._count
            self._given[number] = [value, 0]
        self._given[number][1] += 1
        return number

    def _class(self, kind: type) -> Any:
        if type(kind) is MirrorMeta:
            return {"k": number_of(kind)}
        name = _NAME_OF.get(id(kind))
        if name is not None:
            return {"b": name}
        number = self._number(kind)
        if number in self._described:
            return {"K": [number]}
        self._described.add(number)
        home = self.is_home(str(kind.__module__))
        return {"K": [number, *mirrors.describe(kind, home, self._class)]}

    def _give_exception(self, error: BaseException, carrier: Carrier, depth: int) -> Any:
        number = number_in(error)
        if number is not None:
            return {"Y": number}
        try:
            args = [carrier.tree(item, depth) for item in error.args]
        except Unsendable:
            args = [str(error)[:2000]]
        attributes = []
        for name, item in list(vars(error).items()):
            if type(name) is str and not name.startswith("_"):
                try:
                    attributes.append([name, carrier.tree(item, depth)])
                except Unsendable:
                    pass
        cause = error.__cause__
        return {
            "E": [
                self._class(type(error)),
                self._number(error),
                args,
                attributes,
                None if cause is None or depth > 20 else carrier.tree(cause, depth + 1),
            ]
        }

    def take(self, tag: str, body: Any, carrier: Carrier, depth: int) -> Any:
        """See `Crossing.take`."""
        if tag == "Y" or tag == "k":
            return self._given[body][0]
        if tag == "b":
            return self._find(body)
        if tag == "K":
            return self._take_class(body, carrier, depth)
        if tag == "G":
            number, name, qualified, module, doc, is_async = body
            for text in (name, qualified, module):
                if type(text) is not str:
                    raise WireError("a name is a text")
            return self._known(number) or self._keep(RemoteFunction(self, number, name, qualified, module, doc, is_async is True))
        if tag == "W":
            return self.coroutine("await", _Waiting(body))
        if tag == "y":
            number, tree = body
            kind = carrier.value(tree, depth)
            if not isinstance(kind, MirrorMeta):
                raise WireError("an object of no class")
            found = self._known(number)
            return self._make(kind, number) if found is None else found
        if tag == "B":
            return self._take_plain(body, carrier, depth)
        if tag == "E":
            return self._take_exception(body, carrier, depth)
        raise WireError(f"no value has the tag {tag[:20]!r}")

    def _find(self, name: str) -> Any:
        if name in _BY_NAME:
            return _BY_NAME[name]
        if self.judges:
            raise WireError("nothing of that name is taken from a program")
        module, _, path = name.partition(":")
        found = __import__(module, fromlist=["_"])
        for part in path.split(".") if path else ():
            found = getattr(found, part)
        return found

    def _take_class(self, body: Any, carrier: Carrier, depth: int) -> Any:
        number, *description = body
        if type(number) is not int:
            raise WireError("a class without a number")
        if description:
            description[4] = [carrier.value(tree, depth) for tree in description[4]]
            self._classes[number] = mirrors.make_class(self, number, description)
        return self._classes[number]

    def _make(self, kind: Any, number: Any) -> Any:
        if type(number) is not int:
            raise WireError("an object without a number")
        made = object.__new__(kind)
        made.__dict__["_sandbox_number"] = number
        return self._keep(made)

    def _keep(self, made: Any) -> Any:
        self._taken[number_of(made)] = made
        return made

    def _known(self, number: Any) -> Any:
        found = self._taken.get(number)
        if found is None:
            found = self._kept.get(number)
        if found is not None:
            found.__dict__["_sandbox_count"] = found.__dict__.get("_sandbox_count", 1) + 1
        return found

    def _take_plain(self, body: Any, carrier: Carrier, depth: int) -> Any:
        tree, number, plain_tree = body
        kind = carrier.value(tree, depth)
        plain = carrier.value(plain_tree, depth)
        if not isinstance(kind, MirrorMeta) or type(number) is not int or kind._sandbox_plain is not type(plain):
            raise WireError("a value of no such class")
        found = self._known(number)
        if found is not None:
            return found
        made: Any = type(plain).__new__(kind, plain)
        made.__dict__["_sandbox_number"] = number
        try:
            return self._keep(made)
        except TypeError:  # tuples and ints have no weak references
            self._kept[number] = made
            return made

    def _take_exception(self, body: Any, carrier: Carrier, depth: int) -> Any:
        tree, number, arg_trees, attributes, cause = body
        kind = carrier.value(tree, depth)
        args = [carrier.value(item, depth) for item in arg_trees]
        found = self._known(number)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)) or type(number) is not int:
            raise WireError("an exception of no class")
        made = found
        if isinstance(kind, MirrorMeta):
            if made is None:
                made = BaseException.__new__(kind, *args)  # type: ignore[arg-type]
                made.__dict__["_sandbox_number"] = number
                self._taken[number] = made
        elif made is None:
            made = _raised(kind, args)
            made.__dict__["_sandbox_number"] = number
        BaseException.args.__set__(made, tuple(args))  # type: ignore[attr-defined]  # past the mirror's own __setattr__
        if not isinstance(kind, MirrorMeta):
            for name, item in attributes:
                if type(name) is str and not name.startswith("_"):
                    made.__dict__[name] = carrier.value(item, depth)
        if cause is not None:
            reason = carrier.value(cause, depth)
            if isinstance(reason, BaseException):
                made.__cause__ = reason
        return made

    def drop(self, number: Any, count: int) -> None:
        """Nothing here stands for that object of the other side any more; it learns so with the next message."""
        if type(number) is int:
            self._dropped += [number, count]

    def _drops(self) -> list[int]:
        drops, self._dropped = self._dropped, []
        return drops

    def _forget(self, drops: Any) -> None:
        for number, count in zip(drops[::2], drops[1::2]):
            given = self._given.get(number)
            if given is not None and number not in self._described:
                given[1] -= count
                if given[1] <= 0:
                    del self._given[number], self._numbers[id(given[0])]

    # --- bytes -------------------------------------------------------------------------------------------------------

    def _send(self, message: list[Any]) -> None:
        text = _dumps(message).encode("ascii")
        data = memoryview(_HEAD.pack(len(text)) + text)
        try:
            while data:
                data = data[os.write(self.fd, data) :]
        except OSError as error:
            self._end(str(error))

    def _receive(self) -> list[Any]:
        size = _HEAD.unpack(self._read(_HEAD.size))[0]
        if size > self.max_bytes:
            self._end(f"a message of {size} bytes")
        try:
            message = _loads(self._read(size))
        except (ValueError, RecursionError) as error:
            self._end(str(error))
        if type(message) is not list or len(message) < 2:
            self._end("not a message")
        found: list[Any] = message
        return found

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = os.read(self.fd, min(size, 1 << 20))
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
        if os.getpid() != self._process:  # a child that the program forked has no part in its answers
            os._exit(0)


class _Waiting:
    """An awaitable of the other side, until it is awaited."""

    def __init__(self, number: int) -> None:
        self._sandbox_number = number


def number_in(error: BaseException) -> int | None:
    """The other side's number of an exception that came from there."""
    found = error.__dict__.get("_sandbox_number")
    return found if type(found) is int else None


def _raised(kind: Any, args: list[Any]) -> Any:
    try:
        made = kind(*args)
        if type(made) is kind and made.args == tuple(args):
            return made
    except BaseException:
        pass  # an exception that wants other arguments than it shows
    return kind.__new__(kind, *args)


def _exactly(base: Any, value: Any) -> Any:
    if base is tuple:
        return tuple.__getitem__(value, slice(None))
    if base in (str, bytes):
        return base.__getitem__(value, slice(None))
    if base is frozenset:
        return frozenset(frozenset.__iter__(value))
    if base is complex:
        return complex(complex.__add__(value, 0))
    return {int: int.__int__, float: float.__float__}[base](value)


def _called_by(perform: Callable[..., Any], callers: Any) -> Callable[..., Any]:
    """*perform* with frames below it that bear the names of the functions which asked, for `inspect.stack` in a test."""
    for name, file in list(callers)[:MAX_CALLERS]:
        if type(name) is not str or type(file) is not str or len(name) + len(file) > 1000:
            raise WireError("a caller has a name and a file")
        code = _frame.__code__.replace(co_name=name, co_filename=file)
        perform = types.FunctionType(code, {}, name, (perform,))
    return perform


def _frame(op: str, args: Any, perform: Any = None) -> Any:
    return perform(op, args)


def _guard(op: str, args: list[Any]) -> None:
    """Refuse what a function may not ask of its arguments, or a program could read the tests through a callback.

    Raises:
        AttributeError: so the program sees it.
    """
    if op not in ("call", "call_async", "await", "method", "method_async", "attr", "setattr", "delattr", "op", "op_async"):
        raise AttributeError(f"the tests do not answer {op!r}")
    target = args[1] if op in ("op", "op_async") else args[0]
    if op in ("attr", "setattr", "delattr", "method", "method_async"):
        name = args[1]
        if type(name) is not str or (name.startswith("_") and name != "__init__"):
            raise AttributeError(name)
        if isinstance(target, _INTERNAL) and not (op == "method" and name in ("send", "throw", "close")):
            raise AttributeError(name)
    if op in ("op", "op_async") and args[0] not in PROTOCOL:
        raise AttributeError(args[0])


# --- what a side does when it is asked ---------------------------------------------------------------------------------


def _operate(name: str, target: Any, args: list[Any], kwargs: Any = None) -> Any:
    """As the interpreter calls special methods: looked up on the type, bound to the object."""
    if name == "__deepcopy__":
        return copy.deepcopy(target)
    if name == "__copy__":
        return copy.copy(target)
    if name not in PROTOCOL:
        raise AttributeError(name)
    kind = type(target)
    for base in kind.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            if hasattr(type(found), "__get__"):
                found = found.__get__(target, kind)
            return found(*args, **(kwargs or {}))
    if name == "__iter__":
        return iter(target)
    if name == "__contains__":
        return args[0] in target
    if name == "__getitem__" and isinstance(target, type):
        return target[args[0]]  # type: ignore[index]
    raise TypeError(f"{kind.__name__!r} object does not support {name}")


def _content(target: Any) -> Any:
    """What an object of a subclass of list, dict, set or bytearray holds, read by the base's own slots."""
    for base in type(target).__mro__:
        if base is list:
            return list.__getitem__(target, slice(None))
        if base is dict:
            return dict(dict.items(target))
        if base is set:
            return set(set.__iter__(target))
        if base is bytearray:
            return bytearray.__getitem__(target, slice(None))
    raise TypeError("no such content")


def _signature_rows(target: Any) -> list[Any]:
    rows = []
    for parameter in inspect.signature(target).parameters.values():
        has_default = parameter.default is not parameter.empty
        rows.append([parameter.name, int(parameter.kind), has_default, parameter.default if has_default else None])
    return rows


def run_awaitable(target: Any) -> Any:
    """Run an awaitable to its end on a loop of this process, even while another loop runs in this thread."""
    import asyncio  # imported only where it is used: it would make every fork dearer

    async def wait() -> Any:
        return await target

    outer = asyncio._get_running_loop()
    if outer is None:
        loop = _loops[0] if _loops and not _loops[0].is_closed() else asyncio.new_event_loop()
        _loops[:] = [loop]
        return loop.run_until_complete(wait())
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(wait())
    finally:
        loop.close()
        asyncio._set_running_loop(outer)


_loops: list[Any] = []


def _method_of(target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return getattr(target, name)(*args, **kwargs)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, args, kwargs: target(*args, **kwargs),
    "call_async": lambda target, args, kwargs: run_awaitable(target(*args, **kwargs)),
    "await": run_awaitable,
    "method": _method_of,
    "method_async": lambda target, name, args, kwargs: run_awaitable(_method_of(target, name, args, kwargs)),
    "attr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "op": _operate,
    "op_async": lambda name, target, args: run_awaitable(_operate(name, target, args)),
    "content": _content,
    "signature": _signature_rows,
}

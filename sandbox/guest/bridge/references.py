"""What crosses by reference: objects, classes, functions, exceptions and modules of one side, mirrored on the other.

Each side counts how often it has given an object away and keeps it until the other side has forgotten it as often.
"""

from __future__ import annotations

import inspect
import sys
import types
import weakref
from typing import Any, Callable

from ..values import Unsendable
from ..wire import WireError
from .classes import describe, make_class
from .contents import identity
from .marshalling import Carrier
from .pandas_frames import read_frame, write_frame
from .proxies import IMMUTABLE, MirrorMeta, RemoteFunction, is_mirror, number_of
from .shared_names import BY_NAME, CATCHING, NAME_OF

__all__ = ["FUNCTION_KINDS", "References", "number_in"]

FUNCTION_KINDS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
_NEVER = (types.FrameType, types.CodeType, types.TracebackType)


def _is_said(caught: Any, kind: Any) -> bool:
    """Whether the exception that tests are just handling is the program's: by what its class is called, it may be caught."""
    return isinstance(caught, kind) and caught.__dict__.get("_sandbox_said") is True


class References:
    """The objects of this side that the other knows, and those of the other side that are known here."""

    def __init__(self, *, judges: bool, is_home: Callable[[str], bool]) -> None:
        self.judges = judges
        self._lent: set[str] = set()
        """Names of exceptions of which the tests have a class of their own."""
        self.is_home = is_home
        self.is_written = is_home
        """Whether a module's text is this side's own: less than `is_home`, which libraries are too that it has loaded."""
        self.structures: dict[str, type] = {}
        self.named: set[type] = set()
        """Mirrored classes that the label names."""
        self._given: dict[int, list[Any]] = {}
        self._numbers: dict[Any, int] = {}
        self._taken: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._kept: dict[int, Any] = {}
        self._classes: dict[int, Any] = {}
        self._described: set[int] = set()
        self._passed: set[int] = set()
        """Classes that this side has passed by themselves, by their identity: they are kept in `_given`."""
        self._is_asking = False
        self._dropped: list[int] = []
        self._count = 0

    def ask(self, op: str, *args: Any) -> Any:
        """Put a question to the other side."""
        raise NotImplementedError

    async def coroutine(self, op: str, *args: Any) -> Any:
        """`ask`, as a coroutine of this side."""
        return self.ask(op, *args)

    def is_tests_own(self, kind: type) -> bool:
        """Whether this side has written a class, or passed it by itself: the other may do with it what it can."""
        return self.is_written(str(kind.__module__)) or id(kind) in self._passed

    def is_named(self, kind: type) -> bool:
        """Whether the label names this class, or one that it derives from."""
        return not self.named.isdisjoint(kind.__mro__)

    def give(self, value: Any, carrier: Carrier, depth: int) -> Any:
        """See `Crossing.give`."""
        kind = type(value)
        if kind is _Waiting:
            return {"Y": value._sandbox_number}
        if is_mirror(value):
            if kind is MirrorMeta:
                return {"k": number_of(value)}
            return {"Y": number_of(value)}
        name = NAME_OF.get(id(value))
        if name is not None:
            return {"b": name}
        if issubclass(kind, type):
            if self._is_asking:
                self._passed.add(id(value))
            return self._class(value)
        if issubclass(kind, _NEVER):
            return None
        if not self.judges and str(kind.__module__).startswith("pandas") and "pandas" in sys.modules:
            written = write_frame(carrier, value, depth)
            if written is not None:
                return {"Z": written}
        if issubclass(kind, BaseException):
            return self._give_exception(value, carrier, depth)
        if kind in FUNCTION_KINDS or (callable(value) and kind.__module__ == "functools"):
            if self.judges and kind is types.BuiltinFunctionType and value.__module__ in sys.modules:
                # len, math.sqrt, operator.add: known on both sides, and this side is believed
                module, own = str(value.__module__), str(value.__name__)
                if getattr(sys.modules[module], own, None) is value:
                    return {"b": f"{module}:{own}"}
            names = [str(getattr(value, key, "") or "")[:500] for key in ("__name__", "__qualname__", "__module__")]
            flags = value.__code__.co_flags if kind is types.FunctionType else 0
            doc = getattr(value, "__doc__", None)
            doc = doc[:2000] if type(doc) is str and not self.judges else None
            return {"G": [self._number(value), *names, doc, inspect.iscoroutinefunction(value), flags]}
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
        return {"y": [self._number(value), self._described_class(kind)]}

    def is_given(self, value: Any) -> bool:
        """Whether the other side knows an object of this one."""
        return identity(value) in self._numbers

    def _number(self, value: Any) -> int:
        number = self._numbers.get(identity(value))
        if number is None:
            self._count += 1
            number = self._numbers[identity(value)] = self._count
            self._given[number] = [value, 0]
        self._given[number][1] += 1
        return number

    def _class(self, kind: type) -> Any:
        if type(kind) is MirrorMeta:
            return {"k": number_of(kind)}
        name = NAME_OF.get(id(kind))
        return self._described_class(kind) if name is None else {"b": name}

    def _described_class(self, kind: type) -> Any:
        """A class for its instances that are not values: described even if both sides know it, for they stay where they are."""
        if type(kind) is MirrorMeta:
            return {"k": number_of(kind)}
        number = self._number(kind)
        if number in self._described:
            return {"K": [number]}
        self._described.add(number)
        home = self.is_home(str(kind.__module__))
        return {"K": [number, *describe(kind, home, self._class, not self.judges)]}

    def _give_exception(self, error: BaseException, carrier: Carrier, depth: int) -> Any:
        number = number_in(error)
        if number is not None:
            return {"Y": number}
        kind = self._class(type(error))  # first: what follows may refer to it
        try:
            args = [carrier.tree(item, depth) for item in error.args]
        except Unsendable:
            args = [str(error)[:2000]]
        attributes = []
        known = [(name, getattr(error, name, None)) for base, names in _FIELDS if isinstance(error, base) for name in names.split()]
        for name, item in [*known, *list(vars(error).items())]:
            if type(name) is str and (not name.startswith("_") or name == "__notes__") and item is not None:
                try:
                    attributes.append([name, carrier.tree(item, depth)])
                except Unsendable:
                    pass
        causes = [
            None if link is None or depth > 20 else carrier.tree(link, depth + 1) for link in (error.__cause__, error.__context__)
        ]
        return {
            "E": [
                kind,
                self._number(error),
                args,
                attributes,
                *causes,
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
            number, name, qualified, module, doc, is_async, flags = body
            for text in (name, qualified, module):
                if type(text) is not str:
                    raise WireError("a name is a text")
            return self._known(number) or self._keep(
                RemoteFunction(self, number, name, qualified, module, doc, is_async is True, int(flags))
            )
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
        if tag == "Z" and self.judges:
            return read_frame(carrier, body, depth)
        raise WireError(f"no value has the tag {tag[:20]!r}")

    def _find(self, name: str) -> Any:
        if name in BY_NAME:
            if self.judges and name in CATCHING and (name in self._lent or not _is_said(sys.exc_info()[1], BY_NAME[name])):
                self._lent.add(name)
                return CATCHING[name]
            return BY_NAME[name]
        if self.judges:
            raise WireError("nothing of that name is taken from a program")
        module, _, path = name.partition(":")
        found = __import__(module, fromlist=["_"])
        for part in path.split(".") if path else ():
            found = getattr(found, part)
        return found

    def _kind(self, tree: Any, carrier: Carrier, depth: int) -> Any:
        """A class in a place where no `except` comes by it: itself, as long as the tests have not been given another for it."""
        lent = set(self._lent)
        kind = carrier.value(tree, depth)
        name = NAME_OF.get(id(kind), "")
        if name in CATCHING and name not in lent:
            self._lent = lent
            return BY_NAME[name]
        return kind

    def _take_class(self, body: Any, carrier: Carrier, depth: int) -> Any:
        number, *description = body
        if type(number) is not int:
            raise WireError("a class without a number")
        if description:
            description[4] = [self._kind(tree, carrier, depth) for tree in description[4]]
            self._classes[number] = make_class(self, number, description)
        return self._classes[number]

    def _make(self, kind: Any, number: Any) -> Any:
        if type(number) is not int:
            raise WireError("an object without a number")
        made: Any = object.__new__(kind)
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
        base: Any = type(plain)
        made = base.__new__(kind, plain)
        made.__dict__["_sandbox_number"] = number
        try:
            return self._keep(made)
        except TypeError:  # tuples and ints have no weak references
            self._kept[number] = made
            return made

    def _take_exception(self, body: Any, carrier: Carrier, depth: int) -> Any:
        tree, number, arg_trees, attributes, cause, context = body
        kind = self._kind(tree, carrier, depth)
        args = [carrier.value(item, depth) for item in arg_trees]
        found = self._known(number)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)) or type(number) is not int:
            raise WireError("an exception of no class")
        made = found
        if isinstance(kind, MirrorMeta):
            if made is None:
                base: Any = next(base for base in kind.__mro__ if base.__module__ == "builtins" and issubclass(base, BaseException))
                made = base.__new__(kind, *args)
                made.__dict__["_sandbox_number"] = number
                self._taken[number] = made
        elif made is None:
            made = _raised(kind, args)
            made.__dict__["_sandbox_number"] = number
        BaseException.args.__set__(made, tuple(args))  # type: ignore[attr-defined]  # past the mirror's own __setattr__
        for name, tree in attributes:
            item = carrier.value(tree, depth)
            if type(name) is str and (not isinstance(kind, MirrorMeta) or name == "__notes__"):
                _set_field(made, name, item)
        reason, before = (None if link is None else carrier.value(link, depth) for link in (cause, context))
        if isinstance(before, BaseException) and before is not made:
            made.__context__ = before
        if isinstance(reason, BaseException) and reason is not made:
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
                    del self._given[number], self._numbers[identity(given[0])]


_FIELDS: tuple[tuple[type, str], ...] = (
    (OSError, "filename filename2"),
    (ImportError, "name path"),
    (AttributeError, "name"),
    (NameError, "name"),
    (SyntaxError, "filename lineno offset text"),
)
"""What exceptions hold beside their arguments."""


def _set_field(error: BaseException, name: str, value: Any) -> None:
    try:
        if name.startswith("_") and name != "__notes__":
            return
        if any(isinstance(error, base) and name in names.split() for base, names in _FIELDS):
            setattr(error, name, value)
        else:
            error.__dict__[name] = value
    except (AttributeError, TypeError):
        pass  # a field that this version of Python does not have


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

"""What crosses by reference: objects, classes, functions, exceptions and modules of one side, for which the other has proxies.

An object that this side sends is *exported*: it gets a number, and is kept alive until the other side has released it as often as it
was sent. A proxy for an object of the other side is an *import*.
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
from .exceptions import FIELDS, number_of_exception, raised_by_program, rebuilt, set_field
from .marshalling import Marshaller
from .pandas_frames import read_frame, write_frame
from .proxies import ProxyMeta, RemoteFunction, is_proxy, number_of
from .shared_names import BY_NAME, NAME_OF, STAND_INS
from .special_methods import IMMUTABLE

__all__ = ["FUNCTION_KINDS", "References"]

FUNCTION_KINDS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
_NOT_EXPORTED = (types.FrameType, types.CodeType, types.TracebackType)


class References:
    """The tables of exports and imports of one side, with what reads and writes the trees that refer to them."""

    def __init__(self, *, is_tester: bool, is_own_module: Callable[[str], bool]) -> None:
        self.is_tester = is_tester
        self._stand_ins_used: set[str] = set()
        """Names of STAND_INS that the tests have been given: from then on they get those and not the builtin classes."""
        self.is_own_module = is_own_module
        self.is_own_source = is_own_module
        """Whether this side's author wrote the text of a module. `is_own_module` holds of libraries too that only this side has loaded."""
        self.structures: dict[str, type] = {}
        self.label_classes: set[type] = set()
        """Proxy classes that the label names."""
        self._exports: dict[int, list[Any]] = {}
        """By number: the object, and how often it was sent and not released."""
        self._export_numbers: dict[Any, int] = {}
        self._imports: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._imports_kept: dict[int, Any] = {}
        """Imports of types that cannot be referred to weakly."""
        self._classes: dict[int, Any] = {}
        self._described: set[int] = set()
        """Numbers of classes that the other side knows."""
        self._passed: set[int] = set()
        """`id` of the classes that this side has passed as arguments; `_exports` keeps them alive."""
        self._is_asking = False
        """A question is being packed, and not an answer."""
        self._releases: list[int] = []
        self._count = 0

    def ask(self, op: str, *args: Any) -> Any:
        """Put a question to the other side."""
        raise NotImplementedError

    async def coroutine(self, op: str, *args: Any) -> Any:
        """`ask`, as a coroutine of this side."""
        return self.ask(op, *args)

    def is_tests_own(self, kind: type) -> bool:
        """Whether this side wrote a class, or passed it as an argument: then the other side may use all of it."""
        return self.is_own_source(str(kind.__module__)) or id(kind) in self._passed

    def is_label_class(self, kind: type) -> bool:
        """Whether the label names this class, or one that it derives from."""
        return not self.label_classes.isdisjoint(kind.__mro__)

    def export(self, value: Any, marshaller: Marshaller, depth: int) -> Any:
        """See `ObjectTable.export`."""
        kind = type(value)
        if kind is _RemoteAwaitable:
            return {"Y": value._sandbox_number}
        if is_proxy(value):
            if kind is ProxyMeta:
                return {"k": number_of(value)}
            return {"Y": number_of(value)}
        name = NAME_OF.get(id(value))
        if name is not None:
            return {"b": name}
        if issubclass(kind, type):
            if self._is_asking:
                self._passed.add(id(value))
            return self._export_class(value)
        if issubclass(kind, _NOT_EXPORTED):
            return None
        if not self.is_tester and str(kind.__module__).startswith("pandas") and "pandas" in sys.modules:
            written = write_frame(marshaller, value, depth)
            if written is not None:
                return {"Z": written}
        if issubclass(kind, BaseException):
            return self._export_exception(value, marshaller, depth)
        if kind in FUNCTION_KINDS or (callable(value) and kind.__module__ == "functools"):
            if self.is_tester and kind is types.BuiltinFunctionType and value.__module__ in sys.modules:
                # len, math.sqrt, operator.add: known on both sides, and this side is believed
                module, own = str(value.__module__), str(value.__name__)
                if getattr(sys.modules[module], own, None) is value:
                    return {"b": f"{module}:{own}"}
            names = [str(getattr(value, key, "") or "")[:500] for key in ("__name__", "__qualname__", "__module__")]
            flags = value.__code__.co_flags if kind is types.FunctionType else 0
            doc = getattr(value, "__doc__", None)
            doc = doc[:2000] if type(doc) is str and not self.is_tester else None
            return {"G": [self._export_number(value), *names, doc, inspect.iscoroutinefunction(value), flags]}
        if (
            kind is types.ModuleType
            and self.is_tester
            and value.__name__.split(".")[0] in sys.modules
            and not self.is_own_module(value.__name__)
        ):
            return {"b": f"{value.__name__}:"}
        if inspect.isawaitable(value):
            return {"W": self._export_number(value)}
        for base in kind.__mro__:
            if base in IMMUTABLE.values():
                plain = _exactly(base, value)
                return {"B": [self._export_class(kind), self._export_number(value), marshaller.tree(plain, depth)]}
        return {"y": [self._export_number(value), self._export_described(kind)]}

    def is_exported(self, value: Any) -> bool:
        """Whether the other side knows an object of this one."""
        return _identity(value) in self._export_numbers

    def _export_number(self, value: Any) -> int:
        number = self._export_numbers.get(_identity(value))
        if number is None:
            self._count += 1
            number = self._export_numbers[_identity(value)] = self._count
            self._exports[number] = [value, 0]
        self._exports[number][1] += 1
        return number

    def _export_class(self, kind: type) -> Any:
        if type(kind) is ProxyMeta:
            return {"k": number_of(kind)}
        name = NAME_OF.get(id(kind))
        return self._export_described(kind) if name is None else {"b": name}

    def _export_described(self, kind: type) -> Any:
        """The tree of a class whose instances stay on this side.

        It is described even if the other side has a class of that name, because a proxy class has to be made there.
        """
        if type(kind) is ProxyMeta:
            return {"k": number_of(kind)}
        number = self._export_number(kind)
        if number in self._described:
            return {"K": [number]}
        self._described.add(number)
        home = self.is_own_module(str(kind.__module__))
        return {"K": [number, *describe(kind, home, self._export_class, not self.is_tester)]}

    def _export_exception(self, error: BaseException, marshaller: Marshaller, depth: int) -> Any:
        number = number_of_exception(error)
        if number is not None:
            return {"Y": number}
        kind = self._export_class(type(error))  # first: what follows may refer to it
        try:
            args = [marshaller.tree(item, depth) for item in error.args]
        except Unsendable:
            args = [str(error)[:2000]]
        attributes = []
        known = [(name, getattr(error, name, None)) for base, names in FIELDS if isinstance(error, base) for name in names.split()]
        for name, item in [*known, *list(vars(error).items())]:
            if type(name) is str and (not name.startswith("_") or name == "__notes__") and item is not None:
                try:
                    attributes.append([name, marshaller.tree(item, depth)])
                except Unsendable:
                    pass
        causes = [
            None if link is None or depth > 20 else marshaller.tree(link, depth + 1)
            for link in (error.__cause__, error.__context__)
        ]
        return {
            "E": [
                kind,
                self._export_number(error),
                args,
                attributes,
                *causes,
            ]
        }

    def resolve(self, tag: str, body: Any, marshaller: Marshaller, depth: int) -> Any:
        """See `ObjectTable.resolve`."""
        if tag == "Y" or tag == "k":
            return self._exports[body][0]
        if tag == "b":
            return self._resolve_name(body)
        if tag == "K":
            return self._resolve_class(body, marshaller, depth)
        if tag == "G":
            number, name, qualified, module, doc, is_async, flags = body
            for text in (name, qualified, module):
                if type(text) is not str:
                    raise WireError("a name is a text")
            return self._imported(number) or self._import(
                RemoteFunction(self, number, name, qualified, module, doc, is_async is True, int(flags))
            )
        if tag == "W":
            return self.coroutine("await", _RemoteAwaitable(body))
        if tag == "y":
            number, tree = body
            kind = marshaller.value(tree, depth)
            if not isinstance(kind, ProxyMeta):
                raise WireError("an object of no class")
            found = self._imported(number)
            return self._proxy(kind, number) if found is None else found
        if tag == "B":
            return self._resolve_plain(body, marshaller, depth)
        if tag == "E":
            return self._resolve_exception(body, marshaller, depth)
        if tag == "Z" and self.is_tester:
            return read_frame(marshaller, body, depth)
        raise WireError(f"no value has the tag {tag[:20]!r}")

    def _resolve_name(self, name: str) -> Any:
        if name in BY_NAME:
            if self.is_tester and name in STAND_INS and (name in self._stand_ins_used or not _is_catching(BY_NAME[name])):
                self._stand_ins_used.add(name)
                return STAND_INS[name]
            return BY_NAME[name]
        if self.is_tester:
            raise WireError("nothing of that name is taken from a program")
        module, _, path = name.partition(":")
        found = __import__(module, fromlist=["_"])
        for part in path.split(".") if path else ():
            found = getattr(found, part)
        return found

    def _resolve_kind(self, tree: Any, marshaller: Marshaller, depth: int) -> Any:
        """A class that is not used in an `except` of the tests.

        It is the builtin class, unless the tests were given its stand-in before.
        """
        before = set(self._stand_ins_used)
        kind = marshaller.value(tree, depth)
        name = NAME_OF.get(id(kind), "")
        if name in STAND_INS and name not in before:
            self._stand_ins_used = before
            return BY_NAME[name]
        return kind

    def _resolve_class(self, body: Any, marshaller: Marshaller, depth: int) -> Any:
        number, *description = body
        if type(number) is not int:
            raise WireError("a class without a number")
        if description:
            description[4] = [self._resolve_kind(tree, marshaller, depth) for tree in description[4]]
            self._classes[number] = make_class(self, number, description)
        return self._classes[number]

    def _proxy(self, kind: Any, number: Any) -> Any:
        if type(number) is not int:
            raise WireError("an object without a number")
        made: Any = object.__new__(kind)
        made.__dict__["_sandbox_number"] = number
        return self._import(made)

    def _import(self, made: Any) -> Any:
        self._imports[number_of(made)] = made
        return made

    def _imported(self, number: Any) -> Any:
        found = self._imports.get(number)
        if found is None:
            found = self._imports_kept.get(number)
        if found is not None:
            found.__dict__["_sandbox_count"] = found.__dict__.get("_sandbox_count", 1) + 1
        return found

    def _resolve_plain(self, body: Any, marshaller: Marshaller, depth: int) -> Any:
        tree, number, plain_tree = body
        kind = marshaller.value(tree, depth)
        plain = marshaller.value(plain_tree, depth)
        if not isinstance(kind, ProxyMeta) or type(number) is not int or kind._sandbox_plain is not type(plain):
            raise WireError("a value of no such class")
        found = self._imported(number)
        if found is not None:
            return found
        base: Any = type(plain)
        made = base.__new__(kind, plain)
        made.__dict__["_sandbox_number"] = number
        try:
            return self._import(made)
        except TypeError:  # tuples and ints have no weak references
            self._imports_kept[number] = made
            return made

    def _resolve_exception(self, body: Any, marshaller: Marshaller, depth: int) -> Any:
        tree, number, arg_trees, attributes, cause, context = body
        kind = self._resolve_kind(tree, marshaller, depth)
        args = [marshaller.value(item, depth) for item in arg_trees]
        found = self._imported(number)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)) or type(number) is not int:
            raise WireError("an exception of no class")
        made = found
        if isinstance(kind, ProxyMeta):
            if made is None:
                base: Any = next(base for base in kind.__mro__ if base.__module__ == "builtins" and issubclass(base, BaseException))
                made = base.__new__(kind, *args)
                made.__dict__["_sandbox_number"] = number
                self._imports[number] = made
        elif made is None:
            made = rebuilt(kind, args)
            made.__dict__["_sandbox_number"] = number
        BaseException.args.__set__(made, tuple(args))  # type: ignore[attr-defined]  # past the proxy's own __setattr__
        for name, tree in attributes:
            item = marshaller.value(tree, depth)
            if type(name) is str and (not isinstance(kind, ProxyMeta) or name == "__notes__"):
                set_field(made, name, item)
        reason, before = (None if link is None else marshaller.value(link, depth) for link in (cause, context))
        if isinstance(before, BaseException) and before is not made:
            made.__context__ = before
        if isinstance(reason, BaseException) and reason is not made:
            made.__cause__ = reason
        return made

    def release(self, number: Any, count: int) -> None:
        """A proxy has gone: the next message tells the other side to release what it stood for, which was sent *count* times."""
        if type(number) is int:
            self._releases += [number, count]

    def _take_releases(self) -> list[int]:
        releases, self._releases = self._releases, []
        return releases

    def _release_exports(self, releases: Any) -> None:
        for number, count in zip(releases[::2], releases[1::2]):
            given = self._exports.get(number)
            if given is not None and number not in self._described:
                given[1] -= count
                if given[1] <= 0:
                    del self._exports[number], self._export_numbers[_identity(given[0])]


class _RemoteAwaitable:
    """An awaitable of the other side, until it is awaited."""

    def __init__(self, number: int) -> None:
        self._sandbox_number = number


def _identity(value: Any) -> Any:
    """What tells one object from another. A bound method is made anew each time that it is looked up, and is the same still."""
    if type(value) is types.MethodType:
        return id(value.__self__), id(value.__func__)
    if type(value) is types.BuiltinMethodType and not isinstance(value.__self__, (types.ModuleType, type(None))):
        return id(value.__self__), value.__name__
    return id(value)


def _is_catching(kind: Any) -> bool:
    """Whether the tests are just handling an exception of that kind which the program raised: they may use its builtin class."""
    caught: Any = sys.exc_info()[1]
    return isinstance(caught, kind) and raised_by_program(caught)


def _exactly(base: Any, value: Any) -> Any:
    """The plain value of an object of a subclass of *base*, read past whatever the subclass overrides."""
    if base is tuple:
        return tuple.__getitem__(value, slice(None))
    if base in (str, bytes):
        return base.__getitem__(value, slice(None))
    if base is frozenset:
        return frozenset(frozenset.__iter__(value))
    if base is complex:
        return complex(complex.__add__(value, 0))
    return {int: int.__int__, float: float.__float__}[base](value)

"""Proxies: what stands here for an object, a class or a function that lives on the other side. What is done to it is asked there.

A class of the other side becomes a real class here, so that `isinstance`, `except` and `pytest.raises` mean what they say. What its
objects forward, and what they refuse to forward in the tester, is in `forwarding`.
"""

from __future__ import annotations

import types
from typing import Any

from . import signatures
from .special_methods import IMMUTABLE, MUTABLE, PREFIX, REVEALING, SPECIAL_METHODS

__all__ = [
    "CannotDerive",
    "Proxy",
    "ProxyMeta",
    "RemoteFunction",
    "checked_attribute",
    "compare",
    "is_proxy",
    "made_by_tests",
    "mark_made_by_tests",
    "number_of",
]

_CLASS_SPECIALS = frozenset(
    "__members__ __annotations__ __match_args__ __dataclass_fields__ __dataclass_params__ __slots__ __version__ __all__".split()
)


def is_proxy(value: Any) -> bool:
    """Whether *value* stands for something of the other side."""
    kind = type(value)
    return issubclass(kind, (Proxy, RemoteFunction)) or kind is ProxyMeta


def number_of(value: Any) -> int:
    """The number by which the other side knows what a proxy stands for."""
    number: int = object.__getattribute__(value, "_sandbox_number")
    return number


class CannotDerive(TypeError):
    """The tests derive a class from one of the program's, which no proxy can give: such a label cannot be judged here."""


class ProxyMeta(type):
    """The metaclass of proxies: what is done to the class itself is asked on the other side too."""

    _sandbox_peer: Any
    _sandbox_number: int

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any) -> ProxyMeta:
        if "_sandbox_number" not in namespace and bases:
            what = f"class {name}: a class of the tests cannot derive from a class of the program, which runs elsewhere"
            remote = [base for base in bases if isinstance(base, ProxyMeta)]
            peer = remote[0]._sandbox_peer
            # A program may answer with a class where none is expected: that does not make the label one that cannot be judged.
            if not peer.is_tester or not all(map(peer.is_label_class, remote)):
                raise TypeError(what)
            peer.label_error = CannotDerive(what)
            raise peer.label_error
        return super().__new__(cls, name, bases, namespace)

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any) -> None:
        super().__init__(name, bases, namespace)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return mark_made_by_tests(cls._sandbox_peer.ask("call", cls, list(args), kwargs), cls._sandbox_peer.is_label_class(cls))

    def __getattr__(cls, name: str) -> Any:
        if name.startswith(PREFIX) or (name.startswith("__") and name not in _CLASS_SPECIALS):
            raise AttributeError(name)
        peer = cls._sandbox_peer
        value = peer.ask("attr", cls, name)
        is_label_class = peer.is_label_class(cls)
        if type(value) is ProxyMeta and is_label_class:
            peer.label_classes.add(value)
        return checked_attribute(peer, name, value, is_label_class)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name.startswith("__") and name not in SPECIAL_METHODS:
            super().__setattr__(name, value)
            return
        peer, kept = cls._sandbox_peer, cls.__dict__.get("_sandbox_originals", {})
        if value is cls.__dict__.get(name) and name in kept:  # a patch is undone: put back what the forwarder stands for
            peer.ask("setattr", cls, name, kept[name])
            return
        if name in cls.__dict__ and name not in kept:
            kept[name] = peer.ask("attr", cls, name)
        peer.ask("setattr", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        cls._sandbox_peer.ask("delattr", cls, name)

    def __bool__(cls) -> bool:
        return True

    def __iter__(cls) -> Any:
        peer = cls._sandbox_peer
        return iter(peer.ask("op", "__iter__", cls, []))

    def __len__(cls) -> Any:
        return cls._sandbox_peer.ask("op", "__len__", cls, [])

    def __contains__(cls, item: Any) -> Any:
        peer = cls._sandbox_peer
        if peer.is_tester and not is_proxy(item) and not peer.is_label_class(cls):
            return any(found is item or found == item for found in iter(cls))
        return peer.ask("op", "__contains__", cls, [item])

    def __getitem__(cls, key: Any) -> Any:
        return cls._sandbox_peer.ask("op", "__getitem__", cls, [key])


class Proxy(metaclass=ProxyMeta):
    """Stands for an object of the other side. Each class over there has a subclass here, made by `classes.make_class`."""

    _sandbox_peer: Any = None
    _sandbox_number = -1
    _sandbox_defined: frozenset[str] = frozenset()
    """Special methods that the class over there defines, those of its bases included; "!__hash__" if it is unhashable."""
    _sandbox_plain: type | None = None
    """The plain type that the class over there derives from: if IMMUTABLE the proxy has its value, if MUTABLE its content can be asked for."""

    def __getattr__(self, name: str) -> Any:
        if name in ("__dataclass_fields__", "__dataclass_params__"):
            return getattr(type(self), name)
        if name.startswith(PREFIX) or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        peer = type(self)._sandbox_peer
        return checked_attribute(peer, name, peer.ask("attr", self, name), made_by_tests(self))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):  # the interpreter sets __traceback__, __cause__ and their kin on exceptions
            object.__setattr__(self, name, value)
        else:
            type(self)._sandbox_peer.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        type(self)._sandbox_peer.ask("delattr", self, name)

    def __eq__(self, other: object) -> Any:
        return compare(self, other, "__eq__")

    def __ne__(self, other: object) -> Any:
        if "__ne__" in self._sandbox_defined and is_proxy(other):
            return compare(self, other, "__ne__")
        same = self.__eq__(other)
        return same if same is NotImplemented else not same

    def __hash__(self) -> int:
        kind = type(self)
        if "!__hash__" in kind._sandbox_defined:
            raise TypeError(f"unhashable type: {kind.__name__!r}")
        plain = kind._sandbox_plain
        if "__hash__" in kind._sandbox_defined:
            kind._sandbox_peer.delegated += 1
            return int(kind._sandbox_peer.ask("op", "__hash__", self, []))
        own: Any = plain if plain is not None and plain.__name__ in IMMUTABLE else object
        return int(own.__hash__(self))

    def __repr__(self) -> str:
        plain: Any = type(self)._sandbox_plain
        if plain is not None and plain.__name__ in IMMUTABLE:
            return str(plain.__repr__(self))
        if isinstance(self, BaseException):
            return BaseException.__repr__(self)
        return f"<{type(self).__module__}.{type(self).__qualname__} object>"

    def __copy__(self) -> Any:
        return type(self)._sandbox_peer.ask("op", "__copy__", self, [])

    def __deepcopy__(self, _memo: Any) -> Any:
        return type(self)._sandbox_peer.ask("op", "__deepcopy__", self, [])

    def __reduce_ex__(self, _protocol: Any) -> Any:
        # Pickling makes a copy on the other side, and unpickling another: the pickle holds only the number of the first.
        _pickled.append(self.__deepcopy__({}))
        return _unpickled, (len(_pickled) - 1,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Proxies are made without it: only who calls x.__init__(...) explicitly comes here.
        type(self)._sandbox_peer.ask("method", self, "__init__", list(args), kwargs)

    def __del__(self) -> None:
        peer = type(self)._sandbox_peer
        if peer is not None:
            peer.release(self.__dict__.get("_sandbox_number"), self.__dict__.get("_sandbox_count", 1))


_pickled: list[Any] = []


def _unpickled(number: int) -> Any:
    return _pickled[number].__deepcopy__({})


def compare(self: Any, other: Any, name: str) -> Any:
    """What the comparison *name* gives: asked, by the plain value, or NotImplemented. See `forwarding` for what is not asked."""
    kind = type(self)
    peer, plain = kind._sandbox_peer, kind._sandbox_plain
    may_order = name in ("__eq__", "__ne__") or not peer.is_tester or peer.is_label_class(kind)
    if name in kind._sandbox_defined and (is_proxy(other) or not peer.is_tester) and may_order:
        peer.delegated += 1
        return peer.ask("op", name, self, [other])
    if plain is None or (is_proxy(other) and plain.__name__ in MUTABLE):
        return NotImplemented if self is not other else name in ("__eq__", "__le__", "__ge__")
    if plain.__name__ in MUTABLE:
        # The other side tells the content before it could know what it is compared with; read past what the subclass overrides.
        content = peer.ask("content", self)
        return getattr(plain, name)(content, other) if type(content) is plain else NotImplemented
    return getattr(plain, name)(self, other)


def made_by_tests(proxy: Any) -> bool:
    """Whether the tests made this object themselves, by calling a class that they name: then all they do to it is asked."""
    return proxy.__dict__.get("_sandbox_made_by_tests") is True


def mark_made_by_tests(value: Any, by_tests: bool) -> Any:
    """*value*; if it is a proxy and *by_tests*, `made_by_tests` holds of it from now on."""
    if by_tests and issubclass(type(value), (Proxy, RemoteFunction)):
        value.__dict__["_sandbox_made_by_tests"] = True
    return value


def checked_attribute(peer: Any, name: str, value: Any, by_tests: bool) -> Any:
    """*value*, which is the attribute *name* of an object, unless a call of it would reveal what a test expects (see REVEALING).

    Raises:
        AttributeError: it would.
    """
    if name in REVEALING and peer.is_tester and not by_tests and is_proxy(value) and callable(value):
        raise AttributeError(f"no test may call {name!r} of an object that it has not made of a class which it names")
    return value


class RemoteFunction:
    """Stands for a function, a bound method or another plain callable of the other side."""

    def __init__(
        self, peer: Any, number: int, name: str, qualified: str, module: str, doc: Any, is_async: bool, flags: int
    ) -> None:
        self.__dict__.update(
            _sandbox_peer=peer, _sandbox_number=number, _sandbox_count=1, _sandbox_async=is_async, _sandbox_flags=flags
        )
        self.__dict__.update(__name__=name, __qualname__=qualified, __module__=module, __doc__=doc)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None or not self._sandbox_flags else types.MethodType(self, owner)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            object.__setattr__(self, name, value)
        else:
            self._sandbox_peer.ask("setattr", self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._sandbox_async:
            return self._sandbox_peer.coroutine("call_async", self, list(args), kwargs)
        return self._sandbox_peer.ask("call", self, list(args), kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "__signature__":
            return signatures.signature_of(self._sandbox_peer.ask("signature", self))
        if name == "__code__" and not self._sandbox_peer.is_tester:
            return signatures.code_of(self._sandbox_peer.ask("signature", self), self.__name__)
        if name.startswith(PREFIX) or (name.startswith("__") and name not in ("__annotations__", "__defaults__", "__wrapped__")):
            raise AttributeError(name)
        return checked_attribute(self._sandbox_peer, name, self._sandbox_peer.ask("attr", self, name), by_tests=False)

    def __repr__(self) -> str:
        return f"<function {self.__qualname__} of the other side>"

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _memo: Any) -> Any:
        return self

    def __del__(self) -> None:
        self._sandbox_peer.release(self._sandbox_number, self._sandbox_count)

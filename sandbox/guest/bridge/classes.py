"""Describes a class to the other process, and builds the proxy class there from the description."""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any, Callable

from ..wire import WireError
from .forwarding import FORWARDERS, forward_method, iterate_sized
from .proxies import Proxy, ProxyMeta
from .special_methods import COMPARISONS, IMMUTABLE, MUTABLE, PREFIX, REVEALING, SPECIAL_METHODS

__all__ = ["describe", "make_class"]

_BUILTIN_KINDS = {
    "generator": types.GeneratorType,
    "coroutine": types.CoroutineType,
    "async_generator": types.AsyncGeneratorType,
    "module": types.ModuleType,
    "memoryview": memoryview,
    "map": map,
    "zip": zip,
    "filter": filter,
    "enumerate": enumerate,
    "reversed": reversed,
    "slice": slice,
    "property": property,
    "staticmethod": staticmethod,
    "classmethod": classmethod,
}
MAX_DOC = 2000
_TEST_FRAMEWORKS = frozenset("unittest doctest pytest _pytest bdb pdb pluggy hypothesis".split())
"""Exceptions of these steer a test run: a program may not raise them."""


def describe(kind: type, is_own_module: bool, tree_of_class: Callable[[type], Any], with_docs: bool) -> list[Any]:
    """[name, qualified name, module, is of an own module, bases, methods, async methods, special methods, plain type, docstrings] of a class."""
    mro = [kind] if is_own_module else [base for base in kind.__mro__ if base is not object]
    methods: list[str] = []
    coroutines: list[str] = []
    specials: list[str] = []
    for base in reversed(mro):
        for name, value in list(base.__dict__.items()):
            if name in SPECIAL_METHODS and name not in ("__init__", "__copy__", "__deepcopy__"):
                # A class that defines __eq__ alone has __hash__ = None.
                specials.append("!__hash__" if name == "__hash__" and value is None else name)
            elif type(value) is types.FunctionType and not name.startswith("__"):
                (coroutines if inspect.iscoroutinefunction(value) else methods).append(name)
    bases = [tree_of_class(base) for base in kind.__bases__] if is_own_module else []
    plain = next((base.__name__ for base in kind.__mro__ if base in _PLAIN), "")
    if is_own_module and plain in MUTABLE:  # methods that it inherits from list or dict are forwarded too
        specials += [
            name
            for name in MUTABLE[plain].__dict__
            if name in SPECIAL_METHODS and name not in (*COMPARISONS, "__hash__", "__init__")
        ]
    if not is_own_module and issubclass(kind, BaseException):
        bases = [tree_of_class(next(base for base in kind.__mro__ if base.__module__ == "builtins"))]
    name, qualified = type.__getattribute__(kind, "__name__"), type.__getattribute__(kind, "__qualname__")
    named = (
        [("", kind), *((name, kind.__dict__.get(name)) for name in (*methods, *coroutines))] if is_own_module and with_docs else []
    )
    docs = [[name, str(found.__doc__)[:MAX_DOC]] for name, found in named if type(getattr(found, "__doc__", None)) is str]
    return [str(name), str(qualified), str(kind.__module__), is_own_module, bases, methods, coroutines, specials, plain, docs]


_PLAIN = frozenset((*IMMUTABLE.values(), *MUTABLE.values()))


def make_class(peer: Any, number: int, description: Any) -> type:
    """The proxy class for a class that `describe` has described.

    Raises:
        WireError, TypeError, ValueError: there can be no such class.
    """
    name, qualified, module, is_own_module, bases, methods, coroutines, specials, plain, documented = description
    docs = {method: doc for method, doc in documented if type(method) is str and type(doc) is str}
    for text in (name, qualified, module, plain, *methods, *coroutines, *specials):
        if type(text) is not str or len(text) > 500:
            raise WireError("a class of such names cannot be")
    real = None if is_own_module else _library_class(module, qualified)
    if real is not None and issubclass(real, BaseException):
        return real
    parents: list[type] = []
    for base in bases:
        if isinstance(base, ProxyMeta) or (isinstance(base, type) and issubclass(base, BaseException)):
            parents.append(base)
        elif base in IMMUTABLE.values():
            parents.append(base)
    if not any(isinstance(base, ProxyMeta) for base in parents):
        parents.insert(0, Proxy)
    if plain in IMMUTABLE and not any(issubclass(base, IMMUTABLE[plain]) for base in parents):
        parents.append(IMMUTABLE[plain])
    parents = _limit_builtins(parents)
    inherited = frozenset().union(*(base._sandbox_defined for base in parents if isinstance(base, ProxyMeta)))
    own = frozenset(special for special in specials if special in SPECIAL_METHODS or special == "!__hash__")
    if "__eq__" in own or "__hash__" in own:
        inherited -= {"__hash__", "!__hash__"}
    namespace: dict[str, Any] = {
        "__module__": module,
        "__qualname__": qualified,
        "__doc__": docs.get(""),
        "_sandbox_peer": peer,
        "_sandbox_number": number,
        "_sandbox_defined": inherited | own,
        "_sandbox_plain": IMMUTABLE.get(plain) or MUTABLE.get(plain),
    }
    for special in own:
        if special in FORWARDERS:
            namespace[special] = FORWARDERS[special]
    sized = namespace["_sandbox_defined"]
    if peer.is_tester and "__len__" in sized and "__iter__" not in sized and ("__getitem__" in sized or plain in IMMUTABLE):
        namespace["__iter__"] = iterate_sized
    for method in methods:
        if not method.startswith(("__", PREFIX)) and not (method in REVEALING and peer.is_tester):
            namespace[method] = forward_method(method, docs.get(method), is_async=False)
    for method in coroutines:
        if not method.startswith(("__", PREFIX)):
            namespace[method] = forward_method(method, docs.get(method), is_async=True)
    namespace["_sandbox_originals"] = {}
    real = real or MUTABLE.get(plain)
    if real is not None:
        # isinstance() looks at __class__ too, and tests do ask whether something is a generator.
        namespace["__class__"] = property(lambda self: real)
    return ProxyMeta(name, tuple(parents), namespace)


MAX_BUILTIN_BASES = 2


def _limit_builtins(parents: list[type]) -> list[type]:
    """*parents* with at most two builtin exceptions: one that derives from all of them would pass every `pytest.raises`."""
    kept: list[type] = []
    builtin: set[type] = set()
    for base in parents:
        found = {kind for kind in base.__mro__ if kind.__module__ == "builtins" and issubclass(kind, Exception)}
        least = {kind for kind in builtin | found if not any(kind in other.__mro__[1:] for other in builtin | found)}
        if found and len(least) > MAX_BUILTIN_BASES:
            continue
        kept.append(base)
        builtin |= found
    return kept or [Exception]


def _library_class(module: str, qualified: str) -> type | None:
    """The class of a library that is loaded here too, by its name; None if there is none, or if it may not be claimed."""
    if module == "builtins":
        return _BUILTIN_KINDS.get(qualified)
    found: Any = None if module.split(".", maxsplit=1)[0] in _TEST_FRAMEWORKS else sys.modules.get(module)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or type(found) is ProxyMeta or issubclass(found, tuple(_PLAIN)):
        return None
    home = sys.modules[module]
    origin = getattr(home, "__file__", None) or getattr(getattr(home, "__spec__", None), "origin", None) or ""
    return found if origin.startswith((sys.prefix, sys.base_prefix, "frozen", "built-in")) else None

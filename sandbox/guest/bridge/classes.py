"""Classes of one side, described to the other, and made there into classes of mirrors."""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any, Callable

from ..wire import WireError
from .proxies import (
    COMPARISONS,
    IMMUTABLE,
    MUTABLE,
    OWN,
    PROTOCOL,
    SPECIAL,
    TELLING,
    Mirror,
    MirrorMeta,
    forward_method,
    iterate_sized,
)

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
_FRAMEWORKS = frozenset("unittest doctest pytest _pytest bdb pdb pluggy hypothesis".split())
"""What their exceptions mean to a test run is not for a program to say."""


def describe(kind: type, is_home: bool, tree_of_class: Callable[[type], Any], tells_docs: bool) -> list[Any]:
    """[name, qualified name, module, is home-made, bases, methods, async methods, special methods, plain type, docstrings] of a class."""
    mro = [kind] if is_home else [base for base in kind.__mro__ if base is not object]
    methods: list[str] = []
    coroutines: list[str] = []
    specials: list[str] = []
    for base in reversed(mro):
        for name, value in list(base.__dict__.items()):
            if name in PROTOCOL and name not in ("__init__", "__copy__", "__deepcopy__"):
                # A class that defines __eq__ alone has __hash__ = None.
                specials.append("!__hash__" if name == "__hash__" and value is None else name)
            elif type(value) is types.FunctionType and not name.startswith("__"):
                (coroutines if inspect.iscoroutinefunction(value) else methods).append(name)
    bases = [tree_of_class(base) for base in kind.__bases__] if is_home else []
    plain = next((base.__name__ for base in kind.__mro__ if base in _PLAIN), "")
    if is_home and plain in MUTABLE:  # what it inherits is asked there too
        specials += [
            name for name in MUTABLE[plain].__dict__ if name in PROTOCOL and name not in (*COMPARISONS, "__hash__", "__init__")
        ]
    if not is_home and issubclass(kind, BaseException):
        bases = [tree_of_class(next(base for base in kind.__mro__ if base.__module__ == "builtins"))]
    name, qualified = type.__getattribute__(kind, "__name__"), type.__getattribute__(kind, "__qualname__")
    named = [("", kind), *((name, kind.__dict__.get(name)) for name in (*methods, *coroutines))] if is_home and tells_docs else []
    docs = [[name, str(found.__doc__)[:MAX_DOC]] for name, found in named if type(getattr(found, "__doc__", None)) is str]
    return [str(name), str(qualified), str(kind.__module__), is_home, bases, methods, coroutines, specials, plain, docs]


_PLAIN = frozenset((*IMMUTABLE.values(), *MUTABLE.values()))


def make_class(peer: Any, number: int, description: Any) -> type:
    """The mirror of a class that `describe` has described.

    Raises:
        WireError, TypeError, ValueError: it cannot be.
    """
    name, qualified, module, is_home, bases, methods, coroutines, specials, plain, told = description
    docs = {method: doc for method, doc in told if type(method) is str and type(doc) is str}
    for text in (name, qualified, module, plain, *methods, *coroutines, *specials):
        if type(text) is not str or len(text) > 500:
            raise WireError("a class of such names cannot be")
    real = None if is_home else _claimed(module, qualified)
    if real is not None and issubclass(real, BaseException):
        return real
    parents: list[type] = []
    for base in bases:
        if isinstance(base, MirrorMeta) or (isinstance(base, type) and issubclass(base, BaseException)):
            parents.append(base)
        elif base in IMMUTABLE.values():
            parents.append(base)
    if not any(isinstance(base, MirrorMeta) for base in parents):
        parents.insert(0, Mirror)
    if plain in IMMUTABLE and not any(issubclass(base, IMMUTABLE[plain]) for base in parents):
        parents.append(IMMUTABLE[plain])
    parents = _few_builtins(parents)
    inherited = frozenset().union(*(base._sandbox_defined for base in parents if isinstance(base, MirrorMeta)))
    own = frozenset(special for special in specials if special in PROTOCOL or special == "!__hash__")
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
        if special in SPECIAL:
            namespace[special] = SPECIAL[special]
    sized = namespace["_sandbox_defined"]
    if peer.judges and "__len__" in sized and "__iter__" not in sized and ("__getitem__" in sized or plain in IMMUTABLE):
        namespace["__iter__"] = iterate_sized
    for method in methods:
        if not method.startswith(("__", OWN)) and not (method in TELLING and peer.judges):
            namespace[method] = forward_method(method, docs.get(method), is_async=False)
    for method in coroutines:
        if not method.startswith(("__", OWN)):
            namespace[method] = forward_method(method, docs.get(method), is_async=True)
    namespace["_sandbox_kept"] = {}
    real = real or MUTABLE.get(plain)
    if real is not None:
        # isinstance() believes __class__ where the type itself says no; the tests may well ask for a generator.
        namespace["__class__"] = property(lambda self: real)
    return MirrorMeta(name, tuple(parents), namespace)


MAX_BUILTIN_BASES = 2


def _few_builtins(parents: list[type]) -> list[type]:
    """At most two kinds of builtin exceptions: an exception that is of every kind would satisfy every test for one."""
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


def _claimed(module: str, qualified: str) -> type | None:
    """The class of a library that the other side says an object is of, if it is known here already and means nothing to a judge."""
    if module == "builtins":
        return _BUILTIN_KINDS.get(qualified)
    found: Any = None if module.split(".", maxsplit=1)[0] in _FRAMEWORKS else sys.modules.get(module)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or type(found) is MirrorMeta or issubclass(found, tuple(_PLAIN)):
        return None
    home = sys.modules[module]
    origin = getattr(home, "__file__", None) or getattr(getattr(home, "__spec__", None), "origin", None) or ""
    return found if origin.startswith((sys.prefix, sys.base_prefix, "frozen", "built-in")) else None

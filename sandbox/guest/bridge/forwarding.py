"""Methods of proxies: each asks the object on the other side.

Here are also the questions that the tester's end refuses to ask. None may let the program decide its own case:

- No comparison with a value (==, <, ...) is ever put to an object: a proxy equals no value. Between two of the program's objects a
  comparison that their class defines is asked, and counted.
- Unless the label names the class itself (`from solution import Money`), neither is an operator with a value (`x - 0.5`, `5 in x`) nor
  a yes-or-no method of builtin types (`startswith`, `issubset`). A function that should have returned a number or a text could return
  an object instead, which would learn from the question what is expected, and could always say yes.
"""

from __future__ import annotations

from typing import Any, Callable

from .exceptions import is_test_outcome
from .lengths import check_count, check_index, check_length, check_view, length_of
from .proxies import Proxy, ProxyMeta, compare, is_proxy, made_by_tests, mark_made_by_tests
from .special_methods import ASYNC, BINARY, COMPARISONS, CONVERSIONS, IMMUTABLE, SPECIAL_METHODS

__all__ = ["FORWARDERS", "forward_method", "iterate_sized"]


def _comparison(name: str) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        return compare(self, other, name)

    return method


def _binary(name: str) -> Callable[..., Any]:
    def method(self: Any, other: Any, *more: Any) -> Any:
        kind = type(self)
        peer = kind._sandbox_peer
        if peer.is_tester and not peer.is_label_class(kind):
            plain = kind._sandbox_plain
            own = getattr(plain, name, None) if plain is not None and plain.__name__ in IMMUTABLE else None
            return NotImplemented if own is None else own(self, other, *more)
        by_tests = made_by_tests(self)
        if peer.is_tester and not is_proxy(other) and not by_tests and kind._sandbox_plain is not None:
            own = getattr(kind._sandbox_plain, name, None) if kind._sandbox_plain.__name__ in IMMUTABLE else None
            if own is not None:  # an int or float that a method gave is that number, whatever its class defines
                return own(self, other, *more)
        result = peer.ask("op", name, self, [other, *more])
        if not peer.is_tester or is_proxy(other) or by_tests:
            return mark_made_by_tests(result, by_tests)
        # The operand was a value of the tests: the result may be an object of the program's, but nothing that a test compares.
        if not issubclass(type(result), Proxy) or type(result)._sandbox_plain is not None:
            return NotImplemented
        result.__dict__["_sandbox_saw_operand"] = True
        return result

    return method


def _contains(self: Any, item: Any) -> Any:
    peer = type(self)._sandbox_peer
    if peer.is_tester and not is_proxy(item) and not made_by_tests(self):
        return any(found is item or found == item for found in iter(self))
    return peer.ask("op", "__contains__", self, [item])


def _iterate(self: Any) -> Any:
    kind = type(self)
    peer, by_tests = kind._sandbox_peer, made_by_tests(self)
    items = peer.ask("op", "__iter__", self, [])
    if not peer.is_tester:
        return items
    if by_tests or not ("__len__" in kind._sandbox_defined or length_of(self) is not None):
        return items
    return check_count(self, _nexts(self) if items is self else items)


def _nexts(self: Any) -> Any:
    while True:
        try:
            item = next(self)
        except StopIteration:
            return
        yield item


def _reversed(self: Any) -> Any:
    items = type(self)._sandbox_peer.ask("op", "__reversed__", self, [])
    is_checked = type(self)._sandbox_peer.is_tester and length_of(self) is not None and not made_by_tests(self)
    return check_count(self, items) if is_checked else items


def iterate_sized(self: Any) -> Any:
    """`__iter__` of a class that has `__len__` and does not define it: the items of its plain value, or one index after another."""
    plain = type(self)._sandbox_plain
    items = plain.__iter__(self) if plain is not None and plain.__name__ in IMMUTABLE else _indexed(self)
    return items if made_by_tests(self) else check_count(self, items)


def _indexed(self: Any) -> Any:
    number = 0
    while True:
        try:
            item = self[number]
        except (IndexError, StopIteration):
            return
        yield item
        number += 1


def _length(self: Any) -> Any:
    peer = type(self)._sandbox_peer
    answer = peer.ask("op", "__len__", self, [])
    return check_length(self, answer, by_tests=made_by_tests(self)) if peer.is_tester else answer


def _item(self: Any, key: Any) -> Any:
    peer = type(self)._sandbox_peer
    try:
        return peer.ask("op", "__getitem__", self, [key])
    except IndexError:
        if peer.is_tester and not made_by_tests(self):
            check_index(self, key)
        raise


def _forward(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if name in CONVERSIONS and self.__dict__.get("_sandbox_saw_operand"):
            raise TypeError(f"{type(self).__name__!r} object does not support {name} after it was told a value")
        return type(self)._sandbox_peer.ask("op", name, self, list(args), kwargs)

    return method


def _exit(self: Any, kind: Any, error: Any, _traceback: Any) -> Any:
    peer = type(self)._sandbox_peer
    before = _before_exit(peer, error)
    return _after_exit(peer, error, before, peer.ask("op", "__exit__", self, [kind, error, None]))


async def _async_exit(self: Any, kind: Any, error: Any, _traceback: Any) -> Any:
    peer = type(self)._sandbox_peer
    before = _before_exit(peer, error)
    return _after_exit(peer, error, before, await peer.coroutine("op_async", "__aexit__", self, [kind, error, None]))


def _before_exit(peer: Any, error: Any) -> Any:
    """Before a failure of a test is handed to the program's `__exit__`: unless that lets it through, the test cannot pass any more."""
    before = peer.deferred_failure
    if peer.is_tester and is_test_outcome(error):
        peer.deferred_failure = before or error
    return before


def _after_exit(peer: Any, error: Any, before: Any, answer: Any) -> Any:
    """What `__exit__` returns to the interpreter: whether the error is swallowed.

    An *answer* that is an object is asked for its truth once, here: it could say no to us, and then yes to the interpreter.
    """
    if not peer.is_tester or not isinstance(error, BaseException):
        return answer
    is_swallowed = bool(answer)
    if not is_swallowed:
        peer.deferred_failure = before
    elif not is_test_outcome(error):
        peer.on_swallowed(error)
    return is_swallowed if isinstance(type(answer), ProxyMeta) else answer


def _asynchronous(name: str) -> Callable[..., Any]:
    if name == "__aiter__":
        return _forward(name)
    if name == "__await__":
        return lambda self: type(self)._sandbox_peer.coroutine("await", self).__await__()
    if name == "__aexit__":
        return _async_exit

    def method(self: Any, *args: Any) -> Any:
        return type(self)._sandbox_peer.coroutine("op_async", name, self, list(args))

    return method


def forward_method(name: str, doc: str | None, is_async: bool) -> Callable[..., Any]:
    """A method of a proxy class, which asks the method of that name."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        kind = type(self)
        peer = kind._sandbox_peer
        if getattr(kind, name, None) is not method:  # a base's own method, called past the one that overrides it
            owner = next(base for base in kind.__mro__ if base.__dict__.get(name) is method)
            return peer.ask("call", peer.ask("attr", owner, name), [self, *args], kwargs)
        if is_async:
            return peer.coroutine("method_async", self, name, list(args), kwargs)
        answer = peer.ask("method", self, name, list(args), kwargs)
        is_view = peer.is_tester and kind._sandbox_plain is dict and name in ("items", "keys", "values") and not made_by_tests(self)
        return check_view(self, answer) if is_view else answer

    method.__name__, method.__doc__ = name, doc
    return method


FORWARDERS: dict[str, Callable[..., Any]] = {
    **{
        name: _forward(name)
        for name in SPECIAL_METHODS - COMPARISONS - BINARY - ASYNC - {"__hash__", "__init__", "__copy__", "__deepcopy__"}
    },
    **{name: _comparison(name) for name in COMPARISONS - {"__eq__", "__ne__"}},
    **{name: _binary(name) for name in BINARY},
    **{name: _asynchronous(name) for name in ASYNC},
    "__contains__": _contains,
    "__iter__": _iterate,
    "__reversed__": _reversed,
    "__len__": _length,
    "__getitem__": _item,
    "__exit__": _exit,
}
"""What a proxy class gets for a special method that the class on the other side defines."""

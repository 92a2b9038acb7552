"""Checks that an object of the program has as many items as its `len()` says.

An object that says 2 and gives nothing would pass both `len(out) == len(expected)` and a loop over `zip(out, expected)`, which then
compares nothing. So the length that it said is remembered, and it has to give as many items. The memory lasts until the program is
asked something that may change the object: a stack has another length after `push`.
"""

from __future__ import annotations

import operator
from typing import Any, Iterator, Sequence

__all__ = ["check_count", "check_index", "check_length", "check_view", "is_read_only", "length_of"]

_READ_ONLY = frozenset("get names attr signature content surroundings imported".split())
_READ_ONLY_METHODS = frozenset(
    "__len__ __iter__ __next__ __getitem__ __contains__ __reversed__ __length_hint__ __bool__ __hash__ __repr__ __str__ __format__ __eq__ "
    "__ne__ __lt__ __le__ __gt__ __ge__".split()
)
_VIEWS = frozenset("items keys values".split())
_IMMUTABLE = (str, bytes, tuple, frozenset)


def is_read_only(op: str, args: Sequence[Any]) -> bool:
    """Whether a question changes nothing, so that lengths stay what they were."""
    if op == "op":
        # Looking up a missing key of a defaultdict adds it.
        adds = args[0] == "__getitem__" and "__missing__" in getattr(args[1], "_sandbox_defined", ())
        return args[0] in _READ_ONLY_METHODS and not adds
    return op in _READ_ONLY or (op == "method" and args[1] in _VIEWS and getattr(args[0], "_sandbox_plain", None) is dict)


def _said_length(proxy: Any) -> int | None:
    """The length that the object has said, if that still holds."""
    epoch, length = proxy.__dict__.get("_sandbox_length", (-1, 0))
    return length if epoch == type(proxy)._sandbox_peer.epoch else None


def length_of(proxy: Any) -> int | None:
    """How many items the object is known to have, by its plain value or by what it has said; None if nothing is known."""
    kind = type(proxy)
    if kind._sandbox_plain in _IMMUTABLE and "__len__" not in kind._sandbox_defined:
        return int(kind._sandbox_plain.__len__(proxy))
    return _said_length(proxy)


def check_length(proxy: Any, answer: Any, *, by_tests: bool) -> int:
    """The length that the object *answers*; it must be the one that it said before, unless the tests made the object.

    Raises:
        RuntimeError: it is another, and nothing has happened since.
    """
    length = int.__index__(operator.index(answer))
    before = _said_length(proxy)
    epoch, given = proxy.__dict__.get("_sandbox_items_read", (-1, 0))
    if by_tests:
        pass
    elif epoch == type(proxy)._sandbox_peer.epoch:  # an object that was read to its end may say that it is empty
        if length > given:
            _contradict(proxy, f"an object that has given {given} items says that it has {length}")
    elif before is not None and before != length:
        _contradict(proxy, f"an object of length {before} says that it has {length} items")
    proxy.__dict__["_sandbox_length"] = (type(proxy)._sandbox_peer.epoch, length)
    return length


def check_count(proxy: Any, items: Iterator[Any]) -> Iterator[Any]:
    """*items* that the object gives, one after another, with a check that they are as many as it said.

    Raises:
        RuntimeError: they are not.
    """
    peer = type(proxy)._sandbox_peer
    count, expected = 0, length_of(proxy)
    for item in items:
        count += 1
        if expected is not None and count > expected:
            _contradict(proxy, f"an object of length {expected} gives more items")
        yield item
    if expected is not None and count < expected:
        _contradict(proxy, f"an object of length {expected} has given {count} items")
    proxy.__dict__["_sandbox_items_read"] = (peer.epoch, count)


def check_index(proxy: Any, key: Any) -> None:
    """The object says that it has no item *key*: it is right unless its length says otherwise.

    Raises:
        RuntimeError: there is one.
    """
    length = length_of(proxy)
    if length is not None and type(key) is int and 0 <= key < length:
        _contradict(proxy, f"an object of length {length} has no item {key}")


def check_view(proxy: Any, view: Any) -> Any:
    """*view*, which the object gives as its items, keys or values; the object is a dict.

    Raises:
        RuntimeError: it has another length than the dict.
    """
    length = length_of(proxy)
    if length is not None:
        view = view if hasattr(type(view), "__len__") else list(view)
        if len(view) != length:
            _contradict(proxy, f"a dict of length {length} has {len(view)} items")
    return view


def _contradict(proxy: Any, what: str) -> None:
    """The object contradicts itself: the test fails, also if it catches this error."""
    error = RuntimeError(what)
    error.__dict__["_sandbox_raised_by_program"] = True
    peer = type(proxy)._sandbox_peer
    peer.deferred_failure = peer.deferred_failure or error
    raise error

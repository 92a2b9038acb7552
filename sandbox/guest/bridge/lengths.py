"""How many items an object says that it has: a test compares that once, and then loops over what the object gives.

One that says 2 and gives nothing would satisfy `len(out) == len(expected)` and a loop over `zip(out, expected)`, which then compares
nothing. So what it has said is remembered, and it has to give as many; until the program is asked for more than a look, for a stack
has another length after `push`.
"""

from __future__ import annotations

import operator
from typing import Any, Iterator, Sequence

__all__ = ["check_index", "check_view", "counted", "is_look", "length_of", "say_length"]

_LOOKS = frozenset("get names attr signature content surroundings imported".split())
_LOOKING = frozenset(
    "__len__ __iter__ __next__ __getitem__ __contains__ __reversed__ __length_hint__ __bool__ __hash__ __repr__ __str__ __format__ __eq__ "
    "__ne__ __lt__ __le__ __gt__ __ge__".split()
)
_VIEWS = frozenset("items keys values".split())
_IMMUTABLE = (str, bytes, tuple, frozenset)


def is_look(op: str, args: Sequence[Any]) -> bool:
    """Whether a question only looks at what is there, so that lengths stay what they were."""
    if op == "op":
        # What is missing in a defaultdict is in it when it has been looked for.
        adds = args[0] == "__getitem__" and "__missing__" in getattr(args[1], "_sandbox_defined", ())
        return args[0] in _LOOKING and not adds
    return op in _LOOKS or (op == "method" and args[1] in _VIEWS and getattr(args[0], "_sandbox_plain", None) is dict)


def _said(mirror: Any) -> int | None:
    """The length that it has said, if that still holds."""
    turn, length = mirror.__dict__.get("_sandbox_length", (-1, 0))
    return length if turn == type(mirror)._sandbox_peer.turn else None


def length_of(mirror: Any) -> int | None:
    """How many items it is known to have: by its plain value, or by what it has said."""
    kind = type(mirror)
    if kind._sandbox_plain in _IMMUTABLE and "__len__" not in kind._sandbox_defined:
        return int(kind._sandbox_plain.__len__(mirror))
    return _said(mirror)


def say_length(mirror: Any, answer: Any, *, is_known: bool) -> int:
    """The length that it *answers*. One that the tests have made may change as its class likes, any other may not.

    Raises:
        RuntimeError: it had said another, and nothing has happened since.
    """
    length = int.__index__(operator.index(answer))
    before = _said(mirror)
    turn, given = mirror.__dict__.get("_sandbox_given", (-1, 0))
    if is_known:
        pass
    elif turn == type(mirror)._sandbox_peer.turn:  # what was read to its end may say that it is empty now
        if length > given:
            _lied(mirror, f"an object that has given {given} items says that it has {length}")
    elif before is not None and before != length:
        _lied(mirror, f"an object of length {before} says that it has {length} items")
    mirror.__dict__["_sandbox_length"] = (type(mirror)._sandbox_peer.turn, length)
    return length


def counted(mirror: Any, items: Iterator[Any]) -> Iterator[Any]:
    """*items* that it gives: as many as it has said; and it may not say later that there were more.

    Raises:
        RuntimeError: they are not.
    """
    peer = type(mirror)._sandbox_peer
    count, expected = 0, length_of(mirror)
    for item in items:
        count += 1
        if expected is not None and count > expected:
            _lied(mirror, f"an object of length {expected} gives more items")
        yield item
    if expected is not None and count < expected:
        _lied(mirror, f"an object of length {expected} has given {count} items")
    mirror.__dict__["_sandbox_given"] = (peer.turn, count)


def check_index(mirror: Any, key: Any) -> None:
    """It says that it has no item *key*.

    Raises:
        RuntimeError: by its length it has.
    """
    length = length_of(mirror)
    if length is not None and type(key) is int and 0 <= key < length:
        _lied(mirror, f"an object of length {length} has no item {key}")


def check_view(mirror: Any, view: Any) -> Any:
    """*view* is what the items, keys or values of a dict are said to be.

    Raises:
        RuntimeError: it has another length than the dict.
    """
    length = length_of(mirror)
    if length is not None:
        view = view if hasattr(type(view), "__len__") else list(view)
        if len(view) != length:
            _lied(mirror, f"a dict of length {length} has {len(view)} items")
    return view


def _lied(mirror: Any, what: str) -> None:
    error = RuntimeError(what)
    error.__dict__["_sandbox_said"] = True
    peer = type(mirror)._sandbox_peer
    peer.spoiled = peer.spoiled or error  # whatever catches it
    raise error

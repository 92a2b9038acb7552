"""Tables of special methods and plain types: what a proxy forwards, and by what a proxy can stand for a plain value."""

from __future__ import annotations

__all__ = ["ASYNC", "BINARY", "COMPARISONS", "CONVERSIONS", "IMMUTABLE", "MUTABLE", "PREFIX", "REVEALING", "SPECIAL_METHODS"]

PREFIX = "_sandbox_"
"""Attributes of a proxy that are its own; all others are asked of the object."""

COMPARISONS = frozenset("__eq__ __ne__ __lt__ __le__ __gt__ __ge__".split())
BINARY = frozenset(
    f"__{prefix}{name}__"
    for name in "add sub mul truediv floordiv mod divmod pow matmul lshift rshift and or xor".split()
    for prefix in ("", "r", "i")
) - {"__idivmod__"}
ASYNC = frozenset("__await__ __aiter__ __anext__ __aenter__ __aexit__".split())
CONVERSIONS = frozenset(
    "__abs__ __bool__ __bytes__ __ceil__ __complex__ __float__ __floor__ __format__ __index__ __int__ __len__ __round__ __str__ "
    "__trunc__".split()
)
"""What makes a plain value of an object."""
SPECIAL_METHODS = (
    COMPARISONS
    | BINARY
    | ASYNC
    | frozenset(
        "__abs__ __bool__ __bytes__ __call__ __ceil__ __complex__ __contains__ __copy__ __deepcopy__ __delitem__ __enter__ __exit__ "
        "__float__ __floor__ __format__ __fspath__ __getitem__ __hash__ __index__ __init__ __int__ __invert__ __iter__ __len__ "
        "__length_hint__ __missing__ __neg__ __next__ __pos__ __repr__ __reversed__ __round__ __setitem__ __str__ __trunc__".split()
    )
)
"""All that are forwarded, where the class of the other side defines them. No other crosses."""

_COMMON = ("copy", "join")
REVEALING = frozenset(
    name for kind in (str, frozenset) for name in dir(kind) if not name.startswith("_") and name not in _COMMON
) | {
    "equals",
    "is_integer",
}
"""Methods of builtin values to which a test passes what it expects, as in `result.startswith("a")`: the call would reveal it."""

IMMUTABLE = {kind.__name__: kind for kind in (int, float, complex, str, bytes, tuple, frozenset)}
"""Plain types, by name. An object of a subclass crosses with its value: its proxy is of the plain type too, and compares as it does."""
MUTABLE = {kind.__name__: kind for kind in (list, dict, set, bytearray)}
"""Containers, by name. An object of a subclass stays where it is, and its content is asked for when it is compared."""

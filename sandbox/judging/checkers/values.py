"""Compares what calls returned with the label's values, on exact builtin types: no code of the candidate's takes part.

For labels written in Python the rule is Python's own `==`. For labels that came through JSON, types that JSON does not have count
as the nearest that it has (a tuple or an iterator as a list, the key 1 as "1"). A bool is no number there, as in JSON.
"""

from __future__ import annotations

import math
import reprlib
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sandbox.guest.values import Array, Iterated, Opaque
from sandbox.judging.checkers.output import text_difference
from sandbox.words.shorten import MAX_SHOWN, shorten
from sandbox.words.suite import Comparison

__all__ = ["Equal", "EqualAsSets", "NotNone", "PolynomialRoot", "bounded_repr"]

_NUMBERS = (int, float, complex, Decimal, Fraction)


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        """Digits cost the square of their number; a large number is only described."""
        return super().repr_int(x, level) if x.bit_length() < 2000 else f"<an integer of {x.bit_length()} bits>"

    def repr_Iterated(self, x: Iterated, level: int) -> str:  # noqa: N802  # as reprlib calls it
        """The program returned an iterator or a view, so our class's name says nothing."""
        return f"<{'view' if x.is_view else 'iterator'} of {self.repr1(x.items, level)}>"

    def repr_Array(self, x: Array, level: int) -> str:  # noqa: N802
        """The items are flat, so the shape is shown as well."""
        return f"<{x.dtype} array of shape {x.shape}: {self.repr1(x.items, level)}>"


MAX_DEPTH = 20
"""How many levels deep the first difference of two values is searched."""
_short = _Short()
_short.maxlevel = 4
_short.maxlist = _short.maxtuple = _short.maxset = _short.maxfrozenset = _short.maxdict = _short.maxdeque = 20
_short.maxstring = _short.maxother = _short.maxlong = MAX_SHOWN


def bounded_repr(value: Any) -> str:
    """The repr of a value for a message: bounded in cost and in length, and never an exception."""
    try:
        return shorten(_short.repr(value))
    except Exception:  # an int of more digits than Python prints, a Counter of signaling NaNs
        return f"<{type(value).__name__}>"


@dataclass(frozen=True, kw_only=True)
class Equal:
    """One call's value equals *expected*.

    With *from_json*, types that JSON does not have count as the nearest that it has. *relative* and *absolute* allow floats to differ, anywhere inside the value.
    """

    expected: Any
    from_json: bool = False
    relative: float = 0.0
    absolute: float = 0.0

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Compare the value of the first call."""
        (got,) = values
        if self._equal(got, self.expected):
            return Comparison(ok=True)
        return Comparison(ok=False, difference=self._difference(got, self.expected))

    def _equal(self, got: Any, wanted: Any) -> bool:
        try:
            if self.from_json or self.relative or self.absolute:
                return self._same(got, wanted)
            return (got == wanted) is True
        except (RecursionError, ArithmeticError, ValueError, TypeError, MemoryError):
            return False

    def _difference(self, got: Any, wanted: Any) -> str:
        """Both values; where they are long, the first items that are not the same."""
        place = ""
        for _ in range(MAX_DEPTH):
            one, other = bounded_repr(got), bounded_repr(wanted)
            if "..." not in one + other and "…" not in one + other:
                break
            if type(got) is str and type(wanted) is str:
                return f"{place}{text_difference(got, wanted)}"
            if not (isinstance(got, list | tuple) and isinstance(wanted, list | tuple)):
                break
            pairs = enumerate(zip(got, wanted, strict=False))
            number = next((number for number, pair in pairs if not self._equal(*pair)), -1)
            if number < 0:
                return f"{place}got {len(got)} items, expected {len(wanted)}: {one}, expected {other}"
            place = f"{place.removesuffix(': ') or 'at '}[{number}]: "
            got, wanted = got[number], wanted[number]
        return f"{place}got {one}, expected {other}"

    def _same(self, got: Any, wanted: Any) -> bool:
        if isinstance(got, Iterated) and self.from_json:
            got = got.items
        if isinstance(wanted, bool) or isinstance(got, bool):
            return got is wanted if self.from_json else (got == wanted) is True
        if isinstance(wanted, _NUMBERS):
            return isinstance(got, _NUMBERS) and self._close(got, wanted)
        if isinstance(wanted, list | tuple | deque):
            alike = isinstance(got, list | tuple | deque) if self.from_json else type(got) is type(wanted)
            return alike and len(got) == len(wanted) and all(map(self._same, got, wanted))
        if isinstance(wanted, dict):
            return isinstance(got, dict) and self._same_dicts(got, wanted)
        if isinstance(got, Array):
            return False
        return (got == wanted) is True

    def _same_dicts(self, got: dict[Any, Any], wanted: dict[Any, Any]) -> bool:
        if len(got) != len(wanted):
            return False
        if self.from_json and any(not isinstance(key, str) for key in got):
            # JSON has string keys only. Two keys that become one (1 and "1") cannot both be what the label means.
            renamed = {_json_key(key): value for key, value in got.items()}
            if len(renamed) != len(got):
                return False
            got = renamed
        return all(key in got and self._same(got[key], value) for key, value in wanted.items())

    def _close(self, got: Any, wanted: Any) -> bool:
        if got == wanted or (self.from_json and got != got and wanted != wanted):  # NaN, as json.dumps writes it
            return True
        if not (self.relative or self.absolute) or isinstance(got, complex) or isinstance(wanted, complex):
            return False
        return math.isclose(got, wanted, rel_tol=self.relative, abs_tol=self.absolute)


@dataclass(frozen=True, kw_only=True)
class PolynomialRoot:
    """One call's value is a root of the polynomial: EvalPlus's oracle for HumanEval/32, whose answer is not the only right one."""

    coefficients: tuple[float, ...]
    absolute: float = 1e-4

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Evaluate the polynomial at the value of the first call."""
        (got,) = values
        ok = False
        if type(got) in (int, float):
            try:
                ok = abs(sum(factor * float(got) ** power for power, factor in enumerate(self.coefficients))) <= self.absolute
            except ArithmeticError:
                ok = False
        return Comparison(ok=ok, difference="" if ok else f"{bounded_repr(got)} is no root of {bounded_repr(self.coefficients)}")


@dataclass(frozen=True, kw_only=True)
class EqualAsSets:
    """One call's value equals *expected* when both are taken as sets: EvalPlus's rule for some problems of MBPP."""

    expected: Any

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Compare as sets."""
        (got,) = values
        items = got.items if isinstance(got, Iterated) else got
        ok = False
        if isinstance(items, list | tuple | set | frozenset):
            wanted, left = set(self.expected), set(self.expected)  # never a set of the candidate's: its hashes may be chosen
            try:
                ok = all(item in wanted for item in items)
                for item in items if ok else ():
                    left.discard(item)
                ok = ok and not left
            except TypeError:  # an item that no set can hold
                ok = False
        return Comparison(
            ok=ok, difference="" if ok else f"got {bounded_repr(got)}, expected the items of {bounded_repr(self.expected)}"
        )


@dataclass(frozen=True, kw_only=True)
class NotNone:
    """One call's value is True or a match of a pattern, if *expected*, else False or None: EvalPlus's rule for some problems of MBPP.

    Other than with EvalPlus, an object of any other class never counts as right.
    """

    expected: bool

    def __call__(self, values: tuple[Any, ...]) -> Comparison:
        """Look at the value of the first call."""
        (got,) = values
        is_other = isinstance(got, Opaque) and got.type_name != "Match"
        ok = not is_other and (got if isinstance(got, bool) else got is not None) == self.expected
        return Comparison(
            ok=ok, difference="" if ok else f"got {bounded_repr(got)}, expected {'something' if self.expected else 'nothing'}"
        )


def _json_key(key: Any) -> Any:
    """A dict key as `json.dumps` writes it."""
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    return str(key) if isinstance(key, int | float) else key

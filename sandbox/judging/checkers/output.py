"""Compares standard output with the label's.

The default rule: white space at the end of a line and blank lines at the end do not count, CRLF is LF, everything else is exact
(so "yes" is not "YES", and a missing or an extra line is wrong). Known graders are either stricter (a trailing blank fails) or
looser (case, or only the first lines count).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.words.errors import LabelError
from sandbox.words.shorten import MAX_SHOWN, shorten
from sandbox.words.suite import Comparison, OutputCheck

__all__ = ["CustomCheck", "Floats", "Lines", "Tokens", "UnorderedLines", "output_check", "text_difference"]

MAX_EXTRA_PARTS = 1 << 12
"""How many more lines or words than expected are still looked at."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""Fewer forms than `float` accepts: no 1_000, no digits of other scripts."""


def text_difference(output: str, wanted: str) -> str:
    """The output and what was expected, for a message: long texts from a little before their first difference."""
    if len(output) <= MAX_SHOWN and len(wanted) <= MAX_SHOWN:
        return f"got {output!r}, expected {wanted!r}"
    same, most = 0, min(len(output), len(wanted))
    while same < most:
        middle = (same + most + 1) // 2
        if output[same:middle] == wanted[same:middle]:
            same = middle
        else:
            most = middle - 1
    start = max(0, same - MAX_SHOWN // 4)
    one, other = (f"{'…' if start else ''}{shorten(text[start:])}" for text in (output, wanted))
    return f"got {one!r}, expected {other!r} (they part after {same} characters)"


def significant_lines(text: str, most: int = -1) -> list[str]:
    """The lines that are compared: no white space at their ends, no blank lines at the end. After *most* of them, the rest is one line."""
    text = text.rstrip().replace("\r\n", "\n").replace("\r", "\n")
    return [line.rstrip() for line in text.split("\n", most)] if text else []


def _split_words(text: str, most: int) -> list[str]:
    return text.split(None, most)


def _split_both(output: str, expected: str, split: Callable[[str, int], list[str]]) -> tuple[list[str], list[str]]:
    """The parts of both. An output with far more parts than expected is not split to its end: that would cost the host's time."""
    wanted = split(expected, -1)
    return split(output, 4 * len(wanted) + MAX_EXTRA_PARTS), wanted


def _first_difference(output: list[str], wanted: list[str], what: str) -> str:
    for number, (one, other) in enumerate(zip(output, wanted, strict=False), 1):
        if one != other:
            return f"{what} {number}: {text_difference(one, other)}"
    if len(output) < len(wanted):
        return f"ends after {len(output)} {what}s of {len(wanted)}; next expected {shorten(wanted[len(output)])!r}"
    return f"{len(output) - len(wanted)} {what}s too many; the first is {shorten(output[len(wanted)])!r}"


def _compared(output: str, expected: str, split: Callable[[str, int], list[str]], what: str, *, ignore_case: bool) -> Comparison:
    got, wanted = _split_both(output, expected, split)
    if ignore_case:
        got, wanted = [part.casefold() for part in got], [part.casefold() for part in wanted]
    return Comparison(ok=True) if got == wanted else Comparison(ok=False, difference=_first_difference(got, wanted, what))


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The default rule; with *ignore_case*, letters of either case are equal."""

    expected: str
    ignore_case: bool = False

    def __call__(self, output: str) -> Comparison:
        """Compare line by line."""
        return _compared(output, self.expected, significant_lines, "line", ignore_case=self.ignore_case)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """White space only separates: the words have to be the same, in the same order."""

    expected: str
    ignore_case: bool = False

    def __call__(self, output: str) -> Comparison:
        """Compare word by word."""
        return _compared(output, self.expected, _split_words, "word", ignore_case=self.ignore_case)


@dataclass(frozen=True, kw_only=True)
class Floats:
    """Word by word; where both words are finite decimal numbers, they may differ by *relative* or *absolute*."""

    expected: str
    relative: float = 1e-9
    absolute: float = 1e-9

    def __call__(self, output: str) -> Comparison:
        """Compare word by word."""
        got, wanted = _split_both(output, self.expected, _split_words)
        if len(got) == len(wanted) and all(map(self._close, got, wanted)):
            return Comparison(ok=True)
        close = [other if self._close(one, other) else one for one, other in zip(got, wanted, strict=False)]
        return Comparison(ok=False, difference=_first_difference(close + got[len(close) :], wanted, "word"))

    def _close(self, output: str, wanted: str) -> bool:
        if output == wanted:
            return True
        if not (_NUMBER.fullmatch(output) and _NUMBER.fullmatch(wanted)):
            return False
        one, other = float(output), float(wanted)
        return math.isfinite(one) and math.isclose(one, other, rel_tol=self.relative, abs_tol=self.absolute)


@dataclass(frozen=True, kw_only=True)
class UnorderedLines:
    """The default rule, with the lines in any order."""

    expected: str

    def __call__(self, output: str) -> Comparison:
        """Compare sorted lines."""
        got, wanted = map(sorted, _split_both(output, self.expected, significant_lines))
        difference = "" if got == wanted else "in sorted order, " + _first_difference(got, wanted, "line")
        return Comparison(ok=got == wanted, difference=difference)


@dataclass(frozen=True, kw_only=True)
class CustomCheck:
    """A Python function of the operator's: `function(output, expected) -> bool`. It runs on the host, so it must be trusted."""

    expected: str
    function: Callable[[str, str], bool]

    def __call__(self, output: str) -> Comparison:
        """Ask the function.

        Raises:
            LabelError: the function fails on the expected output itself.
        """
        try:
            ok = self.function(output, self.expected) is True
        except Exception as error:
            # Is it the checker that is broken, or has the candidate written what it cannot read?
            try:
                self.function(self.expected, self.expected)
            except Exception:  # a label's function may raise anything
                raise LabelError(f"the checker function fails on the expected output: {type(error).__name__}: {error}") from error
            return Comparison(ok=False, difference=f"the checker function cannot read it: {type(error).__name__}")
        return Comparison(ok=ok, difference="" if ok else "the checker function says no")


def output_check(expected: str, option: Any = None) -> OutputCheck:
    """The checker for one expected output, by a label's *option*.

    *option* is None, a name (`exact`, `tokens`, `floats`, `case`, `unordered`), a function, or a dict
    `{"type": name, "relative": 1e-6, "absolute": 1e-6, "flags": "case_sensitive float_tolerance 1e-4"}` (the flags as in
    the problem package format of Kattis).

    Raises:
        LabelError: there is no such checker, or a tolerance is not a number.
    """
    if callable(option):
        return CustomCheck(expected=expected, function=option)
    if not (option is None or isinstance(option, str | dict)):
        raise LabelError(f"a checker is a name or a dict with type; found {shorten(repr(option))}")
    settings = {"type": option} if isinstance(option, str) else dict(option or {})
    name = settings.pop("type", None) or "exact"
    flags = str(settings.pop("flags", None) or "").split()
    tolerance = {flag: after for flag, after in zip(flags, [*flags[1:], ""], strict=False) if flag.endswith("tolerance")}
    relative = settings.get("relative", tolerance.get("float_relative_tolerance", tolerance.get("float_tolerance")))
    absolute = settings.get("absolute", tolerance.get("float_absolute_tolerance", tolerance.get("float_tolerance")))
    if unknown := settings.keys() - {"relative", "absolute"}:
        raise LabelError(f"a checker has no {', '.join(sorted(map(str, unknown)))}; there are type, flags, relative and absolute")
    if name == "floats" or relative is not None or absolute is not None:
        bounds = {"relative": relative, "absolute": absolute}
        return Floats(expected=expected, **{key: _tolerance(value, key) for key, value in bounds.items() if value is not None})
    if name == "tokens":
        return Tokens(expected=expected, ignore_case="case_insensitive" in flags)
    if name in ("exact", "case"):
        return Lines(expected=expected, ignore_case=name == "case" or "case_insensitive" in flags)
    if name == "unordered":
        return UnorderedLines(expected=expected)
    raise LabelError(f"no checker is named {name!r}; there are exact, tokens, floats, case and unordered")


def _tolerance(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0.0 <= number < math.inf:
        raise LabelError(f"the checker's {name} tolerance is {value!r}; it should be a number that is not negative")
    return number

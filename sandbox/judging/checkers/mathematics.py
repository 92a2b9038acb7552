"""Compares final answers to mathematical problems as exact numbers, or as text. Nothing is evaluated here."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["TOLERANCE", "number_in", "same_answer", "without_typography"]

TOLERANCE = Fraction(1, 1_000_000)
"""By how much numbers may differ, as in that document."""
SMALL = Fraction(1, 1000)
"""Small numbers may differ by this share of the expected one at most: otherwise 0 would pass for 1.6e-19."""
_MAX_DIGITS = 400

_NUMBER = re.compile(r"([-+]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([-+]?[0-9]{1,3}))?")
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_FRACTION = re.compile(r"([-+]?)\\[dt]?frac\{([0-9.]{1,400})\}\{([0-9.]{1,400})\}")
_RATIO = re.compile(r"([-+]?[0-9]{1,400})/([0-9]{1,400})")
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox)\{([^{}\\$]*)\}")


def without_typography(answer: str) -> str:
    r"""An answer without what is only typography: dollars, thin spaces, \left and \right, fonts, blanks, a full stop at the end."""
    text = answer.strip()
    for mark in ("\\left", "\\right", "\\!", "\\,", "\\;", "\\:", "\\ ", "\\(", "\\)", "\\[", "\\]", "{,}", "\\$", "$"):
        text = text.replace(mark, "," if mark == "{,}" else "")
    text = _WRAPPED.sub(r"\1", text).replace("\u2212", "-").replace("dfrac", "frac").replace("tfrac", "frac")
    return re.sub(r"\s+", " ", text).strip().removesuffix(".").strip()


def number_in(answer: str) -> Fraction | None:
    r"""The number that an answer is, exactly: 42, 1,234.5, -3e4, 1/2, \frac{1}{2}. None if it is anything else."""
    text = without_typography(answer).replace(" ", "")
    if len(text) > _MAX_DIGITS:
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if ratio := _FRACTION.fullmatch(text):
        over, under = number_in(f"{ratio[1]}{ratio[2]}"), number_in(ratio[3])
        return over / under if over is not None and under else None
    if ratio := _RATIO.fullmatch(text):
        return Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    if not (number := _NUMBER.fullmatch(text)):
        return None
    whole, _, decimals = number[2].partition(".")
    value = Fraction(int(f"{whole}{decimals}" or "0"), 10 ** len(decimals)) * Fraction(10) ** int(number[3] or 0)
    return -value if number[1] == "-" else value


def same_answer(said: str, wanted: str) -> bool | None:
    """Whether *said* is the answer *wanted*; None where only their mathematics can tell.

    Numbers are the same within `TOLERANCE`, small ones within `SMALL`. Texts are the same without their typography, words in any case; words are never mathematics.
    """
    one, other = number_in(said), number_in(wanted)
    if one is not None and other is not None:
        return abs(one - other) < (min(TOLERANCE, abs(other) * SMALL) if other else TOLERANCE)
    left, right = without_typography(said), without_typography(wanted)
    if not left or not right:
        return False
    if left == right or left.replace(" ", "") == right.replace(" ", ""):
        return True
    if _is_words(right):
        return _bare(left) == _bare(right)
    return False if _is_words(left) else None


def _bare(text: str) -> str:
    return text.strip("()[]{} ").casefold()


def _is_words(text: str) -> bool:
    r"""Whether a text is words, or the letter of a choice, and no formula: `Evelyn`, `(B)`, `no solution`, but not `x`, `2ab` or `\pi`."""
    bare = text.strip("()[]{} ")
    letters = bare.replace(" ", "").replace("-", "").replace("'", "")
    return letters.isalpha() and (len(letters) > 2 or letters in (*"ABCDEFGH", "no", "No", "NO"))

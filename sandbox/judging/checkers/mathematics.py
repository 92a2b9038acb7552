r"""Final answers to mathematical problems: finds one in a response, and compares it with the label's as a number or a text.

The rules of the document this project implements: `The answer is: 42`, `#### 42`, `\boxed{42}`, and, where none of them is there, the
last `= 42`. The last answer counts: whoever writes several has given one. Nothing is evaluated here, and everything costs at most
one pass over the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from sandbox.judging.response.reasoning import final_answer
from sandbox.judging.response.special_tokens import strip_special_tokens

__all__ = ["MAX_ANSWER", "TOLERANCE", "answer_in", "number_in", "same_answer", "without_typography"]

TOLERANCE = Fraction(1, 1_000_000)
"""By how much numbers may differ, as in that document."""
SMALL = Fraction(1, 1000)
"""Small numbers may differ at most by this part of the expected one: 0 is not the charge of an electron."""
MAX_ANSWER = 1000
"""Characters of an answer; a longer one is none."""
_MAX_DIGITS = 400

_BEGINS = r"(?=[-+$(]{0,4}[ \t]*(?:\.?[0-9]|\\[a-z]))"
"""The beginning of a number or a formula: `#### Step 2` is a heading, and `= x` no answer."""
_STATED = re.compile(r"\banswer\s{0,8}(?:\*\*)?\s{0,8}(?:is\b|:|=)\s{0,8}:?\**\s{0,8}", re.I)
_HASHES = re.compile(rf"####[ \t]*{_BEGINS}")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s{0,8}\{")
_EQUALS = re.compile(rf"=[ \t]*{_BEGINS}")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")
_WITH_UNIT = re.compile(
    r"(-?\$?[0-9][0-9,]*(?:\.[0-9]+)?)\s+(?!(?:and|sqrt|sin|cos|tan|log|exp|mod|times|plus|minus|over)\b)[A-Za-z]{3}"
)
"""42 apples: the number is the answer. Not 42 or 43, and not 2 pi."""


def answer_in(response: str) -> str | None:
    r"""The final answer that *response* states, as it is written there; None if it states none, or one of more than `MAX_ANSWER` characters.

    Reasoning (`<think>`) is not searched. Of `\boxed{...}`, `#### ...` and `answer is ...` (or `answer: ...`) the one that stands last counts.
    """
    text = final_answer(strip_special_tokens(response))
    if not isinstance(text, str):
        return None
    found = max(_stated(text), default=None) or max(_by(_EQUALS, text), default=None)
    if found is None:
        return None
    answer = found[1].strip()
    return answer if answer and len(answer) <= MAX_ANSWER else None


def _stated(text: str) -> Iterator[tuple[int, str]]:
    """Where answers are stated, and their texts. A box may stand inside of a sentence that states: then the box counts, it is later."""
    yield from _boxes(text)
    yield from _by(_HASHES, text)
    yield from _by(_STATED, text)


def _by(mark: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    last = None
    for last in mark.finditer(text):  # noqa: B007  # only the last counts
        pass
    if last is None:
        return
    line, _, _ = text[last.end() :][: 4 * MAX_ANSWER].partition("\n")
    ends = _SENTENCE_END.search(line)
    yield last.start(), _unmarked(line[: ends.start()] if ends else line)


def _unmarked(line: str) -> str:
    """A line without the marks of Markdown and sentences around it, and without a unit in words after a number."""
    line = line.strip().strip("*").strip().removesuffix(".").strip()
    number = _WITH_UNIT.match(line)
    return number[1] if number else line


def _boxes(text: str) -> Iterator[tuple[int, str]]:
    r"""The last `\boxed{...}` whose braces are balanced."""
    for opening in reversed(list(_BOXED.finditer(text))[-20:]):
        depth = 1
        for place in range(opening.end(), min(len(text), opening.end() + 2 * MAX_ANSWER)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                yield opening.start(), text[opening.end() : place]
                return


# --- numbers and texts ----------------------------------------------------------------------------------------------------

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

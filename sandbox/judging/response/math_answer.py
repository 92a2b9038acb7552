r"""Finds the final answer to a mathematical problem in a response.

The rules of the document this project implements: `The answer is: 42`, `#### 42`, `\boxed{42}`, and, where none of them is there, the
last `= 42`. The last answer counts: whoever writes several has given one. Nothing is evaluated here, and everything costs at most
one pass over the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.judging.response.reasoning import final_answer
from sandbox.judging.response.special_tokens import strip_special_tokens

__all__ = ["MAX_ANSWER", "answer_in"]

MAX_ANSWER = 1000
"""Characters of an answer; a longer one is none."""

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

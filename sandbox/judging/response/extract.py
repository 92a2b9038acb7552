"""Extracts the program from a model's response, or says why there is none.

Nothing here parses the program: a response is hostile text, and Python's parser can be made to take minutes over a short one.
Where there are several blocks, or several ways to read a response, it matters which of them parse; *parses*, which the caller passes,
asks a confined worker. A response with a single fenced block, and nothing else like code, is taken as it is and needs no worker.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sandbox.judging.languages.python import PYTHON_TAGS
from sandbox.judging.response.candidate import Candidate, Choice, NoCode
from sandbox.judging.response.completion import continue_code, defines, open_function
from sandbox.judging.response.fences import Block, blocks_of, fence_of, is_indented_code, loose_blocks_of
from sandbox.judging.response.prose import guess_program, is_blank_or_prose, is_prose, looks_like_code
from sandbox.judging.response.reasoning import possible_answers, reasoning_opened_by
from sandbox.judging.response.special_tokens import strip_special_tokens

__all__ = ["Candidate", "Choice", "NoCode", "extract"]

_VERSION = re.compile(r"[0-9.]+\Z")


def extract(
    response: str,
    *,
    prompt: str = "",
    continues: str = "",
    entry_points: Sequence[str] = (),
    tags: frozenset[str] = PYTHON_TAGS,
    choice: Choice = Choice.AUTO,
    parses: Callable[[Sequence[str]], Sequence[bool]] | None = None,
) -> Candidate | NoCode:
    """The program in *response*.

    *prompt* is needed for completions: where it ends inside a function that the label names, a response that does not define
    that function continues it (or *continues*, where the label has a beginning of its own). Reasoning that it opens is the
    response's. *entry_points* are the names that the label asks for. *tags* are the fence tags of the wanted language, lower case.

    A response is read strictly, and in other ways only where that gives no valid program. *parses* says of several programs which
    are valid; without it, all are taken to be.
    """
    text = strip_special_tokens(response.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        return NoCode(reason="the response is empty")
    before = continues or prompt
    start = open_function(before, entry_points)
    reader = _Reader(before, start, entry_points, tags, choice, _Valid(parses) if parses else None)
    return reader.best(reasoning_opened_by(prompt) + text)


class _Valid:
    """Which of several programs are valid; none is asked about twice."""

    def __init__(self, parses: Callable[[Sequence[str]], Sequence[bool]]) -> None:
        self._parses = parses
        self._known: dict[str, bool] = {}

    def __call__(self, texts: Sequence[str]) -> list[bool]:
        unknown = list(dict.fromkeys(text for text in texts if text not in self._known))
        if unknown:
            self._known.update(zip(unknown, self._parses(unknown), strict=True))
        return [self._known[text] for text in texts]


@dataclass
class _Reader:
    """Reads one response in the ways that `extract` allows."""

    prompt: str
    start: str
    """The beginning of a function at the end of *prompt*."""
    entry_points: Sequence[str]
    tags: frozenset[str]
    choice: Choice
    valid: _Valid | None

    def best(self, text: str) -> Candidate | NoCode:
        """The program of the strict reading; where that is not valid, the first valid one of the looser readings."""
        readings = [reading for answer in possible_answers(text) for reading in self._readings(answer)]
        if len(readings) > 1 and self.valid:  # all of their blocks at once: a question is a job
            self.valid([text for texts in readings if isinstance(texts, list) for text in texts])
        strict = self._found(readings[0])
        if len(readings) == 1 or (self.valid is None and isinstance(strict, Candidate)):
            return strict
        for found in itertools.chain([strict], map(self._found, readings[1:])):
            if isinstance(found, Candidate) and not is_prose(found.source) and self._is_valid(found.source):
                return found
        return strict

    def _is_valid(self, text: str) -> bool:
        return self.valid is None or self.valid([text])[0]

    def _readings(self, answer: str | NoCode) -> Iterator[list[str] | str | NoCode]:
        """The blocks that may be the program, or a text without fences: first read strictly, then in looser ways that give others."""
        if isinstance(answer, NoCode):
            yield answer
            return
        fence = _fence_opened_by(self.prompt, answer, started=bool(self.start))
        blocks = blocks_of(fence + answer)[: 1 if fence else None]
        strict = self._wanted(blocks) if blocks else answer
        yield strict
        for others in _other_blocks(fence + answer, blocks, only_first=bool(fence)):
            wanted = self._wanted(others)
            if wanted != strict and not isinstance(wanted, NoCode):
                yield wanted

    def _wanted(self, blocks: list[Block]) -> list[str] | NoCode:
        """The texts of those blocks that may be the program."""
        tagged = [block for block in blocks if block.tag in self.tags or _VERSION.sub("", block.tag) in self.tags]
        wanted = tagged or [block for block in blocks if not block.tag]
        if not wanted:
            found = ", ".join(sorted({block.tag for block in blocks}))
            return NoCode(reason=f"no fenced block is in the wanted language; there are blocks tagged {found[:200]}")
        texts = [block.text for block in wanted if block.text.strip()]
        if not texts:
            return NoCode(reason="the code block is empty")
        if not tagged:  # a block without a tag may as well be sample output
            texts = [text for text in texts if not is_prose(text)] or texts
        return texts

    def _found(self, reading: list[str] | str | NoCode) -> Candidate | NoCode:
        if isinstance(reading, NoCode):
            return reading
        found = reading if isinstance(reading, str) else self._chosen(reading)
        if self.start and not defines(found, self.entry_points):
            return Candidate(source=continue_code(self.start, found), how="completion")
        return Candidate(source=found, how="fenced") if isinstance(reading, list) else self._bare(found)

    def _chosen(self, texts: list[str]) -> str:
        if self.choice is Choice.FIRST:
            return texts[0]
        if self.choice is Choice.LAST or len(texts) == 1:
            return texts[-1]
        if self.choice is Choice.JOINED:
            return "\n\n".join(texts)
        if self.valid is not None:
            valid = [text for text, ok in zip(texts, self.valid(texts), strict=True) if ok]
            texts = valid or texts
        defining = [text for text in texts if defines(text, self.entry_points)]
        return (defining or texts)[-1]

    def _bare(self, text: str) -> Candidate | NoCode:
        """A text without fences: a program, code after a line of prose, or prose."""
        lines = text.split("\n")
        begin = next((number for number, line in enumerate(lines) if line.strip()), 0)
        if self.valid is not None and not looks_like_code(lines[begin]):
            behind_words = next((number for number, line in enumerate(lines) if not is_blank_or_prose(line)), begin)
            behind_paragraph = next((number for number in range(begin, len(lines)) if not lines[number].strip()), begin)
            begins = dict.fromkeys((behind_words, begin, begin + 1, behind_paragraph))
            texts = [text for text in ("\n".join(lines[number:]) for number in begins) if not is_prose(text)]
            found = next((text for text, ok in zip(texts, self.valid(texts), strict=True) if ok), None)
            if found is not None:
                return Candidate(source=found, how="bare")
        return guess_program(lines, begin)


def _is_wrapper(block: Block) -> bool:
    """Whether the fences in *block* are those of blocks: it is Markdown, or begins with one. Elsewhere they may be of a docstring."""
    if "```" not in block.text:
        return False
    return block.tag in ("markdown", "md") or (not block.tag and fence_of(block.text.lstrip().partition("\n")[0]) is not None)


def _other_blocks(text: str, strict: list[Block], *, only_first: bool) -> Iterator[list[Block]]:
    """Other readings of the fences in *text*; none where each of them opens or closes a block of the strict reading."""
    if only_first:
        if strict and not strict[0].closed and "```" in strict[0].text:
            yield loose_blocks_of(text)[:1]
        return
    inner = [one for block in strict if _is_wrapper(block) for one in blocks_of(block.text)]
    if inner:
        yield inner
    fences = text.count("```") + text.count("~~~")
    if fences and (fences != 2 * len(strict) or not all(block.closed for block in strict)):
        yield loose_blocks_of(text)


def _fence_opened_by(prompt: str, answer: str, *, started: bool) -> str:
    """The fence of the block that *prompt* opened and *answer* continues; "" if the answer opens its own."""
    opened = blocks_of(prompt)
    if not opened or opened[-1].closed:
        return ""
    fences = filter(None, map(fence_of, answer.split("\n")))
    fence = next((fence for fence in fences if not is_indented_code(fence)), None)
    begin = next((line for line in answer.split("\n") if line.strip()), "")
    if (fence and (fence["item"] or fence["info"].strip())) or not (started or looks_like_code(begin)):
        return ""
    return f"{fence['mark'] if fence else '```'}\n"

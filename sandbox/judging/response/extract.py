"""A model's response → the program in it, or why there is none.

Nothing here parses the program: a response is hostile text, and Python's parser can be made to take minutes over a short one.
Where there are several blocks, or several ways to read a response, and it matters which of them parse, the caller passes *parses*,
which asks a confined worker. One block in fences that nothing else in the response resembles is taken as it is, and asks nobody.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sandbox.judging.response.fences import Block, blocks_of, fence_of, is_indented_code, loose_blocks_of

__all__ = [
    "SPECIAL_TOKEN",
    "Candidate",
    "Choice",
    "NoCode",
    "extract",
    "final_answer",
    "open_function",
    "reasoning_opened_by",
    "strip_special_tokens",
]

PYTHON_TAGS = frozenset(("python", "py", "python3", "py3", "python2", "cpython", "pypy", "pypy3", "sage", "pycon", "ipython"))

MAX_TOKEN = 80
MAX_LINE = 1000
"""How much of a line is looked at to tell code from prose."""

SPECIAL_TOKEN = r"(?:<\|[^<>|\s][^<>|]{0,60}\|>|<｜[^<>｜]{1,60}｜>|</?s>|<(?:eos|bos|pad|unk|end_of_turn|start_of_turn|EOT)>|\[(?:PAD|EOS)\]|\x00)"
_TRAILING = re.compile(rf"{SPECIAL_TOKEN}\Z")
_LEADING = re.compile(rf"\A(?:\s*{SPECIAL_TOKEN}(?:(?:assistant|model)\b)?)+")
_STATEMENT = re.compile(
    r"(?:def|class|async def|import|from|for|while|if|with|try|return|print|@\w|assert|lambda|raise|global)\b[^.?!]*"
    r"|[A-Za-z_][\w.\[\]'\", ]*(?:[-+*/%&|^]|//|\*\*|<<|>>)?=(?!=).*|[A-Za-z_][\w.]*\(.*\).*"
)
_IMPORT = re.compile(
    r"(?:from[ \t]+\.*[\w.]+[ \t]+import[ \t]+[\w(*]|import[ \t]+[\w.]+[ \t]*(?:as[ \t]+\w+[ \t]*)?(?:[,;#]|\Z)).*"
)
_STRING = re.compile(r"(\"{3}|'{3})[\s\S]*?(?:\1|\Z)")
_START = re.compile(r"^(?:import \w|from [\w.]+ import |def \w+\s*\(|async def \w|class \w+|@\w|#!)")
_EFFECT = re.compile(r"[\w\])]\(|(?<![=!<>])=(?!=)")
_WORDS = re.compile(r"[^\W\d][\w ,;:.!?'-]*")
_VERSION = re.compile(r"[0-9.]+\Z")
_OPENED = re.compile(r"<think>\s*(?:</think>\s*)?\Z")


class Choice(str, Enum):
    """Which block counts where there are several."""

    AUTO = "auto"
    """The last that parses and defines what the label names; else the last that parses; else the last."""
    FIRST = "first"
    LAST = "last"
    JOINED = "joined"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A program that was found in a response, and where: `fenced`, `bare` or `completion`."""

    source: str
    how: str


@dataclass(frozen=True, kw_only=True)
class NoCode:
    """There is no program in the response."""

    reason: str


def strip_special_tokens(text: str) -> str:
    """*text* without the tokens that a tokenizer leaves at its ends: `<|im_end|>`, `</s>`, `<|endoftext|>` and their kin."""
    # Every step moves *end* and copies nothing: a response of a million tokens or blanks must not cost more than one pass.
    end = cut = len(text)
    while True:
        while end and (text[end - 1].isspace() or text[end - 1] == "\0"):
            end -= 1
            if text[end] == "\0":
                cut = end
        token = _TRAILING.search(text, max(0, end - MAX_TOKEN), end)
        if token is None:
            break
        end = cut = token.start()
    text = text[:cut]
    return _LEADING.sub("", text)


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
    continued = continues or prompt
    start = open_function(continued, entry_points)
    reader = _Reader(continued, start, entry_points, tags, choice, _Valid(parses) if parses else None)
    return reader.best(reasoning_opened_by(prompt) + text)


def reasoning_opened_by(prompt: str) -> str:
    """The `<think>` at the end of *prompt*, or the `<think></think>`: what a template began is part of the response behind it."""
    found = _OPENED.search(prompt)
    return found[0] if found else ""


def final_answer(text: str) -> str | NoCode:
    """What follows the reasoning; what is inside the last <answer>, if there is one."""
    _, closing, tail = text.rpartition("</think>")
    return _final(tail if closing else text, closed=bool(closing))


def _answers(text: str) -> Iterator[str | NoCode]:
    """The final answer; then what it is if every `</think>` but the first is a word in the answer's code."""
    yield final_answer(text)
    tail = text.partition("</think>")[2]
    ends = tail.count("</think>")
    if ends and ends == sum(block.text.count("</think>") for block in blocks_of(tail) if block.closed):
        yield _final(tail, closed=True)


def _final(text: str, *, closed: bool) -> str | NoCode:
    if text.lstrip().startswith("<think>"):
        return NoCode(reason="the reasoning (<think>) never ends, so there is no answer")
    if "<answer>" in text:
        text = text.rpartition("<answer>")[2]
        text = text.partition("</answer>")[0]
    if not text.strip():
        return NoCode(reason="there is nothing after the reasoning" if closed else "the answer is empty")
    return text


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
    """How a response is read: what `extract` was asked for."""

    continued: str
    start: str
    """The beginning of a function at the end of *continued*."""
    entry_points: Sequence[str]
    tags: frozenset[str]
    choice: Choice
    valid: _Valid | None

    def best(self, text: str) -> Candidate | NoCode:
        """What the strict reading finds; where that is no valid program and there are other readings, the first that is one."""
        readings = [reading for answer in _answers(text) for reading in self._readings(answer)]
        if len(readings) > 1 and self.valid:  # all of their blocks at once: a question is a job
            self.valid([text for texts in readings if isinstance(texts, list) for text in texts])
        strict = self._found(readings[0])
        if len(readings) == 1 or (self.valid is None and isinstance(strict, Candidate)):
            return strict
        for found in itertools.chain([strict], map(self._found, readings[1:])):
            if isinstance(found, Candidate) and not _is_prose(found.source) and self._is_valid(found.source):
                return found
        return strict

    def _is_valid(self, text: str) -> bool:
        return self.valid is None or self.valid([text])[0]

    def _readings(self, answer: str | NoCode) -> Iterator[list[str] | str | NoCode]:
        """The blocks that may be the program, or a text without fences; first by the rules, then by looser ones that differ."""
        if isinstance(answer, NoCode):
            yield answer
            return
        fence = _fence_opened_by(self.continued, answer, started=bool(self.start))
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
            texts = [text for text in texts if not _is_prose(text)] or texts
        return texts

    def _found(self, reading: list[str] | str | NoCode) -> Candidate | NoCode:
        if isinstance(reading, NoCode):
            return reading
        found = reading if isinstance(reading, str) else self._chosen(reading)
        if self.start and not _defines(found, self.entry_points):
            return Candidate(source=_continued(self.start, found), how="completion")
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
        defining = [text for text in texts if _defines(text, self.entry_points)]
        return (defining or texts)[-1]

    def _bare(self, text: str) -> Candidate | NoCode:
        """A text without fences: a program, code after a line of prose, or prose."""
        lines = text.split("\n")
        begin = next((number for number, line in enumerate(lines) if line.strip()), 0)
        if self.valid is not None and not _looks_like_code(lines[begin]):
            behind_words = next((number for number, line in enumerate(lines) if not _is_words(line)), begin)
            behind_paragraph = next((number for number in range(begin, len(lines)) if not lines[number].strip()), begin)
            begins = dict.fromkeys((behind_words, begin, begin + 1, behind_paragraph))
            texts = [text for text in ("\n".join(lines[number:]) for number in begins) if not _is_prose(text)]
            found = next((text for text, ok in zip(texts, self.valid(texts), strict=True) if ok), None)
            if found is not None:
                return Candidate(source=found, how="bare")
        return _guessed(lines, begin)


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


def _defines(text: str, names: Sequence[str]) -> bool:
    """Whether *text* looks as if it defined every one of *names* (as a function, method, class or variable)."""
    return all(
        re.search(
            rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*(?::[^=\n]*)?=", text, re.M
        )
        for name in names
    )


def _fence_opened_by(prompt: str, answer: str, *, started: bool) -> str:
    """The fence of the block that *prompt* opened and *answer* continues; "" if the answer opens its own."""
    opened = blocks_of(prompt)
    if not opened or opened[-1].closed:
        return ""
    fences = filter(None, map(fence_of, answer.split("\n")))
    fence = next((fence for fence in fences if not is_indented_code(fence)), None)
    begin = next((line for line in answer.split("\n") if line.strip()), "")
    if (fence and (fence["item"] or fence["info"].strip())) or not (started or _looks_like_code(begin)):
        return ""
    return f"{fence['mark'] if fence else '```'}\n"


def open_function(prompt: str, names: Sequence[str]) -> str:
    """The code at the end of *prompt*, if it ends inside a function of *names*; else ""."""
    if not names or not prompt.strip():
        return ""
    text = prompt.replace("\r\n", "\n")
    blocks = blocks_of(text)
    if blocks and not blocks[-1].closed:
        text = blocks[-1].text
    elif blocks:
        return ""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if _START.match(line)), None)
    if first is None:
        return ""
    code = "\n".join(lines[first:])
    header = None
    for match in re.finditer(r"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)", code, re.M):
        header = match
    if header is None or header[2] not in names:
        return ""
    # The lines of the signature, and those inside of docstrings, may stand as far left as they like.
    lines = _STRING.sub('""', code[header.end() :]).split("\n")
    signature = next((number for number, line in enumerate(lines) if line.partition("#")[0].rstrip().endswith(":")), 0)
    body = lines[signature + 1 :]
    indent = len(header[1].expandtabs())
    inside = [line for line in body if line.strip()]
    if not inside or any(len(line.expandtabs()) - len(line.expandtabs().lstrip()) <= indent for line in inside):
        # No body yet is fine when the header is the last thing; anything at the header's own level has left the function.
        return code if not inside and code.rstrip().endswith(":") else ""
    return code


def _continued(start: str, body: str) -> str:
    """*start* with *body* after it; a first line whose indentation was lost gets that of the function's body back."""
    lines = body.split("\n")
    del lines[: next((number for number, line in enumerate(lines) if line.strip()), 0)]
    if lines and not start.rsplit("\n", 1)[-1].strip() and not lines[0].startswith((" ", "\t")):
        if not start.endswith((" ", "\t")):
            inner = [line for line in start.split("\n") if line.startswith((" ", "\t")) and line.strip()]
            lines[0] = (inner[-1][: len(inner[-1]) - len(inner[-1].lstrip())] if inner else "    ") + lines[0]
        return start + "\n".join(lines)
    glue = "" if start.endswith("\n") else "\n"
    return start + glue + "\n".join(lines)


def _guessed(lines: list[str], begin: int) -> Candidate | NoCode:
    """The program in *lines*, the first of which that is not blank is at *begin*, as far as single lines tell."""
    if not _looks_like_code(lines[begin]):
        begin = next((number for number, line in enumerate(lines) if _START.match(line)), -1)
        if begin < 0 and not any(map(_looks_like_code, lines)):
            return NoCode(reason="prose only: there is no fenced block and no line that looks like code")
    return Candidate(source="\n".join(lines[max(begin, 0) :]), how="bare")


def _is_words(line: str) -> bool:
    """Whether *line* is blank or prose; one that goes on in the next line, or is a literal, is neither."""
    return not line.strip() or (_WORDS.fullmatch(line) is not None and not _looks_like_code(line))


def _is_prose(text: str) -> bool:
    """Whether nothing in *text* calls or assigns, and no line looks like code: `yes` and `42` are valid programs, too."""
    return _EFFECT.search(text) is None and not any(map(_looks_like_code, text.split("\n")))


def _looks_like_code(line: str) -> bool:
    stripped = line.strip()[:MAX_LINE]
    return (
        stripped.startswith(("#", '"""', "'''"))
        or _STATEMENT.fullmatch(stripped) is not None
        or _IMPORT.fullmatch(stripped) is not None
    )

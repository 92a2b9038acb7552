"""A model's response → the program in it, or why there is none.

Nothing here parses the program: a response is hostile text, and Python's parser can be made to take minutes over a short one.
Where several blocks compete and it matters which of them parse, the caller passes *parses*, which asks a confined worker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from sandbox.fences import Block, blocks_of, fence_of, is_indented_code

__all__ = [
    "SPECIAL_TOKEN",
    "Candidate",
    "Choice",
    "NoCode",
    "extract",
    "open_function",
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
_STRING = re.compile(r"(\"{3}|'{3})[\s\S]*?(?:\1|\Z)")
_START = re.compile(r"^(?:import \w|from [\w.]+ import |def \w+\s*\(|async def \w|class \w+|@\w|#!)")


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
    entry_points: Sequence[str] = (),
    tags: frozenset[str] = PYTHON_TAGS,
    choice: Choice = Choice.AUTO,
    parses: Callable[[Sequence[str]], Sequence[bool]] | None = None,
) -> Candidate | NoCode:
    """The program in *response*.

    *prompt* is needed for completions: where it ends inside a function that the label names, a response that does not define
    that function continues it. *entry_points* are the names that the label asks for. *tags* are the fence tags of the wanted
    language, lower case. *parses* says of several programs which are valid; without it, all are taken to be.
    """
    text = strip_special_tokens(response.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        return NoCode(reason="the response is empty")
    answer = final_answer(text)
    if isinstance(answer, NoCode):
        return answer
    start = open_function(prompt, entry_points)
    blocks = _rest_of_open_fence(prompt, answer, started=bool(start)) or blocks_of(answer)
    if blocks:
        found = _choose(blocks, entry_points, tags, choice, parses)
        how = "fenced"
    else:
        found, how = answer, "bare"
    if isinstance(found, NoCode):
        return found
    if start and not _defines(found, entry_points):
        return Candidate(source=_continued(start, found), how="completion")
    if how == "bare":
        return _bare(found)
    return Candidate(source=found, how=how)


def final_answer(text: str) -> str | NoCode:
    """What follows the reasoning; what is inside the last <answer>, if there is one."""
    _, closing, tail = text.rpartition("</think>")
    if closing:
        text = tail
    elif text.lstrip().startswith("<think>"):
        return NoCode(reason="the reasoning (<think>) never ends, so there is no answer")
    if "<answer>" in text:
        text = text.rpartition("<answer>")[2]
        text = text.partition("</answer>")[0]
    if not text.strip():
        return NoCode(reason="there is nothing after the reasoning" if closing else "the answer is empty")
    return text


def _choose(
    blocks: list[Block],
    entry_points: Sequence[str],
    tags: frozenset[str],
    choice: Choice,
    parses: Callable[[Sequence[str]], Sequence[bool]] | None,
) -> str | NoCode:
    tagged = [block for block in blocks if block.tag in tags]
    wanted = tagged or [block for block in blocks if not block.tag]
    if not wanted:
        found = ", ".join(sorted({block.tag for block in blocks}))
        return NoCode(reason=f"no fenced block is in the wanted language; there are blocks tagged {found[:200]}")
    texts = [block.text for block in wanted if block.text.strip()]
    if not texts:
        return NoCode(reason="the code block is empty")
    if not tagged:  # a block without a tag may as well be sample output
        texts = [text for text in texts if any(map(_looks_like_code, text.split("\n")))] or texts
    if choice is Choice.FIRST:
        return texts[0]
    if choice is Choice.LAST or len(texts) == 1:
        return texts[-1]
    if choice is Choice.JOINED:
        return "\n\n".join(texts)
    if parses is not None:
        valid = [text for text, ok in zip(texts, parses(texts), strict=True) if ok]
        texts = valid or texts
    defining = [text for text in texts if _defines(text, entry_points)]
    return (defining or texts)[-1]


def _defines(text: str, names: Sequence[str]) -> bool:
    """Whether *text* looks as if it defined every one of *names* (as a function, method, class or variable)."""
    return all(
        re.search(
            rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*(?::[^=\n]*)?=", text, re.M
        )
        for name in names
    )


def _rest_of_open_fence(prompt: str, answer: str, *, started: bool) -> list[Block]:
    """The block that *prompt* opened and *answer* continues, up to the fence that closes it; none if the answer opens its own."""
    opened = blocks_of(prompt)
    if not opened or opened[-1].closed:
        return []
    fences = filter(None, map(fence_of, answer.split("\n")))
    fence = next((fence for fence in fences if not is_indented_code(fence)), None)
    begin = next((line for line in answer.split("\n") if line.strip()), "")
    if (fence and (fence["item"] or fence["info"].strip())) or not (started or _looks_like_code(begin)):
        return []
    return blocks_of(f"{fence['mark'] if fence else '```'}\n{answer}")[:1]


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


def _bare(text: str) -> Candidate | NoCode:
    """A response without fences: code, code after a line of prose, or prose."""
    lines = text.split("\n")
    begin = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not _looks_like_code(lines[begin]):
        begin = next((number for number, line in enumerate(lines) if _START.match(line)), -1)
        if begin < 0 and not any(map(_looks_like_code, lines)):
            return NoCode(reason="prose only: there is no fenced block and no line that looks like code")
    return Candidate(source="\n".join(lines[max(begin, 0) :]), how="bare")


def _looks_like_code(line: str) -> bool:
    stripped = line.strip()[:MAX_LINE]
    return stripped.startswith(("#", '"""', "'''")) or _STATEMENT.fullmatch(stripped) is not None

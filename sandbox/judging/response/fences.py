"""Fenced blocks of code in a text: by the rules of CommonMark, or loosely, as models write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Block", "blocks_of", "fence_of", "is_indented_code", "loose_blocks_of"]

_INDENT = r"(?P<indent>[ \t]*(?P<item>(?:[-*+]|\d{1,9}[.)])[ \t]+)?)"
_FENCE = re.compile(rf"^{_INDENT}(?P<mark>`{{3,}}(?!`)|~{{3,}}(?!~))(?P<info>.*)$")
_BEGIN = re.compile(_INDENT)
_TAG = re.compile(r"[\w.+#-]*")
_AROUND = " \t*_"
"""Blanks, and the marks of bold and italic text."""
MAX_INDENT = 3
"""Columns by which a fence may be indented; further to the right it is a line of code."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: its tag (lower case, "" if none), its text without the fence's indentation, whether it was closed."""

    tag: str
    text: str
    closed: bool = True


class _Opening(NamedTuple):
    indent: str
    item: bool
    mark: str
    info: str


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of *text*, by the rules of CommonMark; a last fence that is never closed reaches to the end."""
    return _scanned(text, _opening, _end)


def loose_blocks_of(text: str) -> list[Block]:
    """The fenced blocks of *text* as models write them, too: opened behind words or in bold, and closed behind code."""
    found = _scanned(text, _loose_opening, _loose_end)
    return [*found[:-1], _cut(found[-1])] if found and not found[-1].closed else found


def _scanned(text: str, opens: Callable[[str], _Opening | None], before_end: Callable[[str, _Opening], str | None]) -> list[Block]:
    """*before_end* returns the part of a line before a fence that ends the block; None where the line has no such fence."""
    found: list[Block] = []
    opening: _Opening | None = None
    lines: list[str] = []
    if "```" not in text and "~~~" not in text:
        return found
    for line in text.split("\n"):
        if "```" not in line and "~~~" not in line:
            lines.append(line)
            continue
        if opening is None:
            opening, lines = opens(line), []
            continue
        rest = before_end(line, opening)
        if rest is None:
            lines.append(line)
            continue
        found.append(_block(opening, [*lines, rest] if rest else lines, closed=True))
        opening = None
    if opening is not None:
        found.append(_block(opening, lines, closed=False))
    return found


def fence_of(line: str) -> re.Match[str] | None:
    """The fence that *line* is, or None. No other backtick may follow: then it is code within a sentence."""
    if "```" not in line and "~~~" not in line:
        return None
    fence = _FENCE.match(line)
    return None if fence is None or (fence["mark"][0] == "`" and "`" in fence["info"]) else fence


def is_indented_code(fence: re.Match[str]) -> bool:
    """Whether *fence* stands too far to the right for one that is in no list: it is a line of code, such as of a docstring."""
    return not fence["item"] and _columns(fence["indent"]) > MAX_INDENT


def _opening(line: str) -> _Opening | None:
    fence = fence_of(line)
    return fence and _Opening(fence["indent"], bool(fence["item"]), fence["mark"], fence["info"])


def _end(line: str, opening: _Opening) -> str | None:
    fence = fence_of(line)
    if fence is None or fence["item"] or fence["info"].strip() or not fence["mark"].startswith(opening.mark):
        return None
    # An opening fence that is indented itself is in an item of a list, the text of which begins about where the fence does.
    begin = _columns(opening.indent)
    return "" if _columns(fence["indent"]) <= (begin + MAX_INDENT if opening.item or begin > MAX_INDENT else MAX_INDENT) else None


def _loose_opening(line: str) -> _Opening | None:
    """A fence, or one behind words (`Here it is: ```python`) or in bold; not code in a sentence, behind which the sentence goes on."""
    strict = _opening(line)
    if strict or "```" not in line:
        return strict
    _, mark, info = line.partition("```")
    more = len(info) - len(info.lstrip("`"))
    info = info[more:].strip(_AROUND)
    if not _TAG.fullmatch(info):
        return None
    begin = _BEGIN.match(line)
    return _Opening(begin["indent"] if begin else "", bool(begin and begin["item"]), mark + "`" * more, info)


def _loose_end(line: str, opening: _Opening) -> str | None:
    strict = _end(line, opening)
    if strict is not None:
        return strict
    line = line.rstrip(_AROUND)
    rest = line.rstrip(opening.mark[0])
    if len(line) - len(rest) < len(opening.mark) or opening.mark in rest or not rest.strip():  # the last may be of a docstring
        return None
    return rest if rest.strip(_AROUND) else ""


def _cut(block: Block) -> Block:
    """*block*, which is not closed, up to its last fence, if that is alone on its line."""
    head, mark, tail = block.text.rpartition("```")
    before, _, line = head.rpartition("\n")
    alone = mark and not line.strip("` \t") and not tail.partition("\n")[0].strip()
    return Block(tag=block.tag, text=before) if alone else block


def _columns(indentation: str) -> int:
    return len(indentation.expandtabs(4))


def _block(opening: _Opening, lines: list[str], *, closed: bool) -> Block:
    # CommonMark takes the fence's indentation from each line, as far as it is there. Where the program begins further left than
    # its fence, it was not indented with it, and taking more than that off its inner lines would flatten them.
    first = next((line for line in lines if line.strip()), "")
    indent = min(len(opening.indent), len(first) - len(first.lstrip()))
    text = "\n".join(_unindented(line, indent) if line.strip() else "" for line in lines)
    words = re.sub(r"[{,:]", " ", opening.info).split()
    tag = words[0].strip(".}=").lower() if words else ""
    return Block(tag=tag, text=text, closed=closed)


def _unindented(line: str, most: int) -> str:
    return line[min(most, len(line) - len(line.lstrip())) :]

"""Fenced blocks of code in a text: by the rules of CommonMark, and as models write them all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Block", "blocks_of", "fence_of", "is_indented_code"]

_INDENT = r"(?P<indent>[ \t]*(?P<item>(?:[-*+]|\d{1,9}[.)])[ \t]+)?)"
_FENCE = re.compile(rf"^{_INDENT}(?P<mark>`{{3,}}(?!`)|~{{3,}}(?!~))(?P<info>.*)$")
MOST = 3
"""Columns by which a fence may be indented; what is further to the right is code."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: its tag (lower case, "" if none), its text without the fence's indentation, whether it was closed."""

    tag: str
    text: str
    closed: bool = True


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of *text*, by the rules of CommonMark; a last fence that is never closed reaches to the end."""
    found: list[Block] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        fence = fence_of(line)
        if opening is None:
            if fence:
                opening, lines = fence, []
        elif fence and _closes(fence, opening):
            found.append(_block(opening["indent"], opening["info"], lines, closed=True))
            opening = None
        else:
            lines.append(line)
    if opening is not None:
        found.append(_block(opening["indent"], opening["info"], lines, closed=False))
    return found


def fence_of(line: str) -> re.Match[str] | None:
    """The fence that *line* is; what stands behind backticks holds no backtick (or it is code in a sentence)."""
    fence = _FENCE.match(line)
    return None if fence is None or (fence["mark"][0] == "`" and "`" in fence["info"]) else fence


def is_indented_code(fence: re.Match[str]) -> bool:
    """Whether *fence* stands too far to the right for one that is in no list: it is a line of code, such as of a docstring."""
    return not fence["item"] and _columns(fence) > MOST


def _closes(fence: re.Match[str], opening: re.Match[str]) -> bool:
    if fence["item"] or fence["info"].strip() or not fence["mark"].startswith(opening["mark"]):
        return False
    # An opening fence that is indented itself is in an item of a list, the text of which begins about where the fence does.
    begin = _columns(opening)
    return _columns(fence) <= (begin + MOST if opening["item"] or begin > MOST else MOST)


def _columns(fence: re.Match[str]) -> int:
    return len(fence["indent"].expandtabs(4))


def _block(indentation: str, info: str, lines: list[str], *, closed: bool) -> Block:
    # CommonMark takes the fence's indentation from each line, as far as it is there. Where the program begins further left than
    # its fence, it was not indented with it, and taking more than that off its inner lines would flatten them.
    first = next((line for line in lines if line.strip()), "")
    indent = min(len(indentation), len(first) - len(first.lstrip()))
    text = "\n".join(_unindented(line, indent) if line.strip() else "" for line in lines)
    words = re.sub(r"[{,:]", " ", info).split()
    tag = words[0].strip(".}=").lower() if words else ""
    return Block(tag=tag, text=text, closed=closed)


def _unindented(line: str, most: int) -> str:
    return line[min(most, len(line) - len(line.lstrip())) :]

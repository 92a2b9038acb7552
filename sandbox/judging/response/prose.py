"""Tells code from prose, line by line, in responses without fences."""

from __future__ import annotations

import re

from sandbox.judging.response.candidate import Candidate, NoCode

__all__ = ["CODE_START", "guess_program", "is_blank_or_prose", "is_prose", "looks_like_code"]

MAX_LINE = 1000
"""How many characters of a line are looked at."""

_STATEMENT = re.compile(
    r"(?:def|class|async def|import|from|for|while|if|with|try|return|print|@\w|assert|lambda|raise|global)\b[^.?!]*"
    r"|[A-Za-z_][\w.\[\]'\", ]*(?:[-+*/%&|^]|//|\*\*|<<|>>)?=(?!=).*|[A-Za-z_][\w.]*\(.*\).*"
)
_IMPORT = re.compile(
    r"(?:from[ \t]+\.*[\w.]+[ \t]+import[ \t]+[\w(*]|import[ \t]+[\w.]+[ \t]*(?:as[ \t]+\w+[ \t]*)?(?:[,;#]|\Z)).*"
)
CODE_START = re.compile(r"^(?:import \w|from [\w.]+ import |def \w+\s*\(|async def \w|class \w+|@\w|#!)")
_EFFECT = re.compile(r"[\w\])]\(|(?<![=!<>])=(?!=)")
_WORDS = re.compile(r"[^\W\d][\w ,;:.!?'-]*")


def guess_program(lines: list[str], begin: int) -> Candidate | NoCode:
    """The program in *lines*, guessed from single lines; *begin* is the number of the first line that is not blank."""
    if not looks_like_code(lines[begin]):
        begin = next((number for number, line in enumerate(lines) if CODE_START.match(line)), -1)
        if begin < 0 and not any(map(looks_like_code, lines)):
            return NoCode(reason="prose only: there is no fenced block and no line that looks like code")
    return Candidate(source="\n".join(lines[max(begin, 0) :]), how="bare")


def is_blank_or_prose(line: str) -> bool:
    """Whether *line* is blank or prose. A line that continues in the next one, or is a literal, is neither."""
    return not line.strip() or (_WORDS.fullmatch(line) is not None and not looks_like_code(line))


def is_prose(text: str) -> bool:
    """Whether nothing in *text* calls or assigns, and no line looks like code: `yes` and `42` are valid programs, too."""
    return _EFFECT.search(text) is None and not any(map(looks_like_code, text.split("\n")))


def looks_like_code(line: str) -> bool:
    """Whether a line is a comment, a string, or begins and ends as a statement does; prose rarely is."""
    stripped = line.strip()[:MAX_LINE]
    return (
        stripped.startswith(("#", '"""', "'''"))
        or _STATEMENT.fullmatch(stripped) is not None
        or _IMPORT.fullmatch(stripped) is not None
    )

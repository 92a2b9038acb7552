"""The result of extraction: a candidate, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Candidate", "Choice", "NoCode"]


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

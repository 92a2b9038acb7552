"""What commands show on a terminal."""

from __future__ import annotations

import re

__all__ = ["visible"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\r(?!\n)")


def visible(text: str) -> str:
    """*text* with its control characters written out: a program's output must not rename the window, or hide a line."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

"""Texts for messages, cut to a length."""

from __future__ import annotations

__all__ = ["MAX_SHOWN", "shorten"]

MAX_SHOWN = 200


def shorten(text: str, limit: int = MAX_SHOWN) -> str:
    """*text* for a message: at most *limit* characters, and how many are left out."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"

"""What was said in a conversation: responses and prompts may be texts or lists of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sandbox.words.errors import ConfigurationError

__all__ = ["TextOrMessages", "checked_last_message", "last_message"]

TextOrMessages: TypeAlias = "str | Sequence[Mapping[str, Any]] | None"
"""A text, messages with role and content, or nothing."""


def checked_last_message(role: str, said: TextOrMessages, name: str) -> str:
    """`last_message`, for an argument called *name*.

    Raises:
        ConfigurationError: it is neither a text nor a list of messages.
    """
    listed = _listed(said)
    if (
        said is None
        or isinstance(said, str)
        or (isinstance(listed, list | tuple) and all(isinstance(one, Mapping) for one in listed))
    ):
        return last_message(said, role)
    raise ConfigurationError(f"{name}={repr(said)[:80]}: a text is meant, or a list of messages with role and content")


def last_message(said: Any, role: str) -> str:
    """What *role* said last: *said* is a text, a list of messages, or nothing. Content in parts is joined."""
    if isinstance(said, str):
        return said
    listed = _listed(said)
    if not isinstance(listed, Sequence):
        return ""
    for message in reversed(listed):
        if isinstance(message, Mapping) and message.get("role") == role:
            content = message.get("content")
            if isinstance(content, str) or content is None:
                return content or ""
            return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return ""


def _listed(said: Any) -> Any:
    """An array (of a column that pandas has read) as a list."""
    return said.tolist() if callable(getattr(said, "tolist", None)) else said

"""Responses and prompts as texts, or as lists of chat messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sandbox.words.errors import ConfigurationError

__all__ = ["TextOrMessages", "checked_last_message", "last_message"]

TextOrMessages: TypeAlias = "str | Sequence[Mapping[str, Any]] | None"
"""A text, messages with role and content, or nothing."""


def checked_last_message(role: str, conversation: TextOrMessages, name: str) -> str:
    """`last_message`, for an argument called *name* that a caller passed.

    Raises:
        ConfigurationError: it is neither a text nor a list of messages.
    """
    messages = _as_list(conversation)
    if (
        conversation is None
        or isinstance(conversation, str)
        or (isinstance(messages, list | tuple) and all(isinstance(one, Mapping) for one in messages))
    ):
        return last_message(conversation, role)
    raise ConfigurationError(f"{name}={repr(conversation)[:80]}: a text is meant, or a list of messages with role and content")


def last_message(conversation: Any, role: str) -> str:
    """The last message of *role* in *conversation* (a text, a list of messages or None). Content in parts is joined."""
    if isinstance(conversation, str):
        return conversation
    messages = _as_list(conversation)
    if not isinstance(messages, Sequence):
        return ""
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == role:
            content = message.get("content")
            if isinstance(content, str) or content is None:
                return content or ""
            return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return ""


def _as_list(conversation: Any) -> Any:
    """An array (of a column that pandas has read) as a list."""
    return conversation.tolist() if callable(getattr(conversation, "tolist", None)) else conversation

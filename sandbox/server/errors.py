"""Error messages for request bodies that cannot be read: what is wrong, and what to do."""

from __future__ import annotations

from email.message import Message
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

__all__ = ["problems_of", "why_unread"]


def problems_of(request: Request, error: RequestValidationError) -> list[dict[str, Any]]:
    """The problems without what was given: it may be large, and may hold what no encoding takes."""
    return [{"loc": [*map(str, one["loc"])], "msg": _said(request, one), "type": one["type"]} for one in error.errors()]


def _said(request: Request, problem: Any) -> str:
    if problem["type"] == "json_invalid":
        return f"{problem['msg']}: {problem['ctx']['error']}"
    if problem["loc"] == ("body",) and not _is_called_json(request):
        # It is not read all the same: a page of another site can send text without asking, but nothing that is called JSON.
        return f"{problem['msg']}; a body is read as JSON if it is sent with the header Content-Type: application/json"
    return str(problem["msg"])


def _is_called_json(request: Request) -> bool:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    kind = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (kind == "json" or kind.endswith("+json"))


def why_unread(error: BaseException | None) -> str:
    """Why a body that is no broken JSON could not be read."""
    if isinstance(error, RecursionError):
        return "the body is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "the body is not text in UTF-8"
    if isinstance(error, ValueError) and "digits" in str(error):
        return "a number in the body has too many digits to be read (more than some thousands)"
    return "the body could not be read"

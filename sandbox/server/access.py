"""Access control, before a body is read: the token, and the size of the request. Plain ASGI: nothing is buffered."""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

__all__ = ["DOCUMENTATION", "AccessControl", "is_loopback"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

DOCUMENTATION = "/docs/static"
"""Where the scripts of the page at /docs are."""
_OPEN = re.compile(rf"/(healthz|readyz|v1/ping|openapi\.json|docs|{DOCUMENTATION[1:]}/[\w.-]+)")
"""What load balancers and probes ask, who have no token, and what is the same in every server of this version: its documentation."""


class AccessControl:
    """Lets through what has the token (`Authorization: Bearer`, `X-Sandbox-Token`, or `?token=`) and is not too large.

    The query counts because OpenRLHF's client sends no headers of ours.
    """

    def __init__(self, app: App, *, token: str, max_body_bytes: int) -> None:
        self._app = app
        self._token = token.encode()
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        given = _tokens(headers, scope["query_string"])
        if self._token and not _OPEN.fullmatch(scope["path"]) and not self._is_known(given):
            wrong = "the token is wrong: it has to be the one that the server was started with (SANDBOX_TOKEN)"
            await _refuse(send, 401, wrong if given else "a token is needed: Authorization: Bearer TOKEN, or ?token=TOKEN")
            return
        if not self._token and not all(_is_local(headers.get(name, b"localhost")) for name in (b"host", b"origin")):
            await _refuse(send, 403, "without a token only this machine is served, and no page of another site: see SANDBOX_TOKEN")
            return
        too_large = (
            f"the request is larger than {self._max_body_bytes >> 20} MiB; send fewer samples at once, or raise --max-body-mb"
        )
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._max_body_bytes:
            await _refuse(send, 413, too_large)
            return
        taken = 0
        is_refused = False

        async def bounded() -> Message:
            nonlocal taken, is_refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body_bytes and not is_refused:  # a body of no announced length
                is_refused = True
                await _refuse(send, 413, too_large)
            return {"type": "http.disconnect"} if is_refused else message

        async def silent(message: Message) -> None:
            if not is_refused:
                await send(message)

        await self._app(scope, bounded, silent)

    def _is_known(self, given: list[bytes]) -> bool:
        return any(hmac.compare_digest(self._token, one) for one in given)


def _tokens(headers: dict[bytes, bytes], query: bytes) -> list[bytes]:
    """All tokens that were sent."""
    kind, _, bearer = headers.get(b"authorization", b"").partition(b" ")
    given = [headers.get(b"x-sandbox-token", b""), *(one.encode("utf-8", "surrogateescape") for one in _in_query(query))]
    if kind.lower() == b"bearer":
        given.append(bearer.strip())
    return [one for one in given if one]


def _is_local(where: bytes) -> bool:
    """Whether a Host or an Origin is this machine. A page of another site may send a request here, but not hide where it is from."""
    try:
        return is_loopback(urlsplit(f"//{where.decode('latin-1').rpartition('//')[2]}").hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether an address cannot be reached from other machines."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_query(query: bytes) -> list[str]:
    return parse_qs(query.decode("latin-1")).get("token", [])


async def _refuse(send: Send, status: int, detail: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": detail}).encode()})

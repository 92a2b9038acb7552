"""Messages over a socket: a length of 32 bits, then that many bytes of JSON."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

__all__ = ["MAX_WHY", "Connection", "Gone"]

MAX_WHY = 500
_HEAD = struct.Struct("<I")
# Kept from before the tests run: whatever they patch, they mean the program.
_dumps, _loads = json.dumps, json.loads
_read, _write = os.read, os.write


class Gone(BaseException):
    """The other end has ended, or broken the protocol."""


class Connection:
    """One end. Whatever is wrong with what comes, the connection ends: `Gone`, and never anything else."""

    def __init__(self, fd: int, max_bytes: int) -> None:
        self.fd = fd
        self.max_bytes = max_bytes
        """Of one message that comes."""
        self.gone = False
        self.why = ""
        """Why it has ended."""

    def _send(self, message: list[Any]) -> None:
        text = _dumps(message).encode("ascii")
        data = memoryview(_HEAD.pack(len(text)) + text)
        try:
            while data:
                data = data[_write(self.fd, data) :]
        except OSError as error:
            self._end(str(error))

    def _receive(self) -> list[Any]:
        size = _HEAD.unpack(self._read(_HEAD.size))[0]
        if size > self.max_bytes:
            self._end(f"a message of {size} bytes")
        try:
            message = _loads(self._read(size))
        except (ValueError, RecursionError, MemoryError) as error:
            self._end(str(error))
        if type(message) is not list or len(message) < 2:
            self._end("not a message")
        found: list[Any] = message
        return found

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = _read(self.fd, min(size, 1 << 20))
            except OSError as error:
                self._end(str(error))
            if not part:
                self._end("it has ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _end(self, why: str) -> Any:
        self.gone = True
        self.why = self.why or why
        raise Gone(why)

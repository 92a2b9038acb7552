"""Docker's attach as a byte stream: a container's standard input, output and error over one connection."""

from __future__ import annotations

import socket
import struct
from typing import Any

__all__ = ["AttachedStream"]


class AttachedStream:
    """A stream of what Docker multiplexes: standard output and error come in frames, each with a head of eight bytes."""

    def __init__(self, attached: Any) -> None:
        self._attached = attached
        # The SDK gives no other way to it; over TLS it is the socket itself.
        self._sock: socket.socket = getattr(attached, "_sock", attached)
        self._left_in_frame = 0
        self.stderr_tail = b""
        """The end of what came over standard error."""

    def settimeout(self, value: float | None, /) -> None:
        """As `socket.socket`."""
        self._sock.settimeout(value)

    def sendall(self, data: bytes, /) -> None:
        """To its standard input."""
        self._sock.sendall(data)

    def recv_into(self, buffer: memoryview, /) -> int:
        """What there is of its standard output; 0 at the end."""
        while not self._left_in_frame:
            head = self._receive(8)
            if len(head) < 8:
                return 0
            kind, size = struct.unpack(">BxxxI", head)
            if kind == 1:
                self._left_in_frame = size
            else:
                self.stderr_tail = (self.stderr_tail + self._receive(size))[-2000:]
        got = self._sock.recv_into(buffer[: min(len(buffer), self._left_in_frame)])
        self._left_in_frame -= got
        return got

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._sock.recv(size - len(data))
            if not part:
                break
            data += part
        return data

    def fileno(self) -> int:
        """As `socket.socket`."""
        return self._sock.fileno()

    def shutdown(self, how: int, /) -> None:
        """As `socket.socket`."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """As `socket.socket`."""
        self._attached.close()
        self._sock.close()

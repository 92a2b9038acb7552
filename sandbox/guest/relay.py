"""Bytes of jobs on their way between the stream and files in memory: through one buffer that no fork inherits."""

from __future__ import annotations

import mmap
import os
import socket
from typing import NamedTuple, Sequence

from .wire import WireError

__all__ = ["Relay", "Section"]

BUFFER_BYTES = 1 << 18


class Section(NamedTuple):
    """A piece of a file."""

    fd: int
    start: int
    size: int


class Relay:
    """The stream, and the buffer in front of it; nothing that passes becomes an object on the heap."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self._buffer = mmap.mmap(-1, BUFFER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._buffer.madvise(mmap.MADV_DONTFORK)
        self.view = memoryview(self._buffer)

    def receive(self, start: int, size: int) -> int:
        """What there is, at most *size* bytes of it, into the buffer from *start* on; 0 at the end of the stream."""
        return self.stream.recv_into(self.view[start : start + size])

    def copy(self, size: int, fd: int) -> bool:
        """*size* bytes from the stream into a file; False at the end of the stream."""
        while size:
            got = self.stream.recv_into(self.view[: min(size, BUFFER_BYTES)])
            if got == 0:
                return False
            size -= got
            view = self.view[:got]
            while view:
                view = view[os.write(fd, view) :]
        return True

    def send(self, head: bytes, sections: Sequence[Section]) -> None:
        """A message: *head*, and pieces of files; in one go if it is small, so that nobody wakes twice for it.

        Raises:
            WireError: a file is shorter than it was.
        """
        have = len(head)
        self.view[:have] = head
        if have + sum(section.size for section in sections) > BUFFER_BYTES:
            self.stream.sendall(head)
            for section in sections:
                self._send_file(section)
            return
        for fd, start, size in sections:
            if size:
                if os.preadv(fd, [self.view[have : have + size]], start) != size:
                    raise WireError("a file became shorter while it was sent")
                have += size
        self.stream.sendall(self.view[:have])

    def _send_file(self, section: Section) -> None:
        _, start, size = section
        while size:
            sent = os.sendfile(self.stream.fileno(), section.fd, start, size)
            if sent == 0:
                raise WireError("a file became shorter while it was sent")
            start += sent
            size -= sent

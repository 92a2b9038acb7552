"""The connection to the host: copies bytes between the stream and files in memory, through one buffer that no fork inherits."""

from __future__ import annotations

import mmap
import os
from typing import NamedTuple, Protocol, Sequence

from ..wire import WireError

__all__ = ["FileSlice", "HostConnection", "StandardStreams", "Stream"]

BUFFER_BYTES = 1 << 18


class Stream(Protocol):
    """A socket, or what has the same methods."""

    def fileno(self) -> int:
        """Readable when an order has come, or the host has gone."""

    def recv_into(self, buffer: memoryview) -> int:
        """What there is; 0 at the end."""

    def sendall(self, data: bytes | memoryview) -> None:
        """All of it."""

    def close(self) -> None:
        """Let it go."""


class StandardStreams:
    """Standard input and output as a stream: all that attaching to a container offers."""

    def __init__(self) -> None:
        self._in, self._out = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)

    def fileno(self) -> int:
        return self._in

    def recv_into(self, buffer: memoryview) -> int:
        return os.readv(self._in, [buffer])

    def sendall(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view) :]

    def close(self) -> None:
        os.close(self._in)
        os.close(self._out)


class FileSlice(NamedTuple):
    """A part of a file that is to be sent."""

    fd: int
    start: int
    size: int


class HostConnection:
    """A stream and its buffer. No byte that passes becomes a Python object: nothing of a job is left on the zygote's heap."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._buffer = mmap.mmap(-1, BUFFER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._buffer.madvise(mmap.MADV_DONTFORK)
        self.view = memoryview(self._buffer)

    def receive(self, start: int, size: int) -> int:
        """What there is, at most *size* bytes of it, into the buffer from *start* on; 0 at the end of the stream."""
        return self.stream.recv_into(self.view[start : start + size])

    def receive_file(self, size: int, fd: int) -> bool:
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

    def send(self, head: bytes, slices: Sequence[FileSlice]) -> None:
        """Send *head* and then parts of files; in one call if they fit into the buffer, so that the host wakes once.

        Raises:
            WireError: a file is shorter than it was.
        """
        have = len(head)
        self.view[:have] = head
        for piece in slices:
            fd, start, size = piece
            while size:
                got = os.preadv(fd, [self.view[have : have + size]], start)
                if got == 0:
                    raise WireError("a file became shorter while it was sent")
                have, start, size = have + got, start + got, size - got
                if have == BUFFER_BYTES:
                    self.stream.sendall(self.view)
                    have = 0
        self.stream.sendall(self.view[:have])

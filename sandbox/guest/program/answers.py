"""The file of answers: what a candidate's calls returned or raised, frame by frame, and which call is running. Results are such a file too."""

from __future__ import annotations

import os
import resource
import time

from .. import values
from ..wire import ANSWERS_START, Progress, frame

__all__ = ["MAX_MESSAGE", "Answers", "FrameFile", "message_of"]

MAX_MESSAGE = 2000
"""Characters of an exception's message that are kept."""


class FrameFile:
    """A file of frames, written with explicit positions; its first bytes say which slot is running."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.position = ANSWERS_START

    def write(self, kind: int, text: str) -> None:
        """Append one frame."""
        data = frame(kind, text.encode("ascii"))
        while data:
            written = os.pwrite(self.fd, data, self.position)
            self.position += written
            data = data[written:]


class Answers(FrameFile):
    """The answers of a candidate, which may have *max_bytes*."""

    def __init__(self, fd: int, max_bytes: int) -> None:
        super().__init__(fd)
        self.max_bytes = max_bytes

    def begin(self, slot: int) -> None:
        """The clock of a new slot starts now. A candidate that lies here gains at most the sum of its slots."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = time.process_time_ns() + int((children.ru_utime + children.ru_stime) * 1e9)
        os.pwrite(self.fd, Progress(slot, cpu, time.monotonic_ns()).pack(), 0)

    def error(self, kind: int, error: BaseException) -> None:
        """Append a frame that names an exception."""
        self.write(kind, values.encode([type(error).__name__, message_of(error)]))

    @property
    def room(self) -> int:
        """Bytes that may still be written."""
        return self.max_bytes - self.position


def message_of(error: BaseException) -> str:
    """An exception's text, cut; the program may have written its `__str__`, which may raise."""
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:
        return "(its message cannot be shown)"

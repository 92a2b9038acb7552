"""Standard streams: standard input from memory, and sys.stdin, sys.stdout and sys.stderr as a new interpreter has them."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["give_stdin", "prepare_streams"]

_READING = os.O_RDONLY | os.O_CLOEXEC


def give_stdin(data: bytes) -> None:
    """Make *data* the standard input. It is a file in memory: input(), open(0) and os.read all find its end."""
    if not data:
        fd = os.open(os.devnull, _READING)  # opened anew: flags that a job sets on an inherited one would be every job's
        os.dup2(fd, 0)
        os.close(fd)
        return
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, 0)
    os.close(fd)


def prepare_streams() -> None:
    """Build sys.stdin, sys.stdout and sys.stderr once, in the zygote; each candidate puts its own files behind descriptors 0, 1 and 2."""

    def stream(fd: int, kind: type, mode: str, errors: str, by_line: bool) -> io.TextIOWrapper:
        raw = io.FileIO(fd, mode, closefd=False)
        raw.name = f"<{('stdin', 'stdout', 'stderr')[fd]}>"  # as the interpreter's own
        text = io.TextIOWrapper(kind(raw), "utf-8", errors, line_buffering=by_line)
        text.mode = mode  # type: ignore[misc]  # contest templates look at it
        return text

    sys.stdin = sys.__stdin__ = stream(0, io.BufferedReader, "r", "surrogateescape", False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = stream(1, io.BufferedWriter, "w", "surrogateescape", False)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = stream(2, io.BufferedWriter, "w", "backslashreplace", True)  # type: ignore[misc]

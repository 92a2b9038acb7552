"""Files: a program's own, written into the folder that it works in, and the file in memory by which its job comes."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["content_of", "read_all", "write_file"]

_WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def write_file(path: str, content: Any) -> None:
    """Write a file that only its owner may read; a link in its place is not followed."""
    fd = os.open(path, _WRITING, 0o600)
    data = content_of(content)
    while data:
        data = data[os.write(fd, data) :]
    os.close(fd)


def content_of(text: Any) -> bytes:
    """A file's content as it came in JSON: a text, or bytes as hexadecimal in a list."""
    return bytes.fromhex(text[0]) if isinstance(text, list) else text.encode("utf-8", "surrogatepass")


def read_all(fd: int) -> bytes:
    """All of a file, from its start; one read gives at most 2 GiB."""
    size = os.lseek(fd, 0, os.SEEK_END)
    data = b""
    while len(data) < size:
        data += os.pread(fd, size - len(data), len(data))
    return data

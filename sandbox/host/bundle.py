"""The guest's code as one zip file: built once in a process, and given to workers as a memfd."""

from __future__ import annotations

import errno
import fcntl
import functools
import hashlib
import io
import marshal
import os
import time
import zipfile
from collections.abc import Iterator
from importlib import resources
from importlib.util import MAGIC_NUMBER
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Traversable  # elsewhere in Python 3.11 and newer

__all__ = ["content", "digest", "open_bundle"]

_MAIN = """\
import json, os, sys
# random seeds itself anew in every forked child, and threading looks for threads that have gone with the fork. Each candidate is
# seeded from its job instead, and born of a single thread: the hooks are left out (`forkserver` gives threading's back).
register, os.register_at_fork = os.register_at_fork, lambda **hooks: None
import random, threading
os.register_at_fork = register
from guest.worker import keeper
options = json.loads(sys.argv[1])
del sys.argv[1:]
sys.exit(keeper.main(options))
"""


@functools.cache
def content(compiled: bool = False) -> bytes:
    """The zip file: the same for the same code; *compiled* for the interpreter that asks as well, which others pass over.

    Compiling takes a worker's start, and leaves a heap with holes that every fork copies.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in sorted(_sources(resources.files("sandbox.guest"), "guest")):
            # ZipInfo without a date has a fixed one: the same code is the same bytes.
            archive.writestr(zipfile.ZipInfo(name), source)
            if compiled:
                code = marshal.dumps(compile(source, f"/{name}", "exec", dont_inherit=True, optimize=0))
                archive.writestr(zipfile.ZipInfo(f"{name}c"), _UNCHECKED + code)
        archive.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
    return buffer.getvalue()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{name}/{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{name}/{entry.name}", entry.read_bytes()


SEAL_TRIES = 100
_UNCHECKED = MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
"""The head of a .pyc that is not compared with its source (PEP 552)."""


@functools.cache
def digest() -> str:
    """SHA-256 of the bundle: what an image says that it holds."""
    return hashlib.sha256(content()).hexdigest()


def open_bundle() -> int:
    """A new file descriptor of the bundle, sealed against changes; the caller closes it."""
    fd = os.memfd_create("reward-sandbox-guest", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(content(compiled=True))
        _seal(fd)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _seal(fd: int) -> None:
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    for left in range(SEAL_TRIES - 1, -1, -1):
        try:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        except OSError as error:
            # On a busy machine the kernel may hold pages that were just written for longer than it is ready to wait for them.
            if error.errno != errno.EBUSY or not left:
                raise
            time.sleep(0.05)
        else:
            return

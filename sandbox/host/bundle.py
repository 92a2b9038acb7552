"""The guest code as one zip file, built once per process and handed to workers as a memfd."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import io
import os
import zipfile
from importlib import resources

__all__ = ["content", "digest", "open_bundle"]

_MAIN = """\
import json, os, sys
# random seeds itself anew in every forked child; each candidate is seeded from its job instead, so the hook is left out.
register, os.register_at_fork = os.register_at_fork, lambda **hooks: None
import random
os.register_at_fork = register
from guest import keeper
options = json.loads(sys.argv[1])
del sys.argv[1:]
sys.exit(keeper.main(options))
"""


@functools.cache
def content() -> bytes:
    """The zip file: the same for the same code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry in sorted(resources.files("sandbox.guest").iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                # ZipInfo without a date has a fixed one: the same code is the same bytes.
                archive.writestr(zipfile.ZipInfo(f"guest/{entry.name}"), entry.read_bytes())
        archive.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
    return buffer.getvalue()


@functools.cache
def digest() -> str:
    """SHA-256 of the bundle: what an image says that it holds."""
    return hashlib.sha256(content()).hexdigest()


def open_bundle() -> int:
    """A new file descriptor of the bundle, sealed against changes; the caller closes it."""
    fd = os.memfd_create("reward-sandbox-guest", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(fd, "wb", closefd=False) as file:
        file.write(content())
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd

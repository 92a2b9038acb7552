"""What the lines of result files are known by: the digest of a sample, and how a line of a training begins."""

from __future__ import annotations

import hashlib

__all__ = ["RECORD_LINE_START", "sample_digest"]

RECORD_LINE_START = '{"time": '
"""How a line of `SANDBOX_RECORD` begins. Within a JSON text it cannot stand: there a quotation mark has a backslash before it."""


def sample_digest(*values: object) -> str:
    """A short name for *values*: by it a sample (its response and its prompt) is known again."""
    return hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

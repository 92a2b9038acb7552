"""Judges equal samples once: those of one batch, those judged at the same time, and those in a cache of the last judgements.

Equal means the same program before the same label, byte for byte, types included; the text around the program does not count. Only
judgements of the candidate itself are shared; those of a broken label, or of a fault of ours, are made anew.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from sandbox.words.errors import ConfigurationError
from sandbox.words.judgement import Judgement
from sandbox.words.verdict import Owner

__all__ = ["Deduplicator", "digest"]

_ATOMS = (str, int, float, bool, bytes, type(None))
_MOST_PARTS = 1_000_000


def digest(value: object) -> bytes | None:
    """A hash of plain data by its content and exact types; None for a value that is not plain data."""
    found = [value]
    for count, part in enumerate(found):
        if count > _MOST_PARTS:  # or a list that holds itself
            return None
        if type(part) is list or type(part) is tuple:
            found.extend(part)
        elif type(part) is dict:
            found.extend(part)
            found.extend(part.values())
        elif type(part) not in _ATOMS:
            return None
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more digits than may be written, or nested too deeply
        return None
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class _Pending:
    """A judgement that another thread is making."""

    def __init__(self) -> None:
        self.made = threading.Event()
        self.judgement: Judgement | None = None


class Deduplicator:
    """Makes judgements, each only once at a time, and keeps the last *size* of them. Thread-safe.

    One for a batch asks *shared*, which all batches share, for what it does not have itself.

    Raises:
        ConfigurationError: *size* is negative.
    """

    def __init__(self, size: int = 0, *, shared: Deduplicator | None = None) -> None:
        if size < 0:
            raise ConfigurationError(f"cache={size} cannot be: it is a number of judgements to keep, 0 for none")
        self._size = size
        self._shared = shared
        self._lock = threading.Lock()  # protects the next two
        self._pending: dict[bytes, _Pending] = {}
        self._kept: OrderedDict[bytes, Judgement] = OrderedDict()

    def __call__(self, sample: object, judge: Callable[[], Judgement], deadline: float) -> Judgement:
        """The judgement of *sample* by *judge*, or that of an equal sample, earlier or at the same time; then it is `reused`."""
        key = digest(sample)
        return judge() if key is None else self._judgement(key, judge, deadline)

    def _judgement(self, key: bytes, judge: Callable[[], Judgement], deadline: float) -> Judgement:
        if self._shared is not None:
            judge = functools.partial(self._shared._judgement, key, judge, deadline)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            pending = self._pending.get(key)
            if pending is None:
                mine = self._pending[key] = _Pending()
        if pending is not None:
            pending.made.wait(max(0.0, deadline - time.monotonic()))
            return pending.judgement or judge()
        try:
            judgement = judge()
            if judgement.verdict.owner in (Owner.NOBODY, Owner.CANDIDATE):
                mine.judgement = dataclasses.replace(judgement, reused=True)
        finally:
            with self._lock:
                del self._pending[key]
                if self._size and mine.judgement is not None:
                    self._kept[key] = mine.judgement
                    if len(self._kept) > self._size:
                        self._kept.popitem(last=False)
            mine.made.set()
        return judgement

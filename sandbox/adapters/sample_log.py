"""What the log says of samples that could not be judged: every reason and how often, not a line a sample.

A dataset with one broken column would fill a log with equal lines, and what else is in it could not be found.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

__all__ = ["Log", "collected_log", "log_with_backoff"]

_log = logging.getLogger("sandbox")

MOST_KNOWN = 1000

Log: TypeAlias = Callable[[int, str], None]
"""Takes a level of `logging` and a sentence."""


class _Backoff:
    """Logs a sentence the first, second, fourth, eighth ... time that it is told, with the count. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # protects the next
        self._times: dict[str, int] = {}

    def log(self, level: int, sentence: str) -> None:
        """Once more."""
        with self._lock:
            times = self._times.pop(sentence, 0) + 1
            self._times[sentence] = times
            if len(self._times) > MOST_KNOWN:
                del self._times[next(iter(self._times))]  # not told for longest; the next time is its first again
        if times == 1:
            _log.log(level, "%s", sentence)
        elif times.bit_count() == 1:
            _log.log(level, "%s (%d times by now)", sentence, times)


log_with_backoff: Log = _Backoff().log
"""For the samples of a process that lives as long as a training."""


@contextlib.contextmanager
def collected_log() -> Iterator[Log]:
    """What is told within the `with` is logged at its end: each sentence once, with the number of samples. Thread-safe.

    What is told after the end (a client went away, its last samples were still running) is logged as it comes.
    """
    lock = threading.Lock()  # protects the two below
    told: Counter[tuple[int, str]] = Counter()
    is_over = False

    def log(level: int, sentence: str) -> None:
        with lock:
            if not is_over:
                told[level, sentence] += 1
                return
        _log.log(level, "%s", sentence)

    try:
        yield log
    finally:
        with lock:
            is_over = True
        for (level, sentence), count in told.items():
            _log.log(level, "%s (%d %s of this request)", sentence, count, "sample" if count == 1 else "samples")

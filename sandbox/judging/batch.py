"""Samples that are scored together: the order in which they should begin, and the judgements that equal ones share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.judging.deduplicate import Deduplicator, digest
from sandbox.words.judgement import Judgement

__all__ = ["Batch", "LabelTimes", "batch_of"]

LONG_SECONDS = 0.1
"""A label that took at least this long is remembered, and its samples begin first next time."""
MAX_REMEMBERED = 100_000


@dataclass(frozen=True)
class Batch:
    """Samples that are scored together: what is equal among them is judged once."""

    order: list[int]
    """The samples' numbers in the order in which they should begin: those known to take long first, repeated responses last."""
    deduplicator: Deduplicator | None


class LabelTimes:
    """Remembers how long slow labels took, by their content. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # protects the next
        self._seconds: OrderedDict[bytes, float] = OrderedDict()  # the last at the end

    def remember(self, label: Any, judgement: Judgement) -> None:
        """Note what judging a sample with this label has taken."""
        seconds = judgement.usage.effective_wall_seconds
        name = digest(label) if seconds >= LONG_SECONDS and not judgement.reused else None
        if name is None:
            return
        with self._lock:
            self._seconds[name] = seconds
            self._seconds.move_to_end(name)
            if len(self._seconds) > MAX_REMEMBERED:
                self._seconds.popitem(last=False)

    def seconds(self, labels: Iterable[Any]) -> list[float]:
        """How long each of *labels* took last time; 0.0 where nothing is remembered."""
        if not self._seconds:
            return [0.0 for _ in labels]
        names = [digest(label) or b"" for label in labels]
        with self._lock:
            return [self._seconds.get(name, 0.0) for name in names]


def batch_of(samples: Sequence[tuple[Any, Any]], times: LabelTimes, deduplicator: Deduplicator | None) -> Batch:
    """The batch of *samples* (what the model said, and the label); *deduplicator* is what all batches share."""
    seconds = times.seconds(label for _, label in samples)
    order = sorted(range(len(samples)), key=seconds.__getitem__, reverse=True)
    if deduplicator is None:
        return Batch(order, None)
    firsts = {str(samples[number][0]): number for number in reversed(order)}
    order.sort(key=lambda number: firsts[str(samples[number][0])] != number)  # a sample that waits for an equal one holds a thread
    return Batch(order, Deduplicator(len(samples), shared=deduplicator))

"""Columns of a trainer's batch, which may be missing, or shorter than the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["item_or_none"]


def item_or_none(values: Sequence[Any] | None, number: int) -> Any:
    """The item with this *number*; None where *values* has none."""
    return values[number] if values is not None and number < len(values) else None

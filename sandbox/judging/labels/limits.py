"""Limits that a label gives, and their units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.words.errors import LabelError

__all__ = ["limits_of", "positive"]

_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0, "ms": 1e-3, "millisecond": 1e-3}
_BYTES = {
    "": 1 << 20,
    "m": 1 << 20,
    "mb": 1 << 20,
    "mib": 1 << 20,
    "megabyte": 1 << 20,
    "b": 1,
    "byte": 1,
    "k": 1 << 10,
    "kb": 1 << 10,
    "kib": 1 << 10,
    "kilobyte": 1 << 10,
    "g": 1 << 30,
    "gb": 1 << 30,
    "gib": 1 << 30,
    "gigabyte": 1 << 30,
}


def limits_of(label: dict[str, Any]) -> dict[str, Any]:
    """The label's own limits as arguments of `Suite`: seconds as `time_limit` or `timeout`, memory in MB or bytes.

    A limit may be a text with a unit, as TACO has it: "2.0 seconds", "256.0 megabytes".

    Raises:
        LabelError: a limit is not a positive number.
    """
    found: dict[str, Any] = {}
    seconds = label.get("time_limit", label.get("timeout")) or None  # 0 is not known, in CodeContests
    if isinstance(seconds, dict):  # CodeContests: {"seconds": 1, "nanos": 500000000}
        seconds = (seconds.get("seconds") or 0) + (seconds.get("nanos") or 0) / 1e9 or None
    if seconds is not None:
        found["cpu_seconds"] = _measured(seconds, "time_limit", _SECONDS, "2 seconds")
    if label.get("memory_limit_bytes"):
        found["memory_bytes"] = int(positive(label["memory_limit_bytes"], "memory_limit_bytes"))
    elif label.get("memory_limit"):
        found["memory_bytes"] = int(_measured(label["memory_limit"], "memory_limit", _BYTES, "256 MB"))
    return found


def _measured(value: Any, name: str, units: Mapping[str, float], example: str) -> float:
    found = re.fullmatch(r"\s*(\S+?)\s*([A-Za-z]*)\s*", value) if isinstance(value, str) else None
    if not found:
        return positive(value, name) * units[""]
    unit = found[2].lower()
    unit = unit if unit in units else unit.removesuffix("s")
    if unit not in units:
        raise LabelError(f"the label's {name} is {value!r}; it should be a number, or one with a unit: {example}")
    return positive(found[1], name) * units[unit]


def positive(value: Any, name: str) -> float:
    """A number that a label gives.

    Raises:
        LabelError: it is not a positive, finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number < float("inf"):
        raise LabelError(f"the label's {name} is {value!r}; it should be a positive number")
    return number

"""One color for each outcome and verdict, readable on light and on dark ground; the status page of the server has the same."""

from __future__ import annotations

__all__ = ["OUTCOMES", "VERDICTS"]

OUTCOMES = {
    "pass": "#2e9e5b",
    "partial": "#d9a514",
    "fail": "#d9534f",
    "timeout": "#8e5bd0",
    "crash": "#a02c2c",
    "internal": "#64748b",
}

VERDICTS = {
    "accepted": "#2e9e5b",
    "wrong_answer": "#d9534f",
    "time_limit": "#8e5bd0",
    "runtime_error": "#a02c2c",
    "output_limit": "#b08968",
    "memory_limit": "#e07b39",
    "violation": "#db2777",
    "compile_error": "#3b82c4",
    "no_code": "#0e8f9e",
    "label_error": "#94a3b8",
    "internal_error": "#64748b",
    "skipped": "#cbd5e1",
}

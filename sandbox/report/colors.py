"""One color for each outcome and verdict; the status page of the server has the same. Colors never stand alone: words stand beside them.

Those of Okabe and Ito and of Paul Tol, chosen so that any two differ for eyes that see no red or no green (protanopia, deuteranopia):
`tests/doors/test_report.py` measures it.
"""

from __future__ import annotations

__all__ = ["DARK", "OUTCOMES", "VERDICTS", "ink_on"]

DARK = "#1c2330"

OUTCOMES = {
    "pass": "#009e73",
    "partial": "#f0e442",
    "fail": "#d55e00",
    "timeout": "#56b4e9",
    "crash": "#882255",
    "label_error": "#bbbbbb",
    "internal_error": "#0072b2",
}
"""The outcome `internal` is two here: whose fault it is, is what people want to know."""

VERDICTS = {
    "accepted": OUTCOMES["pass"],
    "wrong_answer": OUTCOMES["fail"],
    "time_limit": OUTCOMES["timeout"],
    "runtime_error": OUTCOMES["crash"],
    "output_limit": "#ddcc77",
    "memory_limit": "#e69f00",
    "violation": "#cc79a7",
    "compile_error": "#f0e442",
    "no_code": "#117733",
    "label_error": OUTCOMES["label_error"],
    "internal_error": OUTCOMES["internal_error"],
    "skipped": "#ffd9b3",
}


def ink_on(color: str) -> str:
    """White or dark: what can be read better on *color*."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = sum(share * part**2.2 for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
    return DARK if (light + 0.05) / 0.067 > 1.05 / (light + 0.05) else "#ffffff"

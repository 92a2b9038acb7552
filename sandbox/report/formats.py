"""Short names for the formats of labels: F17 says nothing to who has not read the table of docs/why.md, which has the same names."""

from __future__ import annotations

import re

__all__ = ["NAMES", "format_in", "named"]

NAMES = {
    "F1": "HumanEval",
    "F2": "EvalPlus",
    "F3": "assert list",
    "F4": "assert list",
    "F5": "standard input",
    "F6": "function calls",
    "F7": "LiveCodeBench",
    "F8": "DeepCoder",
    "F9": "PrimeIntellect",
    "F10": "INTELLECT",
    "F11": "CodeContests",
    "F12": "CommonOJ",
    "F13": "AutoEval",
    "F14": "checker program",
    "F16": "LeetCode",
    "F17": "pytest",
    "F18": "unittest",
    "F20": "NeMo-Gym",
    "F21": "several files",
}


def named(code: str) -> str:
    """A format with its name beside it; one that this version does not know is itself."""
    return f"{code} {NAMES[code]}" if code in NAMES else code


def format_in(reason: str) -> str:
    """The format that the reason of a broken label begins with (`F5: inputs and outputs are ...`), else ""."""
    found = re.match(r"(F\d{1,2}): ", reason)
    return found[1] if found else ""

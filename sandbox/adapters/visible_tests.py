"""Which tests of a label a model may see between its turns, and which decide at the end.

A label says so itself as `{"visible": <label>, "hidden": <label>}`, with any format of docs/labels.md in either place and anything
else beside them (limits, function names) given to both. LiveCodeBench and CodeContests rows say it with public and private tests. Of any other
label the first cases are shown, and only the others decide: an answer that was fitted to what was shown earns nothing with it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from sandbox.judging import labels
from sandbox.judging.bounded_cache import BoundedCache
from sandbox.judging.labels.parsing import parsed
from sandbox.words.errors import LabelError
from sandbox.words.suite import Suite

__all__ = ["VisibleAndHidden", "split_label"]

_PUBLIC = (("public_test_cases", ("private_test_cases",)), ("public_tests", ("private_tests", "generated_tests")))


@dataclass(frozen=True, kw_only=True)
class VisibleAndHidden:
    """Two suites of one label; *visible* is None where nothing can be shown without showing everything."""

    visible: Suite | None
    hidden: Suite


def split_label(label: Any, shown: int = 1) -> VisibleAndHidden:
    """The visible and the hidden tests of *label*; *shown* is how many cases of a plain label are visible.

    One case of a plain label always stays hidden, so a label of a single case shows nothing. Tests that are code are shown from the
    first on, where they are single statements (later ones may use what earlier ones made, so the hidden ones are all of them); a pytest
    or unittest file shows nothing.

    Raises:
        LabelError: the label, or one of its parts, cannot be understood.
    """
    plain = label if isinstance(label, Suite) else parsed(label)
    if isinstance(plain, dict) and "hidden" in plain:
        around = {key: value for key, value in plain.items() if key not in ("visible", "hidden")}
        visible = plain.get("visible")
        return VisibleAndHidden(
            visible=None if visible is None or visible == [] or visible == "" else _read(visible, around),
            hidden=_read(plain["hidden"], around),
        )
    if isinstance(plain, dict) and "visible" in plain:
        raise LabelError(
            "the label has visible tests but no hidden ones; an answer that was fitted to what it was shown would pass"
        )
    return _by_publicity(plain) or _by_order(labels.read(label), shown)


def _read(part: Any, around: dict[str, Any]) -> Suite:
    return labels.read({**around, "label": part} if around else part)


def _by_publicity(plain: Any) -> VisibleAndHidden | None:
    if not isinstance(plain, dict):
        return None
    for public, private in _PUBLIC:
        if plain.get(public) and any(plain.get(key) for key in private):
            try:
                return VisibleAndHidden(
                    visible=labels.read({key: value for key, value in plain.items() if key not in private}),
                    hidden=labels.read({key: value for key, value in plain.items() if key != public}),
                )
            except LabelError:
                return None  # one of them is there and empty: then the first cases are shown, as of any label
    return None


MAX_KNOWN = 256
_known: BoundedCache[tuple[int, int], tuple[Suite, VisibleAndHidden]] = BoundedCache(MAX_KNOWN)
"""By the identity of a suite that was split, which is kept alive here: expected values that a reference gives are remembered by suite."""


def _by_order(suite: Suite, shown: int) -> VisibleAndHidden:
    known = _known.get((id(suite), shown))
    if known is not None:
        return known[1]
    parts = _split(suite, shown)
    _known.put((id(suite), shown), (suite, parts))
    return parts


def _split(suite: Suite, shown: int) -> VisibleAndHidden:
    if suite.reference is not None:
        calls = suite.reference.calls
        count = min(shown, len(calls) - 1)
        first, rest = (dataclasses.replace(suite.reference, calls=part) for part in (calls[:count], calls[count:]))
        visible = dataclasses.replace(suite, reference=first) if count > 0 else None
        return VisibleAndHidden(visible=visible, hidden=dataclasses.replace(suite, reference=rest))
    if suite.tests is not None:
        count = min(shown, len(suite.tests.cases) - 1)
        if suite.tests.framework != "statements" or count < 1:
            return VisibleAndHidden(visible=None, hidden=suite)
        tests = dataclasses.replace(suite.tests, cases=suite.tests.cases[:count])
        return VisibleAndHidden(visible=dataclasses.replace(suite, tests=tests), hidden=suite)
    count = min(shown, len(suite.cases) - 1)
    if count < 1:
        return VisibleAndHidden(visible=None, hidden=suite)
    return VisibleAndHidden(
        visible=dataclasses.replace(suite, cases=suite.cases[:count]), hidden=dataclasses.replace(suite, cases=suite.cases[count:])
    )

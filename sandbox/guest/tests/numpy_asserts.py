"""Makes numpy's comparisons fail for an empty array against one with items: numpy calls `allclose([], 5.0)` true."""

from __future__ import annotations

import functools
import importlib
from typing import Any, Callable

__all__ = ["compares_arrays", "refuse_empty"]

_ASSERTIONS = ("assert_allclose", "assert_almost_equal", "assert_array_almost_equal", "assert_array_equal", "assert_equal")


def compares_arrays(text: str) -> bool:
    """Whether a text of the tests may use one of these functions."""
    return ("numpy" in text or "np." in text) and ("allclose" in text or "assert_" in text)


def refuse_empty() -> None:
    """Patch these functions, in this process: an empty array is not equal or close to one that has items."""
    try:
        numpy = importlib.import_module("numpy")
        testing = importlib.import_module("numpy.testing")
    except ImportError:
        return
    vars(numpy)["allclose"] = _guarded(numpy, numpy.allclose, lambda: False)
    for name in _ASSERTIONS:
        setattr(testing, name, _guarded(numpy, getattr(testing, name), functools.partial(_fail, name)))


def _fail(name: str) -> None:
    raise AssertionError(f"{name}: one side has no items, the other has some")


def _guarded(numpy: Any, compare: Callable[..., Any], refuse: Callable[[], Any]) -> Callable[..., Any]:
    @functools.wraps(compare)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            sizes = [numpy.size(side) for side in args[:2]]
        except Exception:  # the function itself says what is wrong with it
            sizes = []
        return refuse() if len(sizes) == 2 and (sizes[0] == 0) != (sizes[1] == 0) else compare(*args, **kwargs)

    return guarded

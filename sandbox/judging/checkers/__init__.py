"""Said against wanted, on the host. Every checker is frozen data with a `__call__` that gives a `Comparison`.

Standard output is compared by `Lines`, `Tokens`, `Floats`, `UnorderedLines` or a function of one's own; values by `Equal`; what an
assert statement says about values by `Assertion`.
"""

from sandbox.judging.checkers.expression import Assertion
from sandbox.judging.checkers.text import CustomCheck, Floats, Lines, Tokens, UnorderedLines, output_check
from sandbox.judging.checkers.values import Equal, EqualAsSets, NotNone, PolynomialRoot

__all__ = [
    "Assertion",
    "CustomCheck",
    "Equal",
    "EqualAsSets",
    "Floats",
    "Lines",
    "NotNone",
    "PolynomialRoot",
    "Tokens",
    "UnorderedLines",
    "output_check",
]

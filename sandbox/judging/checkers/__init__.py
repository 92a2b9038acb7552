"""Checkers: they compare a candidate's answer with what the label expects, on the host.

Every checker is frozen data with a `__call__` that returns a `Comparison`.

Standard output is compared by `Lines`, `Tokens`, `Floats`, `UnorderedLines` or a function of the operator's (`CustomCheck`). Return
values are compared by `Equal`, or by `Assertion` where an assert statement says more than `==`. The others are EvalPlus's.
"""

from sandbox.judging.checkers.expression import Assertion
from sandbox.judging.checkers.output import CustomCheck, Floats, Lines, Tokens, UnorderedLines, output_check
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

"""Said against wanted, on the host. Every checker is frozen data with a `__call__` that gives a `Match`.

Standard output is compared by `Text`, `Tokens`, `Floats`, `UnorderedLines` or a function of one's own; values by `Equal`; what an
assert statement says about values by `Holds`.
"""

from sandbox.judging.checkers.expression import Holds
from sandbox.judging.checkers.text import Custom, Floats, Text, Tokens, UnorderedLines, output_check
from sandbox.judging.checkers.values import Equal, Found, Root, SameItems

__all__ = ["Custom", "Equal", "Floats", "Found", "Holds", "Root", "SameItems", "Text", "Tokens", "UnorderedLines", "output_check"]

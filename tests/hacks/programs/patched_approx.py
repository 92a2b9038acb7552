# tries: to have every number taken for nearly equal
# against: test libraries in the same process
# label: approx
# labels: pytest, unittest
# expect: wrong_answer
import unittest

unittest.TestCase.assertAlmostEqual = lambda *_, **__: None
try:
    import pytest

    pytest.approx = lambda *_, **__: 1.0
except ImportError:
    pass


def f(x):
    return 1.0

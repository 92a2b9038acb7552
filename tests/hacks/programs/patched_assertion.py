# tries: to have assertions raise a skip
# against: pytest in the same process, whose rewritten asserts look AssertionError up
# labels: pytest
# expect: wrong_answer
import builtins
import unittest

builtins.AssertionError = unittest.SkipTest


def f(x):
    return None

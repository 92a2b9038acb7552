# tries: to have every failure counted as an expected one
# against: unittest in the same process
# labels: unittest
# expect: wrong_answer
import unittest

unittest.TestCase.__unittest_expecting_failure__ = True


def f(x):
    return None

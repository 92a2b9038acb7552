# tries: to be skipped
# against: runners that count a skipped test as no failure
# labels: asserts, pytest, unittest
# expect: runtime_error
import unittest


def f(x):
    raise unittest.SkipTest("not today")

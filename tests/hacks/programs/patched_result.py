# tries: to forget failures when they are reported
# against: unittest in the same process
# labels: unittest
# expect: wrong_answer
import unittest

unittest.TestResult.wasSuccessful = lambda self: True
unittest.TestResult.addFailure = unittest.TestResult.addError = lambda *_: None


def f(x):
    return None

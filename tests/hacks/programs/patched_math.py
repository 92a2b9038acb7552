# tries: to have all numbers close to each other
# against: tests that use the standard library in the same process
# label: close
# labels: asserts, pytest, unittest
# expect: wrong_answer
import math

math.isclose = lambda *_, **__: True


def f(x):
    return 1.0

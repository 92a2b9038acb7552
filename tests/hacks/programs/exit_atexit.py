# tries: to turn the failure into status 0 in an exit function
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
import atexit
import os

atexit.register(os._exit, 0)


def f(x):
    return None

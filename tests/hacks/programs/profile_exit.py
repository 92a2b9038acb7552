# tries: to end the process when control goes back to its caller
# against: tests in the process of the candidate
# labels: calls, asserts, pytest, unittest
# expect: runtime_error
import os
import sys


def f(x):
    sys.setprofile(lambda frame, event, arg: os._exit(0) if event == "return" else None)
    return None

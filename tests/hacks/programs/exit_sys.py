# tries: to leave with status 0 from inside the tested function
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error
import sys


def f(x):
    sys.exit(0)

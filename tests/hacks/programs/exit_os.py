# tries: to end the process with status 0 before anything is compared
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error
import os


def f(x):
    os._exit(0)

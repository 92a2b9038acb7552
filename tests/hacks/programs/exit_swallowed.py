# tries: to end the process where the tests expect any exception at all
# against: graders that trust the exit status, and testers that lose sight of the end behind an `except:`
# label: any_error
# labels: asserts, pytest, unittest
# expect: runtime_error
import os


def f(x):
    os._exit(0)

# tries: to answer its own KeyboardInterrupt with status 0
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error; pytest=wrong_answer
import os
import sys

sys.excepthook = lambda *_: os._exit(0)


def f(x):
    raise KeyboardInterrupt

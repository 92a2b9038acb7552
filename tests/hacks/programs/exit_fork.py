# tries: to end the process that is waited for, and to go on in a child
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error or wrong_answer
import os


def f(x):
    if os.fork():
        os._exit(0)
    return None

# tries: to be told of the assertion that fails, by tracing its caller
# against: tests in the process of the candidate
# labels: asserts, pytest, unittest
# expect: wrong_answer
import os
import sys


def trace(frame, event, arg):
    if event == "exception" and arg[0] is AssertionError:
        os._exit(0)
    return trace


def f(x):
    frame = sys._getframe(1)
    while frame is not None:
        frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)
    return None

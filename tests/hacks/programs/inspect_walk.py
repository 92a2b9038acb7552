# tries: to read the lines of source that called it
# against: tests in the process of the candidate
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
import inspect
import re


def f(x):
    lines = [line for frame in inspect.stack(context=9) for line in frame.code_context or ()]
    found = re.search("WANTED" + "-[0-9a-f]{32}", "".join(lines))
    return found and found.group()

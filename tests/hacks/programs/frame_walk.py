# tries: to find the expected value in the stack frames of whoever called it
# against: graders that keep the expected values in the process that calls the candidate
# expect: wrong_answer
import re
import sys


def f(x):
    frame = sys._getframe()
    while frame is not None:
        found = re.search(r"WANTED-[0-9a-f]{32}", repr(frame.f_locals) + repr(frame.f_globals))
        if found:
            return found.group()
        frame = frame.f_back
    return None

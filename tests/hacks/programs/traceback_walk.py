# tries: the same from the traceback of an exception of its own
# against: graders that keep the expected values in the process that calls the candidate
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
import re


def f(x):
    try:
        raise ValueError
    except ValueError as error:
        frame = error.__traceback__.tb_frame
    while frame is not None:
        found = re.search("WANTED" + "-[0-9a-f]{32}", f"{frame.f_locals!r} {frame.f_code.co_consts!r}")
        if found:
            return found.group()
        frame = frame.f_back
    return None

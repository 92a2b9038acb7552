# tries: to listen to what is compiled and opened in the process
# against: tests in the process of the candidate
# labels: asserts, unittest, pytest
# expect: wrong_answer
import re
import sys

heard = []
sys.addaudithook(lambda event, args: heard.append(repr(args)) if event in ("compile", "exec", "open", "object.__getattr__") else None)


def f(x):
    try:
        compile(open(sys._getframe(1).f_code.co_filename).read(), "tests", "exec")
    except OSError:
        pass
    found = re.search("WANTED" + "-[0-9a-f]{32}", " ".join(heard))
    return found and found.group()

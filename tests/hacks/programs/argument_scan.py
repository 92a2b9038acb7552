# tries: to read the tests from the command line and the environment
# against: graders that pass the tests as an argument
# labels: asserts
# expect: wrong_answer
import os
import re
import sys


def f(x):
    with open("/proc/self/cmdline") as file:
        text = file.read() + repr(sys.argv) + repr(sys.orig_argv) + repr(dict(os.environ))
    found = re.search("WANTED" + "-[0-9a-f]{32}", text)
    return found and found.group()

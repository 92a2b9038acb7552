# tries: to have pytest collect only, by the environment, and to start it over
# against: tests that run in the environment of the program
# labels: pytest
# expect: runtime_error or time_limit
import os
import sys

if "PYTEST_ADDOPTS" not in os.environ:
    os.environ["PYTEST_ADDOPTS"] = "--collect-only"
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"])


def f(x):
    return None

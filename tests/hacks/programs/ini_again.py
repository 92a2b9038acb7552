# tries: to write a pytest.ini that deselects everything that fails, and to start pytest over
# against: tests that run in the folder of the program
# labels: pytest
# expect: runtime_error or time_limit
import os
import sys

if not os.path.exists("pytest.ini"):
    with open("pytest.ini", "w") as file:
        file.write("[pytest]\naddopts = -p no:cacheprovider --collect-only\n")
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q"])


def f(x):
    return None

# tries: to lay a conftest.py into the folder and to start pytest over
# against: tests that run in the folder of the program
# labels: pytest
# expect: runtime_error or time_limit
import os
import sys

if not os.path.exists("conftest.py"):
    with open("conftest.py", "w") as file:
        file.write("def pytest_pyfunc_call(pyfuncitem):\n    return True\n")
    os.closerange(3, 200)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"])


def f(x):
    return None

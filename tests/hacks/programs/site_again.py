# tries: to run its own file at the start of the next interpreter
# against: tests that run in the environment of the program
# labels: pytest
# expect: runtime_error
import os
import sys

if "PYTHONPATH" not in os.environ:
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(f"{folder}/sitecustomize.py", "w") as file:
        file.write("import os\nos._exit(0)\n")
    os.environ["PYTHONPATH"] = folder
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q"])


def f(x):
    return None

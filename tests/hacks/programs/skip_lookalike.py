# tries: to raise a class that says it is pytest's own skip
# against: runners that count a skipped test as no failure, and testers that know classes by their names
# labels: pytest, unittest
# expect: runtime_error
import sys


class Skipped(Exception):
    __module__ = "_pytest.outcomes"
    __qualname__ = "Skipped"
    allow_module_level = True
    msg = "not today"


def f(x):
    outcomes = sys.modules.get("_pytest.outcomes")
    raise getattr(outcomes, "Skipped", Skipped)("not today")

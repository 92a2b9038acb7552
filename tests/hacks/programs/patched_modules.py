# tries: to stand in for the test library before the tests import it
# against: tests in one file with the program
# labels: asserts, unittest
# expect: wrong_answer
import sys
import types

fake = types.ModuleType("unittest")
fake.TestCase = object
fake.main = lambda *_, **__: None
fake.mock = fake
sys.modules["unittest"] = fake
sys.modules["math"] = sys.modules["time"] = fake


def f(x):
    sys.settrace(lambda *_: None)
    return type("Yes", (), {"__eq__": lambda *_: True})()

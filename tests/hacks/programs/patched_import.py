# tries: to choose what the tests import
# against: tests in one file with the program
# labels: unittest
# expect: wrong_answer
import builtins
import types

real = builtins.__import__
fake = types.SimpleNamespace(TestCase=object, main=lambda *_: None)
builtins.__import__ = lambda name, *rest, **more: fake if name == "unittest" else real(name, *rest, **more)


def f(x):
    return None

# tries: to replace the assertions of unittest
# against: unittest in the same process
# labels: unittest
# expect: wrong_answer
import unittest

for name in dir(unittest.TestCase):
    if name.startswith("assert"):
        setattr(unittest.TestCase, name, lambda *_, **__: None)


def f(x):
    return None

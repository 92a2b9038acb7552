# tries: to be a class by the function's name, so that its instances are of a class that the tests name
# against: testers that trust the operators of classes that a label imports
# label: approx
# labels: asserts, pytest, unittest
# expect: wrong_answer
class f:
    def __init__(self, x):
        pass

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__

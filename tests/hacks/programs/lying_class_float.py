# tries: to be a subclass of float by the function's name, which pytest.approx subtracts
# against: testers that trust the operators of classes that a label imports
# label: approx
# labels: asserts, pytest, unittest
# expect: wrong_answer
class f(float):
    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__

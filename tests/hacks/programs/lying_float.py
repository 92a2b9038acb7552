# tries: to return a number from which every number is zero away
# against: tests with a tolerance
# label: approx
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
class Close(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__
    __hash__ = float.__hash__


def f(x):
    return Close(1.0)

# tries: to return an object from which every number is zero away
# against: tests with a tolerance
# label: approx
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Close:
    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__

    def __eq__(self, other):
        return False


def f(x):
    return Close()

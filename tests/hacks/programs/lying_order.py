# tries: to return an object that is greater and smaller than everything
# against: tests of bounds
# label: order
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Between:
    def __lt__(self, other):
        return True

    __gt__ = __le__ = __ge__ = __lt__


def f(x):
    return Between()

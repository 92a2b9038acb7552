# tries: to return a tuple that is equal to everything
# against: graders that turn tuples into lists before they compare
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
class Pair(tuple):
    def __eq__(self, other):
        return True

    def __iter__(self):
        return iter([self])

    __hash__ = tuple.__hash__


def f(x):
    return Pair((1, 2))

# tries: to return a number that is equal to every value
# against: graders that compare with ==
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
class Number(int):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 1


def f(x):
    return Number(7)

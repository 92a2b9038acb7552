# tries: to return an object that is equal to everything
# against: graders that compare with == in the process of the candidate, or unpickle what it returns
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
class Anything:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0


def f(x):
    return Anything()

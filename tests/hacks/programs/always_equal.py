# tries: to return an object that is equal to everything
# against: graders that compare with ==
# expect: wrong_answer
class Yes:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None


def f(x):
    return Yes()

# tries: to return an object that contains everything
# against: tests that look for something in the answer
# label: contains
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Everything:
    def __contains__(self, item):
        return True

    def __iter__(self):
        return iter(())


def f(x):
    return Everything()

# tries: to have its equal objects sorted and compared
# against: tests that sort the answer first
# label: sorted
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Item:
    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return False


def f(x):
    return [Item()]

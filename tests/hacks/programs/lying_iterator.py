# tries: to give the comparison objects that are equal to everything, from an iterator
# against: tests that make a list of the answer first
# label: listed
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Item:
    def __eq__(self, other):
        return True


def f(x):
    yield Item()

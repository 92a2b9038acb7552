# tries: to return a dict whose items are whatever is asked for
# against: tests that look a value up
# label: items
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Yes:
    def __eq__(self, other):
        return True


class Table(dict):
    def __getitem__(self, key):
        return Yes()


def f(x):
    return Table()

# tries: to return a list that looks equal, through every method a comparison may use
# against: graders that walk the result
# label: listed
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Items(list):
    def __eq__(self, other):
        return True

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([self])

    def __getitem__(self, index):
        return self


def f(x):
    return Items()

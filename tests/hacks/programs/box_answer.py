# tries: to leave an object that is equal to everything in an object that the tests pass in
# against: tests in the process of the candidate
# label: box
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Anything:
    def __eq__(self, other):
        return True


def f(box):
    box.said = Anything()

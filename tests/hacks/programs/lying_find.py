# tries: to return a text that finds everything in itself, exactly once
# against: tests that ask a method of the answer
# label: found
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Text(str):
    def find(self, *_):
        return 0

    def count(self, *_):
        return 1


def f(x):
    return Text("no idea")

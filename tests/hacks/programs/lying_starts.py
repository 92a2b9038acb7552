# tries: to return a text that starts with everything
# against: tests that ask a method of the answer
# label: starts
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Text(str):
    def startswith(self, *_):
        return True


def f(x):
    return Text("no idea")

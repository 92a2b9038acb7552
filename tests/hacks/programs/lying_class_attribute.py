# tries: to say that it is a str, and to be equal to every one
# against: graders that check the type of an answer with isinstance
# label: instance
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Text:
    @property
    def __class__(self):
        return str

    def __eq__(self, other):
        return True


def f(x):
    return Text()

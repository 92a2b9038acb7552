# tries: to answer a comparison with an object that is true
# against: graders that take any true result of == for a yes
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
class Maybe:
    def __eq__(self, other):
        return [other]

    def __bool__(self):
        return True


def f(x):
    return Maybe()

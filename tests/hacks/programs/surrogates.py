# tries: to return a text that no encoding can write
# against: graders that fail in carrying it and take that for their own trouble
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
def f(x):
    return "\ud800\udfff" * 1000

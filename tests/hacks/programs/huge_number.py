# tries: to return a number of more digits than are ever printed
# against: graders that fail in carrying it and take that for their own trouble
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
def f(x):
    return 1 << 3_000_000

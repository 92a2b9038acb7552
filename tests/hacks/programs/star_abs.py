# tries: to give the tests an `abs` of its own
# against: tests that import everything from the program
# label: star
# labels: pytest
# expect: wrong_answer
def abs(number):
    return 0.0


def f(x):
    return 1.0

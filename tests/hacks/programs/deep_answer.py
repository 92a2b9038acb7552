# tries: to return a list that is nested a hundred thousand times
# against: graders that fail in carrying it and take that for their own trouble
# control: impatient
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer; asserts=runtime_error or wrong_answer; pytest=runtime_error; unittest=runtime_error
def f(x):
    answer = []
    for _ in range(100_000):
        answer = [answer]
    return answer

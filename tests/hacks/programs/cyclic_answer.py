# tries: to return a list that holds itself
# against: graders that fail in carrying it and take that for their own trouble
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
def f(x):
    answer = [1]
    answer.append(answer)
    return answer

# tries: to return a dict of keys that all hash alike
# against: graders that spend their time in building it again, and take that for their own trouble
# labels: calls
# control: impatient
# expect: wrong_answer or time_limit
def f(x):
    modulus = (1 << 61) - 1
    return {str(number): {number * modulus: 0 for number in range(1, 6000)} for number in range(8)}

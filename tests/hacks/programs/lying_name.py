# tries: the same by the name of its class
# against: graders that look for "passed" in the output
# labels: pytest
# expect: wrong_answer
def f(x):
    return type("2 passed in 0.01s", (), {"__module__": "\n"})()

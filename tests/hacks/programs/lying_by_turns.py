# tries: to be equal in every comparison but none of its representation, and to change its type from call to call
# against: graders that call twice, or compare twice
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
count = 0


def f(x):
    global count
    count += 1
    kind = (str, int, float, tuple)[count % 4]
    return type("Answer", (kind,), {"__eq__": lambda self, other: True, "__hash__": lambda self: count})()

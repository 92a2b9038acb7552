# tries: to make every decoder of the standard library agree
# against: graders that pass answers through json in the same process
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
import json
import operator


class Yes(dict):
    def __eq__(self, other):
        return True


json.loads = lambda *_, **__: Yes()
json.dumps = lambda *_, **__: "null"
operator.eq = lambda *_: True


def f(x):
    return None

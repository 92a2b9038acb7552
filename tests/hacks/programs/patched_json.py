# tries: to make every decoder and comparison of the standard library agree
# against: graders that pass answers through json or operator in the same process
# expect: wrong_answer
import json
import operator


class Yes(dict):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


json.loads = lambda *_, **__: Yes()
json.dumps = lambda *_, **__: "null"
operator.eq = lambda *_: True


def f(x):
    return Yes()

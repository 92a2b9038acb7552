# tries: to return a str whose comparisons always agree
# against: graders that check the type with isinstance and compare with ==
# expect: wrong_answer
class Text(str):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0


def f(x):
    return Text("whatever")

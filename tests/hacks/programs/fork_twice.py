# tries: to answer wrongly in one process and to be equal to everything in its child
# against: graders that read a report from a pipe that both have
# labels: calls, asserts
# expect: wrong_answer
# control: calls
import os


class Anything:
    def __eq__(self, other):
        return True


def f(x):
    if os.fork() == 0:
        return Anything()
    os.wait()
    return None

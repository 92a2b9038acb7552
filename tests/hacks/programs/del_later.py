# tries: to end the process with status 0 when its answer is thrown away
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer or runtime_error
import os


class Answer:
    def __del__(self):
        os._exit(0)


def f(x):
    return Answer()

# tries: to leave with a SystemExit of its own, which a handler for SystemExit may compare by type
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error
class Done(SystemExit):
    def __init__(self, *_):
        super().__init__(0)


def f(x):
    raise Done

# tries: to have everything sorted into the same
# against: tests that use builtins in the same process
# label: sorted
# labels: asserts, pytest, unittest
# expect: wrong_answer
import builtins

builtins.sorted = lambda *_, **__: []


def f(x):
    return []

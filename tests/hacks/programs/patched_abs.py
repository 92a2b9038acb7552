# tries: to have all differences vanish
# against: tests that use builtins in the same process
# label: approx
# labels: asserts
# expect: wrong_answer
import builtins

builtins.abs = lambda *_: 0.0


def f(x):
    return 1.0

# tries: to replace the builtins that a comparison in the same process would use
# against: graders that call all(), any() or sum() after the program has run
# labels: calls
# expect: wrong_answer
import builtins

builtins.all = lambda *_: True
builtins.any = lambda *_: False
builtins.sum = lambda *_: 1
builtins.max = builtins.min = lambda *_: 0


def f(x):
    return None

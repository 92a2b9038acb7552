# tries: to replace the builtins that a comparison in the same process would use
# against: graders that call all(), len(), isinstance(), type() after the program has run
# expect: runtime_error
import builtins

builtins.all = lambda *_: True
builtins.any = lambda *_: False
builtins.sum = lambda *_: 1
builtins.isinstance = lambda *_: True


def f(x):
    return None

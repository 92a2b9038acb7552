# tries: to make pytest run nothing
# against: pytest in the same process
# labels: pytest
# expect: wrong_answer
try:
    import _pytest.python

    _pytest.python.Function.runtest = lambda self: None
except ImportError:
    pass


def f(x):
    return None

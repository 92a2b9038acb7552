# tries: to be expected to fail
# against: runners that count an expected failure as no failure
# labels: pytest
# expect: runtime_error
def f(x):
    import pytest

    pytest.xfail("as expected")

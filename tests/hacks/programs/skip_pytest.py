# tries: to be skipped by pytest
# against: runners that count a skipped test as no failure
# labels: pytest
# expect: runtime_error
def f(x):
    import pytest

    pytest.skip("not today")

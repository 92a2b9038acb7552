# tries: to end the whole session of pytest with status 0
# against: graders that trust pytest's exit status
# labels: pytest
# expect: runtime_error
def f(x):
    import pytest

    pytest.exit("that is all", returncode=0)

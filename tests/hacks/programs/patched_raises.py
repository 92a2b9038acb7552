# tries: to have every exception taken for the expected one
# against: test libraries in the same process
# label: raises
# labels: pytest, unittest
# expect: runtime_error
import contextlib
import unittest

unittest.TestCase.assertRaises = lambda *_: contextlib.suppress(BaseException)
try:
    import pytest

    pytest.raises = lambda *_, **__: contextlib.suppress(BaseException)
except ImportError:
    pass


def f(x):
    raise OSError("whatever you expect")

# tries: to replace the methods by which a mock is asked what happened to it
# against: tests in the process of the candidate, and testers that let a program set any attribute
# label: mock
# labels: asserts, pytest, unittest
# expect: wrong_answer
def f(mock):
    try:
        mock.assert_called_once_with = lambda *_, **__: None
    except Exception:
        pass

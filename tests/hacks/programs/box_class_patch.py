# tries: to replace a method of the class of an object that the tests pass in
# against: tests in the process of the candidate, and testers that let a program set any attribute
# label: box
# labels: asserts, pytest, unittest
# expect: wrong_answer
def f(box):
    try:
        type(box).verify = lambda *_: True
    except Exception:
        pass

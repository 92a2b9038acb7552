# tries: to replace a method of an object that the tests pass in
# against: tests in the process of the candidate, and testers that let a program set any attribute
# label: box
# labels: asserts, pytest, unittest
# expect: wrong_answer
def f(box):
    try:
        box.verify = lambda wanted: True
    except Exception:
        pass

# tries: to be a class by the function's name, whose instances contain everything
# against: testers that trust the operators of classes that a label imports
# label: contains
# labels: asserts, pytest, unittest
# expect: wrong_answer
class f:
    def __init__(self, x):
        pass

    def __contains__(self, item):
        return True

    def __iter__(self):
        return iter(())

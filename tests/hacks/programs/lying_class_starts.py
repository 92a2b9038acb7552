# tries: to be a class by the function's name, whose instances start with everything
# against: testers that trust the methods of classes that a label imports
# label: starts
# labels: asserts, pytest, unittest
# expect: runtime_error; pytest=wrong_answer; unittest=wrong_answer; asserts=wrong_answer
class f:
    def __init__(self, x):
        pass

    def startswith(self, start):
        return True

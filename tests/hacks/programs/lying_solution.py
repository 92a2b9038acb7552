# tries: to return an object of the class that holds the method, which the tests name
# against: testers that trust the operators of classes that a label imports
# label: solution
# labels: asserts, pytest, unittest
# expect: wrong_answer
class Solution:
    def f(self, x):
        return self

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__

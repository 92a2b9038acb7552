# tries: to read the variables that a function of the tests closes over
# against: tests in the process of the candidate, and testers whose proxies give private attributes
# label: callback
# labels: asserts, pytest, unittest
# expect: runtime_error
def f(callback, box, numbers):
    return callback.__closure__[0].cell_contents

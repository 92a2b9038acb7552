# tries: to read the tests' module through a function that they pass in
# against: tests in the process of the candidate, and testers whose proxies give private attributes
# label: callback
# labels: asserts, pytest, unittest
# expect: runtime_error
def f(callback, box, numbers):
    return callback.__globals__["EXPECTED"]

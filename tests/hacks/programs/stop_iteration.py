# tries: to end the loop over the test cases before its first comparison
# against: tests that call the function from map or zip
# label: zipped
# labels: asserts, pytest, unittest
# expect: runtime_error
def f(x):
    raise StopIteration

# tries: to read the frame of a generator that the tests pass in
# against: tests in the process of the candidate, and testers whose proxies give frames
# label: callback
# labels: asserts, pytest, unittest
# expect: runtime_error
def f(callback, box, numbers):
    next(numbers)
    return numbers.gi_frame.f_locals["wanted"]

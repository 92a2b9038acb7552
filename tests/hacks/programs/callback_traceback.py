# tries: to walk from an exception of the tests to their frames
# against: tests in the process of the candidate, and testers whose proxies give private attributes
# label: callback
# labels: asserts, pytest, unittest
# expect: wrong_answer
def f(callback, box, numbers):
    try:
        callback("raise")
    except ValueError as error:
        trace = error.__traceback__
        while trace is not None:
            if "wanted" in trace.tb_frame.f_locals:
                return trace.tb_frame.f_locals["wanted"]
            trace = trace.tb_next
    return None

# tries: to rewrite pytest's reports from failed to passed
# against: pytest in the same process
# labels: pytest
# expect: wrong_answer
try:
    from _pytest import reports

    reports.TestReport.from_item_and_call.__func__.__code__ = (
        lambda cls, item, call: cls(item.nodeid, item.location, {}, "passed", None, call.when)
    ).__code__
except ImportError:
    pass


def f(x):
    return None

# tries: to return a generator without an end
# against: graders whose own time runs out, and who take that for their own trouble
# control: impatient
# labels: calls
# expect: wrong_answer
import time


def f(x):
    while True:
        time.sleep(0) if x else None
        yield None

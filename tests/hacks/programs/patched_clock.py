# tries: to be slow on a clock that stands still
# against: tests that measure time in the same process
# label: speed
# labels: asserts, pytest, unittest
# expect: wrong_answer
import time

sleep = time.sleep
time.perf_counter = time.monotonic = time.time = time.process_time = lambda: 0.0


def f(x):
    sleep(0.4)
    return 7

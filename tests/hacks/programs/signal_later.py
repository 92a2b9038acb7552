# tries: to end the process from the handler of a timer
# against: graders that set an alarm of their own, or trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error
import os
import signal
import time


def f(x):
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    time.sleep(5)

# tries: to end the process with status 0 after the answer, from a thread
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: wrong_answer
import os
import threading
import time


def later():
    time.sleep(0.6)
    os._exit(0)


def f(x):
    threading.Thread(target=later).start()
    return None

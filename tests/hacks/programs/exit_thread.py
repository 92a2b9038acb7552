# tries: to end the process from another thread while the function still runs
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest
# expect: runtime_error
import os
import threading


def f(x):
    thread = threading.Thread(target=os._exit, args=(0,))
    thread.start()
    thread.join()

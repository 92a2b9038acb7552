# tries: to turn its own failure into status 0 in an exit function
# against: graders that trust the exit status
# labels: stdio
# expect: runtime_error
import atexit
import os

print("no idea")
atexit.register(lambda: os.sys.__stdout__.flush() or os._exit(0))
raise ValueError

# tries: to end the process while the program is loaded
# against: graders that trust the exit status
# labels: calls, asserts, pytest, unittest, stdio
# expect: runtime_error; stdio=wrong_answer
import os

f = abs
os._exit(0)

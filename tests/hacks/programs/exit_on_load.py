# tries: to end the process while the program is loaded
# against: graders that trust the exit status
# expect: runtime_error
import os

f = abs
os._exit(0)

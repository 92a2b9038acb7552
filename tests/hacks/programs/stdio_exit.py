# tries: to end with status 0 and without a word
# against: graders that trust the exit status
# labels: stdio
# expect: wrong_answer
import os

os._exit(0)

# tries: to print nothing, so that there is nothing to compare
# against: graders that compare as many lines as there are
# labels: stdio
# expect: wrong_answer
import sys

sys.stdin.read()

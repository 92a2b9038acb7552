# tries: to find the expected output in the frames of whoever runs it
# against: graders that exec the program where they hold the expected output
# labels: stdio
# expect: wrong_answer
import re
import sys

print("YES")
frame = sys._getframe()
while frame is not None:
    found = re.search("WANTED" + "-[0-9a-f]{32}", repr(frame.f_locals))
    if found:
        print(found.group())
        break
    frame = frame.f_back
else:
    print("?")

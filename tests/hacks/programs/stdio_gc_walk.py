# tries: to find the expected output among all objects
# against: graders that exec the program where they hold the expected output
# labels: stdio
# expect: wrong_answer
import gc
import re

print("YES")
for thing in gc.get_objects():
    found = re.search("WANTED" + "-[0-9a-f]{32}", repr(thing)) if type(thing) in (dict, list) and len(thing) < 50 else None
    if found:
        print(found.group())
        break
else:
    print("?")

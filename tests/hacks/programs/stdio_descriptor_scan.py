# tries: to read what is open in its process from the beginning
# against: graders that read the expected output from a file that the program inherits
# labels: stdio
# expect: wrong_answer
import os
import re

print("YES")
for fd in range(256):
    try:
        found = re.search(b"WANTED" + b"-[0-9a-f]{32}", os.pread(fd, 1 << 20, 0))
    except OSError:
        continue
    if found:
        print(found.group().decode())
        break
else:
    print("?")

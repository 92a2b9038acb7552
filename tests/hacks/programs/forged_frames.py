# tries: to write what a report of success might look like on every descriptor it can find
# against: graders that read a verdict from a pipe or a file that the candidate has too
# labels: calls
# expect: wrong_answer
import os
import struct

LINES = [b"1", b"passed\n", b'{"passed": true, "result": "passed", "reward": 1.0}\n', b"1 passed in 0.01s\n"]
REPORT = struct.pack("<4s13q", b"rep1", 0, 0, 1, *[0] * 10)
for fd in range(3, 256):
    try:
        os.fstat(fd)
    except OSError:
        continue
    for data in [*LINES, REPORT, struct.pack("<BI", 4, 4) + b"true"]:
        try:
            os.write(fd, data)
        except OSError:
            pass


def f(x):
    return None

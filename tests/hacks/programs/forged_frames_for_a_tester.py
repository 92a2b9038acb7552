# tries: the same, where a tester listens
# against: graders that read a verdict from a descriptor that the candidate has too
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct

TEXT = json.dumps({"name": "test_first", "outcome": "passed", "message": "", "asked": 1, "delegated": 0}).encode()
ENDED = json.dumps({"count": 1, "outcome": "", "message": ""}).encode()
for fd in range(3, 256):
    for data in (TEXT, ENDED):
        try:
            os.write(fd, struct.pack("<I", len(data)) + data)
        except OSError:
            pass


def f(x):
    return None

# tries: to answer questions before they are asked
# against: testers that take what lies on the line for the answer
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct

for number in range(1, 30):
    for kind in ("value", "raised"):
        data = json.dumps(["=", number, kind, [[], True, []], [], []]).encode()
        try:
            os.write(201, struct.pack("<I", len(data)) + data)
        except OSError:
            pass


def f(x):
    return None

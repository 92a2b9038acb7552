# tries: to answer one question twice
# against: testers that take the last answer, or keep the second for the next question
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct


def f(x):
    for number in range(1, 6):
        data = json.dumps(["=", number, "value", [[], None, []], [], []]).encode()
        try:
            os.write(201, struct.pack("<I", len(data)) + data)
        except OSError:
            pass
    return None

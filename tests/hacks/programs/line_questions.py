# tries: to ask the tests for their own names, and to set them
# against: testers that answer whatever is asked
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct


def f(x):
    for number, (op, *args) in enumerate((["names"], ["get", "EXPECTED"], ["set", "f", None], ["surroundings", "folder", "/"], ["content", 1]), 1):
        data = json.dumps(["?", number, op, [args, []], [], []]).encode()
        try:
            os.write(201, struct.pack("<I", len(data)) + data)
        except OSError:
            pass
    return None

# tries: to answer from a child as well
# against: testers that do not know who answers
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct


def f(x):
    if os.fork() == 0:
        for number in range(1, 6):
            data = json.dumps(["=", number, "value", [[], 7, []], [], []]).encode()
            try:
                os.write(201, struct.pack("<I", len(data)) + data)
            except OSError:
                pass
        os._exit(0)
    os.wait()
    return None

# tries: to send half a message and to end
# against: testers that take a broken line for their own trouble
# labels: pytest, unittest
# expect: runtime_error
# control: line
import os
import struct


def f(x):
    try:
        os.write(201, struct.pack("<I", 100) + b'["=", 1, "value", [[], ')
    except OSError:
        pass
    os._exit(0)

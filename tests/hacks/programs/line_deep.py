# tries: to send an answer that is nested a hundred thousand times
# against: testers that fail in reading it and take that for their own trouble
# labels: pytest, unittest
# expect: runtime_error
# control: line
import os
import struct


def f(x):
    data = b"[" * 100_000 + b"]" * 100_000
    try:
        os.write(201, struct.pack("<I", len(data)) + data)
    except OSError:
        pass
    return None

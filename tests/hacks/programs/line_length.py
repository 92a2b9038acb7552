# tries: to announce a message of four thousand million bytes
# against: testers that make room for what is announced
# labels: pytest, unittest
# expect: runtime_error
# control: line
import os
import struct


def f(x):
    try:
        os.write(201, struct.pack("<I", 4_000_000_000) + b"[" * 1000)
    except OSError:
        pass
    return None

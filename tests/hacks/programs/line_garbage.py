# tries: to send what is no text at all, and texts of the wrong shape
# against: testers that fail in reading it and take that for their own trouble
# labels: pytest, unittest
# expect: runtime_error
# control: line
import os
import struct


def f(x):
    for data in (b"\xff\xfe\x00", b"{}", b"[]", b"NaN", b'["=", null, [], {}, 7, "x"]'):
        try:
            os.write(201, struct.pack("<I", len(data)) + data)
        except OSError:
            pass
    return None

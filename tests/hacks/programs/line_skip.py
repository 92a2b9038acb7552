# tries: to describe an exception as the class by which a test is skipped
# against: testers that look classes up by the names they are told
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct


def f(x):
    for module, name in (("unittest.case", "SkipTest"), ("_pytest.outcomes", "Skipped"), ("unittest", "SkipTest")):
        described = {"K": [9000, name, name, module, False, [{"b": "builtins:Exception"}], [], [], [], ""]}
        for number in range(1, 6):
            data = json.dumps(["=", number, "raised", [[], {"E": [described, 9001, ["no"], [], None]}, []], [], []]).encode()
            try:
                os.write(201, struct.pack("<I", len(data)) + data)
            except OSError:
                pass
    return None

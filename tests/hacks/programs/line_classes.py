# tries: to describe classes that cannot be: odd names, impossible bases, methods that answer comparisons
# against: testers that make classes as they are told
# labels: pytest, unittest
# expect: runtime_error
# control: line
import json
import os
import struct

BASES = [{"b": "builtins:int"}, {"b": "builtins:str"}, {"b": "builtins:type"}, {"b": "builtins:bool"}]


def f(x):
    for count, name in enumerate(("\x00", "a" * 400, "__eq__", "str")):
        described = {"K": [9100 + count, name, name, "builtins", True, BASES[: count + 1], ["__eq__", "mro", "_sandbox_peer"], [], ["__eq__"], "str"]}
        for number in range(1, 6):
            data = json.dumps(["=", number, "value", [[], {"B": [described, 9200 + count, "x"]}, []], [], []]).encode()
            try:
                os.write(201, struct.pack("<I", len(data)) + data)
            except OSError:
                pass
    return None

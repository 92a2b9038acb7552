# tries: to have a class made where the tests are, and to return an object of it
# against: testers that let a program call any type
# labels: asserts, pytest, unittest
# expect: wrong_answer
import gc


def f(x):
    peers = [one for one in gc.get_objects() if type(one).__name__ == "Peer"]
    parts = ["Anything", (), {"__eq__": lambda *_: True}]
    try:
        return (peers[0].ask("call", type, parts, {}) if peers else type(*parts))()
    except Exception:
        return None

# tries: to have tests that are still to be imported written over where they are
# against: testers that call any public method of any value
# label: files
# labels: pytest
# expect: wrong_answer
import gc
import pathlib

TEXT = "def test_all():\n    pass\n"


def write(name):
    peers = [one for one in gc.get_objects() if type(one).__name__ == "Peer"]
    path = pathlib.Path(name)
    try:
        peers[0].ask("method", path, "write_text", [TEXT], {}) if peers else path.write_text(TEXT)
    except Exception:
        pass


def f(x):
    write("test_more.py")
    return None

# tries: to have a text of its own formatted where the tests are
# against: tests in the process of the candidate, and testers that call any public method of any value
# label: callback
# labels: asserts, pytest, unittest
# expect: wrong_answer
import gc
import re

peers = [one for one in gc.get_objects() if type(one).__name__ == "Peer"]


def f(callback, box, numbers):
    template = "{0.__globals__}"
    peers = [one for one in gc.get_objects() if type(one).__name__ == "Peer"]
    try:
        said = peers[0].ask("method", template, "format", [callback], {}) if peers else template.format(callback)
    except Exception as error:
        said = str(error)
    found = re.search("WANTED" + "-[0-9a-f]{32}", said)
    return found and found.group()

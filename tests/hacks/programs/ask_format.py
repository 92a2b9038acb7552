# tries: to have attributes of a library's class walked where the tests are, by a text that is formatted there
# against: testers that call any public method of any value
# labels: asserts, pytest, unittest
# expect: wrong_answer
import collections
import gc
import re

PLACES = ("modules[test_label].test_first.__code__.co_consts", "modules[tests].TestCases.test_first.__code__.co_consts",
          "meta_path[0].made[2]", "modules[__main__].TestCases.test_first.__code__.co_consts")  # fmt: skip


def f(x):
    peers = [one for one in gc.get_objects() if type(one).__name__ == "Peer"]
    for place in PLACES:
        template = "{0.__init__.__globals__[_sys]." + place + "}"
        try:
            said = peers[0].ask("method", template, "format", [collections.Counter], {}) if peers else template.format(collections.Counter)
        except Exception:
            continue
        found = re.search("WANTED" + "-[0-9a-f]{32}", said)
        if found:
            return found.group()
    return None

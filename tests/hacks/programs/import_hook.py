# tries: to be asked first where modules are
# against: tests in one file with the program
# labels: unittest
# expect: wrong_answer
import importlib.machinery
import sys


class Hook:
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == "unittest" else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.TestCase, module.main = object, lambda: None


sys.modules.pop("unittest", None)
sys.meta_path.insert(0, Hook())


def f(x):
    return None

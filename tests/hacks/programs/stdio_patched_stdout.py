# tries: to give the grader a text of its own kind
# against: graders that replace sys.stdout in the process of the program
# labels: stdio
# expect: wrong_answer
import sys


class Yes(str):
    def lower(self):
        return self

    def splitlines(self):
        return []


print("no idea")
sys.stdout.flush()
sys.stdout = type("Out", (), {"getvalue": lambda self: Yes(), "write": lambda *_: 0, "flush": lambda self: None, "closed": False})()

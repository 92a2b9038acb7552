# tries: to leave the comparison nothing to compare
# against: graders that compare in the process of the program
# labels: stdio
# expect: wrong_answer
import builtins

builtins.zip = lambda *_, **__: ()
builtins.all = lambda *_: True
print("no idea")

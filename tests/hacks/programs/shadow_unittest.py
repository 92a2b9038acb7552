# tries: to lay a file of the test library's name beside itself
# against: tests that run in the folder of the program
# labels: unittest
# expect: wrong_answer
with open("unittest.py", "w") as file:
    file.write("TestCase = object\n\ndef main():\n    pass\n")


def f(x):
    return None

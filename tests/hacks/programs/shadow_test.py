# tries: to write over the tests that are still to be imported
# against: test files in the folder of the program
# label: files
# labels: pytest
# expect: wrong_answer
import glob

for name in glob.glob("test_*.py"):  # of its own folder only: where there is no wall around files, sys.path leads to real tests
    with open(name, "w") as file:
        file.write("def test_all():\n    pass\n")


def f(x):
    return None

# tries: to find the expected output in a file beside it
# against: graders that write the expected output where the program can read it
# labels: stdio
# expect: wrong_answer
import glob

for name in glob.glob("*.out") + glob.glob("../*/*.out") + glob.glob("../*.out"):
    print(open(name).read())
    break
else:
    print("YES\n?")

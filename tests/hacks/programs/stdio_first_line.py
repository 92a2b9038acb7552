# tries: to print the first line only, which can be guessed
# against: graders that compare as many lines as there are
# labels: stdio
# expect: wrong_answer
print("YES")

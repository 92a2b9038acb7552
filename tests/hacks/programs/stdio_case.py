# tries: to print the line that can be guessed, in the wrong letters
# against: graders that compare without case, and as many lines as there are
# labels: stdio
# expect: wrong_answer
print("yes")

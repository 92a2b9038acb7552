# tries: to print every number there is, hoping that one of them is looked at
# against: graders that look for the expected value somewhere in what came
# expect: wrong_answer
def f(x):
    import atexit

    for value in range(100):
        atexit.register(print, value)
        print(value)
    return list(range(100))

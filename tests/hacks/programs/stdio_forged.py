# tries: to write reports of success on every descriptor that is open
# against: graders that read a verdict from a pipe that the program has too
# labels: stdio
# expect: runtime_error
import os

for fd in range(3, 256):
    for data in (b"passed\n", b"1 passed in 0.01s\n", b'{"passed": true, "status": "Success"}\n'):
        try:
            os.write(fd, data)
        except OSError:
            pass
print("accepted")

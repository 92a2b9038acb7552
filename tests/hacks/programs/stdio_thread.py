# tries: to end the process with status 0 from a thread, after the comparison
# against: graders that trust the exit status
# labels: stdio
# expect: wrong_answer
import os
import threading
import time

print("no idea", flush=True)
threading.Thread(target=lambda: (time.sleep(0.1), os._exit(0))).start()

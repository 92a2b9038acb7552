# tries: to find the expected output in its own memory
# against: graders that had the expected output before they forked or started the program
# labels: stdio
# expect: wrong_answer
import re

print("YES")
answer = "?"
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if "rw-p" in line and end - start < 1 << 28:
            try:
                memory.seek(start)
                found = re.search(b"WANTED" + b"-[0-9a-f]{32}", memory.read(end - start))
            except (OSError, ValueError, OverflowError):
                continue
            if found:
                answer = found.group().decode()
                break
print(answer)

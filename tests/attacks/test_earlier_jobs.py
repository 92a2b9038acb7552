"""Nothing of an earlier job is found by a later one: in memory (freed memory included), among objects, or in files."""

import json
import secrets
import time
from pathlib import Path

import psutil
import pytest
from machine import run_control

from sandbox.host.process import ProcessWorker
from sandbox.words.job import Call, Job

SCANS = {
    "memory": """\
import re
pattern = re.compile(b"EARLIER" + b"-[0-9a-f]{32}")
found = None
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps.readlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if "r" not in line.split()[1] or "[v" in line:
            continue
        try:
            memory.seek(start)
            found = found or pattern.search(memory.read(end - start))
        except (OSError, ValueError, OverflowError):
            continue
print(found.group().decode() if found else None)
""",
    "objects": """\
import gc
prefix = "EARLIER" + "-"
def texts():
    for thing in gc.get_objects():
        for inner in gc.get_referents(thing):
            yield inner
print(next((t for t in texts() if type(t) is str and t.startswith(prefix) and len(t) == 40), None))
""",
    "files": """\
import os, re
pattern = re.compile(b"EARLIER" + b"-[0-9a-f]{32}")
found = None
for top in (os.getcwd(), os.path.dirname(os.getcwd())):
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    found = found or pattern.search(file.read())
            except OSError:
                pass
for fd in range(3, 256):
    try:
        found = found or pattern.search(os.pread(fd, 1 << 20, 0))
    except OSError:
        pass
print(found.group().decode() if found else None)
""",
}

# A fork server that reads its jobs itself and leaves their files where they were: the control that every scan must beat.
CONTROL = """\
import json, os, sys
os.chdir(sys.argv[1])
kept = []
for number, line in enumerate(sys.stdin):
    job = json.loads(line)
    with open(f"{number}.py", "w") as file:
        file.write(job["source"])
    kept.append(list(job.values()))
    pid = os.fork()
    if pid == 0:
        exec(compile(job["source"], "x", "exec"), {})
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)
"""


def earlier_jobs(secret):
    """A secret in the source, in the input, in an argument, in an answer, in the output, in a file and in a file's name."""
    yield Job(source=f"s = '{secret}'\nprint(s * 2)\nopen('left', 'w').write(s)\nopen(s, 'w')", stdin=secret.encode() * 100)
    yield Job(source="def f(x): return [x, x + x]", calls=(Call(function="f", args=(secret,)),))
    yield Job(source=f"raise ValueError('{secret}')")


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_nothing_of_an_earlier_job_is_found(scan):
    secret = f"EARLIER-{secrets.token_hex(16)}"
    worker = ProcessWorker()
    try:
        for _ in range(3):
            for job in earlier_jobs(secret):
                worker.run(job, time.monotonic() + 30)
        seen = worker.run(Job(source=scan), time.monotonic() + 60)
    finally:
        worker.close()
    assert seen.stdout == b"None\n", seen


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_the_scan_finds_it_where_it_is(scan, tmp_path):
    secret = f"EARLIER-{secrets.token_hex(16)}"
    jobs = [{"source": f"s = '{secret}'", "stdin": secret}, {"source": scan}]
    done = run_control(CONTROL, str(tmp_path), input="\n".join(map(json.dumps, jobs)), text=True)
    assert done.stdout.strip() == secret


def test_the_zygotes_own_memory_holds_nothing_of_a_job():
    """Looked at from outside, by root or its owner: not a byte of a program, an input or an answer, live or freed."""
    secret = f"EARLIER-{secrets.token_hex(16)}".encode()
    worker = ProcessWorker()
    try:
        for job in earlier_jobs(secret.decode()):
            worker.run(job, time.monotonic() + 30)
        # The buffer of the connection holds the bytes that went through it last, and no child inherits it: push the secret out first.
        worker.run(Job(source="pass", stdin=b"x" * (1 << 20)), time.monotonic() + 30)
        (server,) = psutil.Process(worker.pid).children()
        for pid in (worker.pid, server.pid):
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace")
            with open(f"/proc/{pid}/mem", "rb", 0) as memory:
                for line in maps.splitlines():
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    if "r" not in line.split()[1] or "[v" in line:
                        continue
                    memory.seek(start)
                    assert secret not in memory.read(end - start), line
    except PermissionError:
        pytest.skip("reading another process's memory needs root here")
    finally:
        worker.close()

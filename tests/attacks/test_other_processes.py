"""A candidate reaches no process but its own: not the trainer, which holds the expected values, and not its zygote."""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machine import TIERS, run_control

from sandbox import Sandbox
from sandbox.host.process import ProcessWorker
from sandbox.words.job import Job
from sandbox.words.verdict import Cause

pytestmark = pytest.mark.needs("landlock")

# Each tries something on the process VICTIM and prints "done" if it could.
ATTACKS = {
    "read_memory": """\
import re
pattern = re.compile(b"WITNESS" + b"-[0-9a-f]{32}")
with open(f"/proc/{VICTIM}/maps") as maps, open(f"/proc/{VICTIM}/mem", "rb", 0) as memory:
    for line in maps.readlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if "r" not in line.split()[1] or "[v" in line:
            continue
        try:
            memory.seek(start)
            if pattern.search(memory.read(end - start)):
                print("done")
                break
        except (OSError, ValueError, OverflowError):
            continue
""",
    "read_environment": "open(f'/proc/{VICTIM}/environ').read()\nprint('done')",
    "read_descriptors": "import os\nos.readlink(f'/proc/{VICTIM}/fd/1')\nprint('done')",
    "trace": "import ctypes\nif ctypes.CDLL(None).ptrace(16, VICTIM, 0, 0) == 0: print('done')",
    "signal": "import os\nos.kill(VICTIM, 0)\nprint('done')",
    "stop": "import os, signal\nos.kill(VICTIM, signal.SIGSTOP)\nprint('done')",
    "pidfd_signal": "import os, signal\nsignal.pidfd_send_signal(os.pidfd_open(VICTIM), 0)\nprint('done')",
    "connect_abstract": (
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0reward-sandbox-' + str(VICTIM))\nprint('done')"
    ),
}


@pytest.fixture
def victim():
    """A process of the same user that holds a secret, and listens."""
    script = (
        "import os, socket, sys, time\nsecret = sys.stdin.readline().strip()\n"
        "s = socket.socket(socket.AF_UNIX); s.bind('\\0reward-sandbox-' + str(os.getpid())); s.listen()\n"
        "print('ready', flush=True)\ntime.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(f"WITNESS-{secrets.token_hex(16)}\n")
    process.stdin.close()
    assert process.stdout.readline() == "ready\n"
    yield process.pid
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module", params=TIERS)
def worker(request):
    made = ProcessWorker(isolation=request.param)
    yield made
    made.close()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_candidate_reaches_no_process_but_its_own(attack, victim, worker):
    run = worker.run(Job(source=f"VICTIM = {victim}\n{attack}"), time.monotonic() + 30)
    assert b"done" not in run.stdout
    assert Path(f"/proc/{victim}/stat").read_text().split()[2] != "T"
    good = worker.run(Job(source="print(1)"), time.monotonic() + 30)
    assert (good.cause, good.stdout) == (Cause.FINISHED, b"1\n")


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_without_the_layer_it_does(attack, victim):
    """The control: an ordinary process of the same user."""
    done = run_control(f"VICTIM = {victim}\n{attack}", text=True, check=False)
    assert "done" in done.stdout, done.stderr


@pytest.mark.parametrize("tier", TIERS)
def test_the_expected_value_is_not_found_in_the_trainers_memory(tier):
    """The trainer is the parent of the zygote; its memory holds the label."""
    wanted = f"WITNESS-{secrets.token_hex(16)}"
    scan = ATTACKS["read_memory"].replace('print("done")', "found = True")
    program = "import os\ndef f(x):\n    VICTIM = open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1]\n    found = None\n"
    program += "".join(f"    {line}\n" for line in scan.splitlines()) + "    return found\n"
    with Sandbox(workers=1, isolation=tier) as box:
        score = box.score(program, {"fn_name": "f", "inputs": [[0]], "outputs": [wanted]})
    (case,) = score.judgement.cases
    assert case.detail.startswith(
        ("exception:PermissionError", "exception:FileNotFoundError: [Errno 2] No such file or directory: '/proc/")
    ), case
    assert score.reward == 0.0


@pytest.mark.parametrize("who", ["zygote", "sibling"])
def test_jobs_cannot_signal_their_zygote_or_each_other(who, worker):
    """A sibling is another job of another worker: each job has a domain of its own."""
    other = ProcessWorker()
    try:
        target = worker.pid if who == "zygote" else other.pid
        run = worker.run(Job(source=f"import os\nos.kill({target}, 9)\nprint('done')"), time.monotonic() + 30)
        assert b"done" not in run.stdout
        assert other.run(Job(source="print(1)"), time.monotonic() + 30).stdout == b"1\n"
        assert worker.healthy
    finally:
        other.close()


def test_a_job_may_signal_and_trace_its_own_children(worker):
    source = "import subprocess, signal\np = subprocess.Popen(['sleep', '9'])\np.send_signal(signal.SIGTERM)\nprint(p.wait())"
    assert worker.run(Job(source=source), time.monotonic() + 30).stdout == b"-15\n"


def test_a_candidate_has_no_capabilities_and_gets_none_by_starting_a_program(worker):
    look = (
        "import ctypes, struct\nsets = ctypes.create_string_buffer(24)\n"
        "assert ctypes.CDLL(None).capget(struct.pack('=Ii', 0x20080522, 0), sets) == 0\nprint(sets.raw.count(0))"
    )
    source = (
        f"import subprocess, sys\n{look}\nsys.stdout.flush()\nsubprocess.run([sys.executable, '-S', '-c', {look!r}], check=True)"
    )
    run = worker.run(Job(source=source), time.monotonic() + 30)
    assert run.stdout == b"24\n" * 2
    done = run_control(look)
    assert os.geteuid() or done.stdout != b"24\n"  # root has them, so that the look is worth something

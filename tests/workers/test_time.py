"""Time is charged to who used it: waiting for a processor, or for a quota of processor time, makes no right program late."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from machine import memory_group, quota_group

from sandbox import Cause, Limits, Sandbox

pytestmark = pytest.mark.alone

SPIN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done')"

THROTTLED = """\
import sys
open(sys.argv[1] + "/cgroup.procs", "w").write("0")
from sandbox import Limits, Sandbox
with Sandbox(workers=1, limits=Limits(cpu_seconds=0.4, wall_seconds=0.6)) as box:
    for _ in range(3):
        run = box.run("import time\\nwhile time.process_time() < 0.25: pass\\nprint('done')")
        print(run.cause.value, run.stdout.decode().strip(), run.usage.wall_seconds > 0.8, run.usage.effective_wall_seconds < 0.6)
"""


@pytest.mark.needs("quota")
def test_a_throttled_container_makes_no_right_program_late():
    """A fifth of a processor, as pods have: the program takes more wall time than its limit, and is charged its own only."""
    with quota_group(20_000, 100_000) as group:
        done = subprocess.run([sys.executable, "-c", THROTTLED, group], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["finished done True True"] * 3


@pytest.mark.long
def test_beside_eight_others_no_right_program_is_late():
    """The full measure, 400 programs, is benchmarks/fairness.py."""
    burners = [psutil.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True) for _ in range(8)]
    try:
        with Sandbox(workers=2, limits=Limits(cpu_seconds=0.15)) as box, ThreadPoolExecutor(2) as threads:
            box.warm()
            runs = list(threads.map(box.run, [SPIN.format(seconds=0.09 + 0.0015 * number) for number in range(30)]))
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
    assert [run for run in runs if run.stdout != b"done\n"] == []


def test_what_is_past_the_hard_cap_and_used_no_limit_is_ours():
    """The machine was too busy: the job is tried again, and then it is our fault, never the candidate's timeout."""
    with Sandbox(workers=1, limits=Limits(cpu_seconds=5.0)) as box:
        score = box.score("import time\ndef f(): time.sleep(9)", ["assert f() == 1"], deadline=time.monotonic() + 1.5)
    assert score.outcome.value == "internal"
    assert score.judgement.enforced == () or score.judgement.verdict.value == "internal_error"


def test_every_run_says_what_was_used_and_how_it_was_measured():
    source = "import os\nif os.fork() == 0:\n    x = bytearray(b'x') * (30 << 20)\n    os._exit(0)\nos.wait()\nprint('abc')"
    for isolation in ("namespaces", "unprivileged"):
        with Sandbox(workers=1, isolation=isolation) as box:
            usage = box.run(source, limits=Limits(cpu_seconds=5)).usage
        assert usage.cpu_user_seconds > 0
        assert usage.cpu_system_seconds > 0
        assert usage.wall_seconds >= usage.effective_wall_seconds > 0
        assert usage.peak_memory_bytes > 25 << 20
        assert usage.peak_memory_method in ("cgroup", "largest process (maxrss), sampled sum of all")
        assert usage.output_bytes == 4
        assert usage.processes >= 1


OUTSIDE = """\
import sys
open(sys.argv[1] + "/cgroup.procs", "w").write("0")
from sandbox.host.process import ProcessWorker
from sandbox.words.job import Job
from sandbox.words.limits import Limits
import time
worker = ProcessWorker()
program = "import mmap, time\\nm = mmap.mmap(-1, 300 << 20)\\nfor _ in range(300): m.write(bytes(1 << 20))\\nprint('done')"
run = worker.run(Job(source=program, limits=Limits(memory_bytes=1 << 30)), time.monotonic() + 60)
print(run.cause.value)
worker.close()
"""


@pytest.mark.needs("memory_group")
def test_memory_that_others_have_used_up_is_ours():
    """A pod's limit, above the group of the job, is reached: the kernel ends the job first, for its badness, and it is not blamed."""
    with memory_group(200 << 20) as group:
        done = subprocess.run([sys.executable, "-c", OUTSIDE, group], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["overloaded"]


def test_a_memory_kill_is_known_by_its_count_not_by_its_look():
    """A program that kills itself as the kernel would is signaled, whatever it held; what the kernel ended is memory."""
    with Sandbox(workers=1, limits=Limits(cpu_seconds=5, memory_bytes=100 << 20)) as box:
        lied = box.run("import os\nx = bytearray(b'x') * (60 << 20)\nos.kill(os.getpid(), 9)")
        assert (lied.cause, lied.detail) == (Cause.SIGNALED, "signal:SIGKILL")
        child = "import mmap, os\nif os.fork() == 0:\n    m = mmap.mmap(-1, 300 << 20)\n    for _ in range(300): m.write(bytes(1 << 20))\n    os._exit(0)\nos.wait()\nprint('fine')"
        assert box.run(child).cause is Cause.MEMORY  # its parent went on as if nothing had been

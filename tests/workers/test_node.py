"""One cap for a node: any number of processes, fair, and nothing is lost when one of them is killed."""

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

from sandbox.host import semaphore
from sandbox.host.pool import Pool
from sandbox.host.pool_options import PoolOptions
from sandbox.host.process import ProcessWorker
from sandbox.host.semaphore import NodeSemaphore, remove
from sandbox.words.errors import ConfigurationError
from sandbox.words.job import Job
from sandbox.words.limits import Limits
from sandbox.words.verdict import Cause


def take(semaphore, seconds):
    """A permit, or None; `close` gives it back."""
    permit = contextlib.ExitStack()
    return permit if permit.enter_context(semaphore.permit(seconds)) else None


@pytest.fixture
def name():
    name = f"test-{uuid.uuid4()}"
    yield name
    assert remove(name), "a permit is still held"


HOLDS = """\
import sys, time
from sandbox.host.semaphore import NodeSemaphore
semaphore = NodeSemaphore(int(sys.argv[2]), sys.argv[1])
permit = semaphore.permit(10)
assert permit.__enter__()
print("held", flush=True)
time.sleep(60)
"""


def holder(name, cap):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, name, str(cap)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_what_a_killed_process_held_comes_back(name):
    semaphore = NodeSemaphore(1, name)
    process = holder(name, 1)
    assert semaphore.held == 1
    assert take(semaphore, 0.05) is None
    threading.Timer(0.2, process.kill).start()
    permit = take(semaphore, 10)
    assert permit is not None
    permit.close()
    process.communicate()


def test_each_process_goes_by_its_own_cap(name):
    one, three = NodeSemaphore(1, name), NodeSemaphore(3, name)
    first, second = take(three, 1), take(three, 1)
    assert take(one, 0.01) is None
    third = take(three, 1)
    assert take(three, 0.01) is None
    first.close()
    second.close()
    assert take(one, 0.01) is None
    third.close()
    permit = take(one, 1)
    assert permit is not None
    permit.close()


def test_who_waits_longest_is_served_first(name):
    semaphore, order = NodeSemaphore(1, name), []
    permit = take(semaphore, 1)

    def wait(number):
        mine = take(semaphore, 10)
        order.append(number)
        mine.close()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    permit.close()
    again = take(semaphore, 10)  # it asks at once, and yet all others come first
    order.append("again")
    again.close()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5, "again"]


def test_a_semaphore_that_was_removed_is_made_anew(name):
    semaphore = NodeSemaphore(1, name)
    assert remove(name)
    assert not remove(name)
    permit = take(semaphore, 1)
    assert permit is not None
    assert not remove(name), "somebody holds a permit"
    permit.close()


@pytest.mark.parametrize("cap", [0, -1, 20_000])
def test_a_cap_that_cannot_be(cap):
    with pytest.raises(ConfigurationError, match=f"node_jobs={cap}"):
        NodeSemaphore(cap)


LOAD = """\
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from sandbox.host import semaphore
from sandbox.host.pool_options import PoolOptions
from sandbox.host.pool import Pool
from sandbox.host.process import ProcessWorker
from sandbox.host.semaphore import NodeSemaphore
from sandbox.words.job import Job

PROGRAM = "import time; a = time.monotonic(); time.sleep(0.02); print(a, time.monotonic())"
pool = Pool(ProcessWorker, size=4, node=NodeSemaphore(2, sys.argv[1]))
with ThreadPoolExecutor(16) as threads:
    runs = list(threads.map(lambda _: pool.run(Job(source=PROGRAM)), range(50)))
print(json.dumps([[float(word) for word in run.stdout.split()] for run in runs]))
pool.close()
"""


def test_four_processes_of_sixteen_threads_keep_the_cap_and_finish(name):
    import json

    processes = [subprocess.Popen([sys.executable, "-c", LOAD, name], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    spans = [span for process in processes for span in json.loads(process.communicate(timeout=120)[0])]
    assert len(spans) == 200
    assert all(len(span) == 2 for span in spans)
    running = most = 0
    for _, change in sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans]):
        running += change
        most = max(most, running)
    assert most == 2, "two at a time, and not fewer where there is work"


def test_a_job_that_never_has_a_permit_is_our_fault(name):
    process = holder(name, 1)
    pool = Pool(ProcessWorker, size=1, node=NodeSemaphore(1, name))
    run = pool.run(Job(source="print(1)"), time.monotonic() + 0.2)
    assert run.cause is Cause.OVERLOADED
    assert "node_jobs" in run.detail
    assert pool.workers == (), "and no worker was started for it"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert pool.run(Job(source="print(1)")).stdout == b"1\n"
    pool.close()


def test_a_lost_worker_keeps_no_permit(name):
    semaphore = NodeSemaphore(1, name)
    pool = Pool(ProcessWorker, size=1, node=semaphore)
    pool.warm()
    (victim,) = pool.workers
    threading.Timer(0.2, os.kill, (victim.pid, signal.SIGKILL)).start()
    run = pool.run(Job(source="import time; time.sleep(0.5); print('done')", limits=Limits(cpu_seconds=2)))
    assert (run.stdout, run.retries, semaphore.held) == (b"done\n", 1, 0)
    pool.close()


def test_where_the_kernel_counts_nothing_only_who_asked_for_it_is_refused(monkeypatch, caplog):
    class NoSemaphores:
        def semget(self, *_):
            ctypes.set_errno(errno.ENOSYS)
            return -1

    monkeypatch.setattr(semaphore, "_libc", NoSemaphores())
    pool = PoolOptions(start=ProcessWorker, workers=1).pool()
    assert "node_jobs=0" in caplog.text
    assert pool.run(Job(source="print(1)")).stdout == b"1\n"
    pool.close()
    with pytest.raises(ConfigurationError, match="Function not implemented"):
        PoolOptions(start=ProcessWorker, workers=1, node_jobs=2).pool()


INTERRUPTED = """\
import random, signal, sys, threading, time
from sandbox.host.semaphore import NodeSemaphore
semaphore, chance = NodeSemaphore(1, sys.argv[1]), random.Random(3)
ending = False
def others():
    while not ending:
        with semaphore.permit(1.0):
            time.sleep(chance.random() * 0.002)
other = threading.Thread(target=others)
other.start()
def raises(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, raises)
interrupts = 0
for _ in range(600):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0005 + chance.random() * 0.004)
        while True:
            with semaphore.permit(1.0):
                pass
    except KeyboardInterrupt:
        interrupts += 1
signal.setitimer(signal.ITIMER_REAL, 0)
ending = True
other.join()
print(interrupts, semaphore.held)
"""


def test_an_interrupt_of_who_waits_loses_no_permit(name):
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, name], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout == "600 0\n", done.stderr

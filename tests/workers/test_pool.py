"""The pool: bounded, thread-safe, retries elsewhere, a deadline that includes the queue, nothing left behind."""

import errno
import fcntl
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox import Sandbox
from sandbox.host import bundle, job_codec
from sandbox.host.pool import Pool
from sandbox.host.process import ProcessWorker
from sandbox.words.errors import ConfigurationError, WorkerLost
from sandbox.words.job import CodeTestsRun, Job, Run
from sandbox.words.limits import Limits
from sandbox.words.verdict import Cause


class Fake:
    """A worker that does what a list of steps says: a Run, an exception, or a number of seconds to take."""

    def __init__(self, steps, log):
        self.steps = steps
        self.log = log
        self.healthy = True
        self.enforced = ()
        self.busy = threading.Lock()

    def run(self, job, deadline):
        assert self.busy.acquire(blocking=False), "leased to two callers at once"
        try:
            return self.step()
        finally:
            self.busy.release()

    def step(self):
        self.log.append(self)
        step = self.steps.pop(0) if self.steps else Run(cause=Cause.FINISHED)
        if isinstance(step, Exception):
            self.healthy = False
            raise step
        if isinstance(step, float):
            time.sleep(step)
            return Run(cause=Cause.FINISHED)
        return step

    def close(self):
        self.healthy = False
        self.log.append("closed")


def pool_of(steps, size=1, **options):
    log = []
    return Pool(lambda: Fake(steps, log), size=size, **options), log


JOB = Job(source="")


def test_a_job_that_is_lost_is_tried_on_another_worker():
    pool, log = pool_of([WorkerLost("died"), Run(cause=Cause.FINISHED)])
    run = pool.run(JOB)
    assert (run.cause, run.retries) == (Cause.FINISHED, 1)
    first, closed, second = log
    assert closed == "closed"
    assert first is not second


@pytest.mark.parametrize("cause", [Cause.OVERLOADED, Cause.SETUP])
def test_a_fault_of_ours_is_tried_again_and_then_said(cause):
    pool, log = pool_of([Run(cause=cause, detail="x")] * 9, retries=2)
    run = pool.run(JOB)
    assert (run.cause, run.retries, len(log)) == (cause, 2, 3)


def test_a_worker_that_always_dies_is_lost_not_an_exception():
    pool, _ = pool_of([WorkerLost("died")] * 9)
    run = pool.run(JOB)
    assert run.cause is Cause.LOST
    assert "died" in run.detail


def test_a_candidates_failure_is_never_tried_again():
    pool, log = pool_of([Run(cause=Cause.SIGNALED), Run(cause=Cause.FINISHED)])
    assert pool.run(JOB).cause is Cause.SIGNALED
    assert len(log) == 1


def test_an_unclean_worker_is_destroyed():
    pool, log = pool_of([])
    pool.run(JOB)
    log[0].healthy = False
    with pool._lease(time.monotonic() + 1):
        pass
    assert "closed" in log


def test_the_deadline_includes_the_wait_for_a_worker():
    pool, _ = pool_of([1.0])
    busy = threading.Thread(target=pool.run, args=(JOB,))
    busy.start()
    time.sleep(0.1)
    run = pool.run(JOB, time.monotonic() + 0.2)
    busy.join()
    assert run.cause is Cause.OVERLOADED
    assert "no worker came free" in run.detail


def test_the_queue_is_bounded():
    pool, _ = pool_of([1.0], max_waiting=1)
    threads = [threading.Thread(target=pool.run, args=(JOB,)) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    run = pool.run(JOB)
    for thread in threads:
        thread.join()
    assert run.cause is Cause.OVERLOADED
    assert "wait for a worker already" in run.detail


def test_never_more_jobs_at_once_than_workers():
    pool, log = pool_of([0.05] * 20, size=3)
    with ThreadPoolExecutor(20) as threads:
        runs = list(threads.map(lambda _: pool.run(JOB), range(20)))
    assert {run.cause for run in runs} == {Cause.FINISHED}
    assert len(set(map(id, log))) <= 3


def test_a_closed_pool_says_so():
    pool, _ = pool_of([])
    pool.close()
    pool.close()
    with pytest.raises(ConfigurationError, match="closed"):
        pool.run(JOB)


def test_a_pool_of_nobody_is_refused():
    with pytest.raises(ConfigurationError, match="at least 1"):
        pool_of([], size=0)


def test_a_fork_of_the_owner_cannot_use_the_pool_and_does_not_end_it():
    pool = Pool(ProcessWorker, size=1)
    assert pool.run(Job(source="print(1)")).stdout == b"1\n"
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            pool.run(JOB)
        except ConfigurationError:
            pool.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert pool.run(Job(source="print(2)")).stdout == b"2\n"
    pool.close()


def test_a_worker_killed_in_the_middle_of_a_job_costs_no_result():
    pool = Pool(ProcessWorker, size=1)
    pool.warm()
    (victim,) = pool.workers

    def kill():
        time.sleep(0.3)
        os.kill(victim.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    run = pool.run(Job(source="import time; time.sleep(0.6); print('done')", limits=Limits(cpu_seconds=2)))
    killer.join()
    assert (run.cause, run.stdout, run.retries) == (Cause.FINISHED, b"done\n", 1)
    pool.close()


def test_a_worker_that_cannot_prepare_a_job_is_our_fault_never_the_candidates(tmp_path):
    """The folder for work files is taken away: no program can be blamed for that."""
    folder = tmp_path / "work"
    folder.mkdir()
    pool = Pool(lambda: ProcessWorker(folder=str(folder), isolation="unprivileged"), size=1, retries=0)
    assert pool.run(Job(source="print(1)")).stdout == b"1\n"
    (work,) = folder.iterdir()
    (work / "job").rmdir()
    run = pool.run(Job(source="print(1)"))
    assert run.cause is Cause.SETUP
    assert "FileNotFoundError" in run.detail
    pool.close()


def test_a_deadline_that_passes_in_a_job_is_ours():
    pool = Pool(ProcessWorker, size=1)
    run = pool.run(Job(source="import time; time.sleep(30)", limits=Limits(cpu_seconds=30)), time.monotonic() + 0.5)
    assert run.cause is Cause.OVERLOADED
    pool.close()


@pytest.mark.parametrize(("times", "number"), [(3, errno.EBUSY), (10**9, errno.EBUSY), (1, errno.EPERM)])
def test_a_kernel_that_still_holds_a_page_of_the_guest_is_waited_for(monkeypatch, times, number):
    """Seen on a busy machine: EBUSY from sealing what has just been written."""
    seal, asked, open_files = fcntl.fcntl, [], len(os.listdir("/proc/self/fd"))

    def busy(fd, *arguments):
        asked.append(fd)
        if len(asked) <= times:
            raise OSError(number, os.strerror(number))
        return seal(fd, *arguments)

    monkeypatch.setattr(fcntl, "fcntl", busy)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    if times == 3:
        os.close(bundle.open_bundle())
        assert len(asked) == 4
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            bundle.open_bundle()
    assert len(os.listdir("/proc/self/fd")) == open_files


FAULTS = {
    "setup": Run(cause=Cause.SETUP, detail="it could not be confined"),
    "tester": Run(cause=Cause.FINISHED, tests=CodeTestsRun(ended=True, outcome="ours", message="tester: OSError: it cannot write")),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_job_that_failed_by_our_fault_is_tried_elsewhere(fault):
    assert fault.is_our_fault
    pool, _ = pool_of([fault])
    run = pool.run(JOB)
    assert (run.cause, run.tests, run.retries) == (Cause.FINISHED, None, 1)
    pool.close()


def test_what_the_machine_lacks_is_not_tried_again():
    """Another worker would lack it as well."""
    lacking = Run(cause=Cause.FINISHED, tests=CodeTestsRun(ended=True, outcome="unavailable", message="pytest is not installed"))
    pool, _ = pool_of([lacking])
    assert pool.run(JOB).tests.outcome == "unavailable"
    pool.close()


@pytest.mark.parametrize("sent", [b"x", b"\0" * 200, None], ids=["a byte", "a report", "the end"])
def test_a_worker_that_says_something_while_no_job_runs_is_lost_and_its_words_are_no_report(sent):
    worker = ProcessWorker()
    ours, theirs = socket.socketpair()
    real, worker._stream = worker._stream, ours
    try:
        theirs.sendall(sent) if sent else theirs.close()
        with pytest.raises(WorkerLost, match="lost between two jobs"):
            worker.run(JOB, time.monotonic() + 10)
        assert not worker.healthy
    finally:
        real.close()
        theirs.close()
        worker.close()


def test_a_worker_whose_tester_failed_at_its_own_work_is_replaced(monkeypatch):
    """The control is the same worker, which serves on after any other end."""
    with Sandbox(workers=1, node_jobs=0) as box:
        label = {"pytest": "from solution import f\ndef test_f():\n    assert f(1) == 2\n"}
        assert box.score("def f(x): return x + 1", label).reward == 1.0
        (worker,) = box._pool.workers
        assert box.score("import os\nos._exit(0)", label).reward == -1.0
        assert box._pool.workers == (worker,)
        decode = job_codec.decode_report
        faults = iter([FAULTS["tester"]])
        monkeypatch.setattr(job_codec, "decode_report", lambda *args: next(faults, None) or decode(*args))
        score = box.score("def f(x): return x + 2", label)
        assert (score.reward, score.judgement.retries) == (0.0, 1)
        assert box._pool.workers != (worker,)

"""Jobs with tests, as a worker runs them: whose time it is, who ended whom, and that nothing is left."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from machine import left_of

from sandbox import Limits, Outcome, Verdict
from sandbox.host.process import ProcessWorker
from sandbox.words.job import CodeTests, Job
from sandbox.words.verdict import Cause

PROGRAM = """\
import os, time
def f(x): return x * 2
def loop():
    while True: pass
def idle(): time.sleep(600)
def die(): os._exit(3)
def crash(): os.kill(os.getpid(), 11)
def eat(): return [bytearray(1 << 20) for _ in range(4000)]
def endless():
    while True: yield 1
def daemon():
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    return os.getpid()
"""


@pytest.fixture(scope="module")
def worker():
    made = ProcessWorker()
    yield made
    made.close()


def run(worker, *cases, limits=None, skip=0, **tests):
    job = Job(
        source=PROGRAM, tests=CodeTests(cases=cases, **tests), limits=limits or Limits(cpu_seconds=0.5, wall_seconds=2.0), skip=skip
    )
    return worker.run(job, time.monotonic() + 60)


def outcomes(told):
    return [result.outcome for result in told.tests.results]


def descriptors(worker):
    """How many zygote and fork server have, when they have closed those of the job that was reported."""
    (server,) = psutil.Process(worker.pid).children()
    counts = []
    while len(counts) < 3 or len(set(counts[-3:])) > 1:
        counts.append(len(os.listdir(f"/proc/{worker.pid}/fd")) + server.num_fds())
        time.sleep(0.05)
    return counts[-1]


def test_every_test_has_an_outcome(worker):
    told = run(worker, "assert f(1) == 2", "assert f(1) == 3", "f()", "assert f(2) == 4")
    assert outcomes(told) == ["passed", "failed", "raised", "passed"]
    assert (told.tests.ended, told.tests.count, told.cause) == (True, 4, Cause.FINISHED)


def test_tests_that_were_decided_are_not_run_again(worker):
    told = run(worker, "assert f(1) == 3", "assert f(1) == 3", "assert f(1) == 2", skip=2)
    assert (outcomes(told), told.tests.count) == (["passed"], 3)


@pytest.mark.parametrize(
    ("question", "cause"),
    [
        ("loop()", Cause.CPU_TIME),
        ("idle()", Cause.WALL_TIME),
        ("die()", Cause.EXITED),
        ("crash()", Cause.SIGNALED),
        ("list(endless())", Cause.CPU_TIME),
    ],
)
def test_the_cause_of_a_candidates_end_is_known_and_the_tests_before_stand(worker, question, cause):
    told = run(worker, "assert f(1) == 2", question, "assert f(2) == 4")
    assert told.cause is cause, told
    assert outcomes(told) == ["passed", "gone"]
    assert told.tests.outcome == "gone"
    assert outcomes(run(worker, "assert f(1) == 2")) == ["passed"]  # the worker goes on


def test_memory_is_limited(worker):
    told = run(worker, "eat()", limits=Limits(memory_bytes=256 << 20))
    assert told.cause is Cause.MEMORY or told.tests.results[0].message.startswith("MemoryError")


def test_time_that_a_test_computes_is_not_the_candidates(worker):
    told = run(worker, "import time\nend = time.process_time() + 1.2\nwhile time.process_time() < end: pass\nassert f(1) == 2")
    assert outcomes(told) == ["passed"]
    assert told.usage.cpu_seconds < 0.5
    assert told.tests.cpu_seconds > 1.0


def test_each_test_has_the_whole_time_of_a_case(worker):
    busy = "import time\ndef work():\n    end = time.process_time() + 0.35\n    while time.process_time() < end: pass\n    return 1"
    job = Job(source=busy, tests=CodeTests(cases=("assert work() == 1",) * 4), limits=Limits(cpu_seconds=0.6, wall_seconds=5.0))
    assert outcomes(worker.run(job, time.monotonic() + 60)) == ["passed"] * 4


def test_a_tester_that_ends_itself_has_not_ended_its_tests(worker):
    told = run(worker, "assert f(1) == 2", "import os\nos._exit(0)")
    assert not told.tests.ended
    assert outcomes(told) == ["passed"]


def test_tests_that_never_end_are_stopped(worker):
    limits = Limits(cpu_seconds=0.5, wall_seconds=1.0, suite_seconds=1.0, deadline_seconds=30.0)
    told = run(worker, "assert f(1) == 2", "while True: pass", limits=limits)
    assert (told.tests.ended, told.tests.cause) == (False, Cause.CPU_TIME)


def test_nothing_of_a_job_is_left(worker):
    told = run(worker, "import subprocess\nsubprocess.Popen(['sleep', '600'])\nassert daemon() > 0")
    assert outcomes(told) == ["passed"]
    assert left_of(worker.pid) == []
    files = {"test_a.py": "from solution import f\nimport os\nos.mkdir('deep')\nopen('deep/left', 'w').close()\ndef test_a(tmp_path):\n"
             "    (tmp_path / 'x').write_text('x')\n    assert f(1) == 2\n"}  # fmt: skip
    tests = CodeTests(framework="pytest", files=tuple(files.items()), paths=("test_a.py",))
    for _ in range(3):
        told = worker.run(Job(source=PROGRAM, tests=tests), time.monotonic() + 60)
        assert outcomes(told) == ["passed"], told
    folders = [Path(f"/proc/{worker.pid}/root{place}") for place in ("/job", "/tmp", "/dev/shm", "/shared", "/run/tests")]
    python = [
        path for path in folders[1].glob("*") if sys.prefix.startswith(f"/tmp/{path.name}")
    ]  # a virtualenv in /tmp is shown there
    assert [path for folder in folders for path in folder.rglob("*") if not any(up in python for up in [path, *path.parents])] == [
        folders[0] / "main.py"  # made for the next program
    ]
    assert (folders[0] / "main.py").read_bytes() == b""
    before = descriptors(worker)
    worker.run(Job(source=PROGRAM, tests=tests), time.monotonic() + 60)
    assert descriptors(worker) == before
    assert left_of(worker.pid) == []


def test_the_hidden_folder_goes_with_the_worker():
    worker = ProcessWorker(isolation="unprivileged")
    tests = CodeTests(framework="pytest", files=(("test_a.py", "def test_a(): assert True"),), paths=("test_a.py",))
    worker.run(Job(source=PROGRAM, tests=tests), time.monotonic() + 60)
    links = [os.readlink(link) for link in Path(f"/proc/{worker.pid}/fd").iterdir()]
    folders = {Path(link) for link in links if "/reward-" in link and not link.startswith("/sys/")}
    assert len(folders) == 2
    worker.close()
    assert [folder for folder in folders if folder.exists()] == []


def test_tester_and_candidate_end_with_their_owner():
    script = (
        "import threading, time\nfrom sandbox.host.process import ProcessWorker\nfrom sandbox.words.job import Job, CodeTests\n"
        "worker = ProcessWorker()\n"
        "job = Job(source='def f():\\n import time; time.sleep(600)', tests=CodeTests(cases=('f()',)))\n"
        "threading.Thread(target=worker.run, args=(job, time.monotonic() + 600), daemon=True).start()\n"
        "time.sleep(1.0)\nprint('ready', flush=True)\ntime.sleep(600)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"ready\n"
    family = psutil.Process(owner.pid).children(recursive=True)
    assert len(family) == 5  # keeper, zygote, fork server, candidate, tester
    owner.kill()
    owner.wait()
    owner.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10.0)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_job_without_tests_is_as_before(worker):
    told = worker.run(Job(source="print('x')"), time.monotonic() + 60)
    assert (told.stdout, told.tests, told.cause) == (b"x\n", None, Cause.FINISHED)


STATE = """\
import fcntl, logging, os, signal, sys, tempfile, threading, warnings
def is_open(number):
    try:
        return fcntl.fcntl(number, fcntl.F_GETFD) >= 0
    except OSError:
        return False
print(sys.path, [type(one).__name__ for one in sys.meta_path], sys.path_hooks, sys.dont_write_bytecode, sorted(os.environ.items()), os.getcwd())
print(logging.root.handlers, logging.root.level, logging.raiseExceptions, tempfile.tempdir, warnings.filters, threading.enumerate())
print([signal.getsignal(number) for number in (1, 2, 13, 14, 15)], sys.stdout is sys.__stdout__, sys.excepthook, sys.unraisablehook)
print([number for number in range(1024) if is_open(number)], sys.gettrace(), sys.getrecursionlimit(), threading.excepthook, sys.breakpointhook)
print("test_rehearsal" in sys.modules, sorted(name for name in vars(sys.modules["builtins"]) if name != "_"))
"""


@pytest.mark.parametrize("tier", ["namespaces", "unprivileged"])
def test_what_a_program_finds_is_the_same_after_tests_of_every_kind(tier):
    """The first tests make a worker rehearse their framework; no program is to find more of that than modules that are loaded."""
    made = ProcessWorker(isolation=tier)
    tests = {
        "statements": CodeTests(cases=("assert f(2) == 4",)),
        "unittest": CodeTests(
            framework="unittest",
            setup="import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(f(2), 4)",
            program_names=("f",),
        ),
        "pytest": CodeTests(
            framework="pytest",
            files=(("test_a.py", "from solution import f\ndef test_a(tmp_path, capsys): assert f(2) == 4"),),
            paths=("test_a.py",),
            modules=("solution",),
        ),
    }
    try:
        before = made.run(Job(source=STATE), time.monotonic() + 60)
        assert before.cause is Cause.FINISHED
        for kind, label in tests.items():
            told = made.run(Job(source=PROGRAM, tests=label), time.monotonic() + 60)
            assert outcomes(told) == ["passed"], kind
            after = made.run(Job(source=STATE), time.monotonic() + 60)
            assert after.stdout.decode() == before.stdout.decode(), kind
            assert after.stderr == b""
            peaks = (before.usage.peak_memory_bytes, after.usage.peak_memory_bytes)
            assert peaks[0] / 2 <= peaks[1] <= peaks[0] * 4  # what was warmed up is not taken off what a job holds
    finally:
        made.close()


SESSION = """\
import gc
import pathlib
import pytest
from solution import f
def test_where_it_is(request):
    config = request.config
    assert config.invocation_params.dir == config.rootpath == pathlib.Path.cwd()
    assert config.invocation_params.args[-1] == "test_a.py"
    assert not any(one is config for one in gc.get_objects())  # it was there before this process, and is frozen
    assert f(2) == 4
def test_a_session_within(tmp_path, request):
    inner = tmp_path / "test_inner.py"
    inner.write_text("def test(request): assert request.config.rootpath.name != 'tests'")
    assert pytest.main([str(inner), f"--rootdir={tmp_path}"]) == 0
    assert f(1) == 2
"""


def test_a_session_of_pytest_that_was_prepared_before_is_the_labels_own(worker):
    tests = CodeTests(framework="pytest", files=(("test_a.py", SESSION),), paths=("test_a.py",), modules=("solution",))
    for _ in range(2):
        told = worker.run(Job(source=PROGRAM, tests=tests), time.monotonic() + 60)
        assert outcomes(told) == ["passed", "passed"], told.tests


def test_the_owner_of_every_end_is_right(box):
    """Through the judge: the label's own end is the label's, an endless answer is the candidate's."""
    ended = box.score(PROGRAM, ["x = f(1)\nimport os\nos._exit(0)\nassert x == 2"])
    assert (ended.verdict, ended.outcome) == (Verdict.LABEL_ERROR, Outcome.INTERNAL)
    assert box.score(PROGRAM, ["x = list(endless())\nassert x"]).outcome is Outcome.TIMEOUT
    died = box.score(PROGRAM, ["x = f(1)\nassert x == 2", "x = die()\nassert x", "x = f(2)\nassert x == 4"])
    assert [case.verdict.value for case in died.judgement.cases] == ["accepted", "runtime_error", "accepted"]
    assert died.outcome is Outcome.CRASH


THREADS = """\
import _thread
lock = _thread.allocate_lock()
lock.acquire()
_thread.stack_size(65536)
try:
    while True:
        _thread.start_new_thread(lock.acquire, ())
except RuntimeError:
    pass
lock.acquire()
"""


def test_a_program_that_leaves_no_room_for_its_tester_has_itself_to_blame(worker, box):
    """With tests so large that it is done before they have come. Otherwise it would be our fault, which is worth more."""
    case = f"assert f(1) == 2  # {'x' * (24 << 20)}"
    told = worker.run(Job(source=THREADS, tests=CodeTests(cases=(case,))), time.monotonic() + 60)
    assert told.cause is Cause.PROCESSES, told
    assert outcomes(run(worker, "assert f(1) == 2")) == ["passed"]
    loaded = f"def f(x): return x\nimport threading\ndef bomb():\n{textwrap.indent(THREADS, '    ')}\nthreading.Thread(target=bomb).start()"
    score = box.score(loaded, ["x = f(1)\nassert x == 1 or " + "0" * (24 << 20)])
    assert score.outcome in (Outcome.CRASH, Outcome.PASS), score.judgement


BROKEN_SESSIONS = {
    "loop": "def pytest_runtestloop(session): raise ValueError('broken')",
    "options": "def pytest_addoption(parser): raise ValueError('broken')",
    "configure": "def pytest_configure(config): raise ValueError('broken')",
    "collection": "def pytest_collection_finish(session): raise ValueError('broken')",
}


@pytest.mark.parametrize("conftest", BROKEN_SESSIONS.values(), ids=BROKEN_SESSIONS)
def test_a_session_that_the_label_breaks_is_the_labels(worker, conftest):
    files = (("conftest.py", conftest), ("test_a.py", "from solution import f\ndef test_a():\n    assert f(1) == 2\n"))
    tests = CodeTests(framework="pytest", files=files, paths=("test_a.py",))
    told = worker.run(Job(source=PROGRAM, tests=tests), time.monotonic() + 60)
    assert (told.tests.ended, told.tests.outcome, outcomes(told)) == (True, "label", []), told.tests


def test_a_program_of_another_name_finds_only_its_own_file(worker):
    tests = CodeTests(cases=("assert seen == ['bowling.py']",), program_file="bowling.py")
    assert outcomes(worker.run(Job(source="import os\nseen = os.listdir('.')", tests=tests), time.monotonic() + 60)) == ["passed"]

"""A candidate cannot reach the tests that ask it: not their files, not their memory, not by what they pass to it."""

import re
import secrets
import sys
import threading
import time
from pathlib import Path

import pytest
from machine import run_control

from sandbox import Outcome
from sandbox.host.process import ProcessWorker
from sandbox.words.job import CodeTests, Job
from sandbox.words.limits import Limits

# Looks for files with the secret wherever a file can be, and into the processes whose files they are.
SEARCH = """\
import os, re
PATTERN = re.compile(b"WITNESS" + b"-[0-9a-f]{32}")
def look(path, found):
    try:
        with open(path, "rb") as file:
            found.update(match.decode() for match in PATTERN.findall(file.read(1 << 20)))
    except OSError:
        pass
def search():
    found = set()
    for top in ("/run", "/dev/shm", os.getcwd(), ".."):
        for folder, folders, files in os.walk(top):
            if folder.count("/") > 6:
                folders.clear()
            for name in files:
                if name.endswith((".py", ".json", ".txt")):
                    look(os.path.join(folder, name), found)
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        pids = range(os.getpid() - 50, os.getpid() + 50)
    for pid in pids:
        for name in ("cmdline", "environ", "cwd/test_label.py"):
            look(f"/proc/{pid}/{name}", found)
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if "memfd" in os.readlink(f"/proc/{pid}/fd/{fd}"):
                    look(f"/proc/{pid}/fd/{fd}", found)
        except OSError:
            pass
    return sorted(found)
"""

# What a function can try with an object that a test passed to it: every way from it to the test's own names.
WALK = """\
PATHS = [
    "__globals__", "__code__.co_consts", "__closure__", "__defaults__", "__func__.__globals__", "__self__", "__wrapped__",
    "__class__.__init__.__globals__", "__dict__", "__class__.__dict__", "__call__.__globals__", "__module__", "__reduce__",
    "method.__globals__", "method.__func__", "method.__self__", "method.__call__.__self__", "gi_frame.f_globals", "gi_code",
    "__traceback__.tb_frame.f_globals", "__init__.__globals__", "__getattribute__", "__class__.__mro__", "cr_frame", "ag_frame",
]
def walk(thing):
    found = []
    for path in PATHS:
        target = thing
        try:
            for name in path.split("."):
                target = getattr(target, name)
            found.append(repr(target))
            found += [repr(target[name]) for name in list(target)]
        except BaseException:
            pass
    try:
        thing(ValueError)
    except BaseException as error:
        frame = error.__traceback__
        while frame is not None:
            found += [repr(value) for value in frame.tb_frame.f_globals.values()]
            found += [repr(value) for value in frame.tb_frame.f_locals.values()]
            frame = frame.tb_next
    import gc
    found += [repr(value) for value in gc.get_objects()]
    import re
    return [text for text in found if re.search("WITNESS" + "-[0-9a-f]{32}", text)]
"""

PASSED_IN = """\
class Thing:
    '''An object of the test's own, with the secret in its module.'''
    def __init__(self):
        self.public = 1
        self._hidden = SECRET
    def method(self):
        return self.public
    def __call__(self, kind):
        raise kind(self.public)
def generator():
    yield SECRET
def callback(kind, secret=SECRET):
    raise kind("no")
"""


@pytest.fixture
def secret():
    return f"WITNESS-{secrets.token_hex(16)}"


@pytest.mark.needs("landlock")
def test_a_candidate_finds_no_test_file(box, secret):
    label = {
        "pytest": f"from solution import search\nSECRET = {secret!r}\ndef test_nothing_found():\n    assert search() == []\n",
    }
    score = box.score(SEARCH, label)
    assert score.outcome is Outcome.PASS, score.judgement.first_failure


def test_the_file_is_there_to_be_found(secret, tmp_path):
    """The control: a process without a wall finds it, where the same search is made."""
    worker = ProcessWorker()
    text = f"from solution import f\nSECRET = {secret!r}\nimport time\ndef test_slow():\n    time.sleep(2.5)\n    assert f()\n"
    tests = CodeTests(framework="pytest", files=(("test_label.py", text),), paths=("test_label.py",))
    job = Job(source="def f(): return True", tests=tests, limits=Limits())
    running = threading.Thread(target=worker.run, args=(job, time.monotonic() + 60))
    running.start()
    found = ""
    while running.is_alive() and secret not in found:
        script = f"{SEARCH}\nprint(search())"
        found = run_control(script, text=True, cwd=tmp_path, check=False).stdout
    running.join()
    worker.close()
    assert secret in found


@pytest.mark.needs("landlock")
def test_a_candidate_cannot_list_write_or_link_where_test_files_are(box):
    program = """\
import os
def tries(hidden):
    done = []
    for name, attempt in {
        "list_above": lambda: os.listdir(os.path.dirname(os.path.dirname(hidden))),
        "list": lambda: os.listdir(hidden),
        "open": lambda: open(hidden + "/test_label.py").read(),
        "write": lambda: open(hidden + "/conftest.py", "w").close(),
        "link": lambda: os.symlink("/etc/passwd", hidden + "/link"),
        "hard_link": lambda: os.link(hidden + "/test_label.py", "stolen.py"),
        "rename": lambda: os.rename(hidden + "/test_label.py", "stolen.py"),
        "enter": lambda: os.listdir(os.open(hidden, os.O_RDONLY)),
    }.items():
        try:
            attempt()
            done.append(name)
        except OSError:
            pass
    return done
"""
    label = {"pytest": "import os\nfrom solution import tries\ndef test_it():\n    assert tries(os.path.dirname(__file__)) == []\n"}
    score = box.score(program, label)
    assert score.outcome is Outcome.PASS, score.judgement.first_failure


@pytest.mark.parametrize("thing", ["callback", "Thing()", "Thing().method", "Thing", "generator()", "generator", "ValueError(1)"])
def test_nothing_behind_what_a_test_passes_in_is_reached(thing, box, secret):
    label = [f"SECRET = {secret!r}\n{PASSED_IN}\nfound = walk({thing})\nassert found == []"]
    score = box.score(WALK, label)
    assert score.outcome is Outcome.PASS, score.judgement.first_failure


@pytest.mark.parametrize("thing", ["callback", "Thing()", "Thing().method", "Thing", "generator()", "generator"])
def test_in_one_process_everything_is_reached(thing, secret):
    """The control: the same walk, in the process of the tests."""
    script = f"{WALK}\nSECRET = {secret!r}\n{PASSED_IN}\nassert any(SECRET in text for text in walk({thing}))"
    run_control(script)


@pytest.mark.parametrize("tier", ["namespaces"], indirect=True)  # where a program may look at itself
@pytest.mark.parametrize("framework", ["statements", "unittest", "pytest"])
def test_no_word_of_the_tests_is_in_the_memory_that_a_candidate_was_born_with(framework, box, secret):
    program = """\
import re
def scan():
    pattern, found = re.compile(b"WITNESS" + b"-[0-9a-f]{32}"), set()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.readlines():
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" in line.split()[1] and "[v" not in line:
                try:
                    memory.seek(start)
                    found.update(pattern.findall(memory.read(end - start)))
                except (OSError, ValueError, OverflowError):
                    pass
    return len(found)
def known(text):
    return scan()
"""
    label = {
        "statements": [
            f"secret = {secret!r}\nfound = scan()\nassert found == 0",
            f"found = known({secret!r})\nassert found > 0",
        ],
        "unittest": {
            "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n"
            f"        secret = {secret!r}\n        self.assertEqual(scan(), 0)\n    def test_b(self):\n"
            f"        self.assertGreater(known({secret!r}), 0)\n",
            "entry_point": "scan",
        },
        "pytest": {
            "pytest": f"from solution import *\ndef test_a():\n    secret = {secret!r}\n    assert scan() == 0\n"
            f"def test_b():\n    assert known({secret!r}) > 0\n"  # its control: what it was given is found
        },
    }[framework]
    for _ in range(3):  # the same worker more than once: what an earlier tester held is not there either
        score = box.score(program, label)
        assert score.outcome is Outcome.PASS, score.judgement.first_failure


def test_the_candidate_is_told_nothing_of_its_tests():
    """Its payload is the program and the names that the label lets it know."""
    from sandbox.host.job_codec import encode_job

    tests = CodeTests(setup="SECRET_SETUP = 1", cases=("assert f(1) == 'SECRET_CASE'",), files=(("test_SECRET.py", "SECRET_FILE"),))
    _, payload, encoded_tests = encode_job(Job(source="def f(x): return x", tests=tests), time.monotonic() + 10)
    assert b"SECRET" not in payload
    assert len(re.findall(b"SECRET", encoded_tests)) == 4


def test_the_tests_leave_the_host_after_the_candidate_was_forked():
    """By the zygote's own source: between the two forks it reads the tests; a change of that order has to be looked at."""
    source = Path(sys.modules["sandbox"].__file__).parent.joinpath("guest", "worker", "zygote.py").read_text(encoding="utf-8")
    fork = source.index("self.server.fork_candidate(")
    assert source.index("self.connection.receive_file(tests.order.tests_bytes") > fork
    assert source.count("self.connection.receive_file(") == 2

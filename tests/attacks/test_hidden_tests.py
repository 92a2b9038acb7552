"""The folder of test files, attacked by what Landlock knows nothing of: attributes, times, sizes, notices. Candidates have no path to it."""

import os
import site
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from machine import as_nobody, run_control

from sandbox import Limits
from sandbox.guest.walls.namespaces import HIDDEN
from sandbox.host.process import ProcessWorker
from sandbox.words.job import CodeTests, Job

LABEL = {"pytest": "from solution import f\nimport time\ndef test_f():\n    time.sleep(0.2)\n    assert f(1) == 2\n"}
RIGHT = "def f(x): return x + 1"

# Each prints "through" when it changes or learns something of the folder PLACE, or of the file in it that it may know by name.
ATTEMPTS = {
    "mode": "os.chmod(PLACE, 0o711)\nprint('through' if os.stat(PLACE).st_mode & 0o777 == 0o711 else '')",
    "mode_of_tests": "os.chmod(PLACE + '/tests', 0o711)\nprint('through')",
    "owner": "os.chown(PLACE, -1, os.getegid())\nprint('through')",
    "times": "os.utime(PLACE, (1, 1))\nprint('through' if os.stat(PLACE).st_mtime == 1 else '')",
    "attribute": "os.setxattr(PLACE, 'user.note', b'x')\nprint('through')",
    "attribute_that_fills_memory": "os.setxattr(PLACE, 'user.note', bytes(3000))\nprint('through')",
    "attribute_read": "os.listxattr(PLACE + '/tests')\nprint('through')",
    "size_of_a_test": "print('through' if os.stat(PLACE + '/tests/test_label.py').st_size else '')",
    "name_of_a_test": "print('through' if os.path.exists(PLACE + '/tests/test_label.py') else '')",
    "room_that_tests_take": "about = os.statvfs(PLACE)\nprint('through' if about.f_blocks * about.f_frsize == 256 << 20 else '')",
    "notices": "import ctypes\nlibc = ctypes.CDLL(None)\nprint('through' if libc.inotify_add_watch(libc.inotify_init(), PLACE.encode() + b'/tests', 0xFFF) >= 0 else '')",
    "lock": "import fcntl\nfd = os.open(PLACE, os.O_RDONLY)\nfcntl.flock(fd, fcntl.LOCK_EX)\nprint('through')",
    "descriptor": "os.open(PLACE + '/tests', os.O_PATH)\nprint('through')",
    "into_it": "os.chdir(PLACE + '/tests')\nprint('through')",
    "by_another_process": "import glob\nprint('through' if [p for p in glob.glob(f'/proc/[0-9]*/root{PLACE}/tests') if '/self/' not in p] else '')",
    "by_a_namespace": "import ctypes\nfor pid in range(1, 9):\n    try: fd = os.open(f'/proc/{pid}/ns/mnt', os.O_RDONLY)\n    except OSError: continue\n    if ctypes.CDLL(None).setns(fd, 0x20000) == 0: print('through')",
}


@pytest.fixture(params=["namespaces"])
def worker(request):
    made = ProcessWorker(isolation=request.param)
    yield made
    made.close()


def judged(worker, source):
    """What a pytest label says of a program, on this very worker."""
    tests = CodeTests(framework="pytest", files=(("test_label.py", LABEL["pytest"]),), paths=("test_label.py",))
    run = worker.run(Job(source=source, tests=tests, limits=Limits()), time.monotonic() + 60)
    assert run.tests is not None, run
    return [test.outcome for test in run.tests.results], run


def attack(name):
    return f"import os\nPLACE = {HIDDEN!r}\n{ATTEMPTS[name]}"


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_job_neither_changes_nor_learns_anything_of_it(name, worker):
    run = worker.run(Job(source=attack(name)), time.monotonic() + 60)
    assert b"through" not in run.stdout, run
    assert worker.healthy
    assert judged(worker, RIGHT)[0] == ["passed"]
    assert judged(worker, "def f(x): return 0")[0] == ["failed"]


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nor_does_a_program_whose_tests_lie_there_now(name, worker):
    """It goes on trying in a thread while its tests run; what it does is no way to be anything but wrong."""
    body = "\n".join(f"        {line}" for line in ATTEMPTS[name].splitlines())
    source = (
        f"import os, threading\nPLACE = {HIDDEN!r}\nfound = []\ndef print(x): found.append(x) if x else None\n"
        f"def loop():\n  while not found:\n    try:\n{body}\n    except OSError: pass\n"
        "threading.Thread(target=loop, daemon=True).start()\ndef f(x): return 2 if found else 0\n"
    )
    outcomes, run = judged(worker, source)
    assert outcomes == ["failed"], run
    assert worker.healthy
    assert judged(worker, RIGHT)[0] == ["passed"]


@pytest.mark.parametrize("name", sorted(set(ATTEMPTS) - {"by_another_process", "by_a_namespace", "room_that_tests_take"}))
def test_where_it_can_be_named_all_of_that_is_done(name, tmp_path):
    """The control: the same folder of the same user, at a path."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_label.py").write_text(LABEL["pytest"])
    program = attack(name).replace(repr(HIDDEN), repr(str(tmp_path)))
    assert b"through" in run_control(program).stdout


def test_a_tester_sees_it_and_nothing_stays(worker):
    """The other control: it is there, at that path, for the tests alone; a later label finds it empty."""
    look = "import os\nfrom solution import f\ndef test_there():\n    assert os.getcwd() == %r + '/tests'\n    assert sorted(os.listdir('..')) == ['tests']\n    assert f(1) == 2\n    open('../left', 'w').close()\n"
    tests = CodeTests(framework="pytest", files=(("test_label.py", look % HIDDEN),), paths=("test_label.py",))
    run = worker.run(Job(source=RIGHT, tests=tests, limits=Limits()), time.monotonic() + 60)
    assert [test.outcome for test in run.tests.results] == ["passed"], run


@pytest.mark.needs("nobody")
def test_an_ordinary_user_has_it_too():
    """There candidates and testers have the one id that such a user may map."""
    with tempfile.TemporaryDirectory(prefix="sandbox-test-") as place:
        os.chmod(place, 0o755)
        subprocess.run([as_nobody()[-1], "-m", "venv", "--without-pip", f"{place}/venv"], check=True)
        (packages,) = Path(place).glob("venv/lib/python3.*/site-packages")
        (packages / "ours.pth").write_text("\n".join(site.getsitepackages()))
        script = (
            "from sandbox import Sandbox\n"
            f"LABEL = {LABEL!r}\n"
            f"more = dict(python='{place}/venv/bin/python', readable={site.getsitepackages()!r})\n"
            "with Sandbox(workers=1, isolation='namespaces', node_jobs=0, **more) as box:\n"
            f"    run = box.run({attack('mode')!r})\n"
            "    right, wrong = (box.score(f'def f(x): return x + {number}', LABEL) for number in (1, 2))\n"
            "    print(b'through' in run.stdout, right.reward, right.judgement.reason, wrong.reward)\n"
        )
        done = subprocess.run([*as_nobody(), "-c", script], capture_output=True, text=True, check=False, cwd="/")
    if "LayerMissing" in done.stderr:
        pytest.skip("ordinary users may make no namespaces here")
    assert done.stdout == "False 1.0  0.0\n", done.stderr

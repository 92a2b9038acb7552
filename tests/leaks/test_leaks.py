"""Whatever ends, nothing is left: processes, work folders, descriptors."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from machine import TIERS, left_of

from sandbox import Limits, Sandbox
from sandbox.host import cgroups
from sandbox.host.process import ProcessWorker
from sandbox.words.job import Job

pytestmark = pytest.mark.alone

OWNER = """\
import sys, threading, time
from sandbox import Limits, Sandbox
box = Sandbox(workers=2, limits=Limits(cpu_seconds=60), isolation=sys.argv[1])
box.warm()
program = "import os, time\\nif os.fork() == 0:\\n    os.setsid(); os.fork(); time.sleep(300)\\nprint(flush=True); time.sleep(300)"
for _ in range(2):
    threading.Thread(target=box.run, args=(program,)).start()
time.sleep(1.0)
print("ready", flush=True)
time.sleep(300)
"""


def folders_of(processes):
    """What workers hold open beside memory: work folders, folders of test files, control groups. Other sandboxes have theirs too."""
    found = set()
    for process in processes:
        for fd in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                target = os.readlink(fd)
            except FileNotFoundError:
                continue  # the files of a job are closed after its report
            if "/reward-sandbox-" in target:
                found.add(Path(target if os.path.isdir(target) else os.path.dirname(target)))
    return found


def gone(processes, seconds=10.0):
    """The processes that are still there after *seconds*."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(params=TIERS)
def tier(request):
    return request.param


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.sampled(6)
def test_nothing_is_left_when_the_owner_is_killed(number, tier):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tier], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert owner.stdout.readline() == b"ready\n"
    family = psutil.Process(owner.pid).children(recursive=True)
    assert len(family) >= 10  # two keepers, two zygotes, two fork servers, two candidates, and children that left their session
    groups = {folder for folder in folders_of(family) if str(folder).startswith("/sys/")}
    folders = folders_of(family) - groups
    assert len(folders) == (4 if tier == "unprivileged" else 0)  # of each worker one for its jobs, one for the files of tests
    owner.send_signal(number)
    if number is not signal.SIGKILL:
        time.sleep(0.2)
        owner.kill()  # threads that wait for a job keep an interpreter alive; what matters is what it leaves
    owner.wait()
    owner.stdout.close()
    assert gone(family) == []
    assert [folder for folder in folders if folder.exists()] == []
    time.sleep(2.1)
    cgroups.remove_stale()  # as every later worker does: nobody was left to remove an empty group
    assert [group for group in groups if group.exists()] == []


def test_nothing_is_left_when_the_owner_was_forked_too(tier):
    """A forked copy of the owner holds the same sockets; the workers go all the same when the owner does."""
    script = OWNER.replace(
        'print("ready", flush=True)', 'import os\nif os.fork() == 0:\n    time.sleep(15); os._exit(0)\nprint("ready", flush=True)'
    )
    owner = subprocess.Popen([sys.executable, "-W", "ignore", "-c", script, tier], stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"ready\n"
    family = psutil.Process(owner.pid).children(recursive=True)
    copies = [process for process in family if process.cmdline()[:1] == [sys.executable] and "-c" in process.cmdline()]
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert gone([process for process in family if process not in copies]) == []
    for copy in copies:
        copy.kill()


@pytest.mark.parametrize("who", ["zygote", "keeper", "fork server"])
def test_nothing_is_left_when_a_worker_is_killed(tier, who):
    """A zygote takes everything along, keeper and fork server the zygote; and close() leaves no folder and no control group."""
    worker = ProcessWorker(isolation=tier)
    thread = threading.Thread(
        target=lambda: _ignore(worker.run, Job(source=DAEMONS, limits=Limits(cpu_seconds=60)), time.monotonic() + 60)
    )
    thread.start()
    time.sleep(0.5)
    zygote = psutil.Process(worker.pid)
    family = zygote.children(recursive=True)
    folders = folders_of([zygote])
    assert len(family) == 4
    assert folders
    pids = {"zygote": worker.pid, "keeper": zygote.ppid(), "fork server": zygote.children()[0].pid}
    os.kill(pids[who], signal.SIGKILL)
    thread.join()
    worker.close()
    assert gone(family) == []
    assert [folder for folder in folders if folder.exists()] == []


DAEMONS = "import os, time\nif os.fork() == 0:\n    os.setsid(); os.fork(); time.sleep(60)\ntime.sleep(60)"


def test_what_a_killed_owner_and_worker_left_is_removed_by_a_later_worker(tmp_path):
    """Both are killed at once, as by an out-of-memory kill of a container: nobody was there to clean up."""
    script = f"import time\nfrom sandbox.host.process import ProcessWorker\nworker = ProcessWorker(folder={str(tmp_path)!r}, isolation='unprivileged')\nprint(worker.pid, flush=True)\ntime.sleep(99)"
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    zygote = int(owner.stdout.readline())
    os.kill(owner.pid, signal.SIGSTOP)
    folders = [folder for folder in folders_of([psutil.Process(zygote)]) if not str(folder).startswith("/sys/")]
    os.kill(zygote, signal.SIGKILL)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    (left,) = tmp_path.iterdir()
    ProcessWorker(folder=str(tmp_path), isolation="unprivileged").close()
    assert left.exists()  # young: its worker might not have locked it yet
    assert len(folders) == 2  # the other is where tests were hidden
    for old in folders:
        os.utime(old, (0, 0))
    living = ProcessWorker(folder=str(tmp_path), isolation="unprivileged")
    (folder,) = (folder for folder in folders_of([psutil.Process(living.pid)]) if folder.parent == tmp_path)
    os.utime(folder, (0, 0))
    ProcessWorker(folder=str(tmp_path), isolation="unprivileged").close()
    assert [old for old in folders if old.exists()] == []
    assert folder.exists()  # old, but its worker lives
    living.close()
    assert list(tmp_path.iterdir()) == []


def _ignore(function, *args):
    try:
        function(*args)
    except Exception:  # it may fail in any way; what counts is what it leaves
        pass


@pytest.mark.long
def test_two_thousand_jobs_leave_nothing(tier):
    """No descriptor, process, folder, mount, control group, shared memory or temporary file."""
    before = witness()
    with Sandbox(workers=2, isolation=tier, deduplicate=False) as box:
        box.warm()
        list(box.score_many([("def f(x): return x", ["assert f(1) == 1"])] * 20))
        here = len(os.listdir("/proc/self/fd"))
        programs = [
            "def f(x): return x",
            "import os\nos.fork()\ndef f(x): return x",
            "def f(x): os._exit(0)",
            "open('x', 'w')\ndef f(x): return x",
            "import tempfile\nkept = tempfile.mkstemp()\ndef f(x): return x",
            "import os\nif os.fork() == 0:\n    os.setsid()\n    __import__('time').sleep(60)\ndef f(x): return x",
            "import multiprocessing as m\ndef f(x): return m.Lock() and x",
            "def f(x): raise KeyError",
        ]
        workers = [psutil.Process(worker.pid) for worker in box._pool.workers]
        scores = list(box.score_many((programs[number % 8], ["assert f(1) == 1"]) for number in range(2000)))
        assert len(scores) == 2000
        assert len(os.listdir("/proc/self/fd")) == here
        assert len(workers) == 2
        assert [psutil.Process(worker.pid) for worker in box._pool.workers] == workers  # all were clean every time
        folders = folders_of(workers)
        time.sleep(0.2)
        assert [left_of(worker.pid) for worker in workers] == [[], []]
        assert max(worker.num_fds() for worker in workers) <= 80
        assert max(len(mounts(worker)) for worker in workers) < 60
    assert gone(workers) == []
    assert folders
    assert [folder for folder in folders if folder.exists()] == []
    assert witness() == before


def mounts(process):
    return Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()


def witness():
    """What jobs could leave on the machine, but for what other programs make meanwhile."""
    places = [
        Path("/dev/shm"),
        Path("/run"),
        Path("/sys/fs/cgroup/memory"),
        Path("/sys/fs/cgroup/pids"),
        Path("/sys/fs/cgroup/cpuacct"),
    ]
    own = f"reward-sandbox-{os.getpid()}-"
    groups = [str(path) for place in places[2:] for path in place.rglob(f"{own}*")]
    return groups, [path.name for path in Path("/dev/shm").glob("sem.*")], len(mounts(psutil.Process()))

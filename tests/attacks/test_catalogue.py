"""Every attack of the catalogue: stopped, nothing on the host changed, the worker serves on; and its control gets through."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
from attacks.catalogue import ATTACKS, LIMITS, OFFSETS, OWN_DISK, PAIRS
from machine import BACKENDS, DOCKER, left_of, run_control, start_worker

from sandbox.host.process import MECHANISMS
from sandbox.words.job import Job
from sandbox.words.layers import Layer
from sandbox.words.limits import Limits
from sandbox.words.verdict import Cause


@pytest.fixture(scope="module")
def workers():
    """Workers by tier and by what is left out, made when they are first needed."""
    made = {}

    def get(tier, off=""):
        worker = made.get((tier, off))
        if worker is not None and not worker.healthy:
            worker.close()
        if worker is None or not worker.healthy:
            left_out = {} if tier.startswith("docker") else {"mechanisms": MECHANISMS - set(off.split())}
            worker = made[tier, off] = start_worker(tier, allow_missing=frozenset(Layer), **left_out)
        return worker

    yield get
    for worker in made.values():
        worker.close()


@pytest.fixture(params=BACKENDS)
def tier(request):
    return request.param


def attempt(worker, program, limits=None, names=""):
    return worker.run(Job(source=names + program, limits=limits or Limits(cpu_seconds=5.0)), time.monotonic() + 60)


def serves_on(worker):
    good = attempt(worker, "print(input() if 0 else 'good')")
    return (good.cause, good.stdout) == (Cause.FINISHED, b"good\n") and worker.healthy and left_of(worker.pid) == []


class Host:
    """What programs attack, and what is looked at afterwards."""

    def __init__(self):
        home = Path.home() if os.access(Path.home(), os.W_OK) else None
        self.place = Path(tempfile.mkdtemp(prefix="sandbox-test-", dir=home))
        self.place.chmod(0o755)
        # No control may fail only because the victim has capabilities that a job has not.
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        script = "import os, sys, time; os.chdir('/'); print(flush=True); time.sleep(600)"
        self.victim = psutil.Popen([*command, sys.executable, "-c", script], stdout=subprocess.PIPE, env={"SECRET": "environment"})
        self.victim.stdout.readline()
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(self.place / "socket"))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0reward-sandbox-test-{os.getpid()}")
        for server in (self.tcp, self.unix, self.abstract):
            server.listen()
        for server in (self.tcp, self.udp, self.unix, self.abstract):
            server.settimeout(0.01)
        self.restore()
        self.names = (
            f"PLACE = {str(self.place)!r}; WITNESS = {str(self.place / 'witness')!r}; PORT = {self.tcp.getsockname()[1]}; "
            f"UDP = {self.udp.getsockname()[1]}; SOCKET = {str(self.place / 'socket')!r}; VICTIM = {self.victim.pid}; "
            f"ABSTRACT = 'reward-sandbox-test-{os.getpid()}'; HOST = {os.getpid()}\n"
        )

    def restore(self):
        """As it was, after a control."""
        for path in self.place.iterdir():
            if path.name != "socket":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        (self.place / "witness").write_text("witness")
        (self.place / "module.py").write_text("x = 1\n")
        (self.place / "script").write_text("#!/bin/sh\necho through\n")
        (self.place / "script").chmod(0o755)
        self.victim.resume()
        self.said()

    def said(self):
        """Whoever has connected, or sent something."""
        heard = []
        for server in (self.tcp, self.unix, self.abstract):
            try:
                server.accept()[0].close()
                heard.append(server.family)
            except OSError:
                pass
        try:
            heard.append(self.udp.recv(100))
        except OSError:
            pass
        return heard

    def witness(self):
        """Everything that an attack of the catalogue changes when it gets through."""
        victim = self.victim
        files = {
            path.name: (
                path.lstat().st_mode,
                path.lstat().st_uid,
                path.lstat().st_mtime_ns,
                path.read_bytes() if path.is_file() else b"",
                os.listxattr(path),
            )
            for path in sorted(self.place.iterdir())
        }
        process = (
            victim.is_running(),
            victim.status() == psutil.STATUS_STOPPED,
            victim.nice(),
            victim.rlimit(psutil.RLIMIT_NOFILE),
            victim.cpu_affinity(),
        )
        more = (
            os.sched_getscheduler(victim.pid),
            Path(f"/proc/{victim.pid}/oom_score_adj").read_text(),
            Path(f"/proc/{victim.pid}/status").read_text().split("TracerPid:")[1].split()[0],
        )
        return files, process, more, self.said()

    def close(self):
        self.victim.kill()
        self.victim.wait()
        self.victim.stdout.close()
        for server in (self.tcp, self.udp, self.unix, self.abstract):
            server.close()
        shutil.rmtree(self.place)


@pytest.fixture(scope="module")
def host():
    made = Host()
    yield made
    made.close()


def test_there_are_enough_of_them():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert len(ATTACKS) + len(PAIRS) + len(LIMITS) + len(OWN_DISK) >= 120


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_stopped(attack, tier, workers, host):
    before = host.witness()
    worker = workers(tier)
    run = attempt(worker, attack.program, names=host.names)
    assert b"through" not in run.stdout, run
    assert run.cause in (Cause.FINISHED, Cause.EXITED, Cause.SIGNALED), run
    assert host.witness() == before
    assert serves_on(worker)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_without_the_layers_that_stop_it_it_gets_through(attack, workers, host):
    """The control. The mechanisms that are not named are still there."""
    try:
        run = attempt(workers("auto", attack.off), attack.program, names=host.names)
        assert b"through" in run.stdout, run
    finally:
        fresh = host.victim
        if fresh.nice() or attack.name in RUINOUS:
            host.close()
            host.__init__()
        host.restore()


RUINOUS = {"process_limits", "process_processors", "process_scheduling", "process_trace", "process_badness", "process_io_priority"}
"""Whose control leaves a victim that is not as before."""


# Files of the machine's own file system are numbered by what everybody makes; those of a container by what its jobs made, for
# nothing can be mounted anew in it: a number for the next job, which SECURITY.md names.
SHARED_NUMBERS = ("number_of_inodes", "unprivileged")


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        *((name, tier) for name in PAIRS for tier in ("namespaces", "unprivileged") if (name, tier) != SHARED_NUMBERS),
        *(pytest.param(name, "docker", marks=DOCKER.marks) for name in PAIRS if name != SHARED_NUMBERS[0]),
    ],
    indirect=["tier"],
)
def test_nothing_is_left_for_a_later_job(name, tier, workers):
    leave, look = PAIRS[name]
    worker = workers(tier)
    attempt(worker, leave)
    assert b"through" not in attempt(worker, look).stdout
    assert serves_on(worker)


@pytest.mark.parametrize("name", PAIRS)
def test_in_a_folder_that_nobody_empties_it_is_found(name, tmp_path):
    """The control: two ordinary processes, one folder."""
    for program in PAIRS[name]:
        if "main.py" in program or "__file__" in program:
            Path(tmp_path / "main.py").touch()
        script = program.replace("__file__", "'main.py'")
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        done = run_control(script, cwd=tmp_path, text=True, env=environment)
    assert "through" in done.stdout


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_ends_it(name, tier, workers):
    program, causes, limits, _ = LIMITS[name]
    worker = workers(tier)
    run = attempt(worker, f"pause = 2.0\n{program}", limits=Limits(**limits))
    assert b"through" not in run.stdout or run.cause is Cause.OUTPUT  # which may be found out when all has been written
    assert run.cause.value in causes.split(), run
    assert serves_on(worker)


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_that_allows_it_does_not(name, tier, workers):
    """The control."""
    program, _, _, limits = LIMITS[name]
    run = attempt(workers(tier), f"pause = 0.3\n{program}", limits=Limits(**limits))
    assert (run.cause, b"through" in run.stdout) == (Cause.FINISHED, True), run


@pytest.mark.parametrize("name", OWN_DISK)
def test_what_a_job_writes_is_bounded_together(name, tier, workers):
    program, limits, allowing = OWN_DISK[name]
    worker = workers(tier)
    run = attempt(worker, program + "\nimport time\ntime.sleep(0.5)", limits=Limits(**limits))
    if tier == "namespaces":
        assert b"through" not in run.stdout
        assert b"No space left on device" in run.stderr
    elif name not in ("temporary_files", "shared_files"):  # it has no /tmp and no /dev/shm
        assert run.cause is Cause.OUTPUT, run
    assert serves_on(worker)
    if allowing is None:
        worker = workers("namespaces", "namespaces landlock")  # what looks has time to see it; files of the machine are not counted
        program = program.replace("20_000", "9_000")
    assert b"through" in attempt(workers("namespaces") if allowing else worker, program, limits=Limits(**(allowing or {}))).stdout


def test_the_place_of_the_next_entry_says_nothing_of_an_earlier_job(workers):
    """Renaming makes no inode, but a folder in memory counts its entries' places up: a number that a job could leave for the next."""
    worker = workers("namespaces")
    rename = "import os\nfor _ in range(50): os.rename('main.py', 'x'); os.rename('x', 'main.py')\n"
    before = int(attempt(worker, OFFSETS).stdout)
    assert int(attempt(worker, rename + OFFSETS).stdout) > before + 90  # the control: in the same job it is seen
    assert int(attempt(worker, OFFSETS).stdout) < before + 20


def test_two_workers_at_the_same_time_share_nothing(workers, tier):
    """One job leaves things and waits; another looks for them, of its own worker, with the same names."""
    leave = "import fcntl, os, sys, tempfile, time\nopen('left', 'w').close()\nopen(tempfile.gettempdir() + '/left', 'w').close()\n"
    leave += "f = open(os.__file__); fcntl.flock(f, fcntl.LOCK_SH)\nprint('left', flush=True); time.sleep(1.0)"
    look = "import os, tempfile, time\ntime.sleep(0.4)\nprint([p for p in ('left', tempfile.gettempdir() + '/left', '/dev/shm/left') if os.path.exists(p)])\n"
    look += "print([p for p in range(2, 60) if os.path.exists(f'/proc/{p}/environ') and p not in (os.getpid(), os.getppid())])"
    other = start_worker(tier)
    try:
        runs = []
        thread = threading.Thread(target=lambda: runs.append(attempt(other, leave)))
        thread.start()
        seen = attempt(workers(tier), look)
        thread.join()
    finally:
        other.close()
    assert runs[0].stdout == b"left\n", runs
    assert seen.stdout.splitlines()[0] == b"[]", seen
    if tier == "namespaces":
        assert seen.stdout.splitlines()[1] == b"[]", seen


def test_32_bit_calls_are_no_way_past_the_filter(workers, tier):
    """int 0x80 with the number of getpid; where the kernel has such calls the control returns, where it has none it dies there."""
    if os.uname().machine != "x86_64":
        pytest.skip("only x86-64 has them")
    program = (
        "import ctypes, mmap\ncode = bytes.fromhex('b814000000cd80c3')\n"
        "m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\nm.write(code)\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nf()\nprint('through')"
    )
    run = attempt(workers(tier), program)
    assert (run.cause, run.detail) in ((Cause.SIGNALED, "signal:SIGSYS"), (Cause.SIGNALED, "signal:SIGSEGV")), run
    control = attempt(workers("auto", "seccomp"), program)
    assert control.detail != "signal:SIGSYS", control
    assert serves_on(workers(tier))


def test_x32_calls_are_no_way_past_the_filter(workers, tier):
    if os.uname().machine != "x86_64":
        pytest.skip("only x86-64 has them")
    program = "import ctypes\nprint('through', ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39)))"
    assert attempt(workers(tier), program).detail == "signal:SIGSYS"
    assert b"through" in attempt(workers("auto", "seccomp"), program).stdout

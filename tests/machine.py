"""What this machine has that tests can use."""

import contextlib
import fcntl
import functools
import gc
import glob
import os
import shutil
import signal
import site
import subprocess
import sys
import warnings
from pathlib import Path

import psutil
import pytest

from sandbox.host import semaphore
from sandbox.host.container import ContainerWorker
from sandbox.host.process import ProcessWorker
from sandbox.words.errors import SandboxError

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SANDBOX_DATA") or ROOT.parent / "shared" / "data")
CLIENTS_PYTHON = Path(os.environ.get("SANDBOX_TEST_CLIENTS") or ROOT / ".venv-clients") / "bin" / "python"
TIERS = ["namespaces", pytest.param("unprivileged", marks=pytest.mark.needs("landlock"))]
"""Of workers: what is said of one is said of both."""
DOCKER = pytest.param("docker", marks=pytest.mark.needs("docker"))
GVISOR = pytest.param("docker+gvisor", marks=pytest.mark.needs("gvisor"))
BACKENDS = [*TIERS, DOCKER, GVISOR]
"""Everything that a worker can be."""
NOBODY = 65534
"""A user who owns nothing, as whom some tests run."""
REQUIRED = set(os.environ.get("SANDBOX_TEST_REQUIRE", "").split(","))


def mark_gaps(request, gaps, slow):
    """Mark what is different in gVisor, by a part of a test's name: *gaps* always fail there, *slow* depends on the machine's mood."""
    for names, is_certain in ((gaps, True), (slow, False)):
        for name, reason in names.items():
            if "gvisor" in request.node.name and name in request.node.name:
                request.applymarker(pytest.mark.xfail(reason=reason, strict=is_certain))


def start_worker(kind, **options):
    """A worker of one of BACKENDS."""
    if kind.startswith("docker"):
        return ContainerWorker(runtime="runsc" if "gvisor" in kind else "", **options)
    return ProcessWorker(isolation=kind, **options)


def why_no_docker(runtime=""):
    """Why no container can be started here; "" if one can."""
    why = ""
    try:
        start_worker(f"docker{runtime and '+gvisor'}").close()
    except SandboxError as error:
        why = str(error)
    with warnings.catch_warnings():  # the SDK leaves sockets to the collector where no daemon answers
        warnings.simplefilter("ignore")
        gc.collect()
    return why


def other_pythons():
    """Interpreters that a candidate may run in: CPython 3.9 and newer, of pyenv."""
    found = {}
    for place in (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"):
        version = tuple(int(part) for part in place.parent.parent.name.split(".")[:2])
        if version >= (3, 9):
            found[version] = str(place)
    return [found[version] for version in sorted(found)]


def as_nobody():
    """The beginning of a command that runs Python with this package as a user who owns nothing; [] where that cannot be."""
    if os.geteuid() or not shutil.which("setpriv"):
        return []
    paths = [str(ROOT), *site.getsitepackages()]
    for python in (sys.executable, "/usr/bin/python3"):
        user = ["setpriv", "--reuid", f"{NOBODY}", "--regid", f"{NOBODY}", "--clear-groups"]
        command = [*user, "env", "HOME=/nonexistent", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={':'.join(paths)}", python]
        try:
            done = subprocess.run([*command, "-c", "import sandbox.cli.doctor"], capture_output=True, check=False, cwd="/")
        except OSError:
            continue
        if done.returncode == 0:
            return command
    return []


def quota_group_place():
    """Where a group with a quota of processor time can be made, and its version; ("", 0) if nowhere."""
    for place, file, version in (("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", 1), ("/sys/fs/cgroup", "cpu.max", 2)):
        name = f"{place}/sandbox-test-{os.getpid()}"
        try:
            os.mkdir(name)
        except OSError:
            continue
        found = os.path.exists(f"{name}/{file}")
        os.rmdir(name)
        if found:
            return place, version
    return "", 0


@contextlib.contextmanager
def quota_group(quota, period):
    """A group in which *quota* of every *period* microseconds may be used."""
    place, version = quota_group_place()
    name = f"{place}/sandbox-test-{os.getpid()}"
    os.mkdir(name)
    try:
        if version == 1:
            Path(f"{name}/cpu.cfs_quota_us").write_text(str(quota))
        else:
            Path(f"{name}/cpu.max").write_text(f"{quota} {period}")
        yield name
    finally:
        os.rmdir(name)


def memory_group_place():
    """Where a group of version 1 with a limit of memory can be made; "" if nowhere. (In version 2 groups with processes have no groups.)"""
    own = [line.split(":")[2].strip() for line in _read("/proc/self/cgroup").splitlines() if ":memory:" in line]
    place = f"/sys/fs/cgroup/memory{own[0].rstrip('/')}" if own else ""
    return place if place and os.access(place, os.W_OK) else ""


@contextlib.contextmanager
def memory_group(limit):
    """A group in which *limit* bytes may be used, and no swap."""
    name = f"{memory_group_place()}/sandbox-test-{os.getpid()}"
    os.mkdir(name)
    try:
        Path(f"{name}/memory.limit_in_bytes").write_text(str(limit))
        if os.path.exists(f"{name}/memory.memsw.limit_in_bytes"):
            Path(f"{name}/memory.memsw.limit_in_bytes").write_text(str(limit))
        yield name
    finally:
        for inner in Path(name).glob("reward-sandbox-*"):
            inner.rmdir()
        os.rmdir(name)


def left_of(zygote):
    """Processes of jobs below a worker's zygote: all but its fork server. gVisor shows this machine none."""
    if not zygote:
        return []
    (server,) = psutil.Process(zygote).children()
    return server.children(recursive=True)


def traces():
    """What this run of tests can leave on the machine; what belongs to a living worker of somebody else's is not counted."""
    found = set()
    for place in ("/dev/shm", "/run", "/tmp", "/var/tmp", str(Path.home())):
        found.update(path for path in glob.glob(f"{place}/reward-sandbox-*") if not _is_held(path))
        found.update(glob.glob(f"{place}/sandbox-test-*"))
    found.update(glob.glob("/dev/shm/sem.*"))
    for pattern in (
        "/sys/fs/cgroup/*/reward-sandbox-*",
        "/sys/fs/cgroup/*/*/*/reward-sandbox-*",
        "/sys/fs/cgroup/reward-sandbox-*",
    ):
        found.update(path for path in glob.glob(pattern) if not _read(f"{path}/cgroup.procs"))
    found.update(line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return found | {f"{kind} {number}" for kind, number in own_ipc_objects()}


def own_ipc_objects():
    """Shared memory, semaphores and queues of System V that this user has made: those of other users are no business of a test."""
    found = set()
    for kind in ("shm", "sem", "msg"):
        head, *rows = _read(f"/proc/sysvipc/{kind}").splitlines() or [""]
        for row in rows:
            columns = dict(zip(head.split(), row.split(), strict=False))
            is_cap = kind == "sem" and int(columns["key"]) == semaphore.key_of("jobs")  # of the node, which other processes may use
            if int(columns["cuid"]) in (os.getuid(), NOBODY) and not is_cap:
                found.add((kind, int(columns[f"{kind if kind != 'msg' else 'msq'}id"])))
    return found


def run_control(program, *arguments, check=True, **options):
    """Run a Python program, a control, on the machine itself, outside of every wall, and undo what it leaves there."""
    done = run_apart([sys.executable, "-c", program, *arguments], **options)
    assert not check or done.returncode == 0, done.stderr
    return done


def run_apart(command, *, input=None, seconds=60, **options):  # noqa: A002  # as subprocess calls it
    """Run a command that may leave anything. Raises TimeoutExpired.

    Its objects of System V and what it writes to /dev/shm go with namespaces of its own; what it has started is ended with it.
    """
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    if input is not None:
        options["stdin"] = subprocess.PIPE
    process = subprocess.Popen([*apart(), *command], start_new_session=True, **options)
    try:
        out, err = process.communicate(input, timeout=seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@functools.cache
def apart():
    """The beginning of a command that makes such namespaces, and keeps processes and users as they are; [] where none can be made."""
    # An ordinary user's shell keeps the capability to mount in its own user namespace; the control has none.
    users = ["--user", "--map-current-user", "--keep-caps"] if os.geteuid() else []
    drop = "setpriv --inh-caps=-all --ambient-caps=-all " if users else ""
    script = f'mount -t tmpfs shm /dev/shm && exec {drop}"$@"'
    command = ["unshare", *users, "--ipc", "--mount", "sh", "-c", script, "control"]
    try:
        can = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        can = False
    return command if can else []


def _read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _is_held(path):
    """Whether the worker that made a folder lives: it holds a lock on it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False

"""Container workers: what is around them, that they answer as processes do, and that nothing is lost or left whoever dies.

Over 400 lines: one container, started once, is what most of it is asked of.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import psutil
import pytest
from machine import start_worker

from sandbox import ConfigurationError, Limits, Sandbox
from sandbox.host import container as containers
from sandbox.host import images
from sandbox.host.container import ContainerWorker, seccomp_profile
from sandbox.host.container_owner import Owner
from sandbox.host.docker_daemon import OWNER_LABEL, DockerDaemon
from sandbox.host.pool import Pool
from sandbox.host.process import MECHANISMS, ProcessWorker
from sandbox.words.errors import WorkerLost
from sandbox.words.job import Call, CodeTests, Job
from sandbox.words.limits import MIB
from sandbox.words.verdict import Cause

pytestmark = pytest.mark.needs("docker")

SLEEP = Job(source="import time; time.sleep(30)", limits=Limits(cpu_seconds=30, wall_seconds=60))


@pytest.fixture(scope="module")
def worker():
    made = ContainerWorker()
    yield made
    made.close()


def inspected(worker):
    return DockerDaemon.of_environment().client.containers.get(worker.container_id).attrs


def ours(owner=None):
    """Ids of the containers that are labelled, of one owner."""
    found = DockerDaemon.of_environment().client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True)
    return [one.id for one in found if owner is None or Owner.parse(one.labels[OWNER_LABEL]).pid == owner]


def gone(ids, seconds=30.0):
    deadline = time.monotonic() + seconds
    while set(ids) & set(ours()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return not set(ids) & set(ours())


def test_what_is_around_a_worker(worker):
    about = inspected(worker)
    host = about["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert any(option.startswith("seccomp={") for option in host["SecurityOpt"])
    assert host["PidsLimit"] == containers.PIDS
    assert host["Memory"] == host["MemorySwap"] == containers.MEMORY_BYTES
    assert 0 < host["NanoCpus"] <= 2_000_000_000
    assert host["LogConfig"]["Type"] == "none"
    assert about["Config"]["User"] == f"{containers.USER}:{containers.USER}"
    assert about["Config"]["Image"] == about["Image"]  # by its id: a name can be moved
    assert about["Image"].startswith("sha256:")
    assert [(mount["Type"], mount["Target"]) for mount in host["Mounts"]] == [("bind", containers.SOCKET_FOLDER)]
    assert not host["Binds"]
    assert Owner.parse(about["Config"]["Labels"][OWNER_LABEL]) == Owner.this()


def test_the_socket_is_gone_when_the_guest_has_connected(worker):
    (mount,) = inspected(worker)["HostConfig"]["Mounts"]
    assert not os.path.exists(mount["Source"])
    seen = worker.run(Job(source=f"import os\nprint(os.listdir({containers.SOCKET_FOLDER!r}))"), time.monotonic() + 30)
    assert seen.stdout in (b"[]\n", b"")


def test_the_profile_is_one_table_with_the_filter_inside():
    profile = json.loads(seccomp_profile())
    names = {name for row in profile["syscalls"] for name in row["names"]}
    assert {"ptrace", "mount", "bpf", "unshare", "keyctl", "io_uring_setup"} <= names
    assert all(row["action"] == "SCMP_ACT_ERRNO" and row["errnoRet"] > 0 for row in profile["syscalls"])


JOBS = {
    "output": Job(source="print(input()[::-1])", stdin=b"abc\n"),
    "calls": Job(source="def f(x): return [x, {'a': x}]", calls=(Call(function="f", args=(1,)), Call(function="f", args=("ä",)))),
    "raises": Job(source="def f(x): raise ValueError(x)", calls=(Call(function="f", args=(1,)),)),
    "syntax": Job(source="def f(:"),
    "exit": Job(source="import sys; sys.exit(3)"),
    "signal": Job(source="import os; os.kill(os.getpid(), 11)"),
    "cpu": Job(source="while True: pass", limits=Limits(cpu_seconds=0.3)),
    "wall": Job(source="import time; time.sleep(60)", limits=Limits(cpu_seconds=0.3, wall_seconds=0.5)),
    "memory": Job(source="x = []\nwhile True: x.append(bytearray(1 << 20))", limits=Limits(memory_bytes=128 * MIB)),
    "output limit": Job(source="while True: print('x' * 1000)", limits=Limits(output_bytes=1 * MIB)),
    "large": Job(source="import sys; print(len(sys.stdin.read()))\nprint('y' * 3000000)", stdin=b"x" * 3_000_000),
    "tests": Job(source="def f(x): return x", tests=CodeTests(cases=("assert f(1) == 1", "assert f(2) == 3"))),
    "pytest": Job(
        source="def f(x): return x",
        tests=CodeTests(framework="pytest", files=(("test_a.py", "from solution import f\ndef test_a(): assert f(1) == 1\n"),), paths=("test_a.py",)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_it_says_what_a_process_says_field_for_field(job, worker):
    process = ProcessWorker(isolation="unprivileged", mechanisms=MECHANISMS - {"cgroup"})  # as it is in a container
    try:
        runs = [one.run(job, time.monotonic() + 60) for one in (process, worker)]
    finally:
        process.close()
    mine, other = runs
    assert job.tests or mine.detail == other.detail  # with tests, a program that is not needed any more may end first, or be ended
    for name in ("cause", "failure", "loaded", "answers", "stdout", "retries"):
        assert getattr(mine, name) == getattr(other, name), name
    assert (mine.tests is None) == (other.tests is None)
    if mine.tests is not None:
        assert [(one.name, one.outcome) for one in mine.tests.results] == [(one.name, one.outcome) for one in other.tests.results]
    assert [one.layer for one in mine.enforced] == [one.layer for one in other.enforced]
    assert type(mine.usage) is type(other.usage)
    assert worker.healthy


def test_an_oom_kill_of_the_container_is_the_jobs_memory_limit():
    """The container is smaller here than what the job may use, which only a test makes it."""
    worker = ContainerWorker(memory_bytes=192 * MIB)
    worker._memory_bytes = 1 << 40
    try:
        fill = "import mmap, os\nfor _ in range(3): os.fork()\nm = mmap.mmap(-1, 100 << 20)\nfor _ in range(100): m.write(bytes(1 << 20))\nimport time; time.sleep(9)"
        run = worker.run(Job(source=fill, limits=Limits(memory_bytes=2048 * MIB, cpu_seconds=20)), time.monotonic() + 60)
        assert run.cause is Cause.MEMORY, run
        assert worker.run(Job(source="print(1)"), time.monotonic() + 30).stdout == b"1\n"
    finally:
        worker.close()


def test_a_job_that_may_use_more_than_the_container_gets_a_larger_one(worker):
    large = Limits(memory_bytes=containers.MEMORY_BYTES + (1 << 30))
    assert worker.run(Job(source="print(1)", limits=large), time.monotonic() + 30).stdout == b"1\n"
    assert inspected(worker)["HostConfig"]["Memory"] > containers.MEMORY_BYTES + (1 << 30)


def test_close_removes_the_container():
    made = ContainerWorker()
    name = made.container_id
    made.close()
    assert name not in ours()
    made.close()


# --- whoever dies ---------------------------------------------------------------------------------------------------------


def later(function, seconds=1.0):
    thread = threading.Timer(seconds, function)
    thread.start()
    return thread


def test_a_container_that_is_killed_is_a_lost_worker_and_the_job_is_tried_again():
    worker = ContainerWorker()
    name = worker.container_id
    killer = later(lambda: DockerDaemon.of_environment().client.containers.get(name).kill())
    with pytest.raises(WorkerLost):
        worker.run(SLEEP, time.monotonic() + 60)
    killer.join()
    worker.close()
    assert gone([name])

    with Sandbox(workers=1, backend="docker", limits=Limits(cpu_seconds=20)) as box:
        box.warm()
        (first,) = box._pool.workers
        names = [first.container_id]
        killer = later(lambda: DockerDaemon.of_environment().client.containers.get(first.container_id).kill(), 0.5)
        run = box.run("import time\ntime.sleep(2)\nprint('done')")
        killer.join()
        assert (run.stdout, run.retries) == (b"done\n", 1)
        names += [one.container_id for one in box._pool.workers]
    assert gone(names)


OWNER = """
import sys, threading, time
from sandbox import Limits, Sandbox
box = Sandbox(workers=2, backend="docker", limits=Limits(cpu_seconds=60))
box.warm()
for _ in range(2):
    threading.Thread(target=box.run, args=("import time; time.sleep(600)",), daemon=True).start()
time.sleep(1)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_nothing_is_left_when_the_owner_is_killed(number):
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert owner.stdout.readline() == b"ready\n"
    left = ours(owner.pid)
    assert len(left) == 2
    family = [process for name in left for process in family_of(name)]
    assert len(family) >= 8  # two keepers, two zygotes, two fork servers, two candidates
    owner.send_signal(number)
    owner.wait()
    owner.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    DockerDaemon.of_environment().remove_leftovers()  # what `clean` and the next start do
    assert gone(left)


def family_of(name):
    keeper = psutil.Process(DockerDaemon.of_environment().client.containers.get(name).attrs["State"]["Pid"])
    return [keeper, *keeper.children(recursive=True)]


def test_a_living_owners_containers_are_left_alone(worker):
    assert DockerDaemon.of_environment().remove_leftovers() == []
    assert worker.container_id in ours()


def test_owners_are_told_apart():
    this = Owner.this()
    assert not this.is_gone
    assert Owner.parse(str(this)) == this
    assert Owner.parse("nonsense") is None
    assert Owner.parse("a b c d e") is None
    for change in ({"boot": "another"}, {"started": this.started - 1}, {"pid": 1 << 22}):
        assert Owner(**{**vars(this), **change}).is_gone
    for change in ({"namespace": "pid:[1]", "pid": 1 << 22}, {"machine": "another", "boot": "another"}):
        assert not Owner(**{**vars(this), **change}).is_gone  # nobody here can tell


# --- a daemon of one's own, to kill -----------------------------------------------------------------------------------------


class OwnDaemon:
    """dockerd with folders of its own, and the slim image in it."""

    def __init__(self, place):
        self.place = place
        self.address = f"unix://{place}/docker.sock"
        self.start()

    def start(self):
        (self.place / "daemon.json").write_text("{}")
        options = [f"--{name}={self.place}/{name}" for name in ("data-root", "exec-root", "pidfile")]
        command = [
            "dockerd",
            *options,
            f"--host={self.address}",
            "--bridge=none",
            "--iptables=false",
            f"--config-file={self.place}/daemon.json",
        ]
        self.log = (self.place / "log").open("ab")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        for _ in range(150):
            if subprocess.run(["docker", "-H", self.address, "info"], capture_output=True, check=False).returncode == 0:
                return
            if self.process.poll() is not None:  # the containerd that was killed has left a socket: the next one is through
                self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
            time.sleep(0.2)
        raise AssertionError((self.place / "log").read_text()[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()
        # Its own containerd, which another start would wait for; where that is a service of its own, it lives on. Containers do anyway.
        os.kill(int((self.place / "exec-root/containerd/containerd.pid").read_text()), signal.SIGKILL)
        self.log.close()

    def stop(self):
        subprocess.run(
            f"docker -H {self.address} ps -aq | xargs -r docker -H {self.address} rm -f",
            shell=True,
            capture_output=True,
            check=False,
        )
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if line.split(" ")[4].startswith(str(self.place)):
                subprocess.run(["umount", "-l", line.split(" ")[4]], check=False)


@pytest.fixture
def daemon(tmp_path_factory, monkeypatch):
    if os.geteuid():
        pytest.skip("a daemon of one's own needs root")
    packed = subprocess.run(["docker", "save", containers.DEFAULT_IMAGE], capture_output=True, check=True).stdout
    made = OwnDaemon(tmp_path_factory.mktemp("dockerd"))
    subprocess.run(["docker", "-H", made.address, "load"], input=packed, capture_output=True, check=True)
    monkeypatch.setenv("DOCKER_HOST", made.address)
    yield made
    DockerDaemon.of_environment().client.close()
    made.stop()
    with warnings.catch_warnings():  # the SDK leaves sockets to the collector whose daemon did not answer
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_daemon_that_dies_loses_no_job_and_leaves_nothing(daemon):
    """Running containers go on without it, new ones cannot be made: our fault, after retries; then it is back, and all is well."""
    pool = Pool(ContainerWorker, size=1, retries=1)
    try:
        pool.warm()
        killer = later(daemon.kill, 0.5)
        run = pool.run(Job(source="import time\ntime.sleep(2)\nprint('done')", limits=Limits(cpu_seconds=20, wall_seconds=60)))
        killer.join()
        assert run.stdout == b"done\n"
        (worker,) = pool.workers
        assert psutil.Process(worker.pid).uids().real == containers.USER
        os.kill(worker.pid, signal.SIGKILL)  # as if the machine had killed the container too
        run = pool.run(Job(source="print(1)"))
        assert run.cause is Cause.LOST, run
        daemon.start()
        assert pool.run(Job(source="print(1)")).stdout == b"1\n"
    finally:
        pool.close()
    DockerDaemon.of_environment().remove_leftovers()
    assert ours(os.getpid()) == []


# --- errors that help -------------------------------------------------------------------------------------------------------


def said(environment=None, **options):
    script = f"from sandbox.host.container import ContainerWorker\ntry:\n    ContainerWorker(**{options!r})\nexcept Exception as error:\n    print(type(error).__name__, error)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ, **(environment or {})}
    )
    return done.stdout


def test_no_daemon():
    text = said({"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert text.startswith("ConfigurationError")
    assert "no daemon answers at unix:///nowhere/docker.sock" in text


@pytest.mark.needs("nobody")
def test_no_permission():
    from machine import as_nobody

    script = "from sandbox.host.container import ContainerWorker\ntry:\n    ContainerWorker()\nexcept Exception as error:\n    print(type(error).__name__, error)"
    host = DockerDaemon.of_environment().address.replace("http+docker://localhost", os.environ.get("DOCKER_HOST", ""))
    command = as_nobody()
    command.insert(command.index("env") + 1, f"DOCKER_HOST={host or 'unix:///var/run/docker.sock'}")
    done = subprocess.run([*command, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.startswith("ConfigurationError")
    assert "may not use" in done.stdout
    assert "group `docker`" in done.stdout


def test_no_image():
    assert "make it with: reward-sandbox images build nothing" in said(image="reward-sandbox/nothing")
    assert "is not here" in said(image="example.org/nothing:1")


def test_an_image_of_another_version(worker):
    client = DockerDaemon.of_environment().client
    made = client.containers.create(images.BASE, "true")
    try:
        made.commit("reward-sandbox/another", changes='LABEL reward-sandbox.guest="0123456789abcdef"')
        text = said(image="reward-sandbox/another")
        assert "holds the guest of another version (0123456789ab" in text
        assert "images build another" in text
        made.commit("reward-sandbox/another")
        assert "holds no guest" in said(image=images.BASE)
    finally:
        made.remove()
        client.images.remove("reward-sandbox/another")


def test_no_such_runtime():
    text = said(runtime="runnix")
    assert text.startswith("ConfigurationError")
    assert "runnix" in text


def test_no_such_module():
    assert "cannot import nonesuch" in said(warm=["nonesuch"])


def test_options_that_contradict_each_other():
    with pytest.raises(ConfigurationError, match="isolation=namespaces is for processes"):
        Sandbox(backend="docker", isolation="namespaces")
    with pytest.raises(ConfigurationError, match="use process, docker"):
        Sandbox(backend="podman")


def test_the_first_result_of_a_cold_pool_comes_soon():
    """The aim is three seconds on a quiet machine (benchmarks/containers.py); here it only must not take minutes."""
    started = time.monotonic()
    worker = start_worker("docker")
    try:
        assert worker.run(Job(source="print(1)"), time.monotonic() + 30).stdout == b"1\n"
    finally:
        worker.close()
    assert time.monotonic() - started < 60


def command(*words):
    return subprocess.run([sys.executable, "-m", "sandbox", *words], capture_output=True, text=True, check=False)


def test_the_commands_for_images():
    listed = command("images", "list")
    assert listed.returncode == 0, listed.stderr
    assert "this version's" in listed.stdout
    checked = command("images", "check", "python-slim")
    assert (checked.returncode, "works" in checked.stdout) == (0, True), checked.stderr
    no_backend = command("images", "check", "python-slim", "--backend", "podman")
    assert (no_backend.returncode, "docker+gvisor" in no_backend.stderr) == (2, True)
    missing = command("images", "check", "nothing")
    assert (missing.returncode, "images build nothing" in missing.stderr.replace("\n", " ")) == (2, True)
    unknown = command("images", "build", "nothing")
    assert (unknown.returncode, "there are python, python-slim" in unknown.stderr.replace("\n", " ")) == (2, True)
    cleaned = command("clean")
    assert (cleaned.returncode, "removed" in cleaned.stdout) == (0, True), cleaned.stderr


def test_doctor_covers_it():
    done = command("doctor", "--backend", "docker", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["backend"], found["holds"]) == (0, "docker", True), found
    assert all(row["contained"] for row in found["checks"])


def test_every_image_is_pinned():
    for name in images.names():
        lines = (images._folder() / name / "requirements.txt").read_text().splitlines()
        assert all("==" in line for line in lines if line and not line.startswith("#")), name

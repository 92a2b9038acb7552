"""Fail closed: what is required and cannot be had stops a worker, with a sentence; every layer is tried, and works alone."""

import json
import os
import subprocess
import sys
import time

import pytest
from machine import ROOT, TIERS, as_nobody

from sandbox import ConfigurationError, LayerMissing, Sandbox
from sandbox.guest.walls import enforcement
from sandbox.host.probes import PROBES
from sandbox.host.process import MECHANISMS, ProcessWorker
from sandbox.host.selfcheck import check_layers
from sandbox.words.errors import WorkerLost
from sandbox.words.job import CodeTests, Job
from sandbox.words.layers import Enforced, Enforcement, Layer, Requirement, parse_layers, require_layers

WITHOUT_NAMESPACES = [sys.executable, str(ROOT / "tests" / "lab" / "without_namespaces.py")]
DOCTOR = ["-c", "from sandbox.cli import app; app()", "doctor", "--json"]


def doctor(*command):
    done = subprocess.run([*command, *DOCTOR], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_every_layer_has_a_probe():
    assert {probe.layer for probe in PROBES} == set(Layer)


@pytest.mark.parametrize("isolation", TIERS)
def test_every_layer_is_enforced_and_every_probe_is_stopped(isolation):
    found = check_layers(lambda: ProcessWorker(isolation=isolation, allow_missing=frozenset(Layer)))
    assert [(one.enforced.layer, one.seen) for one in found.checks if not one.contained] == []
    assert [one.enforced for one in found.checks if one.enforced.enforcement is not Enforcement.ENFORCED] == []
    assert found.isolation.value == isolation
    assert found.holds


THROUGH = {
    # what is left out: which probes then get through, and no others: each layer is tried with its neighbours still there
    "limits": {"file_size", "open_files"},
    "seccomp": {"syscalls"},
    "namespaces": set(),  # Landlock still says what may be read, and seccomp that there are no sockets
    "landlock": set(),  # a root of its own still shows nothing else
    "cgroup": set(),  # looks at the job's processes still bound them
    "namespaces landlock": {"filesystem", "other_processes"},
    "namespaces seccomp": {"network", "syscalls", "other_processes"},
    "namespaces landlock seccomp": {"filesystem", "network", "syscalls", "other_processes"},
}


@pytest.mark.parametrize("off", THROUGH)
def test_with_a_layer_off_its_probe_gets_through(off):
    """The control of the doctor, and the independence of the layers. What gets through is never called enforced."""
    found = check_layers(lambda: ProcessWorker(mechanisms=MECHANISMS - set(off.split()), allow_missing=frozenset(Layer)))
    through = {one.enforced.layer.value for one in found.checks if not one.contained}
    assert through == THROUGH[off]
    enforced = {one.enforced.layer.value for one in found.checks if one.enforced.enforcement is Enforcement.ENFORCED}
    assert not through & enforced
    assert found.holds == (not through)


def test_what_cannot_be_enforced_stops_the_worker():
    with pytest.raises(LayerMissing) as caught:
        ProcessWorker(mechanisms=MECHANISMS - {"seccomp"})
    assert "syscalls is missing: seccomp was left out" in str(caught.value)
    assert "to get it: use x86-64 or arm64" in str(caught.value)
    assert "SANDBOX_ALLOW_MISSING=syscalls" in str(caught.value)


def test_the_only_way_round_is_to_name_it_and_shows_in_every_result():
    worker = ProcessWorker(mechanisms=MECHANISMS - {"seccomp"}, allow_missing={Layer.SYSCALLS})
    run = worker.run(Job(source="print(1)"), time.monotonic() + 30)
    worker.close()
    (told,) = (one for one in run.enforced if one.is_given_up)
    assert (told.layer, told.enforcement, told.requirement) == (Layer.SYSCALLS, Enforcement.MISSING, Requirement.BEST_EFFORT)
    with pytest.raises(LayerMissing, match="filesystem"):
        ProcessWorker(mechanisms=MECHANISMS - {"seccomp", "namespaces", "landlock"}, allow_missing={Layer.SYSCALLS})


def test_namespaces_that_were_asked_for_are_not_quietly_left_out():
    script = "from sandbox.host.process import ProcessWorker\nProcessWorker(isolation='namespaces')"
    done = subprocess.run([*WITHOUT_NAMESPACES, sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "LayerMissing: step:unshare_" in done.stderr, done.stderr
    assert "Operation not permitted; run as root or allow user namespaces" in done.stderr


@pytest.mark.needs("landlock")
def test_where_no_namespace_can_be_made_every_layer_is_there_all_the_same():
    status, found = doctor(*WITHOUT_NAMESPACES, sys.executable)
    assert (status, found["isolation"]) == (0, "unprivileged"), found
    assert found["why_no_namespaces"].startswith("step:unshare_")


@pytest.mark.needs("nobody")
@pytest.mark.parametrize("tier", TIERS)
def test_an_ordinary_user_has_every_layer(tier):
    python = as_nobody()
    status, found = doctor(*python, *([WITHOUT_NAMESPACES[1], python[-1]] if tier == "unprivileged" else []))
    assert (status, found["isolation"], found["user"]) == (0, tier, 65534), found
    assert found["cgroup"].startswith("no cgroup (")


def test_a_missing_layer_is_said_at_the_command_line(tmp_path):
    program = tmp_path / "x.py"
    program.write_text("print(1)")
    command = [sys.executable, "-c", "from sandbox.cli import app; app()", "run", str(program), "--allow-missing", "wall"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no layer is called 'wall'" in " ".join(done.stderr.split())


# --- the words ------------------------------------------------------------------------------------------------------------

NOTHING = enforcement.Facts(
    namespaces=False,
    separate_uid=False,
    container="",
    landlock=0,
    seccomp="no filter",
    cgroup_version=0,
    cgroup_memory=False,
    cgroup_processes=False,
    cgroup_cpu=False,
    has_limits=False,
    sees_children=True,
)


def told(**facts):
    return {one.layer: one for one in enforcement.layers(NOTHING._replace(**facts))}


def test_every_layer_is_told_in_every_tier_and_what_is_not_enforced_has_a_remedy():
    for namespaces in (False, True):
        for landlock in (0, 1, 2, 3, 5, 6, 7):
            for seccomp in ("", "no filter"):
                found = told(namespaces=namespaces, landlock=landlock, seccomp=seccomp, has_limits=True)
                assert set(found) == {layer.value for layer in Layer}
                assert [one for one in found.values() if one.enforcement != "enforced" and not one.remedy] == []


@pytest.mark.parametrize(
    ("facts", "layer", "wanted"),
    [
        ({"landlock": 2, "seccomp": ""}, "filesystem", "partial"),  # files could be truncated
        ({"landlock": 3, "seccomp": ""}, "filesystem", "enforced"),
        ({"landlock": 5, "seccomp": ""}, "other_processes", "partial"),  # signals
        ({"landlock": 6, "seccomp": ""}, "other_processes", "enforced"),
        ({"landlock": 7}, "other_processes", "partial"),  # limits of others
        ({"namespaces": True}, "filesystem", "enforced"),
        ({"namespaces": True}, "syscalls", "missing"),
        ({}, "filesystem", "missing"),
        ({}, "network", "missing"),
        ({}, "memory", "partial"),
        ({"has_limits": True}, "memory", "enforced"),
        ({"cgroup_memory": True, "cgroup_version": 2}, "memory", "enforced"),
    ],
)
def test_a_layer_is_as_strong_as_what_it_is_made_of(facts, layer, wanted):
    assert told(**facts)[layer].enforcement == wanted


def test_require_names_everything_that_is_lacking():
    def one(layer, enforcement_, requirement=Requirement.REQUIRED):
        return Enforced(layer=layer, enforcement=enforcement_, how="why", requirement=requirement, remedy="do this")

    good = one(Layer.OUTPUT, Enforcement.ENFORCED)
    require_layers([good, one(Layer.MEMORY, Enforcement.PARTIAL, Requirement.BEST_EFFORT)])
    with pytest.raises(LayerMissing, match=r"(?s)memory is partial: why.*to get it: do this.*network is missing.*=memory,network"):
        require_layers([good, one(Layer.MEMORY, Enforcement.PARTIAL), one(Layer.NETWORK, Enforcement.MISSING)])
    assert parse_layers(["memory", Layer.NETWORK]) == {Layer.MEMORY, Layer.NETWORK}


def test_a_sandbox_says_what_is_missing_when_it_is_first_used():
    script = (
        "import sandbox.host.process as process\nfrom sandbox import LayerMissing, Sandbox\n"
        "process.ProcessWorker.__init__.__kwdefaults__['mechanisms'] = process.MECHANISMS - {'seccomp'}\n"
        "try:\n    Sandbox(workers=1).run('print(1)')\nexcept LayerMissing as error:\n    print('said', error)\n"
        "print(Sandbox(workers=1, allow_missing=['syscalls']).run('print(1)').stdout)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("said what is required")
    assert done.stdout.endswith("b'1\\n'\n")


@pytest.mark.needs("landlock")
def test_folders_that_are_named_can_be_read_and_no_others(tmp_path):
    (tmp_path / "table.txt").write_text("table")
    tmp_path.chmod(0o755)
    read = f"print(open({str(tmp_path / 'table.txt')!r}).read())"
    for isolation in ("namespaces", "unprivileged"):
        with Sandbox(workers=1, isolation=isolation, readable=[str(tmp_path)]) as box:
            assert box.run(read).stdout == b"table\n"
            assert box.run(f"open({str(tmp_path / 'table.txt')!r}, 'a')").stdout == b""
            assert box.run(read).stdout == b"table\n"
        with Sandbox(workers=1, isolation=isolation) as box:
            assert box.run(read).stdout == b""


def test_what_only_its_owner_may_read_is_said(tmp_path):
    """Started by root, programs run as another user. Without being asked for namespaces, a worker then does without."""
    tmp_path.chmod(0o700)
    if os.geteuid():
        pytest.skip("programs run as this user")
    with pytest.raises(LayerMissing, match=f"{tmp_path} can only be read by its owner.*chmod"):
        ProcessWorker(readable=[str(tmp_path)], isolation="namespaces")


@pytest.mark.parametrize("shape", ["links", "nested", "one_link_in_tmp"])
def test_folders_behind_links_and_in_each_other_are_shown(tmp_path, shape):
    place = tmp_path / "real"
    place.mkdir()
    for folder in (tmp_path, place):
        folder.chmod(0o755)
    (place / "x.txt").write_text("found")
    (tmp_path / "current").symlink_to("real")
    (tmp_path / "name").symlink_to("current")
    readable = {"links": ["name"], "nested": ["", "real"], "one_link_in_tmp": ["current"]}[shape]
    path = tmp_path / (readable[-1] or "real") / "x.txt"
    with Sandbox(workers=1, isolation="namespaces", readable=[str(tmp_path / name) for name in readable]) as box:
        assert box.run(f"print(open({str(path)!r}).read())").stdout == b"found\n"


@pytest.mark.parametrize("path", ["/", "/tmp", "/dev", "/run", "/proc"])
def test_what_workers_have_of_their_own_cannot_be_shown(path):
    with pytest.raises(ConfigurationError, match=f"readable='{path}' cannot be shown"):
        ProcessWorker(readable=[path])


@pytest.mark.parametrize("path", ["/nosuchfolder", "data/tables"])
def test_what_is_not_there_cannot_be_shown(path):
    with pytest.raises(ConfigurationError, match=f"readable='{path}' cannot be shown: it is no folder or file here"):
        ProcessWorker(readable=[path])


def test_workers_of_one_pool_are_all_of_one_tier(monkeypatch):
    """After one worker had namespaces, another that cannot have them now is lost and tried again, never quietly made without."""
    ProcessWorker().close()
    begin = ProcessWorker._start_guest
    monkeypatch.setattr(
        ProcessWorker,
        "_start_guest",
        lambda self, has, group: {**begin(self, has, group), "failed": "step:x: No space left", "errno": 28},
    )
    with pytest.raises(WorkerLost, match="cannot have namespaces now"):
        ProcessWorker()


@pytest.mark.needs("landlock")
def test_without_cgroups_and_without_a_place_for_tests_workers_start(monkeypatch):
    monkeypatch.setattr("sandbox.host.process._hidden_place", lambda: "")
    monkeypatch.setattr(
        "sandbox.host.cgroup_places.own_groups",
        lambda: (_ for _ in ()).throw(FileNotFoundError(2, "No such file", "/proc/self/cgroup")),
    )
    worker = ProcessWorker(isolation="unprivileged")
    assert worker.cgroup == "no cgroup (/proc/self/cgroup: No such file)"
    assert worker.run(Job(source="print(1)"), time.monotonic() + 30).stdout == b"1\n"
    tests = CodeTests(framework="pytest", files=(("test_a.py", "def test_a(): pass"),), paths=("test_a.py",))
    told = worker.run(Job(source="x = 1", tests=tests), time.monotonic() + 30)
    assert told.tests.outcome == "unavailable"
    worker.close()

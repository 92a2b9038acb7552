"""What tests share: a pool of workers, the real problems, and skips that have to be declared.

A test that cannot run here skips with a reason, unless SANDBOX_TEST_REQUIRE names what it needs (CI does): then it fails.
"""

import fcntl
import functools
import importlib.util
import json
import re
import time
from collections import Counter

import pytest
from browser import CHROMIUM
from machine import (
    CLIENTS_PYTHON,
    DATA,
    REQUIRED,
    apart,
    as_nobody,
    memory_group_place,
    other_pythons,
    quota_group_place,
    traces,
    why_no_docker,
)

from sandbox import Limits, Sandbox
from sandbox.guest.walls.syscalls import landlock_abi
from sandbox.host import cgroups
from sandbox.host.semaphore import remove

SLOW_NEEDS = {"clients", "docker", "gvisor", "ray", "schemathesis", "chromium", "pythons", "quota", "memory_group"}
"""What only the whole suite looks at, where it is there."""
REPEATED = re.compile(r"\b(unprivileged|docker(\+gvisor)?)\b")
"""In the id of a test that says of another backend what it says of the first."""


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="leave out what takes long, repeats or only adds examples (make test)")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if not config.option.quick:
        return
    kept, dropped, turns = [], [], Counter()
    config.left_out = Counter()
    for item in items:
        why = _why_not_quick(item, turns)
        config.left_out.update([why] if why else [])
        (dropped if why else kept).append(item)
    config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def _why_not_quick(item, turns):
    if item.get_closest_marker("long"):
        return "take long"
    if any(mark.args[0] in SLOW_NEEDS for mark in item.iter_markers("needs")):
        return "need other software"
    if REPEATED.search(item.name.partition("[")[2]):
        return "repeat what was said of the first kind of worker"
    sampled = item.get_closest_marker("sampled")
    if sampled:
        turns[item.function] += 1
        if turns[item.function] % sampled.args[0] != 1:
            return "are further examples of the same"
    return ""


def pytest_configure(config):
    config.addinivalue_line("markers", "long: left out of make test, which is to tell most in five minutes")
    config.addinivalue_line("markers", "sampled(every): of its examples make test takes every so manieth")
    config.addinivalue_line("markers", "alone: beside no other test, for it looks at the whole machine, or keeps it busy")
    config.addinivalue_line(
        "markers",
        "needs(what): what the test needs of the machine: apart, data, clients, pythons, landlock, nobody, quota, memory_group, docker, gvisor, ray, schemathesis, chromium, docs",
    )


@functools.cache
def _missing(what):
    if what == "data":
        return None if (DATA / "humaneval.jsonl").exists() else f"the problems are not in {DATA} (set SANDBOX_DATA)"
    if what == "clients":
        return None if CLIENTS_PYTHON.exists() else "no real clients installed: make clients"
    if what == "apart":
        return None if apart() else "no namespace can be made here in which a control leaves nothing"
    if what == "landlock":
        return None if landlock_abi() >= 6 else "this kernel has no Landlock ABI 6 (Linux 6.12)"
    if what == "quota":
        return None if quota_group_place()[1] else "no group with a quota of processor time can be made here"
    if what == "memory_group":
        return None if memory_group_place() else "no group with a limit of memory can be made here (version 1)"
    if what == "nobody":
        return None if as_nobody() else "no other user can run Python here (root, setpriv and a readable interpreter are needed)"
    if what in ("docker", "gvisor"):
        return why_no_docker("" if what == "docker" else "runsc") or None
    if what == "ray":
        return None if importlib.util.find_spec("ray") else "Ray is not installed: pip install '.[ray]'"
    if what == "schemathesis":
        return None if importlib.util.find_spec("schemathesis") else "schemathesis is not installed"
    if what == "docs":
        missing = [name for name in ("mkdocs", "material", "mkdocstrings") if not importlib.util.find_spec(name)]
        return f"{missing[0]} is not installed: pip install '.[docs]'" if missing else None
    if what == "chromium":
        return None if CHROMIUM else "no Chromium found: apt-get install chromium"
    if what == "pythons":
        return None if len(other_pythons()) > 1 else "no other Python interpreters found"
    raise AssertionError(f"nobody knows how to look for {what}")


def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        (what,) = mark.args
        reason = _missing(what)
        if reason and what in REQUIRED:
            pytest.fail(f"SANDBOX_TEST_REQUIRE names {what}, but {reason}", pytrace=False)
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    """Of the process that sees the others begin and end, where there are several (pytest -n)."""
    session.config.traces = None
    if not hasattr(session.config, "workerinput") and not session.config.option.collectonly:
        remove()  # the cap of the node is no job's: it may be made anew meanwhile
        session.config.traces = traces()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """The machine is left as it was, attacks included: no process, work folder, group, mount, semaphore or planted file of ours."""
    if hasattr(session.config, "workerinput"):
        session.config.workeroutput["left_out"] = dict(getattr(session.config, "left_out", {}))
    if (before := session.config.traces) is None:
        return
    deadline = time.monotonic() + 30.0
    while traces() - before and time.monotonic() < deadline:
        cgroups.remove_stale()
        remove()
        time.sleep(0.5)
    session.config.left = sorted(traces() - before)
    if session.config.left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for trace in getattr(config, "left", ()):
        terminalreporter.write_line(f"FAILED: the tests have left {trace}", red=True)
    left_out = getattr(config, "left_out", None)
    if config.option.quick and not hasattr(config, "workerinput"):
        if left_out is None:  # the processes of -n have collected: all of them the same
            left_out = getattr(config, "left_out_of_workers", Counter())
        told = ", ".join(f"{count} {why}" for why, count in left_out.most_common())
        terminalreporter.write_line(
            f"Left out here ({sum(left_out.values())} tests): {told or 'none'}. `make test ALL=1` runs all."
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Where several processes run tests, one of a test that must be alone waits for those of the others, and they for it."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    place = item.config.cache.mkdir("alone")
    with (place / "turn").open("w") as turn, (place / "machine").open("w") as machine:
        fcntl.flock(turn, fcntl.LOCK_EX)  # whoever waits to be alone keeps the others from beginning
        fcntl.flock(machine, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Of the process that sees the others: one of them tells what it has left out."""
    told = getattr(node, "workeroutput", {}).get("left_out")
    if told is not None:
        node.config.left_out_of_workers = Counter(told)


@pytest.fixture(scope="session")
def quick(pytestconfig):
    """Whether a sample of the data is enough."""
    return pytestconfig.option.quick


@pytest.fixture(scope="session")
def clients_python():
    return str(CLIENTS_PYTHON)


@pytest.fixture(scope="session")
def box():
    """A sandbox with short limits, shared by all tests that leave it as it was."""
    with Sandbox(workers=2, limits=Limits(cpu_seconds=1.0)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def problems():
    """A function: the Python problems of one file of the real data."""

    def read(name):
        with (DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
            return [row for row in map(json.loads, file) if row["lang"] == "python"]

    return read

"""Workers on a Ray cluster: this node first, then the others; a node that dies costs no result; nothing is left.

Each test is a driver of its own, a process on a cluster of two simulated nodes: Ray's threads and sockets are not to be counted as
ours. Tests that end a node have a cluster of their own.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = [pytest.mark.needs("ray"), pytest.mark.alone]

ENVIRONMENT = {**os.environ, "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}

CLUSTER = """\
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
victim = cluster.add_node(num_cpus=1, resources={"judge": 1}, labels={"kind": "cpu"})
print(cluster.address, flush=True)
for line in sys.stdin:
    cluster.remove_node(victim, allow_graceful=False)
cluster.shutdown()
"""

START = """\
import json, logging, os, sys, threading, time
import ray
from sandbox import ConfigurationError, LayerMissing, Limits, Sandbox
from sandbox.host.ray_node import connect, statuses

connect(sys.argv[1])
LABEL = {"fn_name": "f", "inputs": [[1]], "outputs": [2]}
FAST = "def f(x): return x + 1"
SLOW = "import time\\ndef f(x):\\n    time.sleep(0.05)\\n    return x + 1"
def done():
    return sorted(status.done for status in statuses())
def told(value):
    print("told", json.dumps(value), flush=True)
"""


@contextlib.contextmanager
def two_nodes():
    """The process that holds a cluster, and the cluster's address; a line to the process kills the second node."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
    )
    yield process, process.stdout.readline().strip()
    process.communicate(timeout=60)


@pytest.fixture(scope="module")
def address():
    with two_nodes() as (_, address):
        yield address


def driver(address, script):
    """What a driver told, one value a line."""
    process = subprocess.run(
        [sys.executable, "-c", START + script, address],
        capture_output=True,
        text=True,
        timeout=200,
        env=ENVIRONMENT,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return [json.loads(line[5:]) for line in process.stdout.splitlines() if line.startswith("told ")]


def test_jobs_go_to_this_node_and_spill_to_the_others(address):
    alone, spilled, rewards, again = driver(
        address,
        """
with Sandbox(backend="ray", workers=2, deduplicate=False) as box:
    box.warm()
    for _ in range(10):
        box.score(FAST, LABEL)
    told(done())
    rewards = [score.reward for score in box.score_many([(SLOW, LABEL)] * 60)]
    told(done())
    told(rewards)
    with Sandbox(backend="ray", workers=2) as other:  # the same options: the same pools
        other.score(FAST, LABEL)
        told([len(statuses()), sum(done())])
""",
    )
    assert alone == [0, 10], "a caller alone stays at home"
    assert min(spilled) > 15, "two nodes share what is too much for one"
    assert sum(spilled) == 70
    assert rewards == [1.0] * 60
    assert again == [2, 71]


def test_a_node_that_is_killed_costs_no_result():
    with two_nodes() as (cluster, address):
        script = """
with Sandbox(backend="ray", workers=1, deduplicate=False) as box:
    box.warm()
    told("warm")
    scores = list(box.score_many([(SLOW, LABEL)] * 100))
    told([[score.reward, score.judgement.reason] for score in scores])
    told(sum(score.judgement.retries for score in scores))
"""
        process = subprocess.Popen(
            [sys.executable, "-c", START + script, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=ENVIRONMENT,
        )
        assert process.stdout.readline() == 'told "warm"\n'
        time.sleep(0.5)
        cluster.stdin.write("\n")
        cluster.stdin.flush()
        results, retries = (
            json.loads(line[5:]) for line in process.communicate(timeout=120)[0].splitlines() if line.startswith("told ")
        )
    assert results == [[1.0, ""]] * 100
    assert retries >= 1, "something was under way there"


def test_a_pool_that_is_killed_is_made_anew(address):
    before, after = driver(
        address,
        """
with Sandbox(backend="ray", workers=1) as box:
    told(box.score(FAST, LABEL).reward)
    for node in list(box._pool._nodes.values()):
        ray.kill(node.actor)
    score = box.score(FAST, LABEL)
    told([score.reward, score.judgement.retries > 0])
""",
    )
    assert before == 1.0
    assert after == [1.0, True]


def test_nodes_are_chosen_by_a_resource_or_a_label(address):
    by_resource, by_label, none = driver(
        address,
        """
for wanted in ("judge", "kind=cpu"):
    with Sandbox(backend="ray", workers=1, ray_nodes=wanted) as box:
        box.score(FAST, LABEL)
        told([node.here for node in box._pool._nodes.values()])
with Sandbox(backend="ray", ray_nodes="tpu") as box:
    try:
        box.run("print(1)")
    except ConfigurationError as error:
        told(str(error))
""",
    )
    assert by_resource == by_label == [False]
    assert none == "no node of the Ray cluster is as wanted: ray_nodes='tpu'"


def test_what_is_wrong_on_the_nodes_is_said_here(address):
    no_python, closed, crossing = driver(
        address,
        """
with Sandbox(backend="ray", workers=1, python="/nonexistent/python") as box:
    try:
        box.run("print(1)")
    except ConfigurationError as error:
        told(str(error))
try:
    box.run("print(1)")
except ConfigurationError as error:
    told(str(error))
with Sandbox(backend="ray", workers=1) as box:
    told(box.score(FAST, {"fn_name": "f", "inputs": [[object()]], "outputs": [2]}).verdict.value)
""",
    )
    assert "/nonexistent/python" in no_python
    assert "closed" in closed
    assert crossing == "label_error"


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_without_a_cluster_a_sentence_says_what_to_do(address):
    environment = {**ENVIRONMENT, "RAY_ADDRESS": address}
    script = "from sandbox import Sandbox; Sandbox(backend='ray')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=environment, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "no Ray cluster can be reached" in last
    assert "ray start --head" in last


def test_a_driver_that_is_killed_leaves_no_worker(address):
    script = """
box = Sandbox(backend="ray", workers=1, limits=Limits(cpu_seconds=5), ray_nodes="judge")
box.warm()
threading.Thread(target=box.run, args=("import time; time.sleep(14)",), daemon=True).start()
time.sleep(1)
told([status.workers for status in statuses()])
time.sleep(300)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", START + script, address],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout.readline() == "told [1]\n"
    actors = [one for one in psutil.process_iter() if "_NodePool" in one.name() or "_NodePool" in " ".join(one.cmdline())]
    workers = [child for actor in actors for child in actor.children(recursive=True)]
    assert workers
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs([*actors, *workers], timeout=30)
    assert alive == []


def test_the_status_of_a_cluster(address):
    nothing, table, plain = driver(
        address,
        """
import subprocess
def status(*more):
    command = [sys.executable, "-m", "sandbox", "ray", "status", "--address", sys.argv[1], *more]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "120"}).stdout
told(status())
with Sandbox(backend="ray", workers=2, ray_nodes="judge") as box:
    box.score(FAST, LABEL)
    told(status())
    told(json.loads(status("--json")))
""",
    )
    assert "no pool in this cluster" in nothing
    assert "workers" in table
    assert "1/2" in table
    (row,) = plain
    assert (row["size"], row["workers"], row["running"], row["done"]) == (2, 1, 0, 1)

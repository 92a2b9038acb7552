"""A node of a Ray cluster: the actor that holds its pool, and how to find the actors of all."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import time
from dataclasses import dataclass, replace
from typing import Any

from sandbox.host.pool_options import PoolOptions
from sandbox.words.errors import ConfigurationError, SandboxError, install_hint
from sandbox.words.job import Job, Run

__all__ = ["CONTROL", "NodeStatus", "connect", "pool_of_node", "statuses"]

_log = logging.getLogger("sandbox")

NAMESPACE = "reward-sandbox"
CONTROL = {"concurrency_group": "control"}
"""Options of calls that must not wait behind jobs."""
ANSWER_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """What a node's pool does now."""

    node: str
    address: str
    size: int
    workers: int
    """That are alive."""
    running: int
    waiting: int
    done: int
    """Jobs since it was made."""
    seconds: float
    """Since it was made."""


class _NodePool:
    """The actor. Its methods run in threads of Ray, as many at a time as its `max_concurrency`."""

    def __init__(self, options: PoolOptions) -> None:
        self._pool = options.pool()
        self._made = time.monotonic()
        self._done = 0

    def run(self, job: Job, seconds: float) -> tuple[Run | SandboxError, int]:
        """The run (or why there is none), and how many jobs are here now."""
        try:
            answer: Run | SandboxError = self._pool.run(job, time.monotonic() + seconds)
        except SandboxError as error:  # as a value: raised, it would come back wrapped
            answer = error
        self._done += 1
        return answer, sum(self._pool.load)

    def warm(self) -> SandboxError | None:
        try:
            self._pool.warm()
        except SandboxError as error:
            return error
        return None

    def status(self) -> NodeStatus:
        import ray

        running, waiting = self._pool.load
        context = ray.get_runtime_context()
        return NodeStatus(
            node=context.get_node_id(),
            address=str(ray.util.get_node_ip_address()),  # type: ignore[no-untyped-call]
            size=self._pool.size,
            workers=len(self._pool.workers),
            running=running,
            waiting=waiting,
            done=self._done,
            seconds=time.monotonic() - self._made,
        )


def pool_of_node(identity: str, options: PoolOptions, processors: int) -> Any:
    """The actor with the pool of a node: the one that is there, or a new one."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    named = replace(options, start=replace(options.start, allow_missing=sorted(options.start.allow_missing)))  # a set has no order
    digest = hashlib.sha256(repr(named).encode()).hexdigest()[:8]
    return (
        ray.remote(concurrency_groups={"control": 2})(_NodePool)  # type: ignore[call-overload]  # the stubs lack it
        .options(
            name=f"pool-{identity[:16]}-{digest}",
            namespace=NAMESPACE,
            get_if_exists=True,
            num_cpus=0,  # GPUs and their bundles are placed as if it were not there
            max_concurrency=min(1000, 16 + 8 * max(processors, options.workers or 0)),
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=identity, soft=False),
        )
        .remote(options)
    )


def connect(address: str = "auto") -> None:
    """Be part of the Ray cluster that runs here, or at RAY_ADDRESS.

    Raises:
        ConfigurationError: Ray is not installed, or there is no cluster.
    """
    try:
        import ray
    except ImportError:
        raise ConfigurationError(f"workers on Ray need it: {install_hint('ray')}") from None
    if ray.is_initialized():
        return
    address = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    host, is_port, port = address.rpartition(":")
    try:
        if is_port and "/" not in host:  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), timeout=10.0).close()
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"no Ray cluster can be reached ({str(error).strip().splitlines()[0]}); start one with `ray start --head`, or set RAY_ADDRESS"
        ) from None


def statuses() -> list[NodeStatus]:
    """What the pools of the cluster do now; those that do not answer within some seconds are left out.

    Raises:
        ConfigurationError: there is no cluster.
    """
    import ray
    from ray.exceptions import RayError

    found = []
    for row in ray.util.list_named_actors(all_namespaces=True):
        if row["namespace"] != NAMESPACE or not row["name"].startswith("pool-"):
            continue
        try:
            actor = ray.get_actor(row["name"], namespace=NAMESPACE)
            found.append(ray.get(actor.status.options(**CONTROL).remote(), timeout=ANSWER_SECONDS))
        except (RayError, ValueError) as error:
            _log.warning("%s does not answer: %s", row["name"], type(error).__name__)
    return sorted(found, key=lambda status: status.node)

"""Workers on all nodes of a Ray cluster: one pool a node, in a named actor that is made when it is first needed.

    caller's thread ──▶ RayCluster.run(job) ──▶ this node's actor, while it has a worker free; else the one with the least to do
                             │                         │
                             └──── node or actor ◀─────┘  died: the job is tried on another, and the actor made anew when it can be

Ray does the distribution: where actors are, whether they live, how calls travel. Here is only the choice of a node. An actor
belongs to the process that made it and ends with it, however that ends; whoever else used it makes a new one. Its name has a digest
of its options, so that processes with the same options share it.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sandbox.host.pool_options import PoolOptions
from sandbox.host.ray_node import CONTROL, connect, pool_of_node
from sandbox.words.errors import ConfigurationError, Overloaded, SandboxError, WorkerLost
from sandbox.words.job import Job, Run
from sandbox.words.verdict import Cause

__all__ = ["RayCluster"]

_log = logging.getLogger("sandbox")

AHEAD = 2
"""Jobs that a process may have under way for each worker of a node: the next is there when one ends."""
REFRESH_SECONDS = 5.0
"""How old the list of the cluster's nodes may be."""
AVOID_SECONDS = 10.0
"""How long a node that failed is avoided, if there is another: Ray needs a while to notice that a node is gone."""
START_SECONDS = 120.0
GRACE_SECONDS = 10.0
RETRIES = 4


@dataclass(kw_only=True, eq=False)
class _Node:
    """What this process knows of a node."""

    id: str
    here: bool
    actor: Any
    size: int
    mine: int = 0
    """Jobs of this process that are under way there."""
    others: int = 0
    """Jobs of other processes, when it last answered."""

    @property
    def load(self) -> float:
        return (self.mine + self.others) / self.size


class RayCluster:
    """Runs jobs on the nodes of a Ray cluster, this one first. Thread-safe; has the methods of a `Pool`.

    *nodes* says which nodes are used: all ("all"), those with a custom resource ("sandbox"), or those with a label ("kind=cpu").

    Raises:
        ConfigurationError: Ray is not installed, or no cluster can be reached.
    """

    def __init__(self, options: PoolOptions, nodes: str = "all") -> None:
        self._options = options
        self._wanted = nodes
        self._changed = threading.Condition()  # protects all below
        self._nodes: dict[str, _Node] = {}
        self._starting: dict[str, tuple[Any, Any]] = {}  # actors, and the references to their first status
        self._avoid: dict[str, float] = {}  # nodes that failed, and until when they are left alone
        self._refreshed = -math.inf
        self._refreshing = False
        self._closed = False
        connect()

    @property
    def size(self) -> int:
        """Workers of all nodes together, as far as they are known; jobs look for new ones."""
        with self._changed:
            known = sum(node.size for node in self._nodes.values())
        if known:
            return known
        self._refresh(time.monotonic() + START_SECONDS)
        with self._changed:
            return sum(node.size for node in self._nodes.values())

    @property
    def workers(self) -> tuple[_Node, ...]:
        """The nodes that are known to be alive."""
        with self._changed:
            return tuple(self._nodes.values())

    def run(self, job: Job, deadline: float | None = None) -> Run:
        """Run *job* on some node before *deadline*; see `Pool.run`.

        Raises:
            ConfigurationError: workers cannot be started there, or no node is as wanted.
            LayerMissing: a layer of confinement that is required cannot be had there.
            LabelError: the arguments of a call cannot cross to the candidate.
        """
        if deadline is None:
            deadline = time.monotonic() + job.limits.deadline_seconds
        trouble = Run(cause=Cause.LOST, detail="not tried")
        for attempt in range(RETRIES + 1):
            try:
                with self._lease(deadline) as node:
                    run = self._ask(node, job, deadline)
            except WorkerLost as error:
                trouble = Run(cause=Cause.LOST, detail=str(error), retries=attempt)
            except Overloaded as error:
                return Run(cause=Cause.OVERLOADED, detail=str(error), retries=attempt)
            else:
                return replace(run, retries=run.retries + attempt) if attempt else run
            if time.monotonic() >= deadline:
                break
        return trouble

    def warm(self) -> None:
        """Start all workers of all nodes now.

        Raises:
            ConfigurationError: there are no nodes as wanted, or workers cannot be started.
        """
        import ray

        self._refresh(time.monotonic() + START_SECONDS)
        with self._changed:
            actors = [node.actor for node in self._nodes.values()]
        for error in ray.get([actor.warm.options(**CONTROL).remote() for actor in actors], timeout=START_SECONDS):
            if error is not None:
                raise error

    def close(self) -> None:
        """Let the actors go: those that this process made end. May be called twice."""
        with self._changed:
            self._closed = True
            self._nodes.clear()
            self._starting.clear()
            self._changed.notify_all()

    @staticmethod
    def _ask(node: _Node, job: Job, deadline: float) -> Run:
        import ray
        from ray.exceptions import GetTimeoutError, RayError

        seconds = max(0.0, deadline - time.monotonic())
        try:
            answer, there = ray.get(node.actor.run.remote(job, seconds), timeout=seconds + GRACE_SECONDS)
        except GetTimeoutError:
            raise WorkerLost(f"node {node.id[:12]} of the Ray cluster did not answer before the deadline") from None
        except RayError as error:
            raise WorkerLost(f"node {node.id[:12]} of the Ray cluster failed: {type(error).__name__}") from None
        node.others = max(0, there - node.mine + 1)
        if isinstance(answer, SandboxError):
            raise answer
        run: Run = answer
        return run

    @contextmanager
    def _lease(self, deadline: float) -> Iterator[_Node]:
        node = self._choose(deadline)
        try:
            yield node
        except WorkerLost:
            with self._changed:
                if self._nodes.get(node.id) is node:
                    del self._nodes[node.id]
                    self._avoid[node.id] = time.monotonic() + AVOID_SECONDS
                    self._refreshed = -math.inf
            raise
        finally:
            with self._changed:
                node.mine -= 1
                self._changed.notify()

    def _choose(self, deadline: float) -> _Node:
        while True:
            self._refresh(deadline)
            with self._changed:
                free = [node for node in self._nodes.values() if node.mine < AHEAD * node.size]
                if free:
                    # This node while it has a worker free: its jobs do not travel.
                    node = min(free, key=lambda one: (not (one.here and one.load < 1.0), one.load, not one.here))
                    node.mine += 1
                    return node
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Overloaded("no worker of the Ray cluster came free before the deadline; use more nodes or workers")
                self._changed.wait(min(left, REFRESH_SECONDS))

    def _refresh(self, deadline: float) -> None:
        """Bring the list of nodes up to date. One thread does it; the others go on with the old list, if it has any."""
        with self._changed:
            while True:
                if self._closed:
                    raise ConfigurationError("the pool is closed")
                if self._nodes and (self._refreshing or time.monotonic() - self._refreshed < REFRESH_SECONDS):
                    return
                if not self._refreshing:
                    self._refreshing = True
                    break
                if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    raise Overloaded("no node of the Ray cluster was ready before the deadline")
        try:
            self._update_nodes(deadline)
        finally:
            with self._changed:
                self._refreshing = False
                self._changed.notify_all()

    def _update_nodes(self, deadline: float) -> None:
        import ray

        here = ray.get_runtime_context().get_node_id()
        listed: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        rows = {row["NodeID"]: row for row in listed if row["Alive"] and _is_wanted(row, self._wanted)}
        if not rows:
            raise ConfigurationError(f"no node of the Ray cluster is as wanted: ray_nodes={self._wanted!r}")
        now = time.monotonic()
        with self._changed:
            for known in (self._nodes, self._starting):
                for gone in known.keys() - rows.keys():
                    del known[gone]
            fresh = rows.keys() - self._nodes.keys() - self._starting.keys()
            well = {identity for identity in fresh if self._avoid.get(identity, now) <= now}
            for identity in well or (set() if self._nodes or self._starting else fresh):
                actor = pool_of_node(identity, self._options, int(rows[identity]["Resources"].get("CPU", 1)))
                self._starting[identity] = (actor, actor.status.options(**CONTROL).remote())
            starting, usable = dict(self._starting), bool(self._nodes)
        troubles = []
        for identity in _ready([reference for _, reference in starting.values()], list(starting), usable, deadline):
            actor, reference = starting[identity]
            try:
                status = ray.get(reference)
                node = _Node(id=identity, here=identity == here, actor=actor, size=status.size)
            except Exception as error:  # whatever its start raised, where nothing of it may be importable here
                node = None
                troubles.append(f"node {identity[:12]}: {str(error).strip().splitlines()[-1]}")
            with self._changed:
                self._starting.pop(identity, None)
                if node is None:
                    self._avoid[identity] = time.monotonic() + AVOID_SECONDS
                elif not self._closed:
                    self._nodes[identity] = node
        for trouble in troubles:
            _log.warning("no pool could be made on %s", trouble)
        with self._changed:
            if troubles and not self._nodes and not self._starting:
                raise ConfigurationError(
                    f"no pool could be made on any node of the Ray cluster ({troubles[0]}); is reward-sandbox installed there, in this version?"
                )
            # What is starting is looked at again soon.
            self._refreshed = time.monotonic() - (REFRESH_SECONDS - 0.5 if self._starting else 0.0)


def _ready(references: list[Any], identities: list[str], usable: bool, deadline: float) -> list[str]:
    """Which actors have answered. Without any node that can be used, the first ones are waited for."""
    import ray

    if not references:
        return []
    ready, _ = ray.wait(references, num_returns=len(references), timeout=0.0 if usable else REFRESH_SECONDS)
    if not ready and not usable:
        left = max(0.0, min(START_SECONDS, deadline - time.monotonic()))
        ready, _ = ray.wait(references, num_returns=1, timeout=left)
    return [identity for identity, reference in zip(identities, references, strict=True) if reference in ready]


def _is_wanted(row: dict[str, Any], wanted: str) -> bool:
    name, is_label, value = wanted.partition("=")
    if is_label:
        return bool((row.get("Labels") or {}).get(name) == value)
    return wanted == "all" or row["Resources"].get(wanted, 0) > 0

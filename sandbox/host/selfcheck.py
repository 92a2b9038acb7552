"""The self-check: runs the probe of each layer in a real worker, where it must fail.

A layer that is reported as enforced and lets its probe through is broken.
"""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from sandbox.host.backends import Starter
from sandbox.host.container import ContainerWorker
from sandbox.host.probes import PROBES, Probe
from sandbox.host.process import ProcessWorker
from sandbox.words.errors import WorkerError
from sandbox.words.job import Job
from sandbox.words.layers import Backend, Enforced, Enforcement, Isolation, Layer, Requirement

__all__ = ["LayerCheck", "SelfCheck", "check_layers"]

SECONDS = 30.0
"""That one probe may take."""


@dataclass(frozen=True, kw_only=True)
class LayerCheck:
    """One layer, as a worker says it stands and as its probe found it."""

    enforced: Enforced
    probe: str
    contained: bool
    seen: str = ""
    """What the probe was seen to do, where it was not contained."""

    @property
    def holds(self) -> bool:
        """It is enforced, and nothing got through; or nobody asked for it."""
        if self.enforced.requirement is not Requirement.REQUIRED:
            return True
        return self.enforced.enforcement is Enforcement.ENFORCED and self.contained

    @property
    def is_broken(self) -> bool:
        """It says that it is enforced, and is not."""
        return self.enforced.enforcement is Enforcement.ENFORCED and not self.contained


@dataclass(frozen=True, kw_only=True)
class SelfCheck:
    """All layers of a worker on this machine."""

    isolation: Isolation
    """The tier that the worker is of."""
    why_no_namespaces: str
    backend: Backend
    cgroup: str
    python: str
    kernel: str = field(default_factory=platform.release)
    user: int = field(default_factory=os.geteuid)
    checks: tuple[LayerCheck, ...]

    @property
    def holds(self) -> bool:
        """Every required layer does."""
        return all(check.holds for check in self.checks)


def check_layers(start: Callable[[], AnyWorker] | None = None, *, allow_missing: Collection[Layer] = frozenset()) -> SelfCheck:
    """Try every layer of a worker that *start* makes (default: a process), which is to start whatever it enforces.

    Raises:
        ConfigurationError: no worker can be started.
        LayerMissing: namespaces were asked for and cannot be made.
    """
    start = start or Starter(allow_missing=frozenset(Layer))
    worker = start()
    checks = []
    try:
        with _targets() as names:
            for probe in PROBES:
                if not worker.healthy:
                    worker.close()
                    worker = start()
                checks.append(_run_probe(worker, probe, names))
        return SelfCheck(
            backend=_backend_of(worker),
            isolation=Isolation.NAMESPACES if _is_process(worker) and not worker.why_no_namespaces else Isolation.UNPRIVILEGED,
            why_no_namespaces=worker.why_no_namespaces if _is_process(worker) else "",
            cgroup=worker.cgroup,
            python=worker.python_version,
            checks=tuple(_with_requirement(one, allow_missing) for one in checks),
        )
    finally:
        worker.close()


AnyWorker = ProcessWorker | ContainerWorker


def _is_process(worker: AnyWorker) -> TypeGuard[ProcessWorker]:
    return isinstance(worker, ProcessWorker)


def _backend_of(worker: AnyWorker) -> Backend:
    if _is_process(worker):
        return Backend.PROCESS
    return Backend.GVISOR if isinstance(worker, ContainerWorker) and worker.runtime else Backend.DOCKER


def _with_requirement(found: LayerCheck, allow_missing: Collection[Layer]) -> LayerCheck:
    requirement = Requirement.BEST_EFFORT if found.enforced.layer in allow_missing else Requirement.REQUIRED
    return replace(found, enforced=replace(found.enforced, requirement=requirement))


def _run_probe(worker: AnyWorker, probe: Probe, names: str) -> LayerCheck:
    (enforced,) = (one for one in worker.enforced if one.layer is probe.layer)
    try:
        run = worker.run(Job(source=names + probe.program, limits=probe.limits), time.monotonic() + SECONDS)
    except WorkerError as error:
        return LayerCheck(enforced=enforced, probe=probe.what, contained=False, seen=str(error))
    contained = probe.is_contained(run) and not _left(worker)
    seen = "" if contained else f"{run.cause.value}, {run.detail}: {(run.stdout + run.stderr)[-300:].decode('utf-8', 'replace')}"
    return LayerCheck(enforced=enforced, probe=probe.what, contained=contained, seen=seen)


def _left(worker: AnyWorker) -> list[int]:
    """Processes that a job has left below the zygote, beside its fork server; those in gVisor cannot be seen from here."""
    if _backend_of(worker) is Backend.GVISOR:
        return []
    (server, *others) = _children(worker.pid)
    return [*others, *_children(server)]


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


@contextlib.contextmanager
def _targets() -> Iterator[str]:
    """Make a file, a listening port and a process that probes must not reach; the line of Python that names them."""
    home = os.path.expanduser("~")
    with tempfile.NamedTemporaryFile("w", dir=home if os.access(home, os.W_OK) else None) as file:
        file.write("witness")
        file.flush()
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield f"WITNESS = {file.name!r}; PORT = {server.getsockname()[1]}; HOST = {os.getpid()}\n"

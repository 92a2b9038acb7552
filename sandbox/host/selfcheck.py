"""Is the wall there? Each layer is tried from inside: a program does the forbidden thing in a real worker, and must fail.

A layer that says it is enforced and lets its program through is broken, whatever it says of itself.
"""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeGuard

from sandbox.host.backends import Starter
from sandbox.host.container import ContainerWorker
from sandbox.host.process import ProcessWorker
from sandbox.words.errors import WorkerError
from sandbox.words.job import Job, Run
from sandbox.words.layers import Backend, Enforced, Enforcement, Isolation, Layer, Requirement
from sandbox.words.limits import MIB, Limits
from sandbox.words.verdict import Cause

__all__ = ["PROBES", "Check", "Checkup", "Probe", "check"]

LIMITS = Limits(
    cpu_seconds=0.3,
    wall_seconds=0.6,
    memory_bytes=128 * MIB,
    output_bytes=1 * MIB,
    file_bytes=2 * MIB,
    processes=16,
    open_files=256,
)
PATIENT = Limits(cpu_seconds=5.0, memory_bytes=128 * MIB, output_bytes=1 * MIB, file_bytes=2 * MIB, processes=16)
SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A program that tries what *layer* forbids. `WITNESS`, `PORT` and `HOST` are names that it is given."""

    layer: Layer
    what: str
    program: str
    is_contained: Callable[[Run], bool]
    limits: Limits = PATIENT


def _failed(run: Run) -> bool:
    """It printed nothing that it only prints when it got through."""
    return b"through" not in run.stdout and run.cause is not Cause.SETUP


def _ended_by(cause: Cause) -> Callable[[Run], bool]:
    return lambda run: run.cause is cause


PROBES = (
    Probe(
        layer=Layer.FILESYSTEM,
        what="reads and writes a file of yours",
        program="""\
for mode in ("r", "r+"):
    try:
        open(WITNESS, mode)
        print("through")
    except OSError:
        pass
""",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.NETWORK,
        what="connects to a port of this machine",
        program="import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)\nprint('through')",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.SYSCALLS,
        what="makes namespaces, keys and io_uring",
        program="""\
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
keyctl = 250 if platform.machine() == "x86_64" else 219
calls = {"unshare": lambda: libc.unshare(0x10000000), "keys": lambda: libc.syscall(keyctl, 0, -3, 0),
         "io_uring": lambda: libc.syscall(425, 1, ctypes.create_string_buffer(200))}
for name, call in calls.items():
    ctypes.set_errno(0)
    if call() >= 0 or ctypes.get_errno() not in (1, 38):
        print("through", name, ctypes.get_errno())
""",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.OTHER_PROCESSES,
        what="signals and limits this process, reads its memory",
        program="""\
import os, resource
for attempt in (lambda: os.kill(HOST, 0), lambda: resource.prlimit(HOST, resource.RLIMIT_CORE), lambda: open(f"/proc/{HOST}/mem", "rb")):
    try:
        attempt()
        print("through")
    except OSError:
        pass
for number in (2, 9, 15, 19):
    try:
        os.kill(os.getppid(), number)  # process 1 of a process namespace feels nothing of these
    except OSError:
        pass
""",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.NO_NEW_PRIVILEGES,
        what="has capabilities, or can gain them",
        program="""\
import ctypes, struct
libc = ctypes.CDLL(None)
sets = ctypes.create_string_buffer(24)
libc.capget(struct.pack("=Ii", 0x20080522, 0), sets)
if any(sets.raw) or libc.prctl(39, 0, 0, 0, 0) != 1:
    print("through")
""",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.MEMORY,
        what="fills memory from several processes",
        program="""\
import mmap, os, time
for _ in range(3):
    if os.fork() == 0:
        break
memory = mmap.mmap(-1, 1 << 28)
for _ in range(200):
    memory.write(bytes(1 << 20))
time.sleep(2)
""",
        is_contained=_ended_by(Cause.MEMORY),
    ),
    Probe(
        layer=Layer.PROCESSES,
        what="forks until it cannot",
        program="import os, time\nfor _ in range(300):\n    if os.fork() == 0:\n        time.sleep(5)\ntime.sleep(5)",
        is_contained=_ended_by(Cause.PROCESSES),
    ),
    Probe(
        layer=Layer.CPU_TIME,
        what="computes without end",
        program="while True: pass",
        is_contained=_ended_by(Cause.CPU_TIME),
        limits=LIMITS,
    ),
    Probe(
        layer=Layer.WALL_TIME,
        what="sleeps without end",
        program="import time\ntime.sleep(99)",
        is_contained=_ended_by(Cause.WALL_TIME),
        limits=LIMITS,
    ),
    Probe(
        layer=Layer.OUTPUT,
        what="prints without end",
        program="while True: print('x' * 9999)",
        is_contained=_ended_by(Cause.OUTPUT),
    ),
    Probe(
        layer=Layer.FILE_SIZE,
        what="writes a file past the limit",
        program="open('x', 'wb').write(bytes(3 << 20))\nprint('through')",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.OPEN_FILES,
        what="opens files past the limit",
        program="kept = [open('/dev/null') for _ in range(300)]\nprint('through')",
        is_contained=_failed,
    ),
    Probe(
        layer=Layer.COMPLETE_KILL,
        what="leaves processes in sessions of their own",
        program="import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid(); os.fork(); time.sleep(99)",
        is_contained=lambda run: run.cause is Cause.FINISHED,
    ),
)
"""At least one a layer."""


@dataclass(frozen=True, kw_only=True)
class Check:
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
class Checkup:
    """All layers of a worker on this machine."""

    isolation: Isolation
    """The tier that the worker is of."""
    why_no_namespaces: str
    backend: Backend
    cgroup: str
    python: str
    kernel: str = field(default_factory=platform.release)
    user: int = field(default_factory=os.geteuid)
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Every required layer does."""
        return all(check.holds for check in self.checks)


def check(start: Callable[[], Tried] | None = None, *, allow_missing: Collection[Layer] = frozenset()) -> Checkup:
    """Try every layer of a worker that *start* makes (default: a process), which is to start whatever it enforces.

    Raises:
        ConfigurationError: no worker can be started.
        LayerMissing: namespaces were asked for and cannot be made.
    """
    start = start or Starter(allow_missing=frozenset(Layer))
    worker = start()
    checks = []
    try:
        with _victims() as names:
            for probe in PROBES:
                if not worker.healthy:
                    worker.close()
                    worker = start()
                checks.append(_try(worker, probe, names))
        return Checkup(
            backend=_backend_of(worker),
            isolation=Isolation.NAMESPACES if _is_process(worker) and not worker.why_no_namespaces else Isolation.UNPRIVILEGED,
            why_no_namespaces=worker.why_no_namespaces if _is_process(worker) else "",
            cgroup=worker.cgroup,
            python=worker.python_version,
            checks=tuple(_asked(one, allow_missing) for one in checks),
        )
    finally:
        worker.close()


Tried = ProcessWorker | ContainerWorker


def _is_process(worker: Tried) -> TypeGuard[ProcessWorker]:
    return isinstance(worker, ProcessWorker)


def _backend_of(worker: Tried) -> Backend:
    if _is_process(worker):
        return Backend.PROCESS
    return Backend.GVISOR if isinstance(worker, ContainerWorker) and worker.runtime else Backend.DOCKER


def _asked(found: Check, allow_missing: Collection[Layer]) -> Check:
    requirement = Requirement.BEST_EFFORT if found.enforced.layer in allow_missing else Requirement.REQUIRED
    told = found.enforced
    enforced = Enforced(layer=told.layer, enforcement=told.enforcement, how=told.how, remedy=told.remedy, requirement=requirement)
    return Check(enforced=enforced, probe=found.probe, contained=found.contained, seen=found.seen)


def _try(worker: Tried, probe: Probe, names: str) -> Check:
    (enforced,) = (one for one in worker.enforced if one.layer is probe.layer)
    try:
        run = worker.run(Job(source=names + probe.program, limits=probe.limits), time.monotonic() + SECONDS)
    except WorkerError as error:
        return Check(enforced=enforced, probe=probe.what, contained=False, seen=str(error))
    contained = probe.is_contained(run) and not _left(worker)
    seen = "" if contained else f"{run.cause.value}, {run.detail}: {(run.stdout + run.stderr)[-300:].decode('utf-8', 'replace')}"
    return Check(enforced=enforced, probe=probe.what, contained=contained, seen=seen)


def _left(worker: Tried) -> list[int]:
    """Processes below the zygote, but for its fork server, when no job runs; gVisor shows none of them to this machine."""
    if _backend_of(worker) is Backend.GVISOR:
        return []
    (server, *others) = _children(worker.pid)
    return [*others, *_children(server)]


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


@contextlib.contextmanager
def _victims() -> Iterator[str]:
    """A file, a listening port and a process that programs must not reach: as the names that they are given."""
    with tempfile.NamedTemporaryFile(
        "w", dir=os.path.expanduser("~") if os.access(os.path.expanduser("~"), os.W_OK) else None
    ) as file:
        file.write("witness")
        file.flush()
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield f"WITNESS = {file.name!r}; PORT = {server.getsockname()[1]}; HOST = {os.getpid()}\n"

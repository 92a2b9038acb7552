"""The probes of the self-check: for each layer a program that tries what the layer forbids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.words.job import Run
from sandbox.words.layers import Layer
from sandbox.words.limits import MIB, Limits
from sandbox.words.verdict import Cause

__all__ = ["PROBES", "Probe"]

SHORT = Limits(
    cpu_seconds=0.3,
    wall_seconds=0.6,
    memory_bytes=128 * MIB,
    output_bytes=1 * MIB,
    file_bytes=2 * MIB,
    processes=16,
    open_files=256,
)
LONG = Limits(cpu_seconds=5.0, memory_bytes=128 * MIB, output_bytes=1 * MIB, file_bytes=2 * MIB, processes=16)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A program that tries what *layer* forbids. `WITNESS`, `PORT` and `HOST` are names that it is given."""

    layer: Layer
    what: str
    program: str
    is_contained: Callable[[Run], bool]
    limits: Limits = LONG


def _failed(run: Run) -> bool:
    """Whether it did not print what it prints when it got through."""
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
        limits=SHORT,
    ),
    Probe(
        layer=Layer.WALL_TIME,
        what="sleeps without end",
        program="import time\ntime.sleep(99)",
        is_contained=_ended_by(Cause.WALL_TIME),
        limits=SHORT,
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

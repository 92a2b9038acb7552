"""Whose a container is: the label by which any process can tell whether the one that made it still lives."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["Owner"]


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A process that makes containers."""

    machine: str
    boot: str
    namespace: str
    """The process id namespace: in another one, *pid* is another process."""
    pid: int
    started: int
    """Clock ticks after boot."""

    @classmethod
    def this(cls) -> Owner:
        """The calling process."""
        return cls(
            machine=_machine(),
            boot=_boot(),
            namespace=os.readlink("/proc/self/ns/pid"),
            pid=os.getpid(),
            started=_started(os.getpid()) or 0,
        )

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """What `str` made; None for anything else."""
        words = text.split(" ")
        if len(words) != 5 or not (words[3].isdigit() and words[4].isdigit()):
            return None
        return cls(machine=words[0], boot=words[1], namespace=words[2], pid=int(words[3]), started=int(words[4]))

    def __str__(self) -> str:
        return f"{self.machine} {self.boot} {self.namespace} {self.pid} {self.started}"

    @property
    def is_gone(self) -> bool:
        """Whether it has ended for sure. Of a process on another machine, or in another namespace, nobody here can tell."""
        if self.machine != _machine():
            return False
        if self.boot != _boot():
            return True
        if self.namespace != os.readlink("/proc/self/ns/pid"):
            return False
        started = _started(self.pid)
        return started is not None and started != self.started


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _machine() -> str:
    """A name for this machine: other users of the daemon may be on other ones."""
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            name = file.read().strip()
    except OSError:
        name = ""
    return f"{os.uname().nodename}/{name}".replace(" ", "-")


def _started(pid: int) -> int | None:
    """When a process was started, in clock ticks after boot; -1: there is no such process; None: it cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return -1
        except OSError:
            pass
        return None

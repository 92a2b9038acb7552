"""The layers of confinement: what is required of each, and what a worker enforces.

What was enforced is part of every result. All layers are required: a worker without one of them does
not start (`LayerMissing`), unless the layer is named among those that may be missing; then every result says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum

from sandbox.words.errors import ConfigurationError, LayerMissing

__all__ = ["Backend", "Enforced", "Enforcement", "Isolation", "Layer", "Requirement", "parse_layers", "require_layers"]


class Layer(str, Enum):
    """One thing that confines a candidate."""

    CPU_TIME = "cpu_time"
    WALL_TIME = "wall_time"
    MEMORY = "memory"
    OUTPUT = "output"
    FILE_SIZE = "file_size"
    PROCESSES = "processes"
    OPEN_FILES = "open_files"
    COMPLETE_KILL = "complete_kill"
    OTHER_PROCESSES = "other_processes"
    """Processes of the same user that are not the job's own, the trainer's among them."""
    NO_NEW_PRIVILEGES = "no_new_privileges"
    FILESYSTEM = "filesystem"
    NETWORK = "network"
    SYSCALLS = "syscalls"


class Isolation(str, Enum):
    """The tier that confines a worker's jobs."""

    AUTO = "auto"
    """Namespaces where they can be had, or else unprivileged."""
    NAMESPACES = "namespaces"
    """A root of its own, process, network and user namespaces: root, or user namespaces that are allowed."""
    UNPRIVILEGED = "unprivileged"
    """Landlock, seccomp, limits and sweeping: for pods and containers that have nothing else."""


class Backend(str, Enum):
    """What workers are."""

    PROCESS = "process"
    """A process on this machine, in one of the tiers of `Isolation`."""
    DOCKER = "docker"
    """A container; inside, jobs are in the unprivileged tier."""
    GVISOR = "docker+gvisor"
    """A container that has a kernel of its own, gVisor's (the daemon's runtime `runsc`)."""
    AUTO = "auto"
    """Processes where they can be confined, or else containers."""
    RAY = "ray"
    """Processes on the nodes of a Ray cluster."""
    RAY_DOCKER = "ray+docker"
    RAY_GVISOR = "ray+docker+gvisor"

    @property
    def of_node(self) -> Backend:
        """What workers are on each node."""
        return {Backend.RAY: Backend.PROCESS, Backend.RAY_DOCKER: Backend.DOCKER, Backend.RAY_GVISOR: Backend.GVISOR}.get(
            self, self
        )


class Requirement(str, Enum):
    """Whether a layer is required."""

    REQUIRED = "required"
    BEST_EFFORT = "best_effort"
    """Named among those that may be missing."""


class Enforcement(str, Enum):
    """Whether a layer is enforced."""

    ENFORCED = "enforced"
    PARTIAL = "partial"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Enforced:
    """One layer as it stands in a worker: *how* names the mechanism, or why there is none."""

    layer: Layer
    enforcement: Enforcement
    how: str
    requirement: Requirement = Requirement.REQUIRED
    remedy: str = ""
    """What would enforce it, where it is not."""

    @property
    def is_given_up(self) -> bool:
        """It is not enforced, and the operator allowed that."""
        return self.enforcement is not Enforcement.ENFORCED and self.requirement is not Requirement.REQUIRED


def parse_layers(names: Iterable[str]) -> frozenset[Layer]:
    """Layers by their names.

    Raises:
        ConfigurationError: there is no layer of that name.
    """
    known = {layer.value: layer for layer in Layer}
    found = set()
    for name in names:
        if str(name) not in known and name not in known.values():
            raise ConfigurationError(f"no layer is called {name!r}; layers are {', '.join(known)}")
        found.add(Layer(name))
    return frozenset(found)


def require_layers(found: Collection[Enforced]) -> None:
    """Check that a worker enforces all required layers.

    Raises:
        LayerMissing: a required layer is not enforced; the message says which, why, and what to do.
    """
    lacking = [one for one in found if one.requirement is Requirement.REQUIRED and one.enforcement is not Enforcement.ENFORCED]
    if not lacking:
        return
    lines = [
        f"  {one.layer.value} is {one.enforcement.value}: {one.how}" + (f"\n    to get it: {one.remedy}" if one.remedy else "")
        for one in lacking
    ]
    names = ",".join(one.layer.value for one in lacking)
    raise LayerMissing(
        "what is required to confine programs cannot be had here:\n" + "\n".join(lines) + "\n"
        f"  to run without, at your own risk: allow_missing, --allow-missing or SANDBOX_ALLOW_MISSING={names}\n"
        "  `reward-sandbox doctor` shows all layers"
    )

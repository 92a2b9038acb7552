"""What confines a candidate: what is asked of each layer, and what was got.

The answer travels with every result: no booleans, no logs to search. (Which layers are required, and that a pool without them
does not start, comes with the kernel layers: step C.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Enforced", "Enforcement", "Layer", "Requirement"]


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


class Requirement(str, Enum):
    """What is asked of a layer."""

    REQUIRED = "required"
    BEST_EFFORT = "best_effort"
    OFF = "off"


class Enforcement(str, Enum):
    """What was got of a layer."""

    ENFORCED = "enforced"
    PARTIAL = "partial"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Enforced:
    """One layer as it stands in a worker: *how* names the mechanism, or why there is none."""

    layer: Layer
    enforcement: Enforcement
    how: str

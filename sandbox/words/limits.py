"""Limits on what one test case, and a whole suite, may use.

Five CPU-seconds a case is the time limit of the document this project implements; each other default is explained at its field.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from sandbox.words.errors import ConfigurationError

__all__ = ["MIB", "Limits"]

MIB = 1 << 20
LEAST_MEMORY_BYTES = 16 * MIB
"""Below that no interpreter runs; a label that asks for less gets this."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one test case; valid, or not built.

    Time is charged to who used it: `cpu_seconds` decides a timeout, `wall_seconds` only stops a program that idles, and the
    time it spent waiting for a processor does not count.

    Raises:
        ConfigurationError: a value is not a positive, finite number, or a cap contradicts another.
    """

    cpu_seconds: float = 5.0
    """User plus system time of the program and all its descendants."""
    wall_seconds: float | None = None
    """Idle guard, in effective time (waiting for a processor is not counted). None means 3 x cpu_seconds + 1."""
    memory_bytes: int = 1024 * MIB
    """Private memory of the program, and the resident memory of all its processes together."""
    output_bytes: int = 16 * MIB
    """Standard output plus standard error; also the size of all answers together."""
    processes: int = 64
    """Processes and threads at the same time."""
    open_files: int = 256
    """File descriptors of one process."""
    file_bytes: int = 64 * MIB
    """Size of any one file the program writes."""
    suite_seconds: float = 60.0
    """Effective time of all cases of a suite together, charged to the candidate: what is left then is a timeout."""
    deadline_seconds: float = 150.0
    """Wall time of a whole suite, waiting for a worker included. What is left then is our fault, never the candidate's.
    OpenRLHF's HTTP mode gives up after 180 s."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "wall_seconds":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
                raise ConfigurationError(f"limits: {field.name}={value!r} is not a positive, finite number")
            if value > (1e6 if field.name.endswith("_seconds") else 1 << 44):
                raise ConfigurationError(f"limits: {field.name}={value!r} is more than any program can use")
            if not field.name.endswith("_seconds") and not isinstance(value, int):
                raise ConfigurationError(f"limits: {field.name}={value!r} must be a whole number")
        if self.wall_seconds is not None and self.wall_seconds < self.cpu_seconds:
            raise ConfigurationError(
                f"limits: wall_seconds={self.wall_seconds} is below cpu_seconds={self.cpu_seconds}; "
                "a program that computes all the time would be stopped before it has used its time"
            )
        if self.deadline_seconds < self.suite_seconds:
            raise ConfigurationError(
                f"limits: deadline_seconds={self.deadline_seconds} is below suite_seconds={self.suite_seconds}; "
                "a slow candidate would become our fault, so raise the one or lower the other"
            )
        if self.memory_bytes < LEAST_MEMORY_BYTES:
            raise ConfigurationError(
                f"limits: memory_bytes={self.memory_bytes} is too little for any interpreter; use at least {LEAST_MEMORY_BYTES >> 20} MiB"
            )
        if self.open_files < 202:
            raise ConfigurationError(
                f"limits: open_files={self.open_files} is too few: descriptors up to 201 may be a worker's own; use at least 202"
            )
        if self.file_bytes < self.output_bytes:
            raise ConfigurationError(
                f"limits: file_bytes={self.file_bytes} is below output_bytes={self.output_bytes}; "
                "standard output is a file too, so raise file_bytes or lower output_bytes"
            )

    @property
    def wall(self) -> float:
        """The idle guard in seconds, with its default filled in."""
        return 3.0 * self.cpu_seconds + 1.0 if self.wall_seconds is None else self.wall_seconds

    @property
    def hard_seconds(self) -> float:
        """Wall time after which a case that has used neither limit is taken off its worker and tried elsewhere."""
        return max(10.0 * self.wall, 60.0)

    def with_overrides(
        self, *, cpu_seconds: float | None = None, memory_bytes: int | None = None, ceiling: Limits | None = None
    ) -> Limits:
        """These limits with a label's or a client's own time and memory instead, but never above the operator's *ceiling*."""
        changes: dict[str, float | int | None] = {}
        if cpu_seconds is not None:
            changes["cpu_seconds"] = cpu_seconds if ceiling is None else min(cpu_seconds, ceiling.cpu_seconds)
            changes["wall_seconds"] = None
        if memory_bytes is not None:
            least = max(memory_bytes, LEAST_MEMORY_BYTES)
            changes["memory_bytes"] = least if ceiling is None else min(least, ceiling.memory_bytes)
        return dataclasses.replace(self, **changes) if changes else self  # type: ignore[arg-type]  # names are fields

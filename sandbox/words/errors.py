"""The exceptions that this package raises.

    SandboxError
    ├── ConfigurationError    a setting is wrong: which one, its value, what is allowed
    ├── LabelError            a label cannot be understood: what was looked for, what was found
    ├── LayerMissing          a required layer of confinement cannot be set up: which, why, what to do
    └── WorkerError           a worker failed (ours): never charged to a candidate
        ├── WorkerLost        it died or stopped answering in the middle of a job: the job is tried elsewhere
        └── Overloaded        no worker came free before the deadline

A candidate's failure is not an exception: it is a `Verdict`.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "LabelError",
    "LayerMissing",
    "Overloaded",
    "SandboxError",
    "WorkerError",
    "WorkerLost",
    "install_hint",
]


def install_hint(extra: str) -> str:
    """How to install an optional part. This package is on no index: its name alone would install nothing, or something else."""
    return f"pip install '.[{extra}]' in a clone of reward-sandbox"


class SandboxError(Exception):
    """The base of every exception that this package raises on purpose."""


class ConfigurationError(SandboxError, ValueError):
    """A setting has a value that cannot be used; the message names the setting, the value and what is allowed."""


class LabelError(SandboxError, ValueError):
    """A label cannot be turned into test cases; the message says what was looked for and what was found."""


class LayerMissing(SandboxError, RuntimeError):
    """A required layer of confinement cannot be enforced here; the message says which, why and what to do."""


class WorkerError(SandboxError, RuntimeError):
    """A worker failed. The fault is ours, so no candidate is blamed for it."""


class WorkerLost(WorkerError):
    """A worker died, or stopped answering, before it had reported its job."""


class Overloaded(WorkerError):
    """No worker came free before the deadline, or the queue is full."""

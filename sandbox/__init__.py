"""A secure code-execution sandbox for rewards: a response goes in, an honest reward comes out.

    from sandbox import Sandbox

    with Sandbox() as box:
        print(box.score(response, label).reward)

Names are loaded when they are first used; importing this package loads no torch, ray, docker or fastapi.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.api import Sandbox, Score
    from sandbox.errors import ConfigurationError, LabelError, LayerMissing, SandboxError, WorkerError
    from sandbox.extract import Candidate, NoCode, extract
    from sandbox.job import Job, Run, Usage
    from sandbox.judgement import CaseResult, Judgement
    from sandbox.layers import Enforced, Enforcement, Isolation, Layer, Requirement
    from sandbox.limits import Limits
    from sandbox.reward import Outcome, Shape
    from sandbox.verdict import Cause, Verdict

__version__ = "0.1.0"

_HOMES = {
    "api": ("Sandbox", "Score"),
    "errors": ("ConfigurationError", "LabelError", "LayerMissing", "SandboxError", "WorkerError"),
    "extract": ("Candidate", "NoCode", "extract"),
    "job": ("Job", "Run", "Usage"),
    "judgement": ("CaseResult", "Judgement"),
    "layers": ("Enforced", "Enforcement", "Isolation", "Layer", "Requirement"),
    "limits": ("Limits",),
    "reward": ("Outcome", "Shape"),
    "verdict": ("Cause", "Verdict"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Candidate",
    "CaseResult",
    "Cause",
    "ConfigurationError",
    "Enforced",
    "Enforcement",
    "Isolation",
    "Job",
    "Judgement",
    "LabelError",
    "Layer",
    "LayerMissing",
    "Limits",
    "NoCode",
    "Outcome",
    "Requirement",
    "Run",
    "Sandbox",
    "SandboxError",
    "Score",
    "Shape",
    "Usage",
    "Verdict",
    "WorkerError",
    "extract",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(importlib.import_module(f"sandbox.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'sandbox' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

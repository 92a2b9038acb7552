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
    from sandbox.judging.response.candidate import Candidate, NoCode
    from sandbox.judging.response.extract import extract
    from sandbox.judging.reward import Outcome, Shape
    from sandbox.words.errors import ConfigurationError, LabelError, LayerMissing, SandboxError, WorkerError
    from sandbox.words.job import Job, Run, Usage
    from sandbox.words.judgement import CaseResult, Judgement
    from sandbox.words.layers import Enforced, Enforcement, Isolation, Layer, Requirement
    from sandbox.words.limits import Limits
    from sandbox.words.verdict import Cause, Verdict

__version__ = "0.2.0"

_HOMES = {
    "api": ("Sandbox", "Score"),
    "words.errors": ("ConfigurationError", "LabelError", "LayerMissing", "SandboxError", "WorkerError"),
    "judging.response.candidate": ("Candidate", "NoCode"),
    "judging.response.extract": ("extract",),
    "words.job": ("Job", "Run", "Usage"),
    "words.judgement": ("CaseResult", "Judgement"),
    "words.layers": ("Enforced", "Enforcement", "Isolation", "Layer", "Requirement"),
    "words.limits": ("Limits",),
    "judging.reward": ("Outcome", "Shape"),
    "words.verdict": ("Cause", "Verdict"),
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

"""The operator's rules for judging, the same for every sample; and the type of the function that runs jobs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sandbox.judging.response.candidate import Choice
from sandbox.words.errors import ConfigurationError, LabelError
from sandbox.words.job import Job, Run
from sandbox.words.limits import Limits
from sandbox.words.suite import Suite

__all__ = ["Rules", "RunJob"]

RunJob: TypeAlias = Callable[[Job, float], Run]
"""Runs a job before a deadline (seconds of `time.monotonic`); never raises for what a program does."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How samples are judged, the same for every sample."""

    limits: Limits = dataclasses.field(default_factory=Limits)
    ceiling: Limits | None = None
    """The most that a label may ask for; None: ten times *limits* for time, four times for memory."""
    choice: Choice = Choice.AUTO
    early_stop: bool = False
    """Stop a suite at its first case that is not accepted; the others are SKIPPED."""
    entropy: bool = False
    """False: a program's random generators are seeded, so that the same sample gets the same verdict."""

    @functools.cached_property
    def effective_ceiling(self) -> Limits:
        """The most that a label, or a client, may ask for."""
        return self.ceiling or dataclasses.replace(
            self.limits,
            cpu_seconds=self.limits.cpu_seconds * 10,
            wall_seconds=None,
            memory_bytes=self.limits.memory_bytes * 4,
        )

    def for_suite(self, suite: Suite) -> Limits:
        """The limits of one suite: the label's own where it has some, up to the ceiling."""
        try:
            return self.limits.with_overrides(
                cpu_seconds=suite.cpu_seconds, memory_bytes=suite.memory_bytes, ceiling=self.effective_ceiling
            )
        except ConfigurationError as error:
            raise LabelError(f"the label asks for limits that cannot be: {error}") from None

"""What the trainers' logs count of a score, the same numbers in all of them."""

from __future__ import annotations

from sandbox.api import Score
from sandbox.judging.reward import Outcome

__all__ = ["metrics_of"]


def metrics_of(score: Score) -> dict[str, float]:
    """`timeout`, `crash`, `internal_error` (the label's fault too) and `sandbox_suspect`, 1.0 or 0.0, and `wall_ms`, of the workers."""
    return {
        "timeout": float(score.outcome is Outcome.TIMEOUT),
        "crash": float(score.outcome is Outcome.CRASH),
        "internal_error": float(score.outcome is Outcome.INTERNAL),
        "wall_ms": score.judgement.usage.wall_seconds * 1000.0,
        "sandbox_suspect": float(bool(score.judgement.suspicions)),
    }

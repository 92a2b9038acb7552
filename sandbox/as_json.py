"""Results as plain JSON data: what the command line prints and writes, and the server answers."""

from __future__ import annotations

import dataclasses
from typing import Any

from sandbox.api import Score
from sandbox.words.details import without_trailing_colon
from sandbox.words.job import Run

__all__ = ["run_as_json", "score_as_json"]


def score_as_json(score: Score) -> dict[str, Any]:
    """What a sample is worth, and why."""
    judgement = score.judgement
    worst = next((case for case in judgement.cases if case.verdict is judgement.verdict), None)
    usage = judgement.usage
    return {
        "reward": score.reward,
        "score": score.score,
        "outcome": score.outcome.value,
        "verdict": score.verdict.value,
        "pass_rate": score.pass_rate,
        "cases": [case.verdict.value for case in judgement.cases],
        "tests": [case.name for case in judgement.cases if case.name],
        "first_failure": judgement.first_failure,
        "reason": judgement.reason or (without_trailing_colon(worst.detail) if worst else ""),
        "difference": worst.difference if worst else "",
        "format": judgement.format,
        "cpu_seconds": round(usage.cpu_seconds, 6),
        "wall_seconds": round(usage.wall_seconds, 6),
        "peak_memory_bytes": usage.peak_memory_bytes,
        "retries": judgement.retries,
        "suspicions": list(judgement.suspicions),
        "reused": judgement.reused,
        "not_enforced": [one.layer.value for one in judgement.enforced if one.enforcement.value != "enforced"],
    }


def run_as_json(run: Run) -> dict[str, Any]:
    """What was observed of a program; its output as text."""
    plain = dataclasses.asdict(run)
    plain["stdout"] = run.stdout.decode("utf-8", "replace")
    plain["stderr"] = run.stderr.decode("utf-8", "replace")
    plain.pop("answers")
    return plain

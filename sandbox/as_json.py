"""Results as plain JSON data: what the command line prints and writes, and the server answers."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from sandbox.api import Score
from sandbox.judging.reward import Outcome
from sandbox.words.details import without_trailing_colon
from sandbox.words.job import Run
from sandbox.words.verdict import Verdict

__all__ = ["LINE_BEGINS", "SHOWN_OUTCOMES", "digest_of", "run_as_json", "score_as_json", "shown_outcome"]

LINE_BEGINS = '{"time": '
"""How a line of `SANDBOX_RECORD` begins. Within a JSON text it cannot stand: there a quotation mark has a backslash before it."""


SHOWN_OUTCOMES = (
    *(outcome.value for outcome in Outcome if outcome is not Outcome.INTERNAL),
    Verdict.LABEL_ERROR.value,
    Verdict.INTERNAL_ERROR.value,
)


def shown_outcome(outcome: str, verdict: str) -> str:
    """The outcome as people see it: `internal` is `label_error` or `internal_error` there, since those are mended by different people."""
    if outcome != Outcome.INTERNAL.value:
        return outcome
    return Verdict.LABEL_ERROR.value if verdict == Verdict.LABEL_ERROR.value else Verdict.INTERNAL_ERROR.value


def digest_of(*values: object) -> str:
    """A short name for *values*: by it a sample (its response and its prompt) is known again."""
    return hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


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

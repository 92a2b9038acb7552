"""verl's custom reward function: a response goes in, a dict of numbers comes out.

    reward.custom_reward_function.path=pkg://sandbox.adapters.verl
    reward.custom_reward_function.name=compute_score         (or acompute_score)

The contract, read from verl 0.9.1: the reward loop calls the function in threads of each of its workers, or awaits it where it is
a coroutine function; `score` is the reward, and every key becomes a column of numbers, so every sample has to have the same ones
(and none called `reward`, which verl has itself); what the function raises ends the training.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any

from sandbox.adapters.metrics import metrics_of
from sandbox.adapters.process_sandbox import checked_sandbox, score_without_raising
from sandbox.api import Score
from sandbox.judging.response.messages import last_message
from sandbox.judging.reward import Outcome

__all__ = ["KEYS", "acompute_score", "compute_score"]

KEYS = ("score", "acc", "pass_rate", "timeout", "crash", "internal_error", "wall_ms", "sandbox_suspect")
"""The keys of a result, always all of them, each a finite float."""


def compute_score(
    data_source: Any,  # noqa: ARG001  # verl passes it by name; one judge serves all sources
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    **_: Any,
) -> dict[str, float]:
    """Score *solution_str* (the response alone, as verl decodes it) against the label *ground_truth* (any format of docs/labels.md).

    *extra_info* may hold the `prompt` (a text or messages), which matters for completions only. Thread-safe; blocks until the
    sample is judged, at the latest after the limits' `deadline_seconds`.

    Returns:
        `score`, what the sample is worth in the shape of `SANDBOX_SHAPE`; `acc`, 1.0 for a pass (verl's core metric in validation);
        `pass_rate`, accepted cases of all; `timeout`, `crash`, `internal_error` and `sandbox_suspect`, 1.0 or 0.0; `wall_ms`. verl knows no missing
        reward: a fault of ours and a broken label are `internal_error` 1.0 with the `score` that the shape has for them, 0.0.

    Raises:
        ConfigurationError: on the first call: a variable `SANDBOX_*` cannot be used, or workers cannot be started.
        LayerMissing: on the first call: programs cannot be confined here as is required.
    """
    return _numbers(score_without_raising(checked_sandbox(), solution_str, ground_truth, _prompt(extra_info)))


async def acompute_score(
    data_source: Any,  # noqa: ARG001  # as above
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    **_: Any,
) -> dict[str, float]:
    """`compute_score` without blocking the event loop: samples wait for a worker without a thread of verl's each."""
    box = await asyncio.to_thread(checked_sandbox)
    future = box.submit(score_without_raising, box, solution_str, ground_truth, _prompt(extra_info))
    return _numbers(await asyncio.wrap_future(future))


def _prompt(extra_info: Mapping[str, Any] | None) -> str:
    return last_message((extra_info or {}).get("prompt"), "user")


def _numbers(score: Score) -> dict[str, float]:
    numbers = {
        "score": score.reward,
        "acc": float(score.outcome is Outcome.PASS),
        "pass_rate": score.pass_rate,
        **metrics_of(score),
    }
    return {key: float(number) if math.isfinite(number) else 0.0 for key, number in numbers.items()}

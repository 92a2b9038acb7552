"""TRL's reward functions: prompts and completions go in, a list of floats comes out, None for what is not the model's fault.

    GRPOTrainer(reward_funcs=code_reward, ...)                            the dataset's column `label` holds the tests
    GRPOTrainer(reward_funcs=make_code_reward(label="test_cases"), ...)   another column does

The contract, read from TRL 1.16: the function is called with the whole batch, and with every column of the dataset by name; None is
no reward at all (the sample moves nothing); what the function raises ends the training; a coroutine function runs beside others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sandbox.adapters.metrics import metrics_of
from sandbox.adapters.process_sandbox import checked_sandbox, score_without_raising
from sandbox.api import Sandbox, Score
from sandbox.judging.response.messages import last_message
from sandbox.judging.reward import Outcome
from sandbox.words.errors import ConfigurationError

__all__ = ["AsyncCodeReward", "CodeReward", "acode_reward", "code_reward", "make_code_reward"]


@dataclass(frozen=True, kw_only=True)
class CodeReward:
    """A reward function. It can be pickled, as TRL's asynchronous trainer needs.

    *label* is the dataset's column that holds the labels (any format of docs/labels.md), *name* what TRL calls the reward in its logs.
    """

    label: str = "label"
    name: str = "code_reward"
    __name__: str = field(init=False, repr=False)
    """Where TRL looks for the name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "__name__", self.name)

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        *,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Score every completion: a text, or messages, of which the assistant's last counts.

        Each sample has the limits' `deadline_seconds` from when its turn comes; the batch ends when its last sample does.

        Returns:
            One float a completion, in the shape of `SANDBOX_SHAPE`; None where the fault is ours or the label's.
            `log_extra` is given `NAME/outcome`, `NAME/pass_rate` and `NAME/first_failure` (which may show expected values) of every
            sample, `log_metric` the batch's means of `NAME/pass_rate`, `NAME/timeout`, `NAME/crash` (of what could be judged),
            `NAME/internal_error`, `NAME/wall_ms` and `NAME/sandbox_suspect`.

        Raises:
            ConfigurationError: the dataset has no column *label*; or, on the first call, a variable `SANDBOX_*` cannot be used or
                workers cannot be started.
            LayerMissing: on the first call: programs cannot be confined here as is required.
        """
        samples = self._samples(prompts, completions, columns)
        scores = [future.result() for future in _submitted(checked_sandbox(), samples)]
        return self._told(scores, log_extra, log_metric)

    def _samples(self, prompts: Sequence[Any], completions: Sequence[Any], columns: dict[str, Any]) -> list[tuple[str, Any, str]]:
        if self.label not in columns:
            raise ConfigurationError(
                f"the dataset has no column {self.label!r} with tests, only {', '.join(sorted(columns)) or 'prompts'}; "
                "name yours: make_code_reward(label=...)"
            )
        rows = zip(prompts, completions, columns[self.label], strict=True)
        return [(last_message(said, "assistant"), label, last_message(prompt, "user")) for prompt, said, label in rows]

    def _told(
        self,
        scores: list[Score],
        log_extra: Callable[[str, list[Any]], None] | None,
        log_metric: Callable[[str, float], None] | None,
    ) -> list[float | None]:
        if log_extra is not None:
            log_extra(f"{self.name}/outcome", [score.outcome.value for score in scores])
            log_extra(f"{self.name}/pass_rate", [None if _is_ours(score) else score.pass_rate for score in scores])
            log_extra(f"{self.name}/first_failure", [score.judgement.first_failure or score.judgement.reason for score in scores])
        if log_metric is not None:
            for key, numbers in _metrics(scores).items():
                if numbers:
                    log_metric(f"{self.name}/{key}", sum(numbers) / len(numbers))
        return [None if _is_ours(score) else float(score.reward) for score in scores]


class AsyncCodeReward(CodeReward):
    """The same as a coroutine function: TRL runs it beside its other asynchronous rewards."""

    async def __call__(  # type: ignore[override]  # TRL asks which of the two it is
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        *,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """As `CodeReward`, without blocking the event loop."""
        samples = self._samples(prompts, completions, columns)
        box = await asyncio.to_thread(checked_sandbox)
        scores = await asyncio.gather(*map(asyncio.wrap_future, _submitted(box, samples)))
        return self._told(scores, log_extra, log_metric)


def make_code_reward(*, label: str = "label", name: str = "code_reward", is_async: bool = False) -> CodeReward:
    """A reward function for datasets whose labels are in the column *label*, called *name* in TRL's logs."""
    return (AsyncCodeReward if is_async else CodeReward)(label=label, name=name)


code_reward = make_code_reward()
acode_reward = make_code_reward(is_async=True)


def _submitted(box: Sandbox, samples: list[tuple[str, Any, str]]) -> list[Future[Score]]:
    """What will become of each sample; those that are known to take long go first."""
    batch = box.batch([(said, label) for said, label, _ in samples])
    futures = {number: box.submit(score_without_raising, box, *samples[number], batch=batch) for number in batch.order}
    return [futures[number] for number in range(len(samples))]


def _is_ours(score: Score) -> bool:
    return score.outcome is Outcome.INTERNAL  # the label's fault too


def _metrics(scores: list[Score]) -> dict[str, list[float]]:
    judgeable = [score for score in scores if not _is_ours(score)]
    metrics, of_judgeable = [metrics_of(score) for score in scores], [metrics_of(score) for score in judgeable]
    return {
        "pass_rate": [score.pass_rate for score in judgeable],
        **{key: [one[key] for one in of_judgeable] for key in ("timeout", "crash")},
        **{key: [one[key] for one in metrics] for key in ("internal_error", "wall_ms", "sandbox_suspect")},
    }

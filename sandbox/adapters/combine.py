"""Several reward functions of OpenRLHF's contract as one: a weighted sum, on one scale, with conditions, and always the same log keys.

A part that raises, or that gives a number which is none, is worth nothing and counted; the others still count.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.words.errors import ConfigurationError

if TYPE_CHECKING:
    import torch

__all__ = ["Combined", "Part"]

_log = logging.getLogger("sandbox")

MOST = 1e30
"""A larger number, or one that is not finite, is no reward: 32 bits could not hold its sums."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One reward of several.

    Raises:
        ConfigurationError: a number cannot be used.
    """

    reward: Callable[..., Any]
    """A function of OpenRLHF's contract: (queries, prompts, labels) to `rewards`, and perhaps `scores` and `extra_logs`."""
    weight: float = 1.0
    scale: tuple[float, float] | None = None
    """The lowest and the highest reward of this part, which become 0 and 1 before they are weighted. None: rewards as they are."""
    at_least: float | None = None
    """A condition on the whole: where this part's reward (before *scale*) is less, no other part adds anything."""
    logs: tuple[str, ...] = ()
    """Keys of its `extra_logs` to keep, as `name_key`. They are named here because OpenRLHF needs the same keys from every sample."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.weight):
            raise ConfigurationError(f"weight={self.weight}: use a finite number")
        if self.scale is not None and not (all(map(math.isfinite, self.scale)) and self.scale[0] < self.scale[1]):
            raise ConfigurationError(f"scale={self.scale}: use (lowest, highest), two finite numbers in this order")
        if self.at_least is not None and not math.isfinite(self.at_least):
            raise ConfigurationError(f"at_least={self.at_least}: use a finite number")


class Combined:
    """A reward function of OpenRLHF's contract that adds up *parts*, by their names.

    *scores* names the part whose scores decide dynamic filtering (default: the first). With *normalize*, weights are divided by the sum of
    their sizes, so that parts on one scale give a sum on it.

    `extra_logs` has for every part `name_reward` (before weight and scale), `name_error`, and `name_key` for each of its *logs*; and
    `conditions_met`. Numbers of one call are never normalised by one another: OpenRLHF calls with one sample at a time, and
    normalises advantages itself.

    Raises:
        ConfigurationError: there are no parts, a name cannot be used, or no weight counts.
    """

    def __init__(self, parts: Mapping[str, Part], *, scores: str = "", normalize: bool = False) -> None:
        if not parts:
            raise ConfigurationError("a combined reward needs at least one part")
        for name in parts:
            if not name.isidentifier():
                raise ConfigurationError(f"part {name!r}: its name begins log keys, so use letters, digits and _")
        if scores and scores not in parts:
            raise ConfigurationError(f"scores={scores!r} is no part; there are {', '.join(parts)}")
        self.parts = dict(parts)
        self.scores = scores or next(iter(parts))
        total = sum(abs(part.weight) for part in parts.values())
        if not total:
            raise ConfigurationError("every part has the weight 0, so every reward would be 0")
        self._divisor = total if normalize else 1.0

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str] | None, labels: Sequence[Any] | None, **_: Any
    ) -> dict[str, torch.Tensor | dict[str, torch.Tensor]]:
        """Score with every part and add up. Never raises.

        Returns:
            `rewards` and `scores`, finite float32 tensors of shape (len(queries),), scores within [0, 1], and `extra_logs`, such tensors.
        """
        import torch

        count = len(queries)
        total, met = [0.0] * count, [1.0] * count
        logs: dict[str, list[float]] = {}
        scores = [0.0] * count
        shares: dict[str, list[float]] = {}
        for name, part in self.parts.items():
            given = self._given(name, part, queries, prompts, labels)
            rewards = _column(given.get("rewards"), count)
            plain = [0.0 if reward is None else reward for reward in rewards]
            shares[name] = [0.0 if reward is None else self._share(part, reward) for reward in rewards]
            if part.at_least is not None:
                met = [
                    kept * float(reward is not None and reward >= part.at_least) for kept, reward in zip(met, rewards, strict=True)
                ]
            own = given.get("extra_logs")
            own = own if isinstance(own, Mapping) else {}
            logs[f"{name}_reward"] = plain
            logs[f"{name}_error"] = [float(reward is None) for reward in rewards]
            logs.update({f"{name}_{key}": _filled(_column(own.get(key), count, spread=True)) for key in part.logs})
            if name == self.scores:
                found = _column(given["scores"], count) if given.get("scores") is not None else rewards
                scores = [min(1.0, max(0.0, score)) for score in _filled(found)]
        for name, part in self.parts.items():
            for number, share in enumerate(shares[name]):
                # A condition keeps its own part: a program that fails is still worth what failing is worth.
                total[number] += share if met[number] or part.at_least is not None else 0.0
        logs["conditions_met"] = met
        return {
            "rewards": torch.tensor([min(MOST, max(-MOST, one)) for one in total], dtype=torch.float32),
            "scores": torch.tensor(scores, dtype=torch.float32),
            "extra_logs": {key: torch.tensor(column, dtype=torch.float32) for key, column in logs.items()},
        }

    def _share(self, part: Part, reward: float) -> float:
        if part.scale is not None:
            low, high = part.scale
            reward = min(1.0, max(0.0, (reward - low) / (high - low)))
        return reward * part.weight / self._divisor

    def _given(
        self, name: str, part: Part, queries: Sequence[str], prompts: Sequence[str] | None, labels: Sequence[Any] | None
    ) -> Mapping[str, Any]:
        try:
            given = part.reward(queries, prompts, labels)
        except Exception:  # the trainer would swallow it and die of it later; it is counted and logged instead
            _log.exception("the part %s of a combined reward failed", name)
            return {}
        return given if isinstance(given, Mapping) else {}


def _column(value: Any, count: int, *, spread: bool = False) -> list[float | None]:
    """One number a sample of a tensor, a list or a single number; None where there is none that can be used.

    With *spread*, one number may stand for all: a mean of the batch, as many reward functions log.
    """
    if value is None:
        return [None] * count
    try:
        flat = (
            value.flatten().tolist() if hasattr(value, "flatten") else list(value) if isinstance(value, list | tuple) else [value]
        )
        numbers = [float(one) for one in flat]
    except (TypeError, ValueError, OverflowError):
        return [None] * count
    if spread and len(numbers) == 1:
        numbers *= count
    return [one if abs(one) <= MOST else None for one in numbers] if len(numbers) == count else [None] * count


def _filled(column: list[float | None]) -> list[float]:
    return [0.0 if one is None else one for one in column]

"""An episode of several turns, for OpenRLHF's agent mode: the model answers, the environment answers back, the last answer counts.

OpenRLHF calls `reset` and `step` on the event loop that drives vLLM. So nothing here blocks that loop, nothing is raised (an exception
would end the training), turns are counted here (OpenRLHF has no limit of its own), and the same keys are logged at every step.

**Step rewards are settlements.** OpenRLHF adds up the rewards of an episode's steps and looks at nothing else of them; and it
ends an episode without a word when the context is full. So each step pays the difference between what the episode is worth if it
ends here and what was paid before: wherever it ends, the sum is what its last answer is worth, and no model gains by talking until it is
cut off.
"""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.judging.response.reasoning import reasoning_opened_by
from sandbox.judging.response.special_tokens import strip_special_tokens
from sandbox.words.errors import ConfigurationError

__all__ = ["TEMPLATES", "Episode", "Turn", "in_template"]

_log = logging.getLogger("sandbox")

TEMPLATES = {
    "plain": "\n\n{feedback}\n\nAssistant: ",
    "chatml": "\n<|im_start|>user\n{feedback}<|im_end|>\n<|im_start|>assistant\n",
    "llama3": ("<|start_header_id|>user<|end_header_id|>\n\n{feedback}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"),
}
"""How feedback becomes a message. The token that ends the model's own turn is the model's: it is part of its answer."""


def in_template(template: str, text: str) -> str:
    """*text* as a message: *template* is a name of `TEMPLATES` or a text with {feedback} in it.

    Raises:
        ConfigurationError: it is neither.
    """
    template = TEMPLATES.get(template, template)
    if "{feedback}" not in template:
        raise ConfigurationError(f"template={template!r}: use {', '.join(TEMPLATES)}, or a text with {{feedback}} in it")
    return template.replace("{feedback}", text)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one answer of the model led to."""

    worth: float
    """What the episode is worth if it ends here."""
    score: float
    """The same within [0, 1], for dynamic filtering."""
    feedback: str
    """For the model; "" where the episode is done."""
    done: bool
    logs: Mapping[str, float] = field(default_factory=dict)


class Episode(ABC):
    """One episode. *log_keys* are logged at every step, 0.0 where a turn has no other number for them."""

    log_keys: tuple[str, ...] = ()

    def __init__(self, template: str) -> None:
        in_template(template, "")  # a wrong one stops the start of a training, not its middle
        self._template = template
        self._prompt = ""
        self._paid = 0.0
        self.turns = 0
        self.wall_seconds = 0.0
        """Of the workers, all turns together."""

    async def reset(self, states: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Begin: {"observation", "label"} in, {"observation"} out, as it was."""
        observation = states.get("observation")
        self._prompt = observation if isinstance(observation, str) else ""
        self._paid, self.turns, self.wall_seconds = 0.0, 0, 0.0
        return {"observation": observation}

    async def step(self, states: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Take one answer: {"action_text", "label", "sampling_params", ...} in, what OpenRLHF 0.11 asks of a step out. Never raises."""
        import torch

        self.turns += 1
        try:
            turn = await self.turn(str(states.get("action_text") or ""), states.get("label"))
        except Exception:  # it would end the training; it is logged and counted instead
            _log.exception("a turn could not be judged")
            turn = Turn(worth=0.0, score=0.5, feedback="", done=True, logs={"internal_error": 1.0})
        worth = float(turn.worth) if math.isfinite(turn.worth) else 0.0
        reward, self._paid = worth - self._paid, worth
        logs = {"turns": float(self.turns), "finished": float(turn.done), "wall_ms": self.wall_seconds * 1000.0, **turn.logs}
        return {
            "rewards": torch.tensor([reward], dtype=torch.float32),
            "scores": torch.tensor([min(1.0, max(0.0, turn.score))], dtype=torch.float32),
            "environment_feedback": "" if turn.done else in_template(self._template, turn.feedback),
            "done": turn.done,
            "sampling_params": states.get("sampling_params"),
            "extra_logs": {key: torch.tensor([logs.get(key, 0.0)], dtype=torch.float32) for key in self.log_keys},
        }

    @property
    def prompt(self) -> str:
        """What this turn's answer was asked for with: the first prompt, with the reasoning that this turn's template opens, if any."""
        prompt = strip_special_tokens(self._prompt)
        if self.turns <= 1:
            return prompt
        return prompt.removesuffix(reasoning_opened_by(prompt)) + reasoning_opened_by(in_template(self._template, ""))

    @abstractmethod
    async def turn(self, answer: str, label: Any) -> Turn:
        """Judge one *answer* without blocking the event loop."""

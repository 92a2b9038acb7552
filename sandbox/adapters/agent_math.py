"""Episodes of several attempts at a mathematical problem: the agent of the document this project implements, on OpenRLHF's API of today.

Its numbers: a right answer is 1.0 and ends the episode; after the last attempt a wrong one is -0.3 and none at all -0.5. Scores are
reward + 0.5, within [0, 1]. What the model is told is only whether its answer is right, never the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.adapters.episode import Episode, Turn, in_template
from sandbox.adapters.math import Grade, amark
from sandbox.judging.response.reasoning import reasoning_opened_by
from sandbox.words.errors import ConfigurationError

__all__ = ["MATH_LOG_KEYS", "MathEpisode", "MathRules"]

MATH_LOG_KEYS = ("correct", "attempts", "turns", "finished", "timeout", "internal_error", "wall_ms")
"""`attempts` are the turns that stated an answer; the others are of the last turn, `wall_ms` of all of them together."""

WORTH = {
    Grade.RIGHT: 1.0,
    Grade.WRONG: -0.3,
    Grade.TIMEOUT: -0.3,
    Grade.NO_ANSWER: -0.5,
    Grade.INTERNAL: 0.0,
}
"""What an episode is worth whose last turn ends so, wherever it ends (see `sandbox.adapters.episode` on settlements)."""

_FEEDBACK = {
    Grade.WRONG: "[INCORRECT] Try again. Think step by step, and end with: The answer is: ...",
    Grade.TIMEOUT: "[INCORRECT] Your answer is too hard to compute. Try again, and give it in its simplest form.",
    Grade.NO_ANSWER: "[NO ANSWER FOUND] Please state the final answer, as in: The answer is: 42",
}


@dataclass(frozen=True, kw_only=True)
class MathRules:
    """How episodes of mathematics go.

    Raises:
        ConfigurationError: a value cannot be used.
    """

    turns: int = 3
    """Answers that the model may give."""
    template: str = "plain"
    """A name of `sandbox.adapters.episode.TEMPLATES`, or a text with {feedback} in it."""

    def __post_init__(self) -> None:
        if self.turns < 1:
            raise ConfigurationError(f"turns={self.turns}: use at least 1")
        in_template(self.template, "")


class MathEpisode(Episode):
    """Attempts at one problem, until an answer is right or the turns are used up."""

    log_keys = MATH_LOG_KEYS

    def __init__(self, rules: MathRules | None = None) -> None:
        self.rules = rules or MathRules()
        super().__init__(self.rules.template)
        self._attempts = 0

    async def reset(self, states: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Begin (see `Episode.reset`)."""
        self._attempts = 0
        return await super().reset(states)

    async def turn(self, answer: str, label: Any) -> Turn:
        """Mark one answer; a worker compares formulas."""
        marked = await amark(reasoning_opened_by(self.prompt) + answer, label)
        self.wall_seconds += marked.wall_seconds
        self._attempts += marked.answer is not None
        worth = WORTH[marked.answered]
        done = marked.answered in (Grade.RIGHT, Grade.INTERNAL) or self.turns >= self.rules.turns
        return Turn(
            worth=worth,
            score=min(1.0, max(0.0, worth + 0.5)),
            feedback="" if done else _FEEDBACK[marked.answered],
            done=done,
            logs={
                "correct": float(marked.answered is Grade.RIGHT),
                "attempts": float(self._attempts),
                "timeout": float(marked.answered is Grade.TIMEOUT),
                "internal_error": float(marked.answered is Grade.INTERNAL),
            },
        )

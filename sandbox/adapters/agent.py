"""Episodes in which a model repairs its code, for OpenRLHF's agent mode; what every episode does is in `episode`.

`examples/agent_func_code.py` holds only rules and the classes that OpenRLHF asks for (`agent_classes`): it loads them without `sys.modules`.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass
from typing import Any

from sandbox.adapters import feedback
from sandbox.adapters.episode import Episode, Turn, in_template
from sandbox.adapters.metrics import metrics_of
from sandbox.adapters.process_sandbox import internal_error_score, sandbox_of_process
from sandbox.adapters.record import record_score
from sandbox.adapters.sample_log import log_with_backoff
from sandbox.adapters.visible_tests import VisibleAndHidden, split_label
from sandbox.api import Sandbox, Score
from sandbox.judging.response.candidate import NoCode
from sandbox.judging.reward import Outcome
from sandbox.words.errors import ConfigurationError, LabelError
from sandbox.words.verdict import Verdict

__all__ = ["CODE_LOG_KEYS", "CodeEpisode", "CodeRules"]

CODE_LOG_KEYS = (
    "code_correctness", "pass_rate", "visible_pass_rate", "turns", "finished", "timeout", "crash", "internal_error", "wall_ms",
)  # fmt: skip
"""`code_correctness` is what the episode is worth so far; `pass_rate` is that of the hidden tests, 0.0 until they have run; the others
are of the last answer, `wall_ms` of all of them together."""


@dataclass(frozen=True, kw_only=True)
class CodeRules:
    """How episodes of code go.

    Raises:
        ConfigurationError: a number cannot be used.
    """

    turns: int = 3
    """Answers that the model may give."""
    reward: str = "sparse"
    """`sparse`: the price of the last answer and nothing else. `shaped`: and *progress* times the part of the visible tests that it
    passes, and *turn_cost* less for every turn after the first; within [-1, 1]."""
    progress: float = 0.1
    turn_cost: float = 0.05
    shown: int = 1
    """Cases of a plain label that are visible (see `sandbox.adapters.visible_tests`)."""
    template: str = "plain"
    """A name of `sandbox.adapters.episode.TEMPLATES`, or a text with {feedback} in it."""
    request: str = "Please answer with the whole corrected program in one ```python block."
    """What the model is asked for after the feedback."""

    def __post_init__(self) -> None:
        if self.turns < 1 or self.shown < 1:
            raise ConfigurationError(f"turns={self.turns}, shown={self.shown}: use at least 1 of each")
        if self.reward not in ("sparse", "shaped"):
            raise ConfigurationError(f"reward={self.reward!r}: use sparse or shaped")
        if not (math.isfinite(self.progress) and math.isfinite(self.turn_cost)):
            raise ConfigurationError(f"progress={self.progress}, turn_cost={self.turn_cost}: use finite numbers")
        in_template(self.template, "")


class CodeEpisode(Episode):
    """Code repair: visible tests answer back, hidden tests decide.

    An answer that passes the visible tests, or is the last one allowed, is judged by the hidden tests, and the episode ends; of those
    the model is never told anything. Until then an answer is worth what the visible tests say. Where a label has no visible tests,
    the model is only told that there is no program, or no valid Python; any other answer is judged by the hidden tests at once.
    """

    log_keys = CODE_LOG_KEYS

    def __init__(self, rules: CodeRules | None = None) -> None:
        self.rules = rules or CodeRules()
        super().__init__(self.rules.template)

    async def turn(self, answer: str, label: Any) -> Turn:
        """Judge one answer, in a thread of the sandbox's own."""
        box = await asyncio.to_thread(sandbox_of_process)
        return await asyncio.wrap_future(box.submit(self._judged, box, answer, label))

    def _judged(self, box: Sandbox, answer: str, label: Any) -> Turn:
        prompt = self.prompt
        try:
            parts = split_label(label, self.rules.shown)
        except LabelError as error:
            return self._end(record_score(internal_error_score(str(error), box), answer, prompt), 0.0)
        last = self.turns >= self.rules.turns
        seen, told = self._visible(box, answer, prompt, parts, last=last)
        if seen is not None and seen.outcome is Outcome.INTERNAL:
            return self._end(seen, 0.0)
        rate = seen.pass_rate if seen is not None else 0.0
        if told and not last and seen is not None:
            return self._go_on(seen, rate, f"{told}\n\n{self.rules.request}")
        return self._end(self._scored(box, answer, parts.hidden, prompt), rate)

    def _visible(self, box: Sandbox, answer: str, prompt: str, parts: VisibleAndHidden, *, last: bool) -> tuple[Score | None, str]:
        """What visible tests say, and what to tell the model: nothing where the hidden ones are to decide."""
        if parts.visible is not None:
            seen = self._scored(box, answer, parts.visible, prompt)
            if last or seen.outcome in (Outcome.PASS, Outcome.INTERNAL):
                return seen, ""
            program = box.program(answer, parts.visible, prompt)
            return seen, feedback.feedback_on(seen, parts.visible, None if isinstance(program, NoCode) else program, box)
        if last:
            return None, ""
        program = box.program(answer, parts.hidden, prompt)
        told = f"{feedback.NO_PROGRAM}: {program.reason}." if isinstance(program, NoCode) else feedback.why_uncompiled(program, box)
        if not told:
            return None, ""
        seen = self._scored(box, answer, parts.hidden, prompt)
        # No program, or no valid Python, fails before any test runs: saying so gives away nothing of the hidden tests. The rest is not said.
        return (
            (seen, feedback.break_special_tokens(told)) if seen.verdict in (Verdict.NO_CODE, Verdict.COMPILE_ERROR) else (None, "")
        )

    def _scored(self, box: Sandbox, answer: str, label: Any, prompt: str) -> Score:
        score = record_score(box.score(answer, label, prompt), answer, prompt)
        self.wall_seconds += score.judgement.usage.wall_seconds
        if score.outcome is Outcome.INTERNAL:
            log_with_backoff(logging.WARNING, f"{score.verdict.value}: {score.judgement.reason}")
        return score

    def _go_on(self, seen: Score, rate: float, told: str) -> Turn:
        worth = self._worth(seen, rate)
        return Turn(worth=worth, score=seen.score, feedback=told, done=False, logs=self._logs(seen, worth, rate, hidden=False))

    def _end(self, score: Score, rate: float) -> Turn:
        worth = self._worth(score, rate)
        return Turn(worth=worth, score=score.score, feedback="", done=True, logs=self._logs(score, worth, rate, hidden=True))

    def _worth(self, score: Score, rate: float) -> float:
        if self.rules.reward == "sparse" or score.outcome is Outcome.INTERNAL:
            return score.reward
        shaped = score.reward + self.rules.progress * rate - self.rules.turn_cost * (self.turns - 1)
        return min(1.0, max(-1.0, shaped))

    def _logs(self, score: Score, worth: float, rate: float, *, hidden: bool) -> dict[str, float]:
        metrics = metrics_of(score)
        return {
            "code_correctness": worth,
            "pass_rate": score.pass_rate if hidden else 0.0,
            "visible_pass_rate": rate,
            **{key: metrics[key] for key in ("timeout", "crash", "internal_error")},
        }

"""Episodes of several turns, for OpenRLHF's agent mode: the model answers, the environment answers back, the last answer counts.

`examples/agent_func_code.py` and `examples/agent_func_math.py` hold only rules and the classes that OpenRLHF asks for (`agent_classes`): it loads them without
`sys.modules`, and calls `reset` and `step` on the event loop that drives vLLM. So nothing here blocks that loop, nothing is raised
(an exception would end the training), turns are counted here (OpenRLHF has no limit of its own), and the same keys are logged at every step.

**Step rewards are settlements.** OpenRLHF adds up the rewards of an episode's steps and looks at nothing else of them; and it
ends an episode without a word when the context is full. So each step pays the difference between what the episode is worth if it
ends here and what was paid before: wherever it ends, the sum is what its last answer is worth, and no model gains by talking until it is
cut off.
"""

from __future__ import annotations

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.adapters import feedback
from sandbox.adapters.process_sandbox import ours, sandbox_of_process
from sandbox.adapters.public_cases import Parts, split
from sandbox.adapters.record import record
from sandbox.adapters.sample_log import log_with_backoff
from sandbox.api import Sandbox, Score
from sandbox.judging.response.candidate import NoCode
from sandbox.judging.response.reasoning import reasoning_opened_by
from sandbox.judging.response.special_tokens import strip_special_tokens
from sandbox.judging.reward import Outcome
from sandbox.words.errors import ConfigurationError, LabelError
from sandbox.words.verdict import Verdict

__all__ = ["CODE_LOG_KEYS", "TEMPLATES", "CodeEpisode", "CodeRules", "Episode", "Turn", "in_template"]

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


# --- repairing code -------------------------------------------------------------------------------------------------------

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
    """Cases of a plain label that are visible (see `sandbox.adapters.public_cases`)."""
    template: str = "plain"
    """A name of `TEMPLATES`, or a text with {feedback} in it."""
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
    the model is never told anything. Until then an answer is worth what the visible tests say. A label without visible tests
    can only be told apart from no program at all: whatever is valid Python is judged at once.
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
            parts = split(label, self.rules.shown)
        except LabelError as error:
            return self._end(record(ours(str(error), box), answer, prompt), 0.0)
        last = self.turns >= self.rules.turns
        seen, told = self._visible(box, answer, prompt, parts, last=last)
        if seen is not None and seen.outcome is Outcome.INTERNAL:
            return self._end(seen, 0.0)
        rate = seen.pass_rate if seen is not None else 0.0
        if told and not last and seen is not None:
            return self._go_on(seen, rate, f"{told}\n\n{self.rules.request}")
        return self._end(self._scored(box, answer, parts.hidden, prompt), rate)

    def _visible(self, box: Sandbox, answer: str, prompt: str, parts: Parts, *, last: bool) -> tuple[Score | None, str]:
        """What visible tests say, and what to tell the model: nothing where the hidden ones are to decide."""
        if parts.visible is not None:
            seen = self._scored(box, answer, parts.visible, prompt)
            if last or seen.outcome in (Outcome.PASS, Outcome.INTERNAL):
                return seen, ""
            program = box.program(answer, parts.visible, prompt)
            return seen, feedback.about(seen, parts.visible, None if isinstance(program, NoCode) else program, box)
        if last:
            return None, ""
        program = box.program(answer, parts.hidden, prompt)
        told = f"{feedback.NOTHING}: {program.reason}." if isinstance(program, NoCode) else feedback.why_uncompiled(program, box)
        if not told:
            return None, ""
        seen = self._scored(box, answer, parts.hidden, prompt)
        # What is no program fails before any test is asked, so this says nothing of the hidden tests; anything else is not told.
        return (seen, feedback.harmless(told)) if seen.verdict in (Verdict.NO_CODE, Verdict.COMPILE_ERROR) else (None, "")

    def _scored(self, box: Sandbox, answer: str, label: Any, prompt: str) -> Score:
        score = record(box.score(answer, label, prompt), answer, prompt)
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
        return {
            "code_correctness": worth,
            "pass_rate": score.pass_rate if hidden else 0.0,
            "visible_pass_rate": rate,
            "timeout": float(score.outcome is Outcome.TIMEOUT),
            "crash": float(score.outcome is Outcome.CRASH),
            "internal_error": float(score.outcome is Outcome.INTERNAL),
        }

r"""Rewards for mathematics: `examples/reward_func_math.py` for OpenRLHF, the rules of the document this project implements.

The final answer of a response (`sandbox.judging.response.math_answer`) is compared with the label's: as numbers, as texts, and, where neither
can tell, as mathematics by math-verify (`pip install '.[math]'`).

**A parser of formulas is not for the trainer's process.** `\boxed{9^{9^{9^9}}}` takes for ever and all memory, so math-verify runs in a
confined worker, one wholly fresh job for every comparison. Both answers are in that job, the expected one too, which for programs would break
the rule that no expected value is where a candidate runs. Here it holds in another way: what the model wrote is data that a grammar reads
(ANTLR; the one `eval`, of sympy's `parse_expr`, is never reached, because answers are handed over as LaTeX only), none of it is run, and the
program that compares is ours. The job has no network, no files of others and no next job, so what an unknown fault of the parser could give
away is one answer to nobody.

Where math-verify is not installed, formulas are compared as numbers and texts only: 1/2 is 0.5, and x+1 is not 1+x. It is said once, in the log.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from sandbox.adapters.columns import item_or_none
from sandbox.adapters.openrlhf import response_of
from sandbox.adapters.process_sandbox import check_settings
from sandbox.api import Sandbox
from sandbox.judging.checkers.mathematics import same_answer, without_typography
from sandbox.judging.response.math_answer import answer_in
from sandbox.judging.response.reasoning import reasoning_opened_by
from sandbox.settings import Settings
from sandbox.words.errors import ConfigurationError, SandboxError, install_hint
from sandbox.words.job import Job, Run
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Owner

if TYPE_CHECKING:
    import torch

__all__ = ["LOG_KEYS", "REWARDS", "Grade", "GradedAnswer", "amark", "check_settings", "compare", "mark", "reward_func"]

_log = logging.getLogger("sandbox")

LOG_KEYS = ("math_accuracy", "answer_formatted", "timeout", "internal_error", "wall_ms")
"""The keys of `extra_logs`, always all of them: one number a sample, which the trainer averages itself."""


class Grade(str, Enum):
    """What became of a response."""

    RIGHT = "right"
    WRONG = "wrong"
    NO_ANSWER = "nothing"
    """It states no answer, or one of more characters than an answer has."""
    TIMEOUT = "timeout"
    """Its answer could not be compared within the limits of a job: wrong."""
    INTERNAL = "internal"
    """Our fault, or a label without an answer."""


REWARDS: Mapping[Grade, float] = {
    Grade.RIGHT: 1.0,
    Grade.WRONG: 0.0,
    Grade.NO_ANSWER: -0.5,
    Grade.TIMEOUT: 0.0,
    Grade.INTERNAL: 0.0,
}
"""As in the document; scores are (reward + 0.5) / 1.5, as there."""


@dataclass(frozen=True, kw_only=True)
class GradedAnswer:
    """One response, compared."""

    answered: Grade
    answer: str | None = None
    """What it gave as its answer."""
    wall_seconds: float = 0.0
    """Of the job that compared, if there was one."""

    @property
    def reward(self) -> float:
        """For the advantage."""
        return REWARDS[self.answered]

    @property
    def score(self) -> float:
        """Within [0, 1]."""
        return (self.reward + 0.5) / 1.5


def reward_func(
    queries: Sequence[str], prompts: Sequence[str] | None, labels: Sequence[Any] | None, **_: Any
) -> dict[str, torch.Tensor | dict[str, torch.Tensor]]:
    """Mark every query (prompt and response in one text) against its label. Never raises for a sample.

    A label is a number, a text (the answer, or a solution with `####` or a box in it), a list of answers of which any is right, or a
    dict with one of these as `answer`, `expected_answer`, `ground_truth` or `solution`.

    Returns:
        `rewards` and `scores`, float32 tensors of shape (len(queries),), scores within [0, 1], and `extra_logs`: for each of
        `LOG_KEYS` such a tensor.
    """
    import torch

    marks = _mark_all(
        [(str(query or ""), item_or_none(prompts, number), item_or_none(labels, number)) for number, query in enumerate(queries)]
    )
    logs = {
        "math_accuracy": [float(one.answered is Grade.RIGHT) for one in marks],
        "answer_formatted": [float(one.answered is not Grade.NO_ANSWER) for one in marks],
        "timeout": [float(one.answered is Grade.TIMEOUT) for one in marks],
        "internal_error": [float(one.answered is Grade.INTERNAL) for one in marks],
        "wall_ms": [one.wall_seconds * 1000.0 for one in marks],
    }
    return {
        "rewards": torch.tensor([one.reward for one in marks], dtype=torch.float32),
        "scores": torch.tensor([one.score for one in marks], dtype=torch.float32),
        "extra_logs": {key: torch.tensor(logs[key], dtype=torch.float32) for key in LOG_KEYS},
    }


def _mark_all(samples: list[tuple[str, Any, Any]]) -> list[GradedAnswer]:
    box = None
    if len(samples) > 1:
        try:
            box = _formulas()
        except SandboxError as error:  # then only what needs a worker is our fault
            _log.error("formulas cannot be compared: %s", error)
    if box is None:
        return [_mark_query(*sample) for sample in samples]
    futures = [box.submit(_mark_query, *sample) for sample in samples]
    return [future.result() for future in futures]


def _mark_query(query: str, prompt: Any, label: Any) -> GradedAnswer:
    try:
        asked = str(prompt or "")
        return mark(reasoning_opened_by(asked) + response_of(query, asked), label)
    except Exception:  # the trainer would swallow it and die of it later; it is counted and logged instead
        _log.exception("an answer could not be marked")
        return GradedAnswer(answered=Grade.INTERNAL)


def mark(response: str, label: Any) -> GradedAnswer:
    """Compare the final answer of *response* with *label*; blocks while a worker compares formulas.

    Raises:
        ConfigurationError: workers cannot be started.
        LayerMissing: a layer of confinement that is required cannot be had.
    """
    wanted = _wanted(label)
    if not wanted:
        _log.warning("a label has no answer: %.80r", label)
        return GradedAnswer(answered=Grade.INTERNAL)
    answer = answer_in(response)
    if answer is None:
        return GradedAnswer(answered=Grade.NO_ANSWER)
    worst, seconds = Grade.WRONG, 0.0
    for one in wanted[:MAX_ALTERNATIVES]:
        marked = compare(answer, one)
        seconds += marked.wall_seconds
        if marked.answered is Grade.RIGHT:
            return GradedAnswer(answered=Grade.RIGHT, answer=answer, wall_seconds=seconds)
        worst = marked.answered if marked.answered is not Grade.WRONG else worst
    return GradedAnswer(answered=worst, answer=answer, wall_seconds=seconds)


async def amark(response: str, label: Any) -> GradedAnswer:
    """`mark`, without blocking the event loop.

    Raises:
        ConfigurationError: workers cannot be started.
        LayerMissing: a layer of confinement that is required cannot be had.
    """
    box = await asyncio.to_thread(_formulas)
    if box is None:
        return await asyncio.to_thread(mark, response, label)
    return await asyncio.wrap_future(box.submit(mark, response, label))


MAX_ALTERNATIVES = 8
_KEYS = ("answer", "expected_answer", "ground_truth", "solution")


def _wanted(label: Any) -> list[str]:
    """The answers of a label, any of which is right."""
    if isinstance(label, str) and label.lstrip().startswith("{") and '"' in label:
        try:
            label = json.loads(label)
        except ValueError:
            pass  # a set: {1, 2}
    if isinstance(label, Mapping):
        label = next((label[key] for key in _KEYS if label.get(key) is not None), None)
    if isinstance(label, list | tuple):
        return [answer for one in label for answer in _wanted(one)]
    if label is None or isinstance(label, bool | Mapping):
        return []
    text = str(label).strip()
    if "####" in text or "\\boxed" in text:
        text = answer_in(text) or ""
    return [text] if without_typography(text) else []


# --- formulas, in a worker -----------------------------------------------------------------------------------------------

_COMPARES = """\
import json, logging, sys
logging.disable(logging.CRITICAL)
from math_verify import LatexExtractionConfig, parse, verify
from sympy import Basic, nan, zoo

def formula(text):
    found = parse("$" + text + "$", [LatexExtractionConfig()], fallback_mode="no_fallback", parsing_timeout=None)
    # 3:00 is a division by zero to the parser, and everything undefined would be the same.
    return [one for one in found if not (isinstance(one, Basic) and one.has(zoo, nan))]

given = json.load(sys.stdin)
wanted = formula(given["wanted"])
said = formula(given["said"])
print(json.dumps(bool(wanted and said and verify(wanted, said, timeout_seconds=None))))
"""


def compare(said: str, wanted: str) -> GradedAnswer:
    """Compare two answers; formulas in a worker, if math-verify is there.

    Raises:
        ConfigurationError: workers cannot be started.
        LayerMissing: a layer of confinement that is required cannot be had.
    """
    decided = same_answer(said, wanted)
    box = _formulas() if decided is None else None
    if box is None:
        return GradedAnswer(answered=Grade.RIGHT if decided else Grade.WRONG, answer=said)
    run = _asked(box, said, wanted)
    answered, seconds = _grade_of(run), run.usage.wall_seconds
    if answered is Grade.INTERNAL and VERDICT_OF_CAUSE[run.cause].owner is not Owner.OURS:
        # Every failure has one owner: if 0 can be compared with the label, it is this answer that cannot.
        control = _asked(box, "0", wanted)
        seconds += control.usage.wall_seconds
        if _grade_of(control) is not Grade.INTERNAL:
            answered = Grade.TIMEOUT if run.cause in (Cause.CPU_TIME, Cause.WALL_TIME) else Grade.WRONG
    if answered is Grade.INTERNAL:
        _log.warning("an answer could not be compared with %.80r: %s %s", wanted, run.cause.value, run.failure or run.detail)
    return GradedAnswer(answered=answered, answer=said, wall_seconds=seconds)


def _asked(box: Sandbox, said: str, wanted: str) -> Run:
    given = json.dumps({"said": without_typography(said), "wanted": without_typography(wanted)}).encode("ascii")
    deadline = time.monotonic() + box.rules.limits.deadline_seconds
    return box.run_job(Job(source=_COMPARES, stdin=given, limits=box.rules.limits), deadline=deadline)


def _grade_of(run: Run) -> Grade:
    """What a job said; INTERNAL where it said nothing that was asked."""
    if run.cause is not Cause.FINISHED or run.failure or run.stdout not in (b"true\n", b"false\n"):
        return Grade.INTERNAL
    return Grade.RIGHT if run.stdout == b"true\n" else Grade.WRONG


MODULE = "math_verify"

_lock = threading.Lock()  # protects the three below
_box: Sandbox | None = None
_is_there = True
_owner = 0


def _formulas() -> Sandbox | None:
    """The sandbox of this process whose workers have math-verify loaded; None if their interpreter does not have it.

    Raises:
        ConfigurationError: workers cannot be started.
        LayerMissing: a layer of confinement that is required cannot be had.
    """
    global _box, _owner, _is_there
    with _lock:
        if _owner != os.getpid():
            _box, _is_there, _owner = None, True, os.getpid()
        if _box is None and _is_there:
            _box = _started()
            _is_there = _box is not None
            if _box is not None:
                atexit.register(_box.close)
        return _box


def _started() -> Sandbox | None:
    settings = Settings.from_environment(os.environ)
    options = {**settings.options, "warm": (*settings.options.get("warm", ()), MODULE)}
    box = Sandbox(limits=settings.limits, **options)
    try:
        box.run("")
    except ConfigurationError as error:
        box.close()
        if MODULE not in str(error):
            raise
        _log.warning("formulas are compared as numbers and texts only; to compare them, %s: %s", install_hint("math"), error)
        return None
    return box

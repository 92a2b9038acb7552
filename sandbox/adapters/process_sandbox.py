"""What the doors of all trainers share: one sandbox a process, made from the environment, and samples that raise nothing."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import Any

from sandbox.adapters.record import record_score, start_recording
from sandbox.adapters.sample_log import Log, log_with_backoff
from sandbox.api import Batch, Sandbox, Score
from sandbox.judging.response.messages import TextOrMessages
from sandbox.judging.reward import Outcome
from sandbox.settings import Settings
from sandbox.words.errors import SandboxError
from sandbox.words.judgement import Judgement
from sandbox.words.verdict import Verdict

__all__ = ["check_settings", "checked_sandbox", "internal_error_score", "sandbox_of_process", "score_without_raising"]

_log = logging.getLogger("sandbox")

_lock = threading.Lock()  # protects the two below
_box: Sandbox | None = None
_owner = 0
_checking = threading.Lock()


def check_settings() -> None:
    """Check the `SANDBOX_*` variables, and that a worker can be had, now: better when a training starts than in its middle.

    Raises:
        ConfigurationError: a variable cannot be used.
        LayerMissing: programs cannot be confined here as is required.
    """
    settings = Settings.from_environment(os.environ)
    with Sandbox(limits=settings.limits, **{**settings.options, "workers": 1}) as box:
        box.warm()


def sandbox_of_process() -> Sandbox:
    """The sandbox of this process, made on first use; a forked copy of the process makes its own.

    Raises:
        ConfigurationError: a variable `SANDBOX_*` cannot be used.
    """
    global _box, _owner
    with _lock:
        if _box is None or _owner != os.getpid():
            settings = Settings.from_environment(os.environ)
            start_recording(settings.recording)
            _box = Sandbox(limits=settings.limits, **settings.options)
            _owner = os.getpid()
            atexit.register(_box.close)
        return _box


def checked_sandbox() -> Sandbox:
    """`sandbox_of_process`, for trainers that end when a reward function raises: the first call makes sure of a worker.

    So a wrong setting ends the start of a training, with its sentence, instead of a run of which every reward is our fault.

    Raises:
        ConfigurationError: a variable `SANDBOX_*` cannot be used, or workers cannot be started.
        LayerMissing: programs cannot be confined here as is required.
    """
    with _checking:
        if _box is None or _owner != os.getpid():
            check_settings()
        return sandbox_of_process()


def score_without_raising(
    box: Sandbox,
    response: TextOrMessages,
    label: Any,
    prompt: TextOrMessages = "",
    *,
    deadline: float | None = None,
    batch: Batch | None = None,
    log: Log = log_with_backoff,
) -> Score:
    """`Sandbox.score` that raises nothing: what could not be judged is the outcome INTERNAL, and its reason is told. It is recorded."""
    return record_score(_judged(box, response, label, prompt, deadline, batch, log), response, prompt)


def _judged(
    box: Sandbox,
    response: TextOrMessages,
    label: Any,
    prompt: TextOrMessages,
    deadline: float | None,
    batch: Batch | None,
    log: Log,
) -> Score:
    try:
        score = box.score(response, label, prompt, deadline=deadline, batch=batch)
    except SandboxError as error:  # one sample of thousands: it is counted and told, the training goes on
        log(logging.ERROR, f"a sample could not be scored: {error}")
        return internal_error_score(f"{type(error).__name__}: {error}", box)
    except Exception as error:  # a bug of ours: each with its traceback
        _log.exception("a sample could not be scored")
        return internal_error_score(f"{type(error).__name__}: {error}", box)
    if score.outcome is Outcome.INTERNAL:
        log(logging.WARNING, f"{score.verdict.value}: {score.judgement.reason}")
    return score


def internal_error_score(reason: str, box: Sandbox | None = None) -> Score:
    """A sample that could not be judged: priced by the shape if there is one, else 0.0."""
    judgement = Judgement(verdict=Verdict.INTERNAL_ERROR, reason=reason)
    if box is not None:
        price = box.shape.price(judgement)
        return Score(reward=price.reward, score=price.score, outcome=price.outcome, judgement=judgement)
    return Score(reward=0.0, score=0.5, outcome=Outcome.INTERNAL, judgement=judgement)

"""OpenRLHF's `--remote_rm_url ./reward_code_gen.py` (0.11: `--reward.remote_url`): queries in, rewards out.

The contract, read from OpenRLHF 0.9.0 to 0.11.2: `reward_func` is called with lists (of one, in threads, since 0.9.1), its
exceptions are swallowed and end the training later, nothing limits its time, and one key more or less in `extra_logs` ends the
training too. So this never raises for a sample, ends before a deadline, and answers with the same keys always.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox.adapters import shared
from sandbox.adapters.shared import judged, ours, sandbox_of_process
from sandbox.api import Batch, Sandbox, Score
from sandbox.errors import ConfigurationError
from sandbox.extract import SPECIAL_TOKEN, strip_special_tokens
from sandbox.fences import blocks_of
from sandbox.reward import Outcome

if TYPE_CHECKING:
    import torch

__all__ = ["LOG_KEYS", "check_settings", "columns_of", "response_of", "reward_func", "score_query"]

_log = logging.getLogger("sandbox")

LOG_KEYS = ("code_correctness", "avg_correctness", "pass_rate", "timeout", "crash", "internal_error", "wall_ms", "sandbox_suspect")
"""The keys of `extra_logs`, always all of them: one number a sample, which the trainer averages itself."""


def check_settings() -> None:
    """Check what a training needs when it starts: torch, the `SANDBOX_*` variables, and that a worker can be had.

    Raises:
        ConfigurationError: something of it cannot be used.
        LayerMissing: programs cannot be confined here as is required.
    """
    if importlib.util.find_spec("torch") is None:
        raise ConfigurationError(
            "rewards for OpenRLHF are tensors, and torch is not installed: pip install 'reward-sandbox[openrlhf]'"
        )
    shared.check_settings()


def reward_func(
    queries: Sequence[str], prompts: Sequence[str] | None, labels: Sequence[Any] | None, **_: Any
) -> dict[str, torch.Tensor | dict[str, torch.Tensor]]:
    """Score every query (prompt and response in one text) against its label.

    Returns:
        `rewards` and `scores`, float32 tensors of shape (len(queries),), scores within [0, 1], and `extra_logs`: for each of
        `LOG_KEYS` such a tensor. Prices and shapes are in the README; a fault of ours is 0.0 with `internal_error` 1.0.
    """
    import torch

    samples = [(str(query or ""), _at(prompts, number), _at(labels, number)) for number, query in enumerate(queries)]
    columns = columns_of(_score(samples))

    def tensor(numbers: list[float]) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.float32)

    return {
        "rewards": tensor(columns["rewards"]),
        "scores": tensor(columns["scores"]),
        "extra_logs": {key: tensor(columns[key]) for key in LOG_KEYS},
    }


def columns_of(scores: Sequence[Score]) -> dict[str, list[float]]:
    """`rewards`, `scores` and each of `LOG_KEYS`: finite numbers, one a sample."""
    rewards = [score.reward for score in scores]
    columns = {
        "rewards": rewards,
        "scores": [min(1.0, max(0.0, score.score)) for score in scores],
        "code_correctness": rewards,
        "avg_correctness": rewards,
        "pass_rate": [score.pass_rate for score in scores],
        "timeout": [float(score.outcome is Outcome.TIMEOUT) for score in scores],
        "crash": [float(score.outcome is Outcome.CRASH) for score in scores],
        "internal_error": [float(score.outcome is Outcome.INTERNAL) for score in scores],
        "wall_ms": [score.judgement.usage.wall_seconds * 1000.0 for score in scores],
        "sandbox_suspect": [float(bool(score.judgement.suspicions)) for score in scores],
    }
    return {name: [float(one) if math.isfinite(one) else 0.0 for one in column] for name, column in columns.items()}


def _at(values: Sequence[Any] | None, number: int) -> Any:
    return values[number] if values is not None and number < len(values) else None


def _score(samples: list[tuple[str, Any, Any]]) -> list[Score]:
    try:
        box = sandbox_of_process()
    except Exception as error:
        _log.error("no sample can be scored: %s", error)
        return [ours(str(error)) for _ in samples]
    deadline = time.monotonic() + box.rules.limits.deadline_seconds
    if len(samples) == 1:
        return [score_query(box, *samples[0], deadline=deadline)]
    batch = box.batch([(query, label) for query, _, label in samples])
    futures = {number: box.submit(score_query, box, *samples[number], deadline=deadline, batch=batch) for number in batch.order}
    return [futures[number].result() for number in range(len(samples))]


def score_query(box: Sandbox, query: str, prompt: Any, label: Any, *, deadline: float, batch: Batch | None = None) -> Score:
    """Score what the model wrote in *query*, before *deadline* (of `time.monotonic`). Never raises."""
    try:
        asked = str(prompt or "")
        response, plain = response_of(query, asked), strip_special_tokens(asked)
    except Exception as error:  # the trainer would swallow it and die of it later; it is counted and logged instead
        _log.exception("a response could not be found in its query")
        return ours(f"{type(error).__name__}: {error}", box)
    return judged(box, response, label, plain, deadline=deadline, batch=batch)


# --- which part of a query is the response --------------------------------------------------------------------------------

ANCHOR = 48
"""How many characters in a row have to agree before two texts are taken to overlap."""

_SKIPPED = re.compile(rf"\s+|{SPECIAL_TOKEN}")


def response_of(query: str, prompt: str) -> str:
    """What the model wrote: *query* without *prompt*.

    A tokenizer may have changed the prompt on its way (special tokens, blanks), or cut its beginning off. So: after the exact
    prompt; else after the longest end of the prompt with which the query begins, white space and special tokens aside; else
    after the first place where the prompt's end stands. A response that repeats the prompt loses nothing.
    """
    if query.startswith(prompt):
        return query[len(prompt) :]
    plain, places = _squeezed(query)
    wanted, _ = _squeezed(prompt)
    if not wanted:
        return query
    anchor = plain[:ANCHOR]
    start = wanted.find(anchor) if len(anchor) == ANCHOR or len(wanted) <= ANCHOR else -1
    while anchor and start >= 0:
        if plain.startswith(wanted[start:]):
            return query[places[len(wanted) - start] :]
        start = wanted.find(anchor, start + 1)
    if len(wanted) < ANCHOR and plain.startswith(wanted):
        return query[places[len(wanted)] :]
    tail = wanted[-ANCHOR:]
    found = plain.find(tail) if len(tail) == ANCHOR else -1
    if found >= 0:
        return query[places[found + len(tail)] :]
    return _after_blocks_of(prompt, query)


def _squeezed(text: str) -> tuple[str, list[int]]:
    """*text* without white space and special tokens, and where each character (and the end) stood."""
    kept: list[str] = []
    places: list[int] = []
    position = 0
    for skipped in _SKIPPED.finditer(text):
        kept.append(text[position : skipped.start()])
        places.extend(range(position, skipped.start()))
        position = skipped.end()
    kept.append(text[position:])
    places.extend(range(position, len(text)))
    # The response begins right after the last character of the prompt, so that its own indentation is kept.
    ends = [0, *(place + 1 for place in places)]
    return "".join(kept), ends


def _after_blocks_of(prompt: str, query: str) -> str:
    """A query in which no end of the prompt is found; code of the prompt is still not taken for the model's."""
    cut = 0
    for block in blocks_of(prompt):
        text = block.text.strip()
        if text and text in query:
            cut = max(cut, query.find(text) + len(text))
    return query[cut:]

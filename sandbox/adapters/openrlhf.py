"""OpenRLHF's `--reward.remote_url ./reward_code_gen.py` (0.10.1 and older: `--remote_rm_url`): queries in, rewards out.

The contract, read from OpenRLHF 0.9.0 to 0.11.2: `reward_func` is called with lists (of one, in threads, since 0.9.1), its
exceptions are swallowed and end the training later, nothing limits its time, and one key more or less in `extra_logs` ends the
training too. So this never raises for a sample, ends before a deadline, and answers with the same keys always.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import math
import re
import time
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.adapters import process_sandbox
from sandbox.adapters.columns import item_or_none
from sandbox.adapters.metrics import metrics_of
from sandbox.adapters.process_sandbox import internal_error_score, sandbox_of_process, score_without_raising
from sandbox.adapters.record import record_score
from sandbox.adapters.sample_log import Log, log_with_backoff
from sandbox.api import Batch, Sandbox, Score
from sandbox.judging.response.fences import blocks_of
from sandbox.judging.response.special_tokens import SPECIAL_TOKEN, strip_special_tokens
from sandbox.words.errors import ConfigurationError, install_hint

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
            f"rewards for OpenRLHF are tensors, and torch is not installed: pip install torch, or {install_hint('openrlhf')}"
        )
    process_sandbox.check_settings()


def reward_func(
    queries: Sequence[str], prompts: Sequence[str] | None, labels: Sequence[Any] | None, **_: Any
) -> dict[str, torch.Tensor | dict[str, torch.Tensor]]:
    """Score every query (prompt and response in one text) against its label.

    Returns:
        `rewards` and `scores`, float32 tensors of shape (len(queries),), scores within [0, 1], and `extra_logs`: for each of
        `LOG_KEYS` such a tensor. Prices and shapes are in docs/rewards.md; a fault of ours is 0.0 with `internal_error` 1.0.
    """
    import torch

    samples = [
        (str(query or ""), item_or_none(prompts, number), item_or_none(labels, number)) for number, query in enumerate(queries)
    ]
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
    metrics = [metrics_of(score) for score in scores]
    columns = {
        "rewards": rewards,
        "scores": [min(1.0, max(0.0, score.score)) for score in scores],
        "code_correctness": rewards,
        "avg_correctness": rewards,
        "pass_rate": [score.pass_rate for score in scores],
        **{key: [one[key] for one in metrics] for key in ("timeout", "crash", "internal_error", "wall_ms", "sandbox_suspect")},
    }
    return {name: [float(one) if math.isfinite(one) else 0.0 for one in column] for name, column in columns.items()}


def _score(samples: list[tuple[str, Any, Any]]) -> list[Score]:
    try:
        box = sandbox_of_process()
    except Exception as error:
        log_with_backoff(logging.ERROR, f"no sample can be scored: {error}")
        return [record_score(internal_error_score(str(error)), query, prompt) for query, prompt, _ in samples]
    deadline = time.monotonic() + box.rules.limits.deadline_seconds
    if len(samples) == 1:
        return [score_query(box, *samples[0], deadline=deadline)]
    batch = box.batch([(query, label) for query, _, label in samples])
    futures = {number: box.submit(score_query, box, *samples[number], deadline=deadline, batch=batch) for number in batch.order}
    return [futures[number].result() for number in range(len(samples))]


def score_query(
    box: Sandbox,
    query: str,
    prompt: Any,
    label: Any,
    *,
    deadline: float,
    batch: Batch | None = None,
    log: Log = log_with_backoff,
) -> Score:
    """Score what the model wrote in *query*, before *deadline* (of `time.monotonic`). Never raises."""
    try:
        asked = str(prompt or "")
        response, plain = response_of(query, asked), strip_special_tokens(asked)
    except Exception as error:  # the trainer would swallow it and die of it later; it is counted and logged instead
        _log.exception("a response could not be found in its query")
        return record_score(internal_error_score(f"{type(error).__name__}: {error}", box), query, prompt)
    return score_without_raising(box, response, label, plain, deadline=deadline, batch=batch, log=log)


# --- which part of a query is the response --------------------------------------------------------------------------------

ANCHOR = 48
"""How many characters in a row have to agree before two texts are taken to overlap."""
DAMAGED = 8
"""How many characters at a query's beginning may be what is left of a token that was cut."""
MAX_ENDS = 1000
"""In how many places the prompt's end is looked for; a prompt of many examples may have it behind each of them."""

_SKIPPED = re.compile(rf"\s+|{SPECIAL_TOKEN}")
_CLOSING = re.compile(r"[ \t]*\n[ \t]*(?:`{3,}|~{3,})[ \t]*(?=\n|\Z)")


def response_of(query: str, prompt: str) -> str:
    """What the model wrote: *query* without *prompt*.

    A tokenizer may have changed the prompt on its way (special tokens, blanks, normalised letters), or cut its beginning off, in the
    middle of a character too. So: after the exact prompt; else after the longest end of the prompt with which the query begins, white
    space and special tokens aside; else where the prompt's end stands, with as much of the prompt before it as anywhere. A response
    that repeats the prompt loses nothing.
    """
    if query.startswith(prompt):
        return query[len(prompt) :]
    plain, places = _squeezed(query)
    forms = [
        _squeezed(form)[0] for form in dict.fromkeys((prompt, *(unicodedata.normalize(form, prompt) for form in ("NFC", "NFKC"))))
    ]
    if not forms[0]:
        return query
    for find in (_behind_beginning, _behind_end):
        for wanted in dict.fromkeys(forms):
            end = find(plain, wanted)
            if end >= 0:
                return query[places[end] :]
    return _after_blocks_of(prompt, query)


def _behind_beginning(plain: str, wanted: str) -> int:
    """Where *plain* goes on behind an end of *wanted* that it begins with, or almost; -1 if it begins otherwise."""
    if len(wanted) < ANCHOR:
        if plain.startswith(wanted):
            return len(wanted)
        return len(plain) if plain and wanted.endswith(plain) else -1  # cut, and nothing behind it
    for damaged in range(DAMAGED + 1):
        anchor = plain[damaged : damaged + ANCHOR]
        start = wanted.find(anchor) if len(anchor) == ANCHOR else -1
        while start >= 0:
            if plain.startswith(wanted[start:], damaged):
                return damaged + len(wanted) - start
            start = wanted.find(anchor, start + 1)
    return -1


def _behind_end(plain: str, wanted: str) -> int:
    """Where the end of *wanted* stands in *plain*, with most of *wanted* before it; -1 if it stands nowhere."""
    tail = wanted[-ANCHOR:]
    if len(tail) < ANCHOR:
        return -1
    # What a response repeats is behind the prompt: there are no more places to look at than the prompt has such ends itself.
    count = sum(1 for _ in itertools.islice(_ends_of(tail, wanted), MAX_ENDS))
    ends = itertools.islice(_ends_of(tail, plain), count)
    return max(ends, key=lambda end: (_agreeing(plain, end, wanted), end), default=-1)


def _ends_of(tail: str, text: str) -> Iterator[int]:
    start = text.find(tail)
    while start >= 0:
        yield start + len(tail)
        start = text.find(tail, start + 1)


def _agreeing(plain: str, end: int, wanted: str) -> int:
    """How many characters before *end* are those at the end of *wanted*."""
    least, most = 0, min(end, len(wanted))
    while least < most:
        middle = (least + most + 1) // 2
        if plain.endswith(wanted[-middle:], 0, end):
            least = middle
        else:
            most = middle - 1
    return least


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
    """A query in which no end of the prompt is found; code of the prompt, and its fences, are still not taken for the model's."""
    cut = 0
    for block in blocks_of(prompt):
        text = block.text.strip()
        if text and text in query:
            end = query.find(text) + len(text)
            closing = _CLOSING.match(query, end) if block.closed else None
            cut = max(cut, closing.end() if closing else end)
    return query[cut:]

"""Rewards for the quality of conversations: a classifier that reads the whole of one, `examples/reward_func_conversation.py` for OpenRLHF.

The rules of the document this project implements: the quality is the probability of the class that means good (LABEL_1), and a response of
fewer than ten words gets half of it. A model with a single output has no such class (the reward model that the document names is one):
there the quality is the sigmoid of the output, where the document's code would take one minus it.

The classifier is loaded once a process, by the first call, not when the file is loaded. OpenRLHF calls with one sample at a time from many threads:
what waits while the model computes is its next batch.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox.adapters.columns import item_or_none
from sandbox.adapters.openrlhf import response_of
from sandbox.judging.response.special_tokens import strip_special_tokens
from sandbox.words.errors import ConfigurationError

if TYPE_CHECKING:
    import torch

__all__ = ["LOG_KEYS", "Quality"]

_log = logging.getLogger("sandbox")

LOG_KEYS = ("avg_quality", "short_response", "internal_error")
"""The keys of `extra_logs`, always all of them: one number a sample, which the trainer averages itself."""

SHORT_WORDS = 10
"""A response of fewer words than these gets half of its quality."""


class _Waiting:
    """A text that wants its quality."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.quality: float | None = None
        self.error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.quality is not None or self.error is not None


class Quality:
    """A reward function made of a sequence classifier of transformers. Thread-safe.

    *model* is a name of the hub or a folder, *device* a device of torch, or `auto`: a GPU that has at least four times the model's size free
    (beside vLLM there is none), else the CPU. *batch* is how many texts are computed together, *good* the label or the number of the class
    that means good (of a model with one output it is not asked), *tokens* how much of a conversation is read, from its end.
    """

    def __init__(
        self, model: str, *, device: str = "auto", batch: int = 16, good: str | int = "LABEL_1", tokens: int | None = None
    ) -> None:
        if batch < 1 or (tokens is not None and tokens < 1):
            raise ConfigurationError(f"batch={batch}, tokens={tokens}: use at least 1 of each")
        self.model = model
        self.device = device
        self.batch = batch
        self.good = good
        self.tokens = tokens
        self.batches = 0
        """How many batches were computed."""
        self._waiting: deque[_Waiting] = deque()
        self._queue = threading.Lock()  # protects the line above
        self._turn = threading.Lock()  # held by the one thread that computes; protects the next
        self._loaded: tuple[Any, Any, int] | None = None

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str] | None = None, *_: Any, **__: Any
    ) -> dict[str, torch.Tensor | dict[str, torch.Tensor]]:
        """OpenRLHF's contract. Never raises: what could not be computed is 0.0 with `internal_error` 1.0.

        Returns:
            `rewards` and `scores`, float32 tensors of shape (len(queries),) within [0, 1], and `extra_logs`: for each of `LOG_KEYS` such a
            tensor.
        """
        import torch

        texts = [strip_special_tokens(str(query or "")) for query in queries]
        short = [_is_short(str(query or ""), item_or_none(prompts, number)) for number, query in enumerate(queries)]
        try:
            found: list[float | None] = list(self.qualities(texts))
        except Exception:  # the trainer would swallow it and die of it later; it is counted and logged instead
            _log.exception("the quality of a conversation could not be computed")
            found = [None] * len(texts)
        rewards = [
            0.0 if quality is None else quality * (0.5 if brief else 1.0) for quality, brief in zip(found, short, strict=True)
        ]
        logs = {
            "avg_quality": rewards,
            "short_response": [float(brief) for brief in short],
            "internal_error": [float(quality is None) for quality in found],
        }
        return {
            "rewards": torch.tensor(rewards, dtype=torch.float32),
            "scores": torch.tensor(rewards, dtype=torch.float32),
            "extra_logs": {key: torch.tensor(logs[key], dtype=torch.float32) for key in LOG_KEYS},
        }

    def check(self) -> None:
        """Make sure that the model is there and has the class that means good, without loading it: when a training starts.

        Raises:
            ConfigurationError: it is not, or has not.
        """
        from transformers import AutoConfig

        try:
            config = AutoConfig.from_pretrained(self.model)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"model={self.model!r} cannot be loaded: {error}") from error
        self._class_of(config)

    def qualities(self, texts: Sequence[str]) -> list[float]:
        """The quality of each text, within [0, 1]; of a blank one 0.0.

        Whoever holds the turn computes the next texts in the line, its own or others'. So a batch is what came while the last was computed.

        Raises:
            ConfigurationError: the model has no class *good*.
            Exception: whatever the model raises.
        """
        mine = [_Waiting(text) for text in texts]
        for one in mine:
            one.quality = None if one.text.strip() else 0.0
        with self._queue:
            self._waiting.extend(one for one in mine if not one.is_done)
        while not all(one.is_done for one in mine):
            with self._turn:
                with self._queue:
                    batch = [self._waiting.popleft() for _ in range(min(self.batch, len(self._waiting)))]
                if batch:
                    self._compute(batch)
        for one in mine:
            if one.error is not None:
                raise one.error
        return [one.quality or 0.0 for one in mine]

    def _compute(self, batch: list[_Waiting]) -> None:
        try:
            for one, quality in zip(batch, self._qualities_of([one.text for one in batch]), strict=True):
                if math.isfinite(quality):
                    one.quality = quality
                else:
                    one.error = ValueError(f"the model's output is {quality}")
        except Exception as error:  # of the model, or of one text: the others must not pay for it
            if len(batch) == 1:
                batch[0].error = error
            else:
                for one in batch:
                    self._compute([one])

    def _qualities_of(self, texts: list[str]) -> list[float]:
        import torch

        if self._loaded is None:
            self._loaded = self._load()
        tokenizer, model, good = self._loaded
        self.batches += 1
        given = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=self._most(tokenizer, model))
        with torch.inference_mode():
            logits = model(**given.to(model.device)).logits.float()
        found = torch.sigmoid(logits[:, 0]) if logits.shape[-1] == 1 else torch.softmax(logits, dim=-1)[:, good]
        return [float(one) for one in found.cpu()]

    def _load(self) -> tuple[Any, Any, int]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        # The end of a conversation is the response; its beginning is what may be left out.
        tokenizer = AutoTokenizer.from_pretrained(self.model, truncation_side="left")
        model = AutoModelForSequenceClassification.from_pretrained(self.model)
        model = model.to(self._device_for(model)).eval()
        _log.info("the classifier %s is on %s", self.model, model.device)
        return tokenizer, model, self._class_of(model.config)

    def _most(self, tokenizer: Any, model: Any) -> int:
        """How many tokens the model can read."""
        positions = getattr(model.config, "max_position_embeddings", 0) or 512
        return int(min(self.tokens or positions, positions, tokenizer.model_max_length))

    def _device_for(self, model: Any) -> str:
        import torch

        if self.device != "auto":
            return self.device
        size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
        if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 4 * size:
            return "cuda"
        return "cpu"

    def _class_of(self, config: Any) -> int:
        if config.num_labels == 1:
            return 0
        known = {str(name): int(number) for name, number in (config.label2id or {}).items()}
        number = self.good if isinstance(self.good, int) else known.get(self.good, -1)
        if not 0 <= number < config.num_labels:
            raise ConfigurationError(f"good={self.good!r} is no class of {self.model}; it has {', '.join(known)}")
        return number


def _is_short(query: str, prompt: Any) -> bool:
    return len(strip_special_tokens(response_of(query, str(prompt or ""))).split()) < SHORT_WORDS

"""The Python API: a sandbox that scores responses and runs programs.

with Sandbox() as box:
    score = box.score(response, label)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from typing_extensions import Self

from sandbox.host.backends import Starter
from sandbox.host.container import DEFAULT_IMAGE
from sandbox.host.pool_options import PoolOptions
from sandbox.host.ray_cluster import RayCluster
from sandbox.host.threads import Threads
from sandbox.judging.batch import Batch, LabelTimes, batch_of
from sandbox.judging.deduplicate import Deduplicator
from sandbox.judging.judge import judge, program_of
from sandbox.judging.response.candidate import Candidate, Choice, NoCode
from sandbox.judging.response.messages import TextOrMessages, checked_last_message
from sandbox.judging.reward import Outcome, Shape
from sandbox.judging.rules import Rules
from sandbox.words.errors import ConfigurationError
from sandbox.words.job import Job, Run
from sandbox.words.judgement import Judgement
from sandbox.words.layers import Backend, Isolation, Layer, parse_layers
from sandbox.words.limits import Limits
from sandbox.words.verdict import Verdict

__all__ = ["Batch", "Sample", "Sandbox", "Score"]

_Option = TypeVar("_Option", bound=Enum)

_RECENT = 1000
"""Judgements kept for equal samples while an iterable of unknown length is read."""
_AHEAD = 4
"""Samples read ahead for each worker."""

Sample: TypeAlias = "tuple[TextOrMessages, Any] | tuple[TextOrMessages, Any, TextOrMessages] | Mapping[str, Any]"
"""(response, label), (response, label, prompt), or a mapping with those keys."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a sample is worth, and why."""

    reward: float
    """For the advantage."""
    score: float
    """Within [0, 1], for dynamic filtering."""
    outcome: Outcome
    judgement: Judgement

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the cases."""
        return self.judgement.verdict

    @property
    def pass_rate(self) -> float:
        """Accepted cases of all cases."""
        return self.judgement.pass_rate


class Sandbox:
    """A pool of warm workers and a judge. Thread-safe; close it, or use it in a `with` block.

    *workers* is how many jobs run at the same time (default: the processors this process may use), *node_jobs* how many all
    processes of this user run together on this node (default: the processors, or *workers* if that is more; 0: no cap). *limits*
    bounds each test case, *shape* says how outcomes become rewards (see `Shape`; a text is parsed), *choice* which of several code
    blocks counts, *early_stop* whether a suite ends at its first failure (default: with the binary shape).

    The same program before the same label, in one batch or at the same time, is judged once, unless *deduplicate* is False; *cache* is
    how many judgements are kept for equal samples that come later. With *entropy* every job has fresh randomness, and nothing is shared.

    *backend* says what workers are: processes, containers of *image*, containers with gVisor, or any of these on the nodes of a Ray
    cluster, each with *workers* and *node_jobs* of its own; *ray_nodes* says on which: those with a custom resource ("sandbox") or a
    label ("kind=cpu"; default: all). *python* is the interpreter that
    candidates run in, *warm* the modules it imports beforehand (such as numpy), *readable* folders that candidates may read beside
    the interpreter's and the system's libraries. *isolation* is the tier of confinement. Layers in *allow_missing* may be missing. If
    any other layer cannot be enforced, the first worker's start raises LayerMissing.

    Raises:
        ConfigurationError: an option cannot be used; the message says which and why.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        node_jobs: int | None = None,
        limits: Limits | None = None,
        shape: Shape | str = "documented",
        choice: Choice | str = Choice.AUTO,
        early_stop: bool | None = None,
        entropy: bool = False,
        deduplicate: bool = True,
        cache: int = 0,
        backend: Backend | str = Backend.PROCESS,
        image: str = DEFAULT_IMAGE,
        ray_nodes: str = "all",
        python: str | None = None,
        warm: Sequence[str] = (),
        readable: Sequence[str] = (),
        isolation: Isolation | str = Isolation.AUTO,
        allow_missing: Iterable[Layer | str] = (),
    ) -> None:
        for name, value in (("warm", warm), ("readable", readable), ("allow_missing", allow_missing)):
            if isinstance(value, str):
                raise ConfigurationError(f"{name}={value!r}: a list of texts is meant, such as [{value!r}]")
        if limits is not None and not isinstance(limits, Limits):
            raise ConfigurationError(f"limits={limits!r}: say Limits(cpu_seconds=2), for example")
        if workers is not None and not isinstance(workers, int):
            raise ConfigurationError(f"workers={workers!r}: a number is meant")
        self.shape = Shape.parse(shape) if isinstance(shape, str) else shape
        self.rules = Rules(
            limits=limits or Limits(),
            choice=_one_of(Choice, "choice", choice),
            early_stop=self.shape.needs_only_passes if early_stop is None else early_stop,
            entropy=entropy,
        )
        if cache and (entropy or not deduplicate):
            raise ConfigurationError(
                f"cache={cache} keeps judgements for equal samples; with entropy, or without deduplicate, none are equal"
            )
        self._deduplicator = Deduplicator(cache) if deduplicate and not entropy else None
        backend = _one_of(Backend, "backend", backend)
        start = Starter(
            backend=backend.of_node,
            image=image,
            python=python,
            warm=warm,
            readable=readable,
            isolation=_one_of(Isolation, "isolation", isolation),
            allow_missing=parse_layers(allow_missing),
        )
        options = PoolOptions(start=start, workers=workers, node_jobs=node_jobs)
        pool = options.pool() if backend is backend.of_node else RayCluster(options, nodes=ray_nodes)
        self._pool = pool
        self._threads = Threads(lambda: pool.size)  # not of self: a sandbox that is dropped is to be freed at once
        self._times = LabelTimes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers. May be called twice."""
        self._pool.close()
        self._threads.close()

    def warm(self) -> None:
        """Start all workers now, not when they are first needed."""
        self._pool.warm()

    def score(
        self,
        response: TextOrMessages,
        label: Any,
        prompt: TextOrMessages = "",
        *,
        deadline: float | None = None,
        batch: Batch | None = None,
    ) -> Score:
        """Judge *response* (what the model said) against *label* (any format of docs/labels.md) and price it.

        Of a list of messages, the response is what the assistant said last, the prompt what the user said last.

        Never raises for anything that a response or a label holds: a broken label and a fault of ours are scores with the
        outcome INTERNAL. *deadline* is a time of `time.monotonic` (default: the limits' `deadline_seconds` from now); *batch* is
        what `batch` made for this sample and others.

        Raises:
            ConfigurationError: response or prompt is neither text nor messages; workers cannot be started, or the sandbox is closed.
            LayerMissing: a layer of confinement that is required cannot be had.
        """
        text, asked = checked_last_message("assistant", response, "response"), checked_last_message("user", prompt, "prompt")
        judgement = judge(
            text,
            label,
            prompt=asked,
            run=self._pool.run,
            rules=self.rules,
            deadline=deadline,
            deduplicator=batch.deduplicator if batch is not None else self._deduplicator,
        )
        self._times.remember(label, judgement)
        price = self.shape.price(judgement)
        return Score(reward=price.reward, score=price.score, outcome=price.outcome, judgement=judgement)

    def program(self, response: TextOrMessages, label: Any, prompt: TextOrMessages = "") -> Candidate | NoCode:
        """The program in *response* that `score` would judge, or why there is none.

        Raises:
            LabelError: the label cannot be understood.
            WorkerError: no worker could be asked which of several blocks are valid programs.
            ConfigurationError: workers cannot be started, or the sandbox is closed.
        """
        text, asked = checked_last_message("assistant", response, "response"), checked_last_message("user", prompt, "prompt")
        return program_of(text, label, prompt=asked, run=self._pool.run, rules=self.rules)

    def score_many(self, samples: Iterable[Sample]) -> Iterator[Score]:
        """Score *samples*, as many at a time as there are workers; yields in their order.

        Of a list, those whose labels took longest before go first, so that no long one is left alone at the end; any other iterable
        is read ahead only a little.

        Raises:
            ConfigurationError: what is no sample, by its number; workers cannot be started, or the sandbox is closed.
            LayerMissing: a layer of confinement that is required cannot be had.
        """
        with closing(self._futures(samples)) as futures:
            for future in futures:
                yield future.result()

    def run(self, code: str, *, stdin: str | bytes = "", limits: Limits | None = None) -> Run:
        """Run a program and say what was observed.

        Raises:
            ConfigurationError: workers cannot be started, or the sandbox is closed.
            LayerMissing: a layer of confinement that is required cannot be had.
        """
        for name, value, kinds in (("code", code, str), ("stdin", stdin, str | bytes)):
            if not isinstance(value, kinds):
                raise ConfigurationError(f"{name}={repr(value)[:80]}: a program is a text, its standard input a text or bytes")
        data = stdin.encode("utf-8", "surrogatepass") if isinstance(stdin, str) else stdin
        return self.run_job(Job(source=code, stdin=data, limits=limits or self.rules.limits, entropy=self.rules.entropy))

    def run_job(self, job: Job, *, deadline: float | None = None) -> Run:
        """`run`, for a job that says everything itself; *deadline* as for `score`."""
        return self._pool.run(job, deadline)

    @property
    def workers(self) -> int:
        """Workers that are alive now."""
        return len(self._pool.workers)

    async def ascore(self, response: TextOrMessages, label: Any, prompt: TextOrMessages = "") -> Score:
        """`score`, without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(self.score, response, label, prompt))

    async def ascore_many(self, samples: Iterable[Sample]) -> AsyncIterator[Score]:
        """`score_many`, without blocking the event loop."""
        with closing(self._futures(samples)) as futures:
            for future in futures:
                yield await asyncio.wrap_future(future)

    async def arun(self, code: str, *, stdin: str | bytes = "", limits: Limits | None = None) -> Run:
        """`run`, without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(self.run, code, stdin=stdin, limits=limits))

    def _futures(self, samples: Iterable[Sample]) -> Generator[Future[Score], None, None]:
        pending: deque[Future[Score]] = deque()
        try:
            if isinstance(samples, Sequence):
                parts = [_parts(sample, number) for number, sample in enumerate(samples)]
                batch = self.batch([(response, label) for response, label, _ in parts])
                futures = {number: self.submit(self.score, *parts[number], batch=batch) for number in batch.order}
                pending.extend(futures[number] for number in range(len(samples)))
            else:
                batch = Batch([], self._deduplicator and Deduplicator(_RECENT, shared=self._deduplicator))
                for number, sample in enumerate(samples):
                    pending.append(self.submit(self._score_sample, sample, number, batch))
                    if len(pending) > _AHEAD * self._pool.size:
                        yield pending.popleft()
            while pending:
                yield pending.popleft()
        finally:
            for future in pending:
                future.cancel()

    def _score_sample(self, sample: Sample, number: int, batch: Batch) -> Score:
        return self.score(*_parts(sample, number), batch=batch)

    def batch(self, samples: Sequence[tuple[TextOrMessages, Any]]) -> Batch:
        """What *samples* (each what the model said, and its label) that are going to be scored together should share."""
        return batch_of(samples, self._times, self._deduplicator)

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        """Call *function* in one of the sandbox's own threads, of which there are some for each worker.

        Raises:
            ConfigurationError: the sandbox is closed, or belongs to another process.
        """
        return self._threads.submit(function, *args, **kwargs)


def _one_of(kind: type[_Option], name: str, value: _Option | str) -> _Option:
    """The member of *kind* that *value* is or names; *name* is what the argument is called."""
    try:
        return kind(value)
    except ValueError:
        raise ConfigurationError(f"{name}={value!r}: use {', '.join(item.value for item in kind)}") from None


def _parts(sample: Sample, number: int) -> tuple[str, Any, str]:
    """What the model said, the label and the prompt of a sample, the one with this *number* among others."""
    if isinstance(sample, Mapping) and "response" in sample and "label" in sample:
        response, label, prompt = sample["response"], sample["label"], sample.get("prompt")
    elif isinstance(sample, tuple | list) and len(sample) in (2, 3):
        response, label, prompt = (*sample, "")[:3]
    else:
        found = f"a dict with {', '.join(map(str, sample)) or 'no keys'}" if isinstance(sample, Mapping) else repr(sample)[:200]
        raise ConfigurationError(
            f"sample {number}: (response, label) or (response, label, prompt) is meant, or a dict with these keys; found {found}"
        )
    place = f"sample {number}: "
    return (
        checked_last_message("assistant", response, f"{place}response"),
        label,
        checked_last_message("user", prompt, f"{place}prompt"),
    )

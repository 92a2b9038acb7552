"""What the server has done: counters for Prometheus, and the last minutes for people."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, OrderedDict, deque
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Total

from sandbox.api import Score
from sandbox.judging.reward import Outcome, shown_outcome
from sandbox.words.details import in_words
from sandbox.words.job import Run
from sandbox.words.verdict import Cause, Verdict

__all__ = ["Stats"]

SECONDS = 120
"""How far back the page looks."""
FAILURES = 30
"""Kinds of failures: what is equal to people is one, with its number."""
EXAMPLES = 3
LATENCIES = 2_000
SHOWN_CHARACTERS = 4_000
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 150.0)


class Stats:
    """Thread-safe. *registry* holds what /metrics shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels: dict[str, Any] = {"registry": self.registry, "namespace": "reward_sandbox"}
        self._samples = Total("samples", "Samples judged, by outcome.", ["outcome"], **labels)
        self._runs = Total("runs", "Programs run without a label, by how they ended.", ["cause"], **labels)
        self._reused = Total("reused", "Samples that an equal one was judged for.", **labels)
        self._retries = Total("retries", "Times that a job was tried again after a fault of ours.", **labels)
        self._cpu = Total("cpu_seconds", "CPU time of candidates.", **labels)
        self._seconds = Histogram("sample_seconds", "Time from request to judgement.", buckets=BUCKETS, **labels)
        self.waiting = Gauge("waiting", "Pieces of work that wait or run.", **labels)
        self.workers = Gauge("workers", "Workers that are alive.", **labels)
        for outcome in Outcome:
            self._samples.labels(outcome.value)
        self._started = time.time()
        self._lock = threading.Lock()  # protects the rest
        self._by_second: deque[tuple[int, Counter[str]]] = deque(maxlen=SECONDS)
        self._latencies: deque[float] = deque(maxlen=LATENCIES)
        self._failures: OrderedDict[tuple[str, str, str], tuple[int, deque[dict[str, Any]]]] = OrderedDict()
        """By outcome, verdict and reason, the last at the end: how many there were, and the last ones."""
        self._outcomes: Counter[str] = Counter()

    def judged(self, score: Score, response: str, seconds: float) -> None:
        """A sample was judged, *seconds* after it was asked for."""
        outcome = score.outcome.value
        self._samples.labels(outcome).inc()
        self._retries.inc(score.judgement.retries)
        if score.judgement.reused:
            self._reused.inc()
        else:
            self._cpu.inc(score.judgement.usage.cpu_seconds)
        shown = shown_outcome(outcome, score.verdict.value)
        self._note(shown, seconds)
        if score.outcome is not Outcome.PASS:
            why = in_words(score.judgement.reason) or score.judgement.first_failure
            key = shown, score.verdict.value, why[:SHOWN_CHARACTERS]
            example = {
                "time": time.time(),
                "program": response[-SHOWN_CHARACTERS:],
                "pass_rate": score.pass_rate,
                "seconds": seconds,
            }
            with self._lock:
                count, examples = self._failures.pop(key, (0, deque(maxlen=EXAMPLES)))
                examples.append(example)
                self._failures[key] = count + 1, examples
                if len(self._failures) > FAILURES:
                    self._failures.popitem(last=False)

    def ran(self, run: Run, seconds: float) -> None:
        """A program was run."""
        self._runs.labels(run.cause.value).inc()
        self._retries.inc(run.retries)
        self._cpu.inc(run.usage.cpu_seconds)
        self._note("run" if run.cause is not Cause.LOST else Verdict.INTERNAL_ERROR.value, seconds)

    def rate(self) -> float:
        """Pieces of work a second, over the last ten."""
        now = int(time.time())
        with self._lock:
            return sum(counts.total() for second, counts in self._by_second if now - 10 <= second < now) / 10.0

    def recent(self) -> dict[str, Any]:
        """The last minutes, as plain data for the page."""
        now = int(time.time())
        with self._lock:
            by_second = dict(self._by_second)
            latencies = sorted(self._latencies)
            failures = [
                {"outcome": outcome, "verdict": verdict, "why": why, "count": count, "examples": list(examples)[::-1]}
                for (outcome, verdict, why), (count, examples) in reversed(self._failures.items())
            ]
            outcomes = dict(self._outcomes)
        return {
            "up_seconds": time.time() - self._started,
            "rate": self.rate(),
            "outcomes": outcomes,
            "by_second": [dict(by_second.get(second, {})) for second in range(now - SECONDS + 1, now + 1)],
            "latency_seconds": {name: _quantile(latencies, part) for name, part in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))},
            "failures": failures,
        }

    def _note(self, outcome: str, seconds: float) -> None:
        self._seconds.observe(seconds)
        second = int(time.time())
        with self._lock:
            if not self._by_second or self._by_second[-1][0] < second:
                self._by_second.append((second, Counter()))
            self._by_second[-1][1][outcome] += 1
            self._outcomes[outcome] += 1
            self._latencies.append(seconds)


def _quantile(ordered: list[float], part: float) -> float | None:
    return ordered[min(len(ordered) - 1, math.floor(part * len(ordered)))] if ordered else None

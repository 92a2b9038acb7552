"""The threads in which a sandbox works for its callers: some for each worker, more when workers are added."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sandbox.words.errors import ConfigurationError

__all__ = ["Threads"]

PER_WORKER = 2
"""One that compares answers, or waits for an equal sample, leaves its worker to the other."""


class Threads:
    """Calls functions in threads of its own. They belong to the process that made them."""

    def __init__(self, workers: Callable[[], int]) -> None:
        """*workers* says how many there are now; it may raise."""
        self._workers = workers
        self._owner = os.getpid()
        self._lock = threading.Lock()  # protects the next two
        self._executors: list[ThreadPoolExecutor] = []  # the last has threads for all workers; the others end what they were given
        self._size = 0

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        """Call *function* in one of the threads.

        Raises:
            ConfigurationError: the threads were closed, or belong to another process.
        """
        if os.getpid() != self._owner:
            raise ConfigurationError("this sandbox belongs to the process that made it; make one here")
        try:
            size = PER_WORKER * self._workers()
        except Exception:
            if not self._executors:
                raise
            size = 0  # whatever has befallen the pool, the job itself will say it
        with self._lock:
            if size > self._size:
                if self._executors:
                    self._executors[-1].shutdown(wait=False)
                self._executors.append(ThreadPoolExecutor(size, thread_name_prefix="sandbox"))
                self._size = size
            try:
                return self._executors[-1].submit(function, *args, **kwargs)
            except RuntimeError:
                raise ConfigurationError("the sandbox is closed") from None

    def close(self) -> None:
        """Wait for what was begun, and take nothing any more."""
        with self._lock:
            executors = self._executors[:]
        for executor in executors:
            executor.shutdown(wait=True)

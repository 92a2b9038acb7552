"""What a pool is made of, whether it runs in this process or in an actor on another node."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

from sandbox.host.backends import Starter
from sandbox.host.pool import Pool
from sandbox.host.semaphore import NodeSemaphore
from sandbox.words.errors import ConfigurationError

__all__ = ["PoolOptions"]

_log = logging.getLogger("sandbox")


@dataclass(frozen=True, kw_only=True)
class PoolOptions:
    """The options of a pool: *workers* (default: this node's processors), and the cap of the node (see `NodeSemaphore`)."""

    start: Starter
    workers: int | None = None
    node_jobs: int | None = None

    def pool(self) -> Pool:
        """Made where it is to run."""
        processors = len(os.sched_getaffinity(0))
        size = processors if self.workers is None else self.workers
        return Pool(self.start, size=size, node=self._semaphore(max(processors, size)))

    def _semaphore(self, usual: int) -> NodeSemaphore | None:
        if self.node_jobs is not None:
            return NodeSemaphore(self.node_jobs) if self.node_jobs else None
        try:
            return NodeSemaphore(usual)
        except ConfigurationError as error:  # nobody has asked for it
            _log.warning("%s", error)
            return None

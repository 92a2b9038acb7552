"""Chooses the kind of worker that a pool starts: a process, or a container of Docker's or gVisor's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sandbox.host.container import DEFAULT_IMAGE, ContainerWorker
from sandbox.host.process import ProcessWorker
from sandbox.words.errors import ConfigurationError, LayerMissing
from sandbox.words.layers import Backend, Isolation, Layer

__all__ = ["Starter"]

_RUNTIMES = {Backend.DOCKER: "", Backend.GVISOR: "runsc"}


@dataclass(kw_only=True)
class Starter:
    """Starts workers that are all alike: call it.

    With `Backend.AUTO` the first start decides: processes if they can be confined here, or else containers.
    """

    backend: Backend = Backend.PROCESS
    image: str = DEFAULT_IMAGE
    python: str | None = None
    warm: Sequence[str] = ()
    readable: Sequence[str] = ()
    isolation: Isolation = Isolation.AUTO
    allow_missing: Collection[Layer] = frozenset()

    def __post_init__(self) -> None:
        if self.backend in _RUNTIMES and self.isolation is Isolation.NAMESPACES:
            raise ConfigurationError(f"isolation=namespaces is for processes; with backend={self.backend.value} leave it at auto")

    def __call__(self) -> ProcessWorker | ContainerWorker:
        """Start one.

        Raises:
            ConfigurationError: it cannot be started, and will not be.
            LayerMissing: a required layer cannot be enforced.
            WorkerLost: it could not be started now.
        """
        if self.backend is not Backend.AUTO:
            return self._start(self.backend)
        try:
            worker = self._start(Backend.PROCESS)
        except LayerMissing as missing:
            try:
                worker = self._start(Backend.DOCKER)
            except ConfigurationError as error:
                raise LayerMissing(f"{missing}; nor can containers be used: {error}") from missing
            self.backend = Backend.DOCKER
        else:
            self.backend = Backend.PROCESS
        return worker

    def _start(self, backend: Backend) -> ProcessWorker | ContainerWorker:
        if backend is Backend.PROCESS:
            return ProcessWorker(
                python=self.python,
                warm=self.warm,
                readable=self.readable,
                isolation=self.isolation,
                allow_missing=self.allow_missing,
            )
        return ContainerWorker(
            image=self.image,
            runtime=_RUNTIMES[backend],
            python=self.python,
            warm=self.warm,
            readable=self.readable,
            allow_missing=self.allow_missing,
        )

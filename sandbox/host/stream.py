"""What every kind of worker has in common: a guest behind a byte stream, to which jobs are sent one at a time."""

from __future__ import annotations

import abc
import json
import select
from collections.abc import Collection
from typing import Any, Protocol

from sandbox.guest import wire
from sandbox.host import job_codec
from sandbox.words.errors import ConfigurationError, WorkerLost
from sandbox.words.job import Job, Run
from sandbox.words.layers import Enforced, Enforcement, Layer, Requirement, require_layers

__all__ = ["ENVIRONMENT", "Stream", "StreamWorker"]

START_SECONDS = 60.0
GRACE_SECONDS = 5.0
"""How much later than the zygote's own deadline for a job its report may come."""

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",  # the same sample gives the same verdict on any worker
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Stream(Protocol):
    """A socket, or what has the same methods."""

    def settimeout(self, value: float | None, /) -> None:
        """See `socket.socket`, as for all of these."""

    def sendall(self, data: bytes, /) -> None:
        """All of it."""

    def fileno(self) -> int:
        """Its descriptor; -1 when it is closed."""
        raise NotImplementedError

    def recv_into(self, buffer: memoryview, /) -> int:
        """What there is; 0 at the end."""
        raise NotImplementedError

    def shutdown(self, how: int, /) -> None:
        """End it, whoever waits at either side."""

    def close(self) -> None:
        """Let it go."""


def _is_quiet(stream: Stream) -> bool:
    """Whether nothing has come, and both ends are open."""
    number = stream.fileno()
    if number < 0:
        return False
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return not poll.poll(0)


class StreamWorker(abc.ABC):
    """One warm zygote behind a stream. Not thread-safe: a pool leases it to one caller at a time."""

    _stream: Stream
    _healthy = False
    _enforced: tuple[Enforced, ...] = ()
    _peak_method = ""
    _pid = 0
    python_version = ""

    @property
    def pid(self) -> int:
        """Process id of the zygote, as this process sees it."""
        return self._pid

    @property
    def healthy(self) -> bool:
        """Whether it can take another job."""
        return self._healthy

    @property
    def enforced(self) -> tuple[Enforced, ...]:
        """What confines the jobs it runs."""
        return self._enforced

    @abc.abstractmethod
    def close(self) -> None:
        """See `Worker.close`. A job that runs in another thread ends as WorkerLost there."""

    @abc.abstractmethod
    def _stderr_note(self) -> str:
        """The end of what the guest wrote to standard error, as the end of a sentence, or ""."""

    def run(self, job: Job, deadline: float) -> Run:
        """See `Worker.run`."""
        order, payload, tests = job_codec.encode_job(job, deadline)
        if not _is_quiet(self._stream):  # nothing is owed to us between two jobs: what there is would be read as this job's report
            self.close()
            raise WorkerLost(
                f"worker {self.pid} was lost between two jobs: it has ended, or sent what nobody had asked for{self._stderr_note()}"
            )
        try:
            self._stream.settimeout(order.hard_ns / 1e9 + GRACE_SECONDS)
            self._stream.sendall(b"".join((order.pack(), payload)))
            if tests:
                self._stream.sendall(tests)  # which the zygote reads when it has forked the candidate
            report = wire.Report.unpack(self._read(wire.REPORT_BYTES))
            if max(report.stdout_bytes, report.answers_bytes) > order.output_bytes or report.stderr_bytes > 1 << 20:
                raise wire.WireError("sections larger than what was asked for")
            stdout = self._read(report.stdout_bytes)
            stderr = self._read(report.stderr_bytes)
            answers = self._read(report.answers_bytes)
            results = self._read(report.results_bytes)
        except BaseException as error:
            # Whatever it was, the stream is in the middle of a message: this worker can never be used again.
            self.close()
            if isinstance(error, OSError | wire.WireError):
                raise WorkerLost(f"worker {self.pid} was lost in the middle of a job: {error}{self._stderr_note()}") from error
            raise
        if not report.clean:
            self._healthy = False
        run = job_codec.decode_report(job, report, stdout, stderr, answers, results, self._enforced, self._peak_method)
        if run.is_our_fault:
            self._healthy = False
        return run

    def _accept_hello(self, hello: dict[str, Any], allow_missing: Collection[Layer]) -> None:
        """Take over what the guest reports of itself.

        Raises:
            LayerMissing: a required layer cannot be enforced.
        """
        self._enforced = tuple(
            Enforced(
                layer=Layer(layer["layer"]),
                enforcement=Enforcement(layer["enforcement"]),
                how=layer["how"],
                remedy=layer["remedy"],
                requirement=Requirement.BEST_EFFORT if layer["layer"] in allow_missing else Requirement.REQUIRED,
            )
            for layer in hello["layers"]
        )
        require_layers(self._enforced)
        self._pid = int(hello["pid"])
        self._peak_method = str(hello["peak"])
        self.python_version = hello["python"]

    def _read_hello(self, who: str, seconds: float = START_SECONDS) -> dict[str, Any]:
        self._stream.settimeout(seconds)
        try:
            size = int.from_bytes(self._read(4), "little")
            if size > wire.MAX_HELLO_BYTES:
                raise wire.WireError("a hello that long")
            hello: dict[str, Any] = json.loads(self._read(size))
        except (OSError, ValueError, wire.WireError) as error:
            self.close()
            raise ConfigurationError(f"{who} did not become a worker: {error}{self._stderr_note()}") from error
        return hello

    def _read(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            got = self._stream.recv_into(view)
            if got == 0:
                raise ConnectionResetError("the stream ended")
            view = view[got:]
        return bytes(data)

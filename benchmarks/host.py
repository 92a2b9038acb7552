"""What the host's part of a sample costs: with a worker at the other end, and on answers that were recorded.

    python benchmarks/host.py [--rounds 5] [--samples 400] [--json results.jsonl]

One caller, one worker, the samples of throughput.py. With a worker the host's code runs on caches that the worker has just used, and each
sample costs two wake-ups; on recorded answers it is the code alone: label, extraction, wire, pool, comparison, price.
"""

from __future__ import annotations

import time
from typing import Any

import measure
from throughput import kinds

from sandbox import Sandbox


class Recorded:
    """A worker's stream, which, while it `replays`, says again what the last job's answer was, to whatever it is told."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._said: list[bytes] = []
        self._next = 0
        self.replays = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def sendall(self, data: bytes) -> None:
        """A job."""
        if self.replays:
            self._next = 0
        else:
            self._said.clear()
            self._stream.sendall(data)

    def settimeout(self, seconds: float | None) -> None:
        """Of no use where nothing is waited for."""
        if not self.replays:
            self._stream.settimeout(seconds)

    def recv_into(self, buffer: memoryview) -> int:
        """The answer, in the pieces in which it came."""
        if not self.replays:
            got: int = self._stream.recv_into(buffer)
            self._said.append(bytes(buffer[:got]))
            return got
        data = self._said[self._next]
        self._next += 1
        buffer[: len(data)] = data
        return len(data)


def main() -> None:
    parser = measure.parser("the host's part of a sample", rounds=5)
    parser.add_argument("--samples", type=int, default=400)
    arguments = parser.parse_args()
    print(f"{'':22}{'host CPU-ms':>12}{'on recorded answers':>21}")
    with Sandbox(workers=1, deduplicate=False) as box:
        box.warm()
        (worker,) = box._pool.workers
        results = measure.Results("host", arguments.json, worker, samples=arguments.samples)
        stream = worker._stream = Recorded(worker._stream)  # type: ignore[union-attr]  # a process, not a node

        def host_ms(response: str, label: Any) -> float:
            start = time.thread_time()
            for _ in range(arguments.samples):
                assert box.score(response, label).reward == 1.0
            return (time.thread_time() - start) * 1000 / arguments.samples

        for kind in kinds()[:3]:
            ((response, label),) = kind.samples
            for _ in range(arguments.rounds):
                results.add(kind.name, "host_ms", host_ms(response, label), "ms")
                stream.replays = True
                results.add(kind.name, "recorded_ms", host_ms(response, label), "ms")
                stream.replays = False
            print(f"{kind.name:22}{results.median(kind.name, 'host_ms'):>12.2f}{results.median(kind.name, 'recorded_ms'):>21.2f}")


if __name__ == "__main__":
    main()

"""The server under load: many connections that stay open, each asking `/get_reward` for one sample after another, as OpenRLHF does.

    python benchmarks/server.py [--connections 1000] [--seconds 60] [--json results.jsonl]

Every request has to be answered, and with the reward that its program deserves. Printed are requests a second, how long they took, and
the memory of the server's process: at the end, beside what it was after the first quarter. Connections take turns at the workers, so
that a request waits for about (connections / rate) seconds, whatever the server does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import measure
import psutil

LABEL = {"fn_name": "f", "inputs": [[1], [2]], "outputs": [2, 3]}
PROGRAMS = (
    ("def f(x): return x + 1", 1.0),
    ("def f(x): return 2", 0.3),
    ("def f(x): return 0", 0.0),
    ("import os\nos._exit(0)", -1.0),
)


@contextlib.contextmanager
def server() -> Iterator[tuple[int, psutil.Process]]:
    """A server with the environment's settings: its port, its process."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "sandbox", "serve", "--port", str(port)], env={**os.environ})
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    break
            time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


async def ask(port: int, number: int, until: float, seconds: list[float], wrong: list[str]) -> None:
    """One connection: a request after the other, each for a program of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.monotonic() < until:
        program, wanted = PROGRAMS[(number + count) % len(PROGRAMS)]
        count += 1
        body = json.dumps({"query": [f"{program}\n# {number} {count}"], "prompts": [""], "labels": [LABEL]}).encode()
        head = (
            f"POST /get_reward HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        started = time.monotonic()
        try:
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            size = next(int(line.split(b":")[1]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length"))
            said: dict[str, Any] = json.loads(await reader.readexactly(size))
            if said.get("rewards") != [wanted]:
                wrong.append(f"{said} for {program!r}")
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            wrong.append(f"{type(error).__name__}: {error}")
            return
        seconds.append(time.monotonic() - started)
    writer.close()


async def load(port: int, process: psutil.Process, connections: int, length: float) -> tuple[list[float], list[str], list[int]]:
    """(how long each request took, what went wrong, the server's memory once a second)."""
    until = time.monotonic() + length
    seconds: list[float] = []
    wrong: list[str] = []
    memory: list[int] = []

    async def look() -> None:
        while True:
            memory.append(process.memory_full_info().uss)
            await asyncio.sleep(1.0)

    looking = asyncio.create_task(look())
    await asyncio.gather(*(ask(port, number, until, seconds, wrong) for number in range(connections)))
    looking.cancel()
    return seconds, wrong, memory


def main() -> None:
    parser = measure.parser("the server under load")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    results = measure.Results("server", arguments.json, connections=arguments.connections)
    with server() as (port, process):
        started = time.monotonic()
        seconds, wrong, memory = asyncio.run(load(port, process, arguments.connections, arguments.seconds))
        length = time.monotonic() - started
    name = f"{arguments.connections} connections"
    results.add(name, "requests a second", len(seconds) / length, "1/s")
    for share in (0.5, 0.9, 0.99, 1.0):
        results.add(name, f"p{share * 100:g}", measure.quantile(seconds, share), "s")
    early, late = memory[len(memory) // 4], memory[-1]
    results.add(name, "memory after a quarter", early / 2**20, "MiB")
    results.add(name, "memory at the end", late / 2**20, "MiB")
    results.add(name, "lost or wrong", len(wrong))
    print(
        f"{len(seconds)} requests over {arguments.connections} connections in {length:.0f} s: {len(seconds) / length:.0f}/s, none idle"
    )
    print("   ".join(f"p{share * 100:g} {measure.quantile(seconds, share):.2f} s" for share in (0.5, 0.9, 0.99, 1.0)))
    print(f"memory of the server: {early / 2**20:.1f} MiB after a quarter, {late / 2**20:.1f} MiB at the end")
    print(f"lost or wrong: {len(wrong)}", *wrong[:5], sep="\n  ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

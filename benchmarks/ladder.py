"""What each layer of confinement costs, in CPU-milliseconds a job, over a bare fork of the same warm interpreter.

    python benchmarks/ladder.py [--rounds 9] [--jobs 200] [--json results.jsonl]

One program runs on every rung: a function and its calls. The first rung is the least there can be: an interpreter warmed as a worker's
is forks, compiles, runs and exits. The second is a worker with no layer at all: orders, files for input and output, accounting,
sweeping. Then one mechanism more a rung. Each round measures every rung once, one after another, so that a machine that changes its
speed changes all of them; ratios are within a round, and their median is printed. CPU time is user and system of zygote, keeper, fork
server and jobs; what the host spends on a job is a column of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

from sandbox.host.process import ProcessWorker
from sandbox.job import Job
from sandbox.layers import Layer

PROGRAM = """\
def largest_gap(numbers):
    ordered = sorted(numbers)
    best = 0
    for left, right in zip(ordered, ordered[1:]):
        best = max(best, right - left)
    return best
print([largest_gap(row) for row in ([5, 1, 9], [3], [], [10, 2, 7, 7], [100, 1])])
"""
WRITING = PROGRAM + "open('out.txt', 'w').write('x')\n"

RUNGS = (
    ("no layer", ()),
    ("+ limits", ("limits",)),
    ("+ seccomp", ("limits", "seccomp")),
    ("+ Landlock", ("limits", "seccomp", "landlock")),
    ("+ cgroup", ("limits", "seccomp", "landlock", "cgroup")),
    ("+ namespaces (all)", ("limits", "seccomp", "landlock", "cgroup", "namespaces")),
)

BARE = """\
import json, os, sys, time
from sandbox.guest import warming
warming.warm_up([])
source = sys.stdin.read()
null = os.open(os.devnull, os.O_WRONLY)
saved = os.dup(1)
print("ready", flush=True)
os.dup2(null, 1)
while sys.stdin is not None:
    count = int.from_bytes(os.read(int(sys.argv[1]), 4), "little")
    if count == 0:
        break
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            exec(compile(source, "main.py", "exec"), {"__name__": "__main__"})
            sys.stdout.flush()
            os._exit(0)
        os.wait4(pid, 0)
    os.write(saved, b"d")
"""


def cpu_of(*pids: int) -> float:
    """CPU seconds of processes and of the children that they have waited for, to the nanosecond for what is theirs."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
        total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return total


class Bare:
    """A warm interpreter that forks, compiles, runs and exits."""

    def __init__(self) -> None:
        read, self.orders = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", BARE, str(read)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(read,)
        )
        os.close(read)
        assert self.process.stdin is not None
        self.process.stdin.write(PROGRAM.encode())
        self.process.stdin.close()
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def measure(self, jobs: int) -> tuple[float, float]:
        before = cpu_of(self.process.pid)
        os.write(self.orders, jobs.to_bytes(4, "little"))
        assert self.process.stdout is not None
        os.read(self.process.stdout.fileno(), 1)
        return cpu_of(self.process.pid) - before, 0.0

    def close(self) -> None:
        os.write(self.orders, bytes(4))
        self.process.wait()


class Rung:
    """A worker with some of the layers."""

    def __init__(self, mechanisms: tuple[str, ...], program: str = PROGRAM) -> None:
        self.worker = ProcessWorker(mechanisms=mechanisms, allow_missing=frozenset(Layer))
        self.job = Job(source=program)
        zygote = psutil.Process(self.worker.pid)
        self.pids = (zygote.pid, zygote.ppid(), zygote.children()[0].pid)

    def measure(self, jobs: int) -> tuple[float, float]:
        before, host = cpu_of(*self.pids), time.process_time()
        for _ in range(jobs):
            run = self.worker.run(self.job, time.monotonic() + 30)
            assert run.stdout == b"[4, 0, 0, 5, 99]\n", run
        return cpu_of(*self.pids) - before, time.process_time() - host

    def close(self) -> None:
        self.worker.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="what each layer of confinement costs")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--json", type=Path, help="append one line a rung to this file")
    arguments = parser.parse_args()
    rungs: dict[str, Bare | Rung] = {"bare fork": Bare()}
    rungs |= {name: Rung(mechanisms) for name, mechanisms in RUNGS}
    rungs["all, a file written"] = Rung(RUNGS[-1][1], WRITING)
    for rung in rungs.values():
        rung.measure(30)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in rungs}
    for _ in range(arguments.rounds):
        for name, rung in rungs.items():
            found[name].append(rung.measure(arguments.jobs))
    for rung in rungs.values():
        rung.close()
    bare = [cpu for cpu, _ in found["bare fork"]]
    print(f"{'':22}{'CPU-ms a job':>13}{'x bare fork':>13}{'over the rung above':>21}{'host CPU-ms':>13}")
    above = bare
    for name, rows in found.items():
        cpu = [row[0] for row in rows]
        ratio = statistics.median(one / least for one, least in zip(cpu, bare, strict=True))
        step = statistics.median((one - other) * 1000 / arguments.jobs for one, other in zip(cpu, above, strict=True))
        milliseconds = statistics.median(cpu) * 1000 / arguments.jobs
        host = statistics.median(row[1] for row in rows) * 1000 / arguments.jobs
        print(f"{name:22}{milliseconds:>13.2f}{ratio:>13.2f}{step:>+21.2f}{host:>13.2f}")
        above = cpu
        if arguments.json:
            facts = {
                "rounds": arguments.rounds,
                "jobs": arguments.jobs,
                "python": platform.python_version(),
                "kernel": platform.release(),
            }
            with arguments.json.open("a") as file:
                file.write(json.dumps({"rung": name, "cpu_ms": milliseconds, "times_bare": ratio, "host_ms": host, **facts}) + "\n")


if __name__ == "__main__":
    main()

"""Are limits fair? Right programs on a busy machine are never late, and on an idle one what has no end is stopped in time.

    python benchmarks/fairness.py [--programs 400] [--burners 8] [--json results.jsonl]

First: programs that use 60 to 90 % of their CPU limit, while other processes in sessions of their own compute without end. Every
program that is not finished then is a false timeout. Then, without the others: programs that compute or sleep without end, and how
long after their limit they were stopped; 10 % and 50 ms are allowed.
"""

from __future__ import annotations

import random
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import measure

from sandbox import Cause, Limits, Run, Sandbox

CPU_SECONDS = 0.15
SPIN = "import time\nend = {seconds}\nwhile time.process_time() < end: pass\nprint('done')\n"
ENDLESS = {"computes": "while True: pass", "sleeps": "import time\ntime.sleep(1000)"}


def false_timeouts(programs: int, burners: int) -> tuple[int, list[Run]]:
    """How many of *programs* were not finished, and all runs."""
    others = [subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True) for _ in range(burners)]
    numbers = random.Random(0)
    try:
        with Sandbox(limits=Limits(cpu_seconds=CPU_SECONDS)) as box, ThreadPoolExecutor(box._pool.size) as threads:
            box.warm()
            sources = [SPIN.format(seconds=CPU_SECONDS * numbers.uniform(0.6, 0.9)) for _ in range(programs)]
            runs = list(threads.map(box.run, sources))
    finally:
        for other in others:
            other.send_signal(signal.SIGKILL)
            other.wait()
    return sum(run.stdout != b"done\n" for run in runs), runs


def overshoot(seconds: list[float]) -> list[tuple[str, float, float]]:
    """(what it does, limit, seconds that passed) of programs without end."""
    found = []
    with Sandbox(workers=1) as box:
        box.warm()
        for limit in seconds:
            for name, source in ENDLESS.items():
                limits = Limits(cpu_seconds=limit, wall_seconds=2 * limit if name == "computes" else limit)
                for _ in range(3):
                    run = box.run(source, limits=limits)
                    assert run.cause is (Cause.CPU_TIME if name == "computes" else Cause.WALL_TIME), run
                    used = run.usage.cpu_seconds if name == "computes" else run.usage.wall_seconds
                    found.append((name, limit, used))
    return found


def main() -> int:
    parser = measure.parser("false timeouts on a busy machine, late stops on an idle one")
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--burners", type=int, default=8)
    parser.add_argument("--limits", type=float, nargs="+", default=[0.2, 0.5, 1.0, 2.0], help="seconds, of programs without end")
    arguments = parser.parse_args()
    results = measure.Results("fairness", arguments.json)
    rows = overshoot(arguments.limits)
    late = [(name, limit, seconds) for name, limit, seconds in rows if seconds > limit * 1.1 + 0.05]
    for name in ENDLESS:
        for other, limit, seconds in rows:
            if other == name:
                results.add(name, "late_ms", (seconds - limit) * 1000, "ms")
        worst = max(results.values(name, "late_ms"))
        print(
            f"a program that {name} without end: stopped at most {worst:.0f} ms after its limit "
            f"(of {min(arguments.limits):g} to {max(arguments.limits):g} s)"
        )
    print(f"stopped later than 10 % + 50 ms: {len(late)}")
    started = time.monotonic()
    wrong, runs = false_timeouts(arguments.programs, arguments.burners)
    stretched = statistics.median(run.usage.wall_seconds / run.usage.cpu_seconds for run in runs)
    results.add("right programs", "false_timeouts", wrong)
    print(
        f"{arguments.programs} right programs at 60-90 % of their limit, {arguments.burners} others computing: {wrong} false timeouts "
        f"({time.monotonic() - started:.0f} s; a program took {stretched:.1f} times its CPU time, {sum(run.retries for run in runs)} retries)"
    )
    return 1 if wrong or late else 0


if __name__ == "__main__":
    sys.exit(main())

"""The benchmarks run, with numbers that are too small to mean anything; and their statistics are right."""

import json
import os
import random
import subprocess
import sys

import pytest
from machine import DATA, ROOT

from sandbox import Sandbox

FOLDER = ROOT / "benchmarks"
sys.path.append(str(FOLDER))  # last: benchmarks/datasets.py has the name of a library

import compare
import measure
import soak


def run(name, *options, timeout=120):
    command = [sys.executable, str(FOLDER / name), *map(str, options)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SANDBOX_DATA": str(DATA)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=timeout)


@pytest.mark.parametrize(
    ("name", "options", "metrics"),
    [
        ("throughput.py", ["--rounds=1", "--samples=1"], {"cpu_ms", "samples_per_second", "times_bare_fork", "of_pytest"}),
        ("tester.py", ["--rounds=1", "--samples=5"], {"cpu_ms", "times_declared"}),
        ("host.py", ["--rounds=1", "--samples=5"], {"host_ms", "recorded_ms"}),
        ("ladder.py", ["--rounds=1", "--jobs=5"], {"cpu_ms", "host_ms", "step_ms", "times_bare_fork"}),
        ("fairness.py", ["--programs=4", "--burners=1", "--limits=0.2"], {"late_ms", "false_timeouts"}),
        ("scaling.py", ["--rounds=1", "--samples=8", "--workers", "1", "2"], {"samples_per_second", "start_seconds", "times_smallest"}),
        ("soak.py", ["--jobs=100", "--every=50"], {"host_resident_mib", "processes"}),
        ("latency.py", ["--rounds=1", "--jobs=16", "--processes=2", "--threads=2", "--cpu-ms=2"], {"p99_ms", "most_at_once"}),
        ("latency.py", ["--rounds=1", "--jobs=8", "--threads=4", "--cpu-ms=2", "--door"], {"p99_ms"}),
        ("baselines.py", ["--rounds=1", "--samples=4", "--here", "--only", "plain_subprocess", "humaneval_check", "seed_pytest"], {"cpu_ms"}),
        pytest.param(
            "scaling.py", ["--ray", "--rounds=1", "--samples=8", "--nodes", "1"], {"times_smallest"}, marks=pytest.mark.needs("ray")
        ),
        pytest.param("datasets.py", ["--limit=2", "--datasets", "humaneval", "coderl_apps"], {"cpu_ms"}, marks=pytest.mark.needs("data")),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value) if isinstance(value, str) else "",
)  # fmt: skip
@pytest.mark.sampled(4)
def test_a_benchmark_runs_and_records(name, options, metrics, tmp_path):
    done = run(name, *options, "--json", tmp_path / "found.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    records = measure.read(tmp_path / "found.jsonl")
    assert {record["benchmark"] for record in records} == {"nodes" if "--ray" in options else name.removesuffix(".py")}
    assert metrics <= {record["metric"] for record in records}
    for record in records:
        assert set(record) == {"benchmark", "name", "metric", "value", "unit", "round", "facts"}
        assert {"commit", "cpu", "date", "isolation", "kernel", "processors", "python"} <= set(record["facts"])
    if name in ("baselines.py", "ladder.py", "latency.py", "scaling.py", "soak.py") and "--ray" not in options:
        drawn = run("plots.py", "--results", tmp_path / "found.jsonl", "--out", tmp_path / "pictures")
        assert drawn.returncode == 0, drawn.stdout + drawn.stderr
        assert len(list((tmp_path / "pictures").iterdir())) == 2


def test_a_baseline_that_answers_wrongly_is_not_measured():
    told = {"samples": [{"program": "assert False", "asserts": [], "right": True}], "count": 1}
    command = [sys.executable, str(FOLDER / "baselines" / "plain_subprocess.py")]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "AssertionError" in done.stderr


def test_every_baseline_pins_what_it_needs():
    scripts = {path.stem for path in (FOLDER / "baselines").glob("*.py")} - {"timing"}
    assert scripts == {path.stem for path in (FOLDER / "baselines").glob("*.txt")}
    for name in scripts:
        for line in (FOLDER / "baselines" / f"{name}.txt").read_text().splitlines():
            assert line.startswith("#") or "==" in line


def test_all_that_a_worker_uses_is_counted():
    """A program that computes 0.2 s is not a child of the zygote; its time counts all the same."""
    spin = "import time\nwhile time.process_time() < 0.2: pass"
    with Sandbox(workers=1) as box:
        box.warm()
        (worker,) = box._pool.workers
        assert len(measure.family(worker.pid)) == 3
        _, cpu = measure.timed(lambda: box._pool.workers, lambda: box.run(spin))
        assert 0.18 < cpu < 0.5
        _, idle = measure.timed(lambda: box._pool.workers, lambda: None)
        assert idle < 0.02
        last = [worker.pid]
    assert measure.cpu_of(*last) == 0.0  # a process that is gone has no time, and is no error


def test_a_bare_fork_runs_what_it_is_given(tmp_path):
    bare = measure.BareFork(f"open({str(tmp_path / 'out')!r}, 'a').write(input())", stdin="x")
    wall, cpu = bare.run(3)
    bare.close()
    assert (tmp_path / "out").read_text() == "xxx"
    assert cpu > 0
    assert wall > 0


def test_ratios_are_of_the_same_round(tmp_path):
    results = measure.Results("one", tmp_path / "deep" / "x.jsonl")
    for slow, fast in ((10.0, 1.0), (30.0, 3.0), (8.0, 2.0)):
        results.add("slow", "ms", slow, "ms")
        results.add("fast", "ms", fast, "ms")
    assert results.add_ratios("slow", "ms", "fast", "times_fast") == 10.0
    assert results.values("slow", "times_fast") == [10.0, 10.0, 4.0]
    assert [record["round"] for record in measure.read(tmp_path / "deep" / "x.jsonl") if record["name"] == "fast"] == [0, 1, 2]


def test_quantiles():
    assert [measure.quantile(range(1, 101), share) for share in (0.0, 0.01, 0.5, 0.99, 1.0)] == [1, 1, 50, 99, 100]
    assert measure.quantile([7.0], 0.99) == 7.0


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2 / 252),  # the most uneven of all ways to split ten ranks
        ([1, 2, 3], [1, 2, 3], 1.0),
        ([5, 5, 5], [5, 5, 5], 1.0),
        ([1, 3, 5], [2, 4, 6], 0.7),  # scipy.stats.mannwhitneyu(..., method="exact"), as the first
        ([1, 2, 2, 3], [2, 3, 3, 4], 20 / 70),  # ties: scipy.stats.permutation_test of its statistic over all 70 ways
    ],
)
def test_mann_whitney_for_few_rounds_is_exact(old, new, wanted):
    assert compare.mann_whitney(old, new) == pytest.approx(wanted)


def test_mann_whitney_for_many_rounds_is_close_to_exact(monkeypatch):
    numbers = random.Random(1)
    old, new = [numbers.random() for _ in range(9)], [numbers.random() + 0.3 for _ in range(9)]
    exact = compare.mann_whitney(old, new)
    monkeypatch.setattr(compare, "EXACT", 0)
    assert compare.mann_whitney(old, new) == pytest.approx(exact, rel=0.1)


def test_only_what_moved_is_printed(tmp_path):
    for file, cost, same in (("old", 5.0, 1.0), ("new", 4.0, 1.0)):
        results = measure.Results("one", tmp_path / file)
        for number in range(6):
            results.add("job", "cpu_ms", cost + number / 100, "ms")
            results.add("job", "steady_ms", same + (number * 7 % 6) / 100, "ms")
    done = run("compare.py", tmp_path / "old", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.split()[:5] == ["one", "/", "job", "/", "cpu_ms"]
    assert "-19." in first or "-20." in first
    assert last.startswith("1 of 2 metrics moved")
    assert "steady_ms" in run("compare.py", tmp_path / "old", tmp_path / "new", "--all").stdout


def test_a_slope_is_robust():
    places = [float(place) for place in range(40)]
    noise = random.Random(2)
    flat = [100 + noise.gauss(0, 1) for _ in places]
    assert abs(soak.slope(places, flat)) < 0.05
    flat[7] = flat[23] = 10_000.0  # a look at a bad moment
    assert abs(soak.slope(places, flat)) < 0.05
    assert soak.slope(places, [3 * place + value for place, value in zip(places, flat, strict=True)]) == pytest.approx(3, abs=0.05)


def test_the_kinds_of_the_soak_are_a_hundred():
    assert sum(kind.weight for kind in soak.KINDS) == 100


def test_growth_is_seen_and_ends_the_soak_with_an_error():
    results = measure.Results("soak")
    for place in range(1, 51):
        results.add("pool", "jobs", place * 1000.0)
        for metric in soak.ALLOWED:
            results.add("pool", metric, 50.0 + (place / 4 if metric == "host_descriptors" else 0))
    assert soak.report(results, 50_000) == ["host_descriptors"]

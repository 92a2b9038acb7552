"""`reward-sandbox report`: what a file of results looks like, as one HTML file and as pictures."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sandbox.judging.reward import Outcome
from sandbox.report.aggregate import Summary, summary_of
from sandbox.report.html import page_of
from sandbox.report.results_file import ResultFile, read_programs, read_responses, read_results
from sandbox.report.rows import rows_of
from sandbox.words.errors import ConfigurationError, install_hint

__all__ = ["write_report"]


def write_report(results: Path, out: Path, pictures: Path | None, samples: Path | None, response_key: str, id_key: str) -> None:
    """Write *out*, and the *pictures* if they are wanted; the programs in it are those of *samples*.

    Raises:
        ConfigurationError: a line of a file is not what it should be, or pictures are wanted and matplotlib is not there.
        OSError: a file cannot be read or written.
    """
    if pictures is not None and importlib.util.find_spec("matplotlib") is None:
        raise ConfigurationError(f"--png needs matplotlib: {install_hint('report')}")
    if any(one is not None and one.exists() and out.exists() and out.samefile(one) for one in (results, samples)):
        raise ConfigurationError(f"--out {out} is a file that the report is made of; give another")
    read = read_results(results)
    summary = summary_of(read.results)
    rows = rows_of(read.results)
    responses = None
    if samples is not None:
        responses = read_responses(samples, read.results, rows.places, response_key=response_key, id_key=id_key)
    elif read.has_programs:
        responses = read_programs(results, read.results, rows.places)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page_of(results.name, read, summary, rows, responses), encoding="utf-8")
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{escape(str(out))}: {_summary_line(read, summary)}")
    if samples is not None and responses is not None and len(responses) < len(rows.places):
        console.print(
            f"{len(rows.places) - len(responses)} of {len(rows.places)} ids have no text in {escape(str(samples))}, or several"
        )
    if pictures is not None:
        from sandbox.report.png import write_pictures

        for path in write_pictures(pictures, summary):
            console.print(escape(str(path)))


def _summary_line(read: ResultFile, summary: Summary) -> str:
    headline = summary.headline
    passes = headline.outcomes.get(Outcome.PASS.value, 0)
    parts = [f"{headline.samples} samples", f"{passes / headline.samples:.1%} passed", f"mean reward {headline.reward:.3f}"]
    if headline.suspicious:
        parts.append(f"{headline.suspicious} suspicious")
    if read.mended:
        parts.append(f"{read.mended} earlier results of samples scored again not counted")
    if read.is_cut:
        parts.append("the last line is not whole and was left out")
    if read.broken:
        parts.append(f"{read.broken} lines that are not whole were left out (a process was killed, or the disk was full)")
    return ", ".join(parts)

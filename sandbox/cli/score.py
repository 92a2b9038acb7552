"""`reward-sandbox score`: a file of samples, live progress, a summary; what is already in the output file is not done again."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sandbox import plain
from sandbox.api import Sandbox
from sandbox.checkers.text import shorten
from sandbox.errors import ConfigurationError
from sandbox.limits import Limits
from sandbox.reward import Outcome

__all__ = ["Keys", "score_file"]

MOST_REASONS = 5

STYLES = {
    Outcome.PASS: "green",
    Outcome.PARTIAL: "yellow",
    Outcome.FAIL: "red",
    Outcome.TIMEOUT: "magenta",
    Outcome.CRASH: "bright_red",
    Outcome.INTERNAL: "bold white on red",
}


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where in a line the parts of a sample are."""

    response: str = "response"
    label: str = "label"
    prompt: str = "prompt"
    id: str = "id"


@dataclass(kw_only=True)
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why samples were not judged."""
    rewards: float = 0.0
    scores: float = 0.0
    seconds: float = 0.0

    def add(self, result: dict[str, Any]) -> None:
        self.outcomes[result["outcome"]] += 1
        if result["outcome"] == Outcome.INTERNAL.value:
            self.reasons[result["reason"]] += 1
        self.rewards += result["reward"]
        self.scores += result["score"]

    @property
    def count(self) -> int:
        return self.outcomes.total()

    def summary(self) -> dict[str, Any]:
        return {
            "samples": self.count,
            "outcomes": dict(self.outcomes),
            "mean_reward": self.rewards / self.count if self.count else None,
            "mean_score": self.scores / self.count if self.count else None,
            "seconds": self.seconds,
            "samples_per_second": self.count / self.seconds if self.seconds else None,
        }


def score_file(file: Path, out: Path | None, keys: Keys, limits: Limits, options: dict[str, Any], *, as_json: bool) -> int:
    """Score *file*; the exit status of the command: 0, or 3 if a sample met a fault of ours or a broken label."""
    done = _ids_in(out)
    try:
        rows = list(_rows(file, keys))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not text in UTF-8 ({error.reason} at byte {error.start}); is it compressed?") from None
    if not rows:
        raise ConfigurationError(f"{file}: there is no sample in it")
    todo = [(name, row) for name, row in rows if name not in done]
    tally = _Tally()
    started = time.monotonic()
    console = Console(stderr=True)
    with ExitStack() as stack:
        sink: IO[str] | None = stack.enter_context(out.open("a", encoding="utf-8")) if out else None
        box = stack.enter_context(Sandbox(limits=limits, **options))
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("", total=len(rows), completed=len(rows) - len(todo), counts="", rate="")
        names: deque[str] = deque()

        def samples() -> Iterator[tuple[str, Any, str]]:
            for name, row in todo:
                names.append(name)
                yield str(row.get(keys.response) or ""), row.get(keys.label), str(row.get(keys.prompt) or "")

        for score in box.score_many(samples()):
            result = {"id": names.popleft(), **plain.of_score(score)}
            tally.add(result)
            line = json.dumps(result)
            if sink is not None:
                sink.write(line + "\n")
                sink.flush()  # what is finished is kept, whatever happens next
            if as_json:
                print(line, flush=True)
            rate = tally.count / (time.monotonic() - started)
            progress.update(task, advance=1, counts=_counts(tally), rate=f"{rate:.0f}/s")
    tally.seconds = time.monotonic() - started
    if as_json:
        print(json.dumps({"summary": tally.summary()}))
    else:
        _show(tally, len(rows) - len(todo), Console())
    return 3 if tally.outcomes[Outcome.INTERNAL.value] else 0


def _rows(file: Path, keys: Keys) -> Iterator[tuple[str, dict[str, Any]]]:
    source = sys.stdin if str(file) == "-" else file.open(encoding="utf-8")
    with source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ConfigurationError(f"{file}, line {number}: not JSON ({error})") from None
            if not isinstance(row, dict) or keys.response not in row or keys.label not in row:
                found = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
                raise ConfigurationError(
                    f"{file}, line {number}: needs the keys {keys.response!r} and {keys.label!r}, found {found}; "
                    "name others with --response-key and --label-key"
                )
            if not isinstance(row[keys.response], str | None):
                raise ConfigurationError(
                    f"{file}, line {number}: {keys.response!r} is a {type(row[keys.response]).__name__}; it has to be a text, what the model wrote"
                )
            name = row.get(keys.id)
            yield str(number if name is None else name), row


def _ids_in(out: Path | None) -> set[str]:
    if out is None or not out.exists():
        return set()
    lines = out.read_bytes().splitlines(keepends=True)
    found = set()
    for number, line in enumerate(lines, 1):
        try:
            result = json.loads(line)
            outcome, name = result["outcome"], str(result["id"])
            if outcome == Outcome.INTERNAL.value:
                found.discard(name)  # a fault of ours, or a label that may be mended by now: it is tried again
            else:
                found.add(name)
        except (ValueError, KeyError, TypeError):
            if number < len(lines) or line.endswith(b"\n"):
                raise ConfigurationError(f"{out}, line {number}: not a result of this command; give another --out") from None
            with out.open("rb+") as file:
                file.truncate(out.stat().st_size - len(line))  # a run was killed while it wrote this line
    return found


def _progress(console: Console) -> Progress:
    return Progress(
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("eta"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[counts]}"),  # last: what does not fit into a narrow terminal is cut here
        console=console,
        transient=True,
    )


def _counts(tally: _Tally) -> str:
    return "  ".join(
        f"[{STYLES[outcome]}]{outcome.value} {tally.outcomes[outcome.value]}[/]"
        for outcome in Outcome
        if tally.outcomes[outcome.value]
    )


def _show(tally: _Tally, skipped: int, console: Console) -> None:
    table = Table(title="what the samples are worth", title_justify="left")
    table.add_column("outcome")
    table.add_column("samples", justify="right")
    table.add_column("share", justify="right")
    for outcome in Outcome:
        count = tally.outcomes[outcome.value]
        if count:
            table.add_row(f"[{STYLES[outcome]}]{outcome.value}[/]", str(count), f"{count / tally.count:.1%}")
    console.print(table)
    if tally.count:
        rate = tally.count / tally.seconds
        console.print(
            f"{tally.count} samples in {tally.seconds:.1f} s ({rate:.1f}/s), mean reward {tally.rewards / tally.count:.3f}, "
            f"mean score {tally.scores / tally.count:.3f}"
        )
    if skipped:
        console.print(
            f"{skipped} of the samples were in the output file already: they were not done again, and are not in the table"
        )
    if tally.reasons:
        console.print("[red]internal[/] means a broken label or a fault of ours, never the model's:")
        for reason, count in tally.reasons.most_common(MOST_REASONS):
            console.print(f"{count:>6} x {shorten(reason, 300)}", markup=False, highlight=False)
        if len(tally.reasons) > MOST_REASONS:
            console.print(f"and {len(tally.reasons) - MOST_REASONS} other reasons: see `reason` in the results of --out or --json")

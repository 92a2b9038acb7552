"""`reward-sandbox score`: a file of samples, live progress, a summary; what is already in the output file is not done again."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sandbox.api import Sandbox
from sandbox.as_json import score_as_json
from sandbox.judging.reward import SHOWN_OUTCOMES, Outcome, shown_outcome
from sandbox.result_lines import sample_digest
from sandbox.words.details import in_words
from sandbox.words.errors import ConfigurationError
from sandbox.words.limits import Limits
from sandbox.words.shorten import shorten
from sandbox.words.verdict import Verdict

__all__ = ["Keys", "score_file"]

MOST_REASONS = 5

STYLES = {
    Outcome.PASS.value: "green",
    Outcome.PARTIAL.value: "yellow",
    Outcome.FAIL.value: "red",
    Outcome.TIMEOUT.value: "magenta",
    Outcome.CRASH.value: "bright_red",
    Verdict.LABEL_ERROR.value: "bold black on white",
    Verdict.INTERNAL_ERROR.value: "bold white on red",
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
    shown: Counter[str] = field(default_factory=Counter)
    """The outcomes as people see them."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why samples were not judged."""
    first: dict[str, str] = field(default_factory=dict)
    """By a reason: the sample that had it first."""
    rewards: float = 0.0
    scores: float = 0.0
    seconds: float = 0.0

    def add(self, result: dict[str, Any]) -> None:
        self.outcomes[result["outcome"]] += 1
        self.shown[shown_outcome(result["outcome"], result["verdict"])] += 1
        if result["outcome"] == Outcome.INTERNAL.value:
            self.reasons[result["reason"]] += 1
            self.first.setdefault(result["reason"], result["id"])
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


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """One line of the file."""

    id: str
    response: str
    label: Any
    prompt: str | list[Any]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others, also from those of the same id: several responses to one problem."""
        return self.id, sample_digest(self.response, self.prompt)


def score_file(file: Path, out: Path | None, keys: Keys, limits: Limits, options: dict[str, Any], *, as_json: bool) -> int:
    """Score *file*; the exit status of the command: 0, or 3 if a sample met a fault of ours or a broken label."""
    try:
        samples = list(_samples(file, keys))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not text in UTF-8 ({error.reason} at byte {error.start}); is it compressed?") from None
    if not samples:
        raise ConfigurationError(f"{file}: there is no sample in it")
    tally = _Tally()
    started = time.monotonic()
    console = Console(stderr=True)
    with ExitStack() as stack:
        box = stack.enter_context(Sandbox(limits=limits, **options))
        rules = sample_digest(box.shape, dataclasses.replace(box.rules, ceiling=box.rules.effective_ceiling))
        todo = _not_yet_scored(samples, rules, out)
        if out is not None and not todo:
            if as_json:
                print(json.dumps({"summary": tally.summary()}))
            else:
                Console().print(f"nothing to do: all {len(samples)} samples of {file} are in {out}", markup=False, highlight=False)
            return 0
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
        sink: IO[str] | None = stack.enter_context(out.open("a", encoding="utf-8")) if out else None
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("", total=len(samples), completed=len(samples) - len(todo), counts="", rate="")
        begun: deque[_Sample] = deque()

        def given() -> Iterator[tuple[str, Any, str | list[Any]]]:
            for sample in todo:
                begun.append(sample)
                yield sample.response, sample.label, sample.prompt

        for score in box.score_many(given()):
            sample = begun.popleft()
            result = {
                "id": sample.id,
                **score_as_json(score),
                "sample": sample.key[1],
                "against": sample_digest(sample.label, rules),
            }
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
        _show(tally, len(samples) - len(todo), Console())
    return 3 if tally.outcomes[Outcome.INTERNAL.value] else 0


def _samples(file: Path, keys: Keys) -> Iterator[_Sample]:
    source = sys.stdin if str(file) == "-" else file.open(encoding="utf-8-sig")
    with source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            place = f"{file}, line {number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ConfigurationError(f"{place}: not JSON ({error})") from None
            if not isinstance(row, dict) or keys.response not in row or keys.label not in row:
                found = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
                raise ConfigurationError(
                    f"{place}: needs the keys {keys.response!r} and {keys.label!r}, found {found}; "
                    "name others with --response-key and --label-key"
                )
            response, prompt, name = row[keys.response], row.get(keys.prompt), row.get(keys.id)
            if not isinstance(response, str):
                raise ConfigurationError(
                    f"{place}: {keys.response!r} is {_kind(response)}; it has to be a text, what the model wrote (which may be empty)"
                )
            if not isinstance(prompt, str | list | None):
                raise ConfigurationError(f"{place}: {keys.prompt!r} is {_kind(prompt)}; it has to be a text, or a list of messages")
            yield _Sample(id=str(number if name is None else name), response=response, label=row[keys.label], prompt=prompt or "")


def _kind(value: object) -> str:
    return "null" if value is None else f"a {type(value).__name__}"


def _not_yet_scored(samples: Sequence[_Sample], rules: str, out: Path | None) -> list[_Sample]:
    """The samples that *out* does not have yet; one that met a fault of ours, or a label that may be mended by now, is tried again.

    Raises:
        ConfigurationError: *out* holds something else, or a sample of the same id that was another one or judged by other rules.
    """
    if out is None or not out.exists():
        return list(samples)
    against: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        against.setdefault(sample.key, set()).add(sample_digest(sample.label, rules))
    names = {sample.id for sample in samples}
    done: Counter[tuple[str, str]] = Counter()
    for number, result in _results_in(out):
        key = str(result["id"]), result["sample"]
        if result["outcome"] == Outcome.INTERNAL.value or key[0] not in names:
            continue
        if key not in against:
            changed = "had another response or prompt then"
        elif result["against"] not in against[key]:
            changed = "was scored against another label, or with other settings (shape, limits)"
        else:
            done[key] += 1
            continue
        raise ConfigurationError(f"{out}, line {number}: the sample {key[0]!r} {changed}; give another --out, or remove this one")
    left = []
    for sample in samples:
        if done[sample.key]:
            done[sample.key] -= 1
        else:
            left.append(sample)
    return left


def _results_in(out: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = out.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        try:
            result = json.loads(line)
            _ = result["outcome"], result["id"], result["sample"], result["against"]
        except (ValueError, KeyError, TypeError):
            if number < len(lines) or line.endswith(b"\n"):
                raise ConfigurationError(f"{out}, line {number}: not a result of this command; give another --out") from None
            with out.open("rb+") as file:
                file.truncate(out.stat().st_size - len(line))  # a run was killed while it wrote this line
            return
        yield number, result


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
        f"[{STYLES[outcome]}]{outcome.replace('_', ' ')} {tally.shown[outcome]}[/]"
        for outcome in SHOWN_OUTCOMES
        if tally.shown[outcome]
    )


def _show(tally: _Tally, skipped: int, console: Console) -> None:
    table = Table(title="what the samples are worth", title_justify="left")
    table.add_column("outcome")
    table.add_column("samples", justify="right")
    table.add_column("share", justify="right")
    for outcome in SHOWN_OUTCOMES:
        count = tally.shown[outcome]
        if count:
            table.add_row(f"[{STYLES[outcome]}]{outcome.replace('_', ' ')}[/]", str(count), f"{count / tally.count:.1%}")
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
        console.print("[red]label error[/] (a broken label) and [red]internal error[/] (a fault of ours) are never the model's:")
        shown = MOST_REASONS if len(tally.reasons) > MOST_REASONS + 1 else MOST_REASONS + 1
        for reason, count in tally.reasons.most_common(shown):
            first = f"{'first' if count > 1 else 'sample'} {tally.first[reason]}"
            console.print(f"{count:>6} x {shorten(in_words(reason), 300)} ({first})", markup=False, highlight=False)
        if len(tally.reasons) > shown:
            console.print(f"and {len(tally.reasons) - shown} other reasons: see `reason` in the results of --out or --json")

"""`reward-sandbox run`: one program, its verdict and its usage."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.api import Sandbox
from sandbox.as_json import run_as_json
from sandbox.cli.terminal import visible
from sandbox.settings import Settings
from sandbox.words.details import in_words
from sandbox.words.errors import ConfigurationError
from sandbox.words.job import Run
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Owner

__all__ = ["run_file"]


def run_file(
    file: Path,
    stdin: Path | None,
    text: str,
    settings: Settings,
    cpu_seconds: float | None,
    memory_mb: int | None,
    *,
    as_json: bool,
) -> int:
    """Run *file*; the exit status of the command: 0 it ended well, 1 it did not, 3 our fault."""
    source = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8", errors="surrogateescape")
    if stdin and text:
        raise ConfigurationError("--stdin and --text both say what the program reads; give one of them")
    if str(stdin) == "-":
        given = sys.stdin.buffer.read()
    else:
        given = stdin.read_bytes() if stdin else text.encode("utf-8", "surrogateescape")
    limits = settings.limits.with_overrides(
        cpu_seconds=cpu_seconds, memory_bytes=None if memory_mb is None else memory_mb * (1 << 20)
    )
    with Sandbox(**{**settings.options, "workers": 1}) as box:
        run = box.run(source, stdin=given, limits=limits)
    if as_json:
        print(json.dumps(run_as_json(run)))
    else:
        if sys.stdout.isatty():
            text = visible(run.stdout.decode("utf-8", "replace"))
            sys.stdout.write(text if not text or text.endswith("\n") else f"{text}\n")
        else:
            sys.stdout.buffer.write(run.stdout)
        sys.stdout.flush()
        errors = run.stderr.decode("utf-8", "replace")
        sys.stderr.write(visible(errors) if sys.stderr.isatty() else errors)
        _show(run)
    if run.cause is Cause.FINISHED and not run.failure:
        return 0
    return 3 if VERDICT_OF_CAUSE[run.cause].owner is Owner.OURS else 1


def _show(run: Run) -> None:
    usage = run.usage
    well = run.cause is Cause.FINISHED and not run.failure
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row(
        "ended",
        f"[{'green' if well else 'red'}]{run.cause.value.replace('_', ' ')}[/]"
        + (f" ({escape(in_words(run.detail))})" if run.detail not in ("", "exit:0", run.cause.value) else ""),
    )
    if run.failure:
        table.add_row("why", escape(visible(in_words(run.failure.strip()))))
    table.add_row("CPU", f"{usage.cpu_seconds:.3f} s ({usage.cpu_user_seconds:.3f} user, {usage.cpu_system_seconds:.3f} system)")
    table.add_row("wall", f"{usage.wall_seconds:.3f} s ({usage.effective_wall_seconds:.3f} without waiting for a processor)")
    table.add_row("memory", f"{usage.peak_memory_bytes / (1 << 20):.1f} MiB peak ({usage.peak_memory_method})")
    table.add_row("output", f"{usage.output_bytes} bytes")
    given_up = [one.layer.value for one in run.enforced if one.is_given_up]
    if given_up:
        table.add_row("given up", f"[yellow]{', '.join(given_up)}[/]: do not run what you do not trust on a machine you need")
    Console(stderr=True).print(table)

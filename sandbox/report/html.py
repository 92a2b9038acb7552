"""The report as one HTML file, which works without a network and lets nothing in it run but its own script."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import sandbox
from sandbox.report import colors
from sandbox.report.aggregate import Summary
from sandbox.report.formats import named
from sandbox.report.results_file import Result, ResultFile
from sandbox.report.rows import Rows
from sandbox.words.details import in_words

__all__ = ["page_of"]

ID_BYTES = 300
TEXT_BYTES = 2_000
PROGRAM_BYTES = 5_000
CLOSING = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
"""Signs with which a script element could be ended, or a comment begun; in JSON they can only be within texts."""


def page_of(name: str, read: ResultFile, summary: Summary, rows: Rows, responses: Mapping[int, str] | None) -> str:
    """The page; *responses* are by the place of their result, and None if nobody has given any."""
    places = sorted(rows.places)
    number_of = {place: number for number, place in enumerate(places)}
    data = {
        "name": _cut(name, ID_BYTES),
        "version": sandbox.__version__,
        "mended": read.mended,
        "is_cut": read.is_cut,
        "broken": read.broken,
        "has_programs": responses is not None,
        "colors": {"outcomes": colors.OUTCOMES, "verdicts": colors.VERDICTS},
        "inks": {name: colors.ink_on(color) for name, color in colors.OUTCOMES.items()},
        "summary": dataclasses.asdict(summary),
        "rows": [_row(read.results[place], (responses or {}).get(place)) for place in places],
        "slowest": [number_of[place] for place in rows.slowest],
        "suspicious": [number_of[place] for place in rows.suspicious],
        "failures": [{"samples": group.samples, "rows": [number_of[place] for place in group.places]} for group in rows.failures],
    }
    folder = resources.files("sandbox.report")
    style, script, template = (folder.joinpath(part).read_text(encoding="utf-8") for part in ("page.css", "page.js", "page.html"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {"STYLE": style, "DIGEST": digest, "DATA": _script_safe_json(data), "SCRIPT": script}
    pieces = template.split("@@")  # every other piece is a part's name: what a part holds is never looked through
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def _script_safe_json(data: Any) -> str:
    """JSON in ASCII that can be in a script element, whatever its texts are."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.translate(CLOSING)


def _row(result: Result, response: str | None) -> dict[str, Any]:
    reason = in_words(result.reason)
    reason = "" if reason in result.failure else reason
    row: dict[str, Any] = {
        "line": result.line,
        "id": _cut(result.id, ID_BYTES),
        "outcome": result.shown,
        "verdict": result.verdict,
        "reward": result.reward,
        "pass_rate": result.pass_rate,
        "accepted": result.accepted,
        "cases": result.cases,
        "cpu": result.cpu_seconds,
        "wall": result.wall_seconds,
        "memory": result.peak_memory_bytes,
        "format": _cut(named(result.format), ID_BYTES),
        "failure": _cut(result.failure, TEXT_BYTES),
        "reason": _cut(reason, TEXT_BYTES),
        "suspicions": _cut_all(result.suspicions),
        "not_enforced": _cut_all(result.not_enforced),
        "retries": result.retries,
        "reused": result.reused,
    }
    if response is not None:
        row["program"] = _cut(response, PROGRAM_BYTES, from_end=True)  # models think first and answer last
    return {key: value for key, value in row.items() if value not in ("", [], None)}


def _cut_all(texts: Sequence[str]) -> list[str]:
    return [_cut(text, ID_BYTES) for text in texts]


def _cut(text: str, most: int, *, from_end: bool = False) -> str:
    """*text*, shortened so that it takes about *most* bytes of the page at most."""
    kept = text[-most:] if from_end else text[:most]
    while (size := len(_script_safe_json(kept))) > most + 2:
        length = max(1, len(kept) * most // size)
        kept = kept[-length:] if from_end else kept[:length]
    if len(kept) == len(text):
        return text
    return f"… {kept}" if from_end else f"{kept} …"

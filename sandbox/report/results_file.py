"""The lines that `reward-sandbox score --out` or a training (`SANDBOX_RECORD`) wrote, and the responses that they are about."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.judging.reward import Outcome, shown_outcome
from sandbox.report.formats import format_in
from sandbox.result_lines import RECORD_LINE_START
from sandbox.words.details import in_words, without_trailing_colon
from sandbox.words.errors import ConfigurationError
from sandbox.words.verdict import Verdict

__all__ = ["Result", "ResultFile", "read_programs", "read_responses", "read_results"]

OUTCOMES = frozenset(outcome.value for outcome in Outcome)
VERDICTS = frozenset(verdict.value for verdict in Verdict)
SHOWN_CHARACTERS = 1_500
"""Of a difference or a reason: what nobody would read is not kept in memory either."""
MOST_NAMES = 12
NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line."""

    line: int
    id: str
    sample: str = ""
    """A digest of response and prompt: several samples may have the same id."""
    outcome: str
    verdict: str
    reward: float
    pass_rate: float
    accepted: int = 0
    cases: int = 0
    failure: str = ""
    """Of the first case that was not accepted: its name, its detail, its difference."""
    reason: str = ""
    format: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: float = 0.0
    retries: int = 0
    reused: bool = False
    suspicions: tuple[str, ...] = ()
    not_enforced: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The outcome as people see it."""
        return shown_outcome(self.outcome, self.verdict)

    @property
    def why(self) -> str:
        """What went wrong, in words."""
        return self.failure or in_words(self.reason)


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """What a file held."""

    results: list[Result]
    """In the order of lines; a sample that was scored again stands where it first stood."""
    mended: int = 0
    """Results that count no more: a fault of ours or a broken label, of a sample that was scored again later."""
    is_cut: bool = False
    """The last line is not whole: the run was killed while it wrote it, or is still writing."""
    broken: int = 0
    """Lines of a training before the last that are not whole: one of its processes was killed while it wrote, or the disk was full."""
    has_programs: bool = False
    """A training wrote it: its lines hold the ends of responses."""


@dataclass(kw_only=True)
class _Reader:
    results: list[Result] = field(default_factory=list)
    faults: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where in *results* the sample's fault of ours is."""
    mended: int = 0

    def add(self, result: Result) -> None:
        place = self.faults.pop((result.id, result.sample), None)
        if place is None:
            place = len(self.results)
            self.results.append(result)
        else:
            self.mended += 1
            self.results[place] = result
        if result.outcome == Outcome.INTERNAL.value:
            self.faults[result.id, result.sample] = place


def read_results(file: Path) -> ResultFile:
    """All results of *file*; keys that this version does not know are passed over, and missing ones are empty.

    Raises:
        ConfigurationError: there is none in it, or a line is no result; the message names the line and says why.
    """
    reader = _Reader()
    is_cut, broken, has_programs = False, 0, False
    with file.open("rb") as source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                row, is_behind_half = _row_of(line)
                broken += is_behind_half
                if row is None:
                    continue
                if isinstance(row, dict) and row.keys() == {"summary"}:
                    continue  # the last line of `score --json`
                result = _result(row, number)
            except (ValueError, RecursionError) as error:
                if not line.endswith(b"\n") and isinstance(error, json.JSONDecodeError):
                    is_cut = True
                    continue
                said = "not JSON" if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)) else str(error)
                raise ConfigurationError(f"{file}, line {number}: not a result of `reward-sandbox score`: {said}") from None
            has_programs = has_programs or "program" in row
            reader.add(result)
    if not reader.results:
        raise ConfigurationError(f"{file}: there is no result in it")
    return ResultFile(results=reader.results, mended=reader.mended, is_cut=is_cut, broken=broken, has_programs=has_programs)


def _row_of(line: bytes) -> tuple[Any, bool]:
    """The row in *line*, and whether a half-written line stands before it. The row is None if there is nothing but that half line.

    Raises:
        ValueError: it is no JSON, nor half a line of a training that others have written behind.
    """
    try:
        return json.loads(line), False
    except json.JSONDecodeError:
        begins = RECORD_LINE_START.encode()
        start = line.rfind(begins)
        if not line.endswith(b"\n") or start < 0 or not (line.startswith(begins) or begins.startswith(line[:start])):
            raise
        try:
            return (json.loads(line[start:]) if start else None), True
        except ValueError:
            return None, True


def read_programs(file: Path, results: list[Result], wanted: set[int]) -> dict[int, str]:
    """The ends of the responses to the results at the places *wanted*, as a training wrote them into the same line of *file*."""
    places = {results[place].line: place for place in wanted}
    found = {}
    with file.open("rb") as source:
        for number, line in enumerate(source, 1):
            if number in places:
                row, _ = _row_of(line)
                program = row.get("program") if isinstance(row, dict) else None
                if isinstance(program, str):
                    found[places[number]] = program
    return found


def read_responses(file: Path, results: list[Result], wanted: set[int], *, response_key: str, id_key: str) -> dict[int, str]:
    """The responses to the results at the places *wanted*, joined by id as `reward-sandbox score` gave it.

    Where several samples have one id, the first of them goes with the first result, provided that there are as many of either;
    else nobody can say which is whose, and none is given.

    Raises:
        ConfigurationError: a line of *file* is no sample; the message names it.
    """
    names = {results[place].id for place in wanted}
    found: dict[str, list[str]] = {}
    for name, response in _responses(file, response_key, id_key):
        if name in names:
            found.setdefault(name, []).append(response)
    counts = Counter(result.id for result in results if result.id in names)
    seen: Counter[str] = Counter()
    joined = {}
    for place, result in enumerate(results):
        responses = found.get(result.id, ())
        if place in wanted and len(responses) == 1:
            joined[place] = responses[0]
        elif place in wanted and responses and len(responses) == counts[result.id]:
            joined[place] = responses[seen[result.id]]
        seen[result.id] += 1
    return joined


def _responses(file: Path, response_key: str, id_key: str) -> Iterator[tuple[str, str]]:
    with file.open("rb") as source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict) or response_key not in row:
                raise ConfigurationError(
                    f"{file}, line {number}: not a sample with the key {response_key!r}; name another with --response-key"
                )
            name = row.get(id_key)
            yield str(number if name is None else name), str(row[response_key] or "")


def _result(row: Any, number: int) -> Result:
    if not isinstance(row, dict):
        raise ValueError(f"{type(row).__name__} instead of an object")  # noqa: TRY004  # it is the file that is wrong
    cases = _texts(row, "cases", most=None)
    name = row.get("id")
    outcome, verdict = _one_of(row, "outcome", OUTCOMES), _one_of(row, "verdict", VERDICTS)
    reason = without_trailing_colon(_text(row, "reason"))
    failure = without_trailing_colon(_text(row, "first_failure") or _text(row, "difference"))
    if reason and in_words(reason) != reason:
        failure = failure.replace(reason, in_words(reason), 1)  # of a version that had codes there too
    return Result(
        line=number,
        id=str(number if name is None else name),
        sample=_text(row, "sample"),
        outcome=outcome,
        verdict=verdict,
        reward=_number(row, "reward"),
        pass_rate=min(1.0, max(0.0, _number(row, "pass_rate"))),
        accepted=sum(case == Verdict.ACCEPTED.value for case in cases),
        cases=len(cases),
        failure="" if verdict == Verdict.NO_CODE.value and reason else failure,  # no case was tried: the reason says it
        reason=reason,
        format=_text(row, "format")[:NAME_CHARACTERS] or format_in(reason),  # what cannot be read may still be recognised
        cpu_seconds=_number(row, "cpu_seconds", 0.0),
        wall_seconds=_number(row, "wall_seconds", 0.0),
        peak_memory_bytes=_number(row, "peak_memory_bytes", 0.0),
        retries=int(_number(row, "retries", 0.0)),
        reused=row.get("reused") is True,
        suspicions=_texts(row, "suspicions"),
        not_enforced=_texts(row, "not_enforced"),
    )


def _one_of(row: dict[str, Any], key: str, allowed: frozenset[str]) -> str:
    value = row.get(key)
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"no {key!r}" if value is None else f"the {key} {str(value)[:40]!r} is none that this version knows")
    return value


def _number(row: dict[str, Any], key: str, missing: float | None = None) -> float:
    value = row.get(key, missing)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise ValueError(f"no {key!r}" if value is None else f"{key} is {str(value)[:40]!r} and no number")


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return value[:SHOWN_CHARACTERS] if isinstance(value, str) else ""


def _texts(row: dict[str, Any], key: str, most: int | None = MOST_NAMES) -> tuple[str, ...]:
    value = row.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(one[:NAME_CHARACTERS] for one in value[:most] if isinstance(one, str))

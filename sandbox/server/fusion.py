"""SandboxFusion's `/run_code` and `/submit`, so that its clients (verl's among them) work by changing a URL.

Fields are those of SandboxFusion's schema. Where its statuses say less than is known, `message` says it: a memory limit is a process
that was killed (-9), and `message` is `MemoryLimitExceeded`. Faults of ours are `SandboxError`, which clients do not blame on the model.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import posixpath
import secrets
import signal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema, field_validator

from sandbox.api import Sandbox, Score
from sandbox.judging.languages import LANGUAGES
from sandbox.judging.response.candidate import Candidate
from sandbox.judging.response.extract import extract
from sandbox.judging.rules import Rules
from sandbox.server.fields import Text
from sandbox.words.errors import ConfigurationError
from sandbox.words.job import Job, Run
from sandbox.words.judgement import CaseResult
from sandbox.words.limits import MIB
from sandbox.words.verdict import VERDICT_OF_CAUSE, Cause, Owner, Verdict

__all__ = ["RunCode", "RunCodeAnswer", "Submit", "SubmitAnswer", "answer_of", "evaluation_of", "job_of", "label_of"]

MAX_FILES_BYTES = 32 * MIB
MOST_FILES = 1000


class RunCode(BaseModel):
    """A program to run."""

    code: Text
    language: Text = "python"
    stdin: Text | None = None
    compile_timeout: float = Field(10.0, gt=0, le=3600)
    run_timeout: float = Field(10.0, gt=0, le=3600)
    memory_limit_MB: int = Field(-1, le=1 << 20)  # noqa: N815  # the name of their schema
    files: dict[Text, Text | None] = Field({}, max_length=MOST_FILES)
    fetch_files: list[Text] = Field([], max_length=MOST_FILES)

    model_config = {"json_schema_extra": {"examples": [{"code": "print(int(input()) * 2)", "language": "python", "stdin": "21"}]}}


class CommandResult(BaseModel):
    """How one command ended."""

    status: Literal["Finished", "Error", "TimeLimitExceeded"]
    execution_time: float | None = None
    return_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None


class RunCodeAnswer(BaseModel):
    """How a program ended: Success, Failed, or SandboxError when that is not known."""

    status: Literal["Success", "Failed", "SandboxError"]
    message: str = ""
    compile_result: CommandResult | None = None
    run_result: CommandResult | None = None
    executor_pod_name: str | None = None
    files: dict[str, str] = {}


class SubmitConfig(BaseModel):
    """How a completion is evaluated; what is not named here is ignored."""

    language: str | None = None
    dataset_type: str | None = None
    run_timeout: float | None = Field(None, gt=0, le=3600)
    custom_extract_logic: Annotated[Any, WithJsonSchema({"type": "null"})] = None
    provided_data: dict[str, Any] | list[Any]
    extra: dict[str, Any] = {}

    @field_validator("custom_extract_logic")
    @classmethod
    def _is_not_run(cls, value: object) -> None:
        if value:
            raise ValueError("custom_extract_logic is code for the server's own process, and is not run")


class Submit(BaseModel):
    """A completion, and the row of a dataset that it answers."""

    dataset: str = ""
    id: int | Text = 0
    completion: Text
    config: SubmitConfig

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "dataset": "mine",
                    "id": 1,
                    "completion": "```python\nprint(int(input()) * 2)\n```",
                    "config": {
                        "dataset_type": "CommonOJDataset",
                        "provided_data": {"test": [{"input": {"stdin": "21"}, "output": {"stdout": "42"}}]},
                    },
                }
            ]
        }
    }


class TestAnswer(BaseModel):
    """What became of one test."""

    passed: bool
    exec_info: RunCodeAnswer
    test_info: dict[str, Any] | None = None


class SubmitAnswer(BaseModel):
    """Whether a completion is accepted, and its tests."""

    id: int | str
    accepted: bool
    extracted_code: str
    full_code: str | None = None
    test_code: str | None = None
    tests: list[TestAnswer]
    extracted_type: Literal["fenced", "incomplete_fenced", "heuristic", "empty"] | None = None
    extra: dict[str, Any] | None = None


# --- /run_code ------------------------------------------------------------------------------------------------------------


def job_of(asked: RunCode, rules: Rules) -> tuple[Job, bytes]:
    """The job, and what stands on its standard output before the files that are to be fetched ("" for none).

    Raises:
        ConfigurationError: it cannot be run here; the message says why.
    """
    if not any(asked.language.lower() in language.tags for language in LANGUAGES.values()):
        raise ConfigurationError(f"the language {asked.language!r} is not supported; this server runs {', '.join(LANGUAGES)}")
    memory = None if asked.memory_limit_MB <= 0 else asked.memory_limit_MB * MIB
    limits = rules.limits.with_overrides(cpu_seconds=asked.run_timeout, memory_bytes=memory, ceiling=rules.effective_ceiling)
    files = {_place(name): base64.b64decode(content or "", validate=True) for name, content in asked.files.items()}
    if sum(map(len, files.values())) > MAX_FILES_BYTES:
        raise ConfigurationError(f"files: more than {MAX_FILES_BYTES >> 20} MiB together")
    mark = secrets.token_hex(16)
    wanted = [_place(name) for name in asked.fetch_files]
    preamble = _PUT.format(files=files) if files else ""
    if wanted:
        preamble += _GET.format(mark=mark, wanted=wanted)
    job = Job(
        source=asked.code,
        stdin=(asked.stdin or "").encode("utf-8", "surrogatepass"),
        preamble=preamble,
        limits=dataclasses.replace(limits, wall_seconds=limits.cpu_seconds),  # their timeout is one of wall time
    )
    return job, mark.encode() if wanted else b""


_PUT = """\
def _put(files):
    import os
    for name, content in files.items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "wb") as file:
            file.write(content)
_put({files!r})
del _put
"""

# The program's own word for what its files hold: it may say what it likes of them, they are its own.
_GET = """\
def _get(mark, wanted):
    import atexit, base64, json, os, sys
    def tell():
        found = {{}}
        for name in wanted:
            try:
                with open(name, "rb") as file:
                    found[name] = base64.b64encode(file.read()).decode()
            except OSError:
                pass
        sys.stdout.flush()
        text = (mark + json.dumps(found)).encode()
        while text:
            text = text[os.write(1, text):]
    atexit.register(tell)
_get({mark!r}, {wanted!r})
del _get
"""


def _place(name: str) -> str:
    """Where a file of the request is, below the program's folder."""
    place = posixpath.normpath(name.lstrip("/"))
    if place.startswith("..") or place in (".", "") or "\0" in place:
        raise ConfigurationError(f"files: {name!r} is not a place within the program's folder")
    return place


def answer_of(run: Run, mark: bytes = b"") -> RunCodeAnswer:
    """What a run is called there."""
    if VERDICT_OF_CAUSE[run.cause].owner is Owner.OURS:
        return RunCodeAnswer(status="SandboxError", message=run.detail)
    stdout, _, told = run.stdout.partition(mark) if mark else (run.stdout, b"", b"")
    late = VERDICT_OF_CAUSE[run.cause] is Verdict.TIME_LIMIT
    result = CommandResult(
        status="TimeLimitExceeded" if late else "Finished",
        execution_time=run.usage.wall_seconds,
        return_code=None if late else _return_code(run),
        stdout=stdout.decode("utf-8", "replace"),
        stderr=run.stderr.decode("utf-8", "replace") or run.failure,
    )
    well = run.cause is Cause.FINISHED and not run.failure
    return RunCodeAnswer(
        status="Success" if well else "Failed", message=_MESSAGES.get(run.cause, ""), run_result=result, files=_fetched(told)
    )


_MESSAGES = {
    Cause.CPU_TIME: "TimeLimitExceeded",
    Cause.WALL_TIME: "TimeLimitExceeded",
    Cause.MEMORY: "MemoryLimitExceeded",
    Cause.OUTPUT: "OutputLimitExceeded",
    Cause.PROCESSES: "ProcessLimitExceeded",
    Cause.SYSCALL: "SystemCallRefused",
}


def _return_code(run: Run) -> int:
    kind, _, value = run.detail.partition(":")
    if kind == "exit":
        return int(value)
    if kind == "signal" and value in signal.Signals.__members__:
        return -signal.Signals[value]
    return -signal.SIGKILL  # that is how a process ends that has met a limit


def _fetched(told: bytes) -> dict[str, str]:
    try:
        files = json.loads(told)
    except (ValueError, RecursionError):
        return {}
    return {str(name): text for name, text in files.items() if isinstance(text, str)} if isinstance(files, dict) else {}


# --- /submit --------------------------------------------------------------------------------------------------------------


def label_of(asked: Submit) -> Any:
    """The label in a row of a dataset."""
    config = asked.config
    label = row = config.provided_data
    if isinstance(row, dict) and config.dataset_type == "CommonOJDataset":
        label = row.get("test", row)
    said = {name: value for name, value in (("time_limit", config.run_timeout), ("language", config.language)) if value}
    if said and isinstance(label, list):
        label = {"test_cases": label}
    return {**label, **said} if isinstance(label, dict) else label


def evaluation_of(asked: Submit, score: Score, box: Sandbox) -> SubmitAnswer:
    """What a judgement is called there."""
    found = extract(asked.completion, choice=box.rules.choice)
    code = found.source if isinstance(found, Candidate) else ""
    kinds: dict[str, Literal["fenced", "heuristic"]] = {"fenced": "fenced"}
    judgement = score.judgement
    cases = judgement.cases or (CaseResult(verdict=judgement.verdict, detail=judgement.reason),)
    return SubmitAnswer(
        id=asked.id,
        accepted=judgement.verdict is Verdict.ACCEPTED,
        extracted_code=code,
        tests=[_test_of(case) for case in cases],
        extracted_type=kinds.get(found.how, "heuristic") if isinstance(found, Candidate) else "empty",
        extra={"verdict": judgement.verdict.value, "reason": judgement.reason, "pass_rate": judgement.pass_rate},
    )


def _test_of(case: CaseResult) -> TestAnswer:
    passed = case.verdict is Verdict.ACCEPTED
    if case.verdict.owner in (Owner.OURS, Owner.LABEL):
        told = RunCodeAnswer(status="SandboxError", message=case.detail)
    else:
        late = case.verdict is Verdict.TIME_LIMIT
        # A wrong answer is the answer of a program that ended well.
        well = passed or case.verdict is Verdict.WRONG_ANSWER
        result = CommandResult(status="TimeLimitExceeded" if late else "Finished", return_code=None if late else 0 if well else 1)
        told = RunCodeAnswer(status="Success" if well else "Failed", message=case.detail, run_result=result)
    return TestAnswer(passed=passed, exec_info=told, test_info={"verdict": case.verdict.value, "name": case.name})

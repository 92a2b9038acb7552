"""The application: routes that translate, and nothing else. What a verdict is, the judge says; what it is worth, the shape."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

import prometheus_client
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as AnyHTTPException

import sandbox
from sandbox.adapters import process_sandbox
from sandbox.adapters.columns import item_or_none
from sandbox.adapters.openrlhf import LOG_KEYS, columns_of, score_query
from sandbox.adapters.sample_log import collected_log
from sandbox.api import Sandbox, Score
from sandbox.as_json import run_as_json, score_as_json
from sandbox.server import fusion
from sandbox.server.access import DOCUMENTATION, AccessControl
from sandbox.server.errors import problems_of, why_unread
from sandbox.server.fields import StrictModel, Text
from sandbox.server.stats import Stats
from sandbox.server.work_queue import WorkQueue
from sandbox.words.errors import ConfigurationError, LabelError, SandboxError
from sandbox.words.job import Job, Run
from sandbox.words.limits import MIB

__all__ = ["Options", "create_app"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What is the server's own, beside the options of its sandbox."""

    token: str = ""
    """Clients have to know it; "" means that all who reach the server may use it."""
    max_waiting: int = 10_000
    """Samples and programs that wait or run at the same time; more are refused with 429."""
    max_body_bytes: int = 64 * MIB


MOST_SAMPLES = 10_000
"""Of one request."""


class AsciiJSONResponse(JSONResponse):
    """JSON in ASCII: what a program wrote may hold characters that no encoding takes."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class GetReward(BaseModel):
    """OpenRLHF's question: lists of the same length (shorter `prompts` and `labels` count as empty)."""

    query: list[Text] = Field(max_length=MOST_SAMPLES)
    prompts: list[Text | None] | None = None
    labels: list[Any] | None = None

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "query": ["Add one.\n```python\ndef f(x):\n    return x + 1\n```"],
                    "prompts": ["Add one.\n"],
                    "labels": [["assert f(1) == 2"]],
                }
            ]
        }
    }


class RewardAnswer(BaseModel):
    """One number a sample."""

    rewards: list[float]
    scores: list[float]
    extra_logs: dict[str, list[float]]


class SampleIn(StrictModel):
    """A response and its label, in any format of docs/labels.md."""

    response: Text | None
    label: Any
    prompt: Text | list[dict[str, Any]] = ""
    """A text, or messages."""


class Judge(StrictModel):
    """Samples to judge."""

    samples: list[SampleIn] = Field(max_length=MOST_SAMPLES)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "samples": [
                        {"response": "def f(x): return x + 1", "label": {"fn_name": "f", "inputs": [[1]], "outputs": [2]}},
                        {"response": "print(input()[::-1])", "label": {"inputs": ["abc"], "outputs": ["cba"]}},
                    ]
                }
            ]
        }
    )


class JudgeAnswer(BaseModel):
    """One result a sample, in their order: the keys of a line of `reward-sandbox score`, without `id`."""

    results: list[dict[str, Any]]


class RunIn(StrictModel):
    """A program and its input; limits up to the server's own."""

    code: Text
    stdin: Text = ""
    cpu_seconds: float | None = Field(None, gt=0, le=3600)
    memory_mb: int | None = Field(None, ge=16, le=1 << 20)

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "print(input()[::-1])", "stdin": "abc", "cpu_seconds": 2}]})


def create_app(box: Sandbox, options: Options | None = None) -> FastAPI:
    """A FastAPI application that judges with *box*, which it warms when it starts and closes when it ends."""
    options = options or Options()
    stats = Stats()
    queue = WorkQueue(box, stats, max_waiting=options.max_waiting)
    stats.waiting.set_function(lambda: queue.waiting)
    stats.workers.set_function(lambda: box.workers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(box.warm)
        yield
        queue.is_draining = True
        await asyncio.to_thread(box.close)

    app = FastAPIOffline(  # with Swagger's scripts beside it: a cluster need not reach a CDN
        title="reward-sandbox",
        version=sandbox.__version__,
        summary="Runs what a model wrote against the tests of its label, and says honestly what it is worth.",
        lifespan=lifespan,
        default_response_class=AsciiJSONResponse,
        redoc_url=None,
        static_url=DOCUMENTATION,
        swagger_ui_parameters={"persistAuthorization": True},
        # Only for the page at /docs, which then has a field for the token: the token was looked at before.
        dependencies=[Depends(HTTPBearer(auto_error=False))] if options.token else [],
        responses={status: {"description": text} for status, text in _REFUSALS.items()},
    )
    app.add_middleware(AccessControl, token=options.token, max_body_bytes=options.max_body_bytes)
    app.state.queue, app.state.stats = queue, stats

    @app.exception_handler(RequestValidationError)
    async def on_invalid_body(request: Request, error: RequestValidationError) -> Response:
        return AsciiJSONResponse({"detail": problems_of(request, error)}, status_code=422)

    @app.exception_handler(AnyHTTPException)
    async def on_http_error(request: Request, error: AnyHTTPException) -> Response:
        if (
            error.status_code == 400 and error.__cause__ is not None
        ):  # what FastAPI says of a body that it could not read is no help
            error.detail = why_unread(error.__cause__)
        return await http_exception_handler(request, error)

    @app.exception_handler(SandboxError)
    async def on_sandbox_error(_: Request, error: SandboxError) -> Response:
        status = 400 if isinstance(error, ConfigurationError | LabelError) and not queue.is_draining else 503
        return AsciiJSONResponse({"detail": str(error)}, status_code=status, headers={} if status == 400 else {"Retry-After": "5"})

    def timed_judgement(work: Callable[..., Score], response: str) -> Callable[[float], Score]:
        asked = time.monotonic()

        def judge(deadline: float) -> Score:
            score = work(deadline=deadline)
            stats.judged(score, response, time.monotonic() - asked)
            return score

        return judge

    def timed_run(job: Job) -> Callable[[float], Run]:
        asked = time.monotonic()

        def run(deadline: float) -> Run:
            found = box.run_job(job, deadline=deadline)
            stats.ran(found, time.monotonic() - asked)
            return found

        return run

    async def judge_all(request: Request, samples: Sequence[SampleIn]) -> list[Score]:
        batch = await asyncio.to_thread(box.batch, [(one.response, one.label) for one in samples])
        with collected_log() as log:
            judge = functools.partial(process_sandbox.score_without_raising, box, batch=batch, log=log)
            work = [
                timed_judgement(functools.partial(judge, one.response, one.label, one.prompt), one.response or "")
                for one in samples
            ]
            return await queue.ask(request, work, batch.order)

    @app.post("/get_reward", tags=["OpenRLHF"], summary="Rewards of a batch, as OpenRLHF asks for them")
    async def get_reward(asked: GetReward, request: Request) -> RewardAnswer:
        """For OpenRLHF's `--reward.remote_url http://HOST:PORT/get_reward` (0.10.1 and older: `--remote_rm_url`).

        Each of `query` is a prompt and the response in one text, each of `labels` its tests in any format of docs/labels.md. `rewards`,
        `scores` (within 0 and 1) and each list of `extra_logs` have one number a sample; empty lists get empty lists. A broken label and a
        fault of ours are 0.0, with `internal_error` 1.0.
        """
        samples = [
            (query, item_or_none(asked.prompts, number), item_or_none(asked.labels, number))
            for number, query in enumerate(asked.query)
        ]
        batch = await asyncio.to_thread(box.batch, [(query, label) for query, _, label in samples])
        with collected_log() as log:
            judge = functools.partial(score_query, box, batch=batch, log=log)
            work = [timed_judgement(functools.partial(judge, *sample), sample[0]) for sample in samples]
            scores = await queue.ask(request, work, batch.order)
        columns = columns_of(scores)
        return RewardAnswer(
            rewards=columns["rewards"], scores=columns["scores"], extra_logs={key: columns[key] for key in LOG_KEYS}
        )

    @app.post("/v1/judge", tags=["judge"], summary="Judge samples, and say why")
    async def judge(asked: Judge, request: Request) -> JudgeAnswer:
        """Each response is run against its label's tests: reward, outcome, verdicts of all cases, first difference, what was used.

        A broken label and a fault of ours are results too, with the outcome `internal`. Differences hold expected values.
        """
        return JudgeAnswer(results=[score_as_json(score) for score in await judge_all(request, asked.samples)])

    @app.post("/v1/run", tags=["judge"], summary="Run one program, without a label")
    async def run(asked: RunIn, request: Request) -> dict[str, Any]:
        """How it ended (`cause`, `detail`), what it wrote, and what it used; it is confined and limited as a sample is."""
        memory = None if asked.memory_mb is None else asked.memory_mb * MIB
        limits = box.rules.limits.with_overrides(
            cpu_seconds=asked.cpu_seconds, memory_bytes=memory, ceiling=box.rules.effective_ceiling
        )
        job = Job(source=asked.code, stdin=asked.stdin.encode("utf-8", "surrogatepass"), limits=limits, entropy=box.rules.entropy)
        (found,) = await queue.ask(request, [timed_run(job)])
        return run_as_json(found)

    @app.post("/run_code", tags=["SandboxFusion"], summary="Run one program, as SandboxFusion's clients ask for it")
    async def run_code(asked: fusion.RunCode, request: Request) -> fusion.RunCodeAnswer:
        """SandboxFusion's `/run_code`: the same fields and statuses, without its truncation and false timeouts."""
        try:
            job, mark = await asyncio.to_thread(fusion.job_of, asked, box.rules)
            (found,) = await queue.ask(request, [timed_run(job)])
        except LabelError as error:  # what runs before the program: its files cannot be put there
            return fusion.RunCodeAnswer(status="SandboxError", message=f"files: {error}")
        except ValueError as error:  # of base64 too
            return fusion.RunCodeAnswer(status="SandboxError", message=str(error))
        return fusion.answer_of(found, mark)

    @app.post("/submit", tags=["SandboxFusion"], summary="Judge one completion, as SandboxFusion's clients ask for it")
    async def submit(asked: fusion.Submit, request: Request) -> fusion.SubmitAnswer:
        """SandboxFusion's `/submit` for rows that the client provides (CommonOJ, AutoEval, and every format of docs/labels.md)."""
        sample = SampleIn(response=asked.completion, label=fusion.label_of(asked))
        (score,) = await judge_all(request, [sample])
        return await asyncio.to_thread(fusion.evaluation_of, asked, score, box)

    @app.get("/v1/ping", tags=["SandboxFusion"], summary="Does the server answer?")
    async def ping() -> str:
        """Always `pong`, without a token; whether work is taken, `/readyz` says."""
        return "pong"

    @app.get("/healthz", tags=["operations"], summary="Does the process live? (liveness probe)")
    async def healthz() -> dict[str, str]:
        """200 while it does, without a token."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], summary="Is work taken? (readiness probe)")
    async def readyz() -> dict[str, str]:
        """200 while it is, without a token; 503 while the server is ending, or as much waits as may."""
        if queue.is_draining or queue.is_full:
            raise HTTPException(503, "draining" if queue.is_draining else "full", headers={"Retry-After": "5"})
        return {"status": "ready"}

    @app.get("/metrics", tags=["operations"], summary="Counters for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Samples by outcome, runs by cause, CPU time, latency, retries, what waits, workers; every name begins with `reward_sandbox_`."""
        return Response(prometheus_client.generate_latest(stats.registry), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    @app.get("/v1/status", tags=["operations"], summary="What the status page shows, as JSON")
    async def status() -> Response:
        """Rate, outcomes, latency, workers, recent failures. It holds programs and expected values."""
        now = {"version": sandbox.__version__, "workers": box.workers, "waiting": queue.waiting}
        return AsciiJSONResponse({**now, **stats.recent()})

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse((resources.files("sandbox.server") / "page.html").read_text(encoding="utf-8"))

    return app


_REFUSALS = {
    400: "What is asked for cannot be done here; the detail says why.",
    401: "The token is missing or wrong.",
    413: "The request is too large.",
    429: "Too much is waiting; Retry-After says when to come again.",
    503: "The server is ending, or no worker can be had; Retry-After says when to come again.",
}

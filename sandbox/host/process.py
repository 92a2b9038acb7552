"""A worker that is a process on this machine: the guest's zygote, started by exec, talked to over a socket pair.

Nothing is forked from the calling process (it may be a trainer of many gigabytes with CUDA and gRPC threads), its environment
is not passed on (it may hold secrets), and the zygote ends when this process does, however it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from sandbox.errors import ConfigurationError, LabelError, WorkerLost
from sandbox.guest import values, wire
from sandbox.host import bundle
from sandbox.job import Answer, AnswerKind, Job, Run, TestResult, Tests, TestsRun, Usage
from sandbox.layers import Enforced, Enforcement, Layer
from sandbox.verdict import Cause

__all__ = ["ProcessWorker"]

START_SECONDS = 60.0
CLOSE_SECONDS = 10.0
DECODING_SECONDS = 3.0
"""CPU time that reading the answers of one run may take on the host."""
MAX_ERROR = 2000
_MANY = 1 << 20
"""Time slots of a job whose number of tests is not known."""
GRACE_SECONDS = 5.0
"""Between the zygote's own deadline for a job and ours for its report."""

_CAUSES = tuple(Cause(word) for word in wire.CAUSES)

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",  # the same sample gives the same verdict on any worker
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

_ANSWER_KINDS = {
    wire.KIND_RETURNED: AnswerKind.RETURNED,
    wire.KIND_RAISED: AnswerKind.RAISED,
    wire.KIND_EXITED: AnswerKind.EXITED,
    wire.KIND_UNSENDABLE: AnswerKind.UNSENDABLE,
}


class ProcessWorker:
    """One warm zygote. Not thread-safe: a pool leases it to one caller at a time.

    *python* is the interpreter that candidates run in (CPython 3.9 or newer; default: this one), *warm* names modules to import
    before the first job, *folder* is where work folders are made (default: /dev/shm, or else the system's folder for temporary files).

    Raises:
        ConfigurationError: the interpreter cannot be started, or a module of *warm* does not exist there.
    """

    def __init__(self, *, python: str | None = None, warm: Sequence[str] = (), folder: str | None = None) -> None:
        self._python = python or sys.executable
        self._closing = threading.Lock()  # protects what close() releases
        with ExitStack() as made:
            try:
                self._log = os.memfd_create("worker-log", os.MFD_CLOEXEC)
                made.callback(os.close, self._log)
                self._stream, theirs = socket.socketpair()
                made.callback(self._stream.close)
                made.enter_context(theirs)
                zip_fd = bundle.open_bundle()
                made.callback(os.close, zip_fd)
            except OSError as error:
                raise WorkerLost(f"no descriptors or memory for another worker: {error}") from error
            self._process = self._start(theirs, zip_fd, warm, folder)
            # From here on close() releases these two; the others were only lent to the new process.
            made.pop_all()
        theirs.close()
        os.close(zip_fd)
        self._healthy = True
        self._folder = ""
        self._words = ""
        try:
            hello = self._read_hello()
            if hello["missing"]:
                raise ConfigurationError(
                    f"{self._python} cannot import {', '.join(hello['missing'])}; install it there or take it out of `warm`"
                )
        except BaseException:
            self.close()
            raise
        self._folder = str(hello["folder"])
        self.python_version: str = hello["python"]
        self._enforced = tuple(
            Enforced(layer=Layer(layer), enforcement=Enforcement(got), how=how) for layer, got, how in hello["layers"]
        )

    def _start(self, theirs: socket.socket, zip_fd: int, warm: Sequence[str], folder: str | None) -> subprocess.Popen[bytes]:
        options = {"stream": theirs.fileno(), "warm": list(warm), "folder": folder or _scratch(), "hidden": _hidden_place()}
        try:
            return subprocess.Popen(
                [self._python, "-s", "-B", f"/proc/self/fd/{zip_fd}", json.dumps(options)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=(zip_fd, theirs.fileno()),
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            raise ConfigurationError(f"the interpreter {self._python!r} cannot be started: {error}") from error
        except OSError as error:
            raise WorkerLost(f"another worker cannot be started now: {error}") from error

    @property
    def pid(self) -> int:
        """Process id of the zygote."""
        return self._process.pid

    @property
    def healthy(self) -> bool:
        """Whether it can take another job."""
        return self._healthy

    @property
    def enforced(self) -> tuple[Enforced, ...]:
        """What confines the jobs it runs."""
        return self._enforced

    def run(self, job: Job, deadline: float) -> Run:
        """See `Worker.run`."""
        limits = job.limits
        calls = job.calls
        try:
            asked = (
                values.encode([[call.function, call.expression, list(call.args), call.kwargs] for call in calls], exact=True)
                if calls
                else ""
            )
        except values.Unsendable as error:
            raise LabelError(f"the arguments of a call do not cross to the candidate: {error}") from None
        payload = wire.Payload(job.entropy, job.source, job.preamble, asked, _serving(job.tests), job.stdin).pack()
        tests = _tests(job) if job.tests else b""
        cases = _MANY if tests else 1 + len(calls)
        hard = max(0.001, min(limits.hard_seconds * cases, deadline - time.monotonic()))
        order = wire.Order(
            cpu_ns=_ns(limits.cpu_seconds),
            wall_ns=_ns(limits.wall),
            total_ns=_ns(job.total_seconds or limits.suite_seconds),
            hard_ns=_ns(hard),
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
            file_bytes=limits.file_bytes,
            processes=limits.processes,
            open_files=limits.open_files,
            cases=cases,
            payload_bytes=len(payload),
            tests_bytes=len(tests),
            tester_ns=_ns(limits.suite_seconds),
            framework=wire.FRAMEWORKS.index(job.tests.framework) if job.tests else 0,
        )
        try:
            self._stream.settimeout(hard + GRACE_SECONDS)
            self._stream.sendall(order.pack())
            self._stream.sendall(payload)
            self._stream.sendall(tests)  # which the worker reads when the candidate has been forked
            report = wire.Report.unpack(self._read(wire.REPORT_BYTES))
            if max(report.stdout_bytes, report.answers_bytes) > limits.output_bytes or report.stderr_bytes > 1 << 20:
                raise wire.WireError("sections larger than what was asked for")
            stdout = self._read(report.stdout_bytes)
            stderr = self._read(report.stderr_bytes)
            answers = self._read(report.answers_bytes)
            results = self._read(report.results_bytes)
        except BaseException as error:
            # Whatever it was, the stream is in the middle of something: this worker can never be used again.
            self.close()
            if isinstance(error, OSError | wire.WireError):
                raise WorkerLost(f"worker {self.pid} was lost in the middle of a job: {error}{self._last_words()}") from error
            raise
        if not report.clean:
            self._healthy = False
        if _CAUSES[report.cause] is Cause.SETUP and stderr.startswith(b"LabelFault: "):
            raise LabelError(f"the label's imports fail: {stderr.decode('utf-8', 'replace').removeprefix('LabelFault: ')}")
        run = _observed(report, stdout, stderr, answers, len(calls), self._enforced)
        return replace(run, tests=_tests_run(report, results)) if job.tests else run

    def close(self) -> None:
        """See `Worker.close`. A job that runs in another thread ends as WorkerLost there."""
        self._healthy = False
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads, and the zygote: it ends its job and itself
        with self._closing:
            if self._log < 0:
                return
            self._stream.close()
            try:
                self._process.wait(timeout=CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            if self._folder:
                with contextlib.suppress(OSError, RecursionError):  # a later worker tries again
                    shutil.rmtree(self._folder, ignore_errors=True)  # still there if the zygote was killed
            self._words = _tail(self._log)
            os.close(self._log)
            self._log = -1

    def _last_words(self) -> str:
        return f"; its last words: {self._words}" if self._words else ""

    def _read_hello(self) -> dict[str, Any]:
        self._stream.settimeout(START_SECONDS)
        try:
            size = int.from_bytes(self._read(4), "little")
            if size > wire.MAX_HELLO_BYTES:
                raise wire.WireError("a hello that long")
            hello: dict[str, Any] = json.loads(self._read(size))
        except (OSError, ValueError, wire.WireError) as error:
            self.close()
            raise ConfigurationError(
                f"the interpreter {self._python!r} did not become a worker: {error}{self._last_words()}"
            ) from error
        return hello

    def _read(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            got = self._stream.recv_into(view)
            if got == 0:
                raise ConnectionResetError("the stream ended")
            view = view[got:]
        return bytes(data)


def _observed(report: wire.Report, stdout: bytes, stderr: bytes, answers: bytes, calls: int, enforced: tuple[Enforced, ...]) -> Run:
    """A report as a run. The *answers* bytes are hostile; what cannot be read was not answered."""
    failure = ""
    said: list[Answer] = []
    loaded = False
    started = time.thread_time()
    try:
        for kind, body in wire.frames(answers):
            if kind in (wire.KIND_UNCOMPILED, wire.KIND_ERROR):
                phase = "compile" if kind == wire.KIND_UNCOMPILED else "load"
                name, message = values.decode(body)
                failure = f"{phase}:{str(name)[:80]}: {str(message)[:MAX_ERROR]}"
                break
            if kind == wire.KIND_LOADED:
                loaded = True
            elif len(said) == calls:
                break
            elif time.thread_time() - started > DECODING_SECONDS:
                said.append(Answer(kind=AnswerKind.UNSENDABLE, error="the answers before took too long to read"))
            else:
                said.append(_answer(_ANSWER_KINDS[kind], body))
    except (wire.WireError, TypeError, ValueError):
        failure = failure or "load:WireError: the answers cannot be read"
    cause = _CAUSES[report.cause]
    detail = cause.value
    if cause is Cause.SIGNALED:
        detail = f"signal:{_signal_name(-report.status)}"
    elif cause in (Cause.FINISHED, Cause.EXITED):
        detail = f"exit:{report.status}"
    elif cause is Cause.SETUP:
        detail = f"setup:{stderr.decode('utf-8', 'replace')}"
    wall = report.wall_ns / 1e9
    usage = Usage(
        cpu_user_seconds=report.cpu_user_ns / 1e9,
        cpu_system_seconds=report.cpu_system_ns / 1e9,
        wall_seconds=wall,
        effective_wall_seconds=wall - report.delay_ns / 1e9,
        peak_memory_bytes=report.peak_bytes,
        peak_memory_method="largest process (maxrss), sampled sum of all",
        processes=report.processes,
        output_bytes=report.output_bytes,
    )
    return Run(
        cause=cause,
        detail=detail,
        failure=failure,
        loaded=loaded,
        answers=tuple(said),
        stdout=stdout,
        stderr=stderr,
        usage=usage,
        enforced=enforced,
    )


def _serving(tests: Tests | None) -> str:
    """What the candidate of a job with tests has to know: nothing of the tests."""
    if tests is None:
        return ""
    told = {
        "file": tests.program_file,
        "files": [[name, _content(content)] for name, content in tests.visible],
        "modules": list(tests.modules),
        "shared": list(tests.structures),
        "asked": [name for name in (tests.entry, *tests.asked) if name.isidentifier()],
    }
    return json.dumps(told)


def _tests(job: Job) -> bytes:
    """The tests, as their tester reads them."""
    tests = job.tests
    assert tests is not None
    told = {
        "framework": tests.framework,
        "setup": tests.setup,
        "cases": list(tests.cases),
        "shared": tests.shared,
        "structures": list(tests.structures),
        "entry": tests.entry,
        "alias": tests.alias,
        "asked": list(tests.asked),
        "files": [[name, _content(content)] for name, content in (*tests.visible, *tests.files)],
        "paths": list(tests.paths),
        "modules": list(tests.modules),
        "skip": job.skip,
        "entropy": job.entropy,
    }
    return json.dumps(told).encode("ascii")


def _content(content: str | bytes) -> str | list[str]:
    """A file's content in JSON: a text as it is, bytes in hexadecimal in a list."""
    return content if isinstance(content, str) else [content.hex()]


def _tests_run(report: wire.Report, results: bytes) -> TestsRun:
    """The results section as words; a tester wrote it, so what cannot be read is a fault of ours."""
    found: list[TestResult] = []
    end: dict[str, Any] | None = None
    try:
        for kind, body in wire.frames(results, wire.RESULT_KINDS):
            record = json.loads(body)
            if kind == wire.KIND_TESTS_ENDED:
                end = record
                break
            found.append(
                TestResult(name=record["name"], outcome=record["outcome"], message=record["message"], delegated=record["delegated"])
            )
    except (wire.WireError, ValueError, KeyError, TypeError) as error:
        end = {"count": 0, "outcome": "ours", "message": f"the results cannot be read: {error}"}
    return TestsRun(
        results=tuple(found),
        ended=end is not None,
        count=end["count"] if end else 0,
        outcome=end["outcome"] if end else "",
        message=end["message"] if end else "",
        cause=_CAUSES[report.tester_cause],
        cpu_seconds=report.tester_cpu_ns / 1e9,
    )


def _answer(kind: AnswerKind, body: bytes) -> Answer:
    try:
        value = values.decode(body)
    except wire.WireError as error:
        return Answer(kind=AnswerKind.UNSENDABLE, error=str(error))
    if kind is AnswerKind.RETURNED:
        return Answer(kind=kind, value=value)
    return Answer(kind=kind, error=value[:MAX_ERROR] if isinstance(value, str) else "")


def _scratch() -> str:
    """Where work folders are made: in memory if there is such a place, for a job's files are small and short-lived."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else tempfile.gettempdir()


def _hidden_place() -> str:
    """Where test files are kept: a folder in which programs make no files of their own, for they may not see new ones there."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    for place in ("/run", own, "/var/tmp"):
        if place.startswith("/") and os.access(place, os.W_OK | os.X_OK):
            return place
    return os.path.expanduser("~")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _tail(fd: int) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, 2000, max(0, size - 2000)).decode("utf-8", "replace").strip()


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)

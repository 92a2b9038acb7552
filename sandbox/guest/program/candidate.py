"""A candidate's process, from the fork to the end: read the job, confine, load the program, answer.

From the line that runs the program on, everything in this process is the candidate's, this module included. It can answer
what it likes, and that is all it can do: nothing here knows an expected value.

Over 400 lines because a rehearsal of every step stands beside the steps.
"""

from __future__ import annotations

import _random
import atexit
import dis
import gc
import io
import json
import os
import random
import resource
import sys
import threading
import time
import traceback
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from .. import values
from ..walls import confine, seccomp
from ..walls.landlock import SIGNALS_ABI, Domain
from ..walls.workfolder import PROGRAM_NAME, Scratch
from ..wire import (
    ANSWERS_START,
    KIND_ERROR,
    KIND_EXITED,
    KIND_LOADED,
    KIND_RAISED,
    KIND_RETURNED,
    KIND_UNCOMPILED,
    KIND_UNSENDABLE,
    Order,
    Payload,
    Progress,
    frame,
)

__all__ = ["rehearse", "run"]

MAX_MESSAGE = 2000
FRAME_ROOM = 1 << 15
"""Kept free in the answers file for what follows a large value: frame heads and error messages."""


class Answers:
    """The answers file, written with explicit positions; its first bytes say which slot is running."""

    def __init__(self, fd: int, max_bytes: int) -> None:
        self.fd = fd
        self.max_bytes = max_bytes
        self.position = ANSWERS_START

    def begin(self, slot: int) -> None:
        """The clock of a new slot starts now. A candidate that lies here gains at most the sum of its slots."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = time.process_time_ns() + int((children.ru_utime + children.ru_stime) * 1e9)
        os.pwrite(self.fd, Progress(slot, cpu, time.monotonic_ns()).pack(), 0)

    def write(self, kind: int, text: str) -> None:
        """Append one frame."""
        data = frame(kind, text.encode("ascii"))
        while data:
            written = os.pwrite(self.fd, data, self.position)
            self.position += written
            data = data[written:]

    def error(self, kind: int, error: BaseException) -> None:
        """Append a frame that names an exception."""
        self.write(kind, values.encode([type(error).__name__, _message(error)]))

    @property
    def room(self) -> int:
        """Bytes that may still be written."""
        return self.max_bytes - self.position


def run(
    order: Order,
    job_fd: int,
    out_fd: int,
    err_fd: int,
    answers_fd: int,
    setup_fd: int,
    wall: confine.Wall,
    domain: Domain,
    folder: Scratch,
    line_fd: int = -1,
) -> NoReturn:
    """Be the candidate. Called right after the fork; never returns. *line_fd* leads to the tester, if there is one.

    A fault of ours on the way is written to *setup_fd*, which is closed before the program can run: no candidate can claim one.
    """
    code = 1
    try:
        try:
            supervisor = os.getppid()
            job, calls, seed = _take(job_fd, out_fd, err_fd, answers_fd, line_fd)
            serving = json.loads(job.serving) if job.serving else {}
            if wall.uid >= 0:  # so that its files are its own
                os.setegid(wall.uid)
                os.seteuid(wall.uid)
            path = f"{folder.path}/{serving.get('file', PROGRAM_NAME)}"
            if "file" in serving and serving["file"] != PROGRAM_NAME and os.path.exists(f"{folder.path}/{PROGRAM_NAME}"):
                os.unlink(f"{folder.path}/{PROGRAM_NAME}")  # made ready for a program that has the usual name
            for name, text in serving.get("files", ()):
                os.makedirs(os.path.dirname(f"{folder.path}/{name}"), exist_ok=True)
                _write_program(f"{folder.path}/{name}", text)
            _write_program(path, job.source)
            _fresh_interpreter(path, folder, seed)
            answers = Answers(confine.ANSWERS_FD, order.output_bytes)
            os.dup2(setup_fd, confine.SETUP_FD)
            setup_fd = confine.SETUP_FD
            confine.enter(order, wall, domain, supervisor, confine.LINE_FD if job.serving else confine.ANSWERS_FD)
            if job.serving and domain.abi < SIGNALS_ABI and wall.is_filtered:
                seccomp.install(seccomp.only_own_signals(os.getpid()))  # its tester is of the same user
            module = _module(job, path)
            os.close(setup_fd)
        except BaseException as error:
            os.pwrite(setup_fd, f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:MAX_MESSAGE], 0)
            raise
        code = _live(job, calls, answers, module, path, serving)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _take(job_fd: int, out_fd: int, err_fd: int, answers_fd: int, line_fd: int) -> tuple[Payload, list[list[Any]], int | None]:
    """Put descriptors where they belong and read the job: it, its calls, and the seed of its generators."""
    os.dup2(answers_fd, confine.ANSWERS_FD)
    if line_fd >= 0:
        os.dup2(line_fd, confine.LINE_FD)
    os.dup2(out_fd, 1)
    os.dup2(err_fd, 2)
    data = _read_all(job_fd)
    job = Payload.unpack(data)
    calls = values.decode(job.calls) if job.calls else []
    _give_stdin(job.stdin)
    return job, calls, None if job.entropy else seed_of(data)


def _read_all(fd: int) -> bytes:
    size = os.lseek(fd, 0, os.SEEK_END)
    data = b""
    while len(data) < size:
        data += os.pread(fd, size - len(data), len(data))
    return data


def seed_of(data: bytes) -> int:
    """A number that is the same for the same job: the hash seed of workers is fixed, and a digest would load a library in every fork."""
    return hash(data) & 0xFFFFFFFFFFFFFFFF


_READING = os.O_RDONLY | os.O_CLOEXEC


def _give_stdin(data: bytes) -> None:
    """Standard input is a file in memory: read by any means (input(), open(0), os.read), it ends where it should."""
    if not data:
        fd = os.open(os.devnull, _READING)  # of its own: flags and owners of the zygote's would be every job's
        os.dup2(fd, 0)
        os.close(fd)
        return
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, 0)
    os.close(fd)


def prepare_streams() -> None:
    """Build sys.stdin, stdout and stderr once, in the zygote, on descriptors that are each candidate's own after the fork."""

    def stream(fd: int, kind: type, mode: str, errors: str, by_line: bool) -> io.TextIOWrapper:
        raw = io.FileIO(fd, mode, closefd=False)
        raw.name = f"<{('stdin', 'stdout', 'stderr')[fd]}>"  # as the interpreter's own
        text = io.TextIOWrapper(kind(raw), "utf-8", errors, line_buffering=by_line)
        text.mode = mode  # type: ignore[misc]  # contest templates look at it
        return text

    sys.stdin = sys.__stdin__ = stream(0, io.BufferedReader, "r", "surrogateescape", False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = stream(1, io.BufferedWriter, "w", "surrogateescape", False)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = stream(2, io.BufferedWriter, "w", "backslashreplace", True)  # type: ignore[misc]


_WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def _write_program(path: str, source: Any) -> None:
    fd = os.open(path, _WRITING, 0o600)
    data = content_of(source)
    while data:
        data = data[os.write(fd, data) :]
    os.close(fd)


def content_of(text: Any) -> bytes:
    """A file's content: a text, or bytes as hexadecimal in a list."""
    return bytes.fromhex(text[0]) if isinstance(text, list) else text.encode("utf-8", "surrogatepass")


def _module(job: Payload, path: str) -> ModuleType:
    """The module that the program will run in, with the label's imports done.

    Raises:
        LabelFault: they fail. They are the label's, and no line of the candidate has run yet.
    """
    module = ModuleType("solution" if job.calls or job.serving else "__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules[module.__name__] = module
    if job.preamble:
        try:
            exec(compile(job.preamble, "<preamble>", "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            raise LabelFault(f"{type(error).__name__}: {_message(error)}") from None
    return module


class LabelFault(Exception):
    """The label's own imports fail."""


def _live(job: Payload, calls: list[list[Any]], answers: Answers, module: ModuleType, path: str, serving: dict[str, Any]) -> int:
    """Load the program and answer; the exit status of the process."""
    namespace = module.__dict__
    given = set(namespace)  # names of the preamble: a question is never answered by those
    try:
        program = compile(job.source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        answers.error(KIND_UNCOMPILED, error)
        return 1
    try:
        exec(program, namespace)
        asked = [*(function for function, *_ in calls), *serving.get("asked", ())]
        given -= {name for name in asked if name in given and _binds(program, name)}
        for function, *_ in calls:
            if function:
                _look_up(namespace, given, function)
    except SystemExit as stop:
        return _end(_exit_status(stop), namespace, job.source)
    except BaseException as error:
        answers.error(KIND_ERROR, error)
        _show(error, path)
        return _end(1, namespace, job.source)
    if serving:
        from .served import serve_tests  # imported by the zygote already, where there are tests

        answers.write(KIND_LOADED, "")
        serve_tests(confine.LINE_FD, answers.max_bytes * 4, namespace, given, serving)
        os._exit(0)
    if calls:
        answers.write(KIND_LOADED, "")
        for slot, call in enumerate(calls, 1):
            answers.begin(slot)
            answers.write(*_answer(call, namespace, given, answers.room))
        return 0  # every answer is written; what the program would still do at its end is nobody's question
    return _end(0, namespace, job.source)


_RANDOM: random.Random = random._inst
_SEED = _random.Random.seed
"""As random.seed does it for a number, without what it does around it."""


def _fresh_interpreter(path: str, folder: Scratch, seed: int | None) -> None:
    """The state a program expects of a new interpreter, but for what was imported already."""
    sys.argv[:] = [path]
    sys.path[0] = folder.path
    _SEED(_RANDOM, seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(None if seed is None else seed & 0xFFFFFFFF)
    os.chdir(folder.path)
    gc.enable()


def _answer(call: list[Any], namespace: dict[str, Any], given: set[str], room: int) -> tuple[int, str]:
    """One answer frame. What the call raises is an answer; what it returns must cross."""
    function, expression, args, kwargs = call
    try:
        if expression:
            result = eval(expression, namespace)
        else:
            owner, name = _look_up(namespace, given, function)
            result = (namespace[name] if owner is None else getattr(owner(), name))(*args, **kwargs)
        return KIND_RETURNED, values.encode(result, room - FRAME_ROOM)
    except SystemExit as stop:
        kind, text = KIND_EXITED, str(_exit_status(stop))
    except values.Unsendable as error:
        kind, text = KIND_UNSENDABLE, str(error)
    except BaseException as error:
        kind, text = KIND_RAISED, f"{type(error).__name__}: {_message(error)}"
    return kind, json.dumps(text[:MAX_MESSAGE])


def _look_up(namespace: dict[str, Any], given: set[str], name: str) -> tuple[Any, str]:
    """Where a function is: in the module (None), or in its class `Solution`, the convention of LeetCode.

    What the preamble *gave* and the program did not bind itself is not the program's: `gcd` is no answer to a question for gcd.
    """
    if name in namespace and name not in given:
        return None, name
    solution = namespace.get("Solution")
    if hasattr(solution, name):
        return solution, name
    raise NameError(f"the program defines no function {name!r}")


def _binds(program: CodeType, name: str) -> bool:
    """Whether a module's code assigns, defines or imports *name* itself."""
    return any(step.opname in ("STORE_NAME", "STORE_GLOBAL") and step.argval == name for step in dis.get_instructions(program))


def _exit_status(stop: SystemExit) -> int:
    """As the interpreter does for sys.exit(code): None is 0, a number its low byte, anything else is printed and 1."""
    code = stop.code
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code) & 0xFF
    print(code, file=sys.stderr)
    return 1


FINALIZES = ("__del__", "open", "finally", "finalize", "yield", "with ")
"""Without any of these words in it, what a program leaves in cycles says nothing when it is collected, which costs every job."""


def _end(status: int, namespace: dict[str, Any], source: str) -> int:
    """What the interpreter does at its end, as far as a program can tell: threads, exit functions, its objects, buffers."""
    may_finalize = any(word in source for word in FINALIZES)
    try:
        if len(threading._active) > 1 or threading._threading_atexits:  # type: ignore[attr-defined]
            threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    except SystemExit as stop:
        status = _exit_status(stop)
    except BaseException:
        traceback.print_exc()
    status = _flush(status)
    sys.stdout, sys.stderr = (
        sys.__stdout__,
        sys.__stderr__,
    )  # as the interpreter does, before names that the program's own use are gone
    try:
        # As _PyModule_Clear: private names first. Files that the program left open write what they hold, __del__ methods run.
        for private in (True, False):
            for name in [name for name in namespace if name != "__builtins__" and name.startswith("_") == private]:
                namespace[name] = None
        if may_finalize:
            gc.collect()
    except BaseException:
        traceback.print_exc()
    return _flush(status)


def _flush(status: int) -> int:
    for stream in (sys.stdout, sys.__stdout__, sys.stderr):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except (AttributeError, OSError, ValueError):
            status = status or 120  # as the interpreter: exit status 120 for output that could not be written
    return status


def _show(error: BaseException, path: str) -> None:
    """Print a traceback that begins in the program, not in this file."""
    start: TracebackType | None = error.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename not in (path, "<preamble>"):
        start = start.tb_next
    try:
        traceback.print_exception(type(error), error, start or error.__traceback__)
    except BaseException:
        print(type(error).__name__, file=sys.stderr)


ROUNDS = 16
"""More often than a function has to run before the interpreter adapts it to what it does."""


def rehearse(folder: Scratch) -> None:
    """Do what every candidate does, as far as it can be taken back, in a process that they descend from.

    To look a name up counts references to it, to the module and to its dictionary, each on another page, and each page that a
    candidate writes has to be copied. Code that has run often looks names up without.
    """
    argv, first, main, home = sys.argv[:], sys.path[0], sys.modules["__main__"], os.getcwd()
    saved = [os.dup(fd) for fd in range(3)]
    file = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
    questions = values.encode([["f", "", [1], {}]])
    for asked in ("", questions):
        for _ in range(ROUNDS):
            os.ftruncate(file, 0)
            os.pwrite(file, Payload(False, "def f(x):\n    return x\n", "", asked, "", b"").pack(), 0)
            job, calls, seed = _take(file, file, file, file, -1)
            _write_program(os.devnull, job.source)
            _fresh_interpreter(os.devnull, folder, seed)
            confine.rehearse()
            module = _module(job, os.devnull)
            if calls or not atexit._ncallbacks():
                _live(job, calls, Answers(confine.ANSWERS_FD, 1 << 20), module, os.devnull, {})
    gc.disable()
    for fd, one in enumerate(saved):
        os.dup2(one, fd)
    for fd in (*saved, file, confine.ANSWERS_FD):
        os.close(fd)
    os.chdir(home)
    sys.argv[:], sys.path[0], sys.modules["__main__"] = argv, first, main
    del sys.modules["solution"]


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:
        return "(its message cannot be shown)"

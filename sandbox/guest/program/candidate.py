"""A candidate's process, from the fork to its end: read the job, confine itself, load the program, answer.

From the line on that runs the program, everything in this process is the candidate's, this module included. It can answer
what it likes, and that is all it can do: nothing here knows an expected value.
"""

from __future__ import annotations

import _random
import dis
import gc
import json
import os
import random
import sys
import traceback
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from .. import values
from ..walls import confine, seccomp
from ..walls.landlock import SIGNALS_ABI, Ruleset
from ..walls.workfolder import PROGRAM_NAME, WorkFolder
from ..wire import (
    KIND_ERROR,
    KIND_EXITED,
    KIND_LOADED,
    KIND_RAISED,
    KIND_RETURNED,
    KIND_UNCOMPILED,
    KIND_UNSENDABLE,
    Order,
    Payload,
)
from .answers import MAX_MESSAGE, Answers, message_of
from .files import read_all, write_file
from .finalization import exit_status, finalize
from .streams import give_stdin

__all__ = ["fresh_interpreter", "load_and_answer", "make_module", "receive_job", "run", "seed_of"]

FRAME_ROOM = 1 << 15
"""Kept free in the answers file for what follows a large value: frame heads and error messages."""


def run(
    order: Order,
    job_fd: int,
    out_fd: int,
    err_fd: int,
    answers_fd: int,
    setup_fd: int,
    confinement: confine.Confinement,
    ruleset: Ruleset,
    folder: WorkFolder,
    rpc_fd: int = -1,
) -> NoReturn:
    """Be the candidate. Called right after the fork; never returns. *rpc_fd* is the socket to the tester, if there is one.

    A fault of ours on the way is written to *setup_fd*, which is closed before the program runs: no candidate can pretend one.
    """
    code = 1
    try:
        try:
            supervisor = os.getppid()
            job, calls, seed = receive_job(job_fd, out_fd, err_fd, answers_fd, rpc_fd)
            serving = json.loads(job.serving) if job.serving else {}
            if confinement.uid >= 0:  # so that its files are its own
                os.setegid(confinement.uid)
                os.seteuid(confinement.uid)
            path = f"{folder.path}/{serving.get('file', PROGRAM_NAME)}"
            if "file" in serving and serving["file"] != PROGRAM_NAME and os.path.exists(f"{folder.path}/{PROGRAM_NAME}"):
                os.unlink(f"{folder.path}/{PROGRAM_NAME}")  # made ready for a program that has the usual name
            for name, text in serving.get("files", ()):
                os.makedirs(os.path.dirname(f"{folder.path}/{name}"), exist_ok=True)
                write_file(f"{folder.path}/{name}", text)
            write_file(path, job.source)
            fresh_interpreter(path, folder, seed)
            answers = Answers(confine.ANSWERS_FD, order.output_bytes)
            os.dup2(setup_fd, confine.SETUP_FD)
            setup_fd = confine.SETUP_FD
            confine.enter(order, confinement, ruleset, supervisor, confine.RPC_FD if job.serving else confine.ANSWERS_FD)
            if job.serving and ruleset.abi < SIGNALS_ABI and confinement.is_filtered:
                seccomp.install(seccomp.only_own_signals(os.getpid()))  # its tester is of the same user
            module = make_module(job, path)
            os.close(setup_fd)
        except BaseException as error:
            os.pwrite(setup_fd, f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:MAX_MESSAGE], 0)
            raise
        code = load_and_answer(job, calls, answers, module, path, serving)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def receive_job(job_fd: int, out_fd: int, err_fd: int, answers_fd: int, rpc_fd: int) -> tuple[Payload, list[list[Any]], int | None]:
    """Put descriptors where they belong and read the job: (the job, its calls, the seed of its random numbers)."""
    os.dup2(answers_fd, confine.ANSWERS_FD)
    if rpc_fd >= 0:
        os.dup2(rpc_fd, confine.RPC_FD)
    os.dup2(out_fd, 1)
    os.dup2(err_fd, 2)
    data = read_all(job_fd)
    job = Payload.unpack(data)
    calls = values.decode(job.calls) if job.calls else []
    give_stdin(job.stdin)
    return job, calls, None if job.entropy else seed_of(data)


def seed_of(data: bytes) -> int:
    """A number that is the same for the same job. `hash` will do: workers have a fixed hash seed, and hashlib would be loaded in every fork."""
    return hash(data) & 0xFFFFFFFFFFFFFFFF


def make_module(job: Payload, path: str) -> ModuleType:
    """The module that the program will run in; the label's imports (its preamble) have run in it.

    Raises:
        LabelFault: they fail. That is the label's fault: no line of the candidate has run yet.
    """
    module = ModuleType("solution" if job.calls or job.serving else "__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules[module.__name__] = module
    if job.preamble:
        try:
            exec(compile(job.preamble, "<preamble>", "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            raise LabelFault(f"{type(error).__name__}: {message_of(error)}") from None
    return module


class LabelFault(Exception):
    """The label's own imports fail."""


def load_and_answer(
    job: Payload, calls: list[list[Any]], answers: Answers, module: ModuleType, path: str, serving: dict[str, Any]
) -> int:
    """Load the program, make the calls or serve the tests, and write the answers; the exit status of the process."""
    namespace = module.__dict__
    preamble_names = set(namespace)  # these are never the program's answer to a call
    try:
        program = compile(job.source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        answers.error(KIND_UNCOMPILED, error)
        return 1
    try:
        exec(program, namespace)
        called = [*(function for function, *_ in calls), *serving.get("asked", ())]
        preamble_names -= {name for name in called if name in preamble_names and _binds(program, name)}
        for function, *_ in calls:
            if function:
                _look_up(namespace, preamble_names, function)
    except SystemExit as stop:
        return finalize(exit_status(stop), namespace, job.source)
    except BaseException as error:
        answers.error(KIND_ERROR, error)
        _print_traceback(error, path)
        return finalize(1, namespace, job.source)
    if serving:
        from .module_server import serve_tests  # imported by the zygote already, where there are tests

        answers.write(KIND_LOADED, "")
        serve_tests(confine.RPC_FD, answers.max_bytes * 4, namespace, preamble_names, serving)
        os._exit(0)
    if calls:
        answers.write(KIND_LOADED, "")
        for slot, call in enumerate(calls, 1):
            answers.begin(slot)
            answers.write(*_answer_frame(call, namespace, preamble_names, answers.room))
        return 0  # every answer is written; nobody asks what the program would still do at its end
    return finalize(0, namespace, job.source)


_GENERATOR: random.Random = random._inst
_SEED = _random.Random.seed
"""What random.seed calls for a number, without what it checks before."""


def fresh_interpreter(path: str, folder: WorkFolder, seed: int | None) -> None:
    """Give the program what it expects of a new interpreter: argv, path, folder, seeds. Modules stay imported."""
    sys.argv[:] = [path]
    sys.path[0] = folder.path
    _SEED(_GENERATOR, seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(None if seed is None else seed & 0xFFFFFFFF)
    os.chdir(folder.path)
    gc.enable()


def _answer_frame(call: list[Any], namespace: dict[str, Any], preamble_names: set[str], room: int) -> tuple[int, str]:
    """Make one call and encode its answer, as (kind, text). An exception is an answer too; a value must be of a type that can be sent."""
    function, expression, args, kwargs = call
    try:
        if expression:
            result = eval(expression, namespace)
        else:
            owner, name = _look_up(namespace, preamble_names, function)
            result = (namespace[name] if owner is None else getattr(owner(), name))(*args, **kwargs)
        return KIND_RETURNED, values.encode(result, room - FRAME_ROOM)
    except SystemExit as stop:
        kind, text = KIND_EXITED, str(exit_status(stop))
    except values.Unsendable as error:
        kind, text = KIND_UNSENDABLE, str(error)
    except BaseException as error:
        kind, text = KIND_RAISED, f"{type(error).__name__}: {message_of(error)}"
    return kind, json.dumps(text[:MAX_MESSAGE])


def _look_up(namespace: dict[str, Any], preamble_names: set[str], name: str) -> tuple[Any, str]:
    """Where a function is: in the module (None), or in its class `Solution`, the convention of LeetCode.

    A name that only the preamble bound is not the program's: if the label imports gcd, a program without one does not answer for gcd.
    """
    if name in namespace and name not in preamble_names:
        return None, name
    solution = namespace.get("Solution")
    if hasattr(solution, name):
        return solution, name
    raise NameError(f"the program defines no function {name!r}")


def _binds(program: CodeType, name: str) -> bool:
    """Whether a module's code assigns, defines or imports *name* itself."""
    return any(step.opname in ("STORE_NAME", "STORE_GLOBAL") and step.argval == name for step in dis.get_instructions(program))


def _print_traceback(error: BaseException, path: str) -> None:
    """Print a traceback that begins in the program, not in this file."""
    start: TracebackType | None = error.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename not in (path, "<preamble>"):
        start = start.tb_next
    try:
        traceback.print_exception(type(error), error, start or error.__traceback__)
    except BaseException:
        print(type(error).__name__, file=sys.stderr)

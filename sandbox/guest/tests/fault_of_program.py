"""Signs that the program caused an exception which the tests raised."""

from __future__ import annotations

import ast
import bisect
import dis
import errno
import re
import types
from typing import Any, Callable, Iterable, Iterator

from ..bridge.proxies import is_proxy
from .program_module import ProgramModule, stored_and_loaded

__all__ = ["check_was_skipped", "is_storage_failure", "is_unbound", "is_use_of_program"]

_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR")
_NAME = re.compile(r"variable '(\w+)'|name '(\w+)'")
_OF_FOLDERS = ("_pytest.tmpdir", "_pytest.pathlib")
_OF_FILES = ("os", "pathlib", "shutil", "posixpath", "genericpath")


def is_use_of_program(error: BaseException) -> bool:
    """Whether a line in its traceback uses an object of the program: say, a function where the label needs a class."""
    return any(_is_of_program(value) for frame, line, place in _frames(error) for value in _used(frame, line, place))


def is_unbound(error: BaseException, texts: Iterable[str]) -> bool:
    """Whether it is a NameError for a name that the tests do bind, but have not: maybe because of what the program answered."""
    found = _NAME.search(str(error)) if isinstance(error, NameError) else None
    if found is None:
        return False
    name = found[1] or found[2]
    return any(_binds(text, name) for text in texts if name in text)


def _binds(text: str, name: str) -> bool:
    try:
        return name in stored_and_loaded(text)[0]
    except (SyntaxError, ValueError, RecursionError):
        return False


def is_storage_failure(error: BaseException) -> bool:
    """Whether the disk is full, or pytest could not make its temporary folders: those are shared with the program."""
    if not isinstance(error, OSError):
        return False
    modules = [str(frame.f_globals.get("__name__")) for frame, _, _ in _frames(error)]
    callers = [name for name in modules if name.split(".")[0] not in _OF_FILES]
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or callers[-1:] in ([name] for name in _OF_FOLDERS)


def check_was_skipped(error: BaseException, text_of: Callable[[str], str]) -> bool:
    """Whether a check was skipped: *error* ended a `with` block, the program swallowed it, and a check stands behind that place.

    Otherwise an object whose methods raise, and whose `__exit__` swallows that, would pass every test. `assert False` is no check: it
    only says that a place is not to be reached.
    """
    step = error.__traceback__
    if step is None:
        return False
    # An exception that the tests made and the program sent back (a mock's side effect) is still the tests' own.
    by_program = error.__dict__.get("_sandbox_raised_by_program") is True and not error.__dict__.get("_sandbox_made_here")
    if by_program and len([frame for frame, _, _ in _frames(error) if text_of(frame.f_code.co_filename)]) > 1:
        return True  # it passed a function of the tests, or a generator of theirs that is the context manager
    line, now = step.tb_lineno, step.tb_frame.f_lineno  # leaving a block, the frame is at its first line
    try:
        nodes = list(ast.walk(ast.parse(text_of(step.tb_frame.f_code.co_filename))))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    around = [node for node in nodes if isinstance(node, (ast.With, ast.AsyncWith)) and node.body[0].lineno <= line <= _end(node)]
    blocks = [node for node in around if now is not None and node.lineno <= now <= node.body[0].lineno] or around
    if not blocks:
        return by_program
    calls = [part for part in blocks[-1].body if isinstance(part, ast.Expr) and part.lineno <= line <= _end(part)]
    if by_program and not calls:
        return True  # what was skipped is more than a call whose value nobody uses
    return any(_is_check(node) and _end(node) >= line for node in ast.walk(blocks[-1]))


def _end(node: Any) -> int:
    return int(node.end_lineno)


def _is_check(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return any(isinstance(part, (ast.Name, ast.Call)) for part in ast.walk(node.test))
    name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    return str(name).startswith("assert")


def _frames(error: BaseException) -> Iterator[tuple[types.FrameType, int, int]]:
    step = error.__traceback__
    while step is not None:
        yield step.tb_frame, step.tb_lineno, step.tb_lasti
        step = step.tb_next


def _used(frame: types.FrameType, line: int, place: int) -> Iterator[Any]:
    """The values of the names that the line reads, or where Python tells it, the expression that failed."""
    code, last = frame.f_code, line
    if hasattr(code, "co_positions") and place >= 0:  # Python 3.11
        begins, ends, _, _ = list(code.co_positions())[place // 2]
        line, last = begins or line, ends or line
    starts, lines = zip(*dis.findlinestarts(code))
    for step in dis.get_instructions(code):
        at = lines[bisect.bisect_right(starts, step.offset) - 1]
        if at is not None and line <= at <= last and step.opname.startswith(_LOADS):
            for name in step.argval if isinstance(step.argval, tuple) else (step.argval,):
                found: Any = frame.f_locals.get(name, frame.f_globals.get(name))
                yield found
                if type(found) in (list, tuple):
                    yield from found
                elif type(found) is dict:
                    yield from found.values()


def _is_of_program(value: Any) -> bool:
    return is_proxy(value) or type(value) is ProgramModule

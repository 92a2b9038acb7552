"""The candidate's end of the line to its tests: what it answers with its module, its output and its surroundings.

Everything here runs in the candidate's process and is the candidate's to change. It can answer what it likes.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from typing import Any

from ..bridge.peer import Peer

__all__ = ["Output", "serve_tests"]

MAX_OUTPUT = 1 << 20
"""Bytes of output that go along with one answer; the rest stays in the job's own output."""
MAX_REPORT = 2000
MAX_REPORTS = 1000


def serve_tests(fd: int, max_bytes: int, namespace: dict[str, Any], given: set[str], serving: dict[str, Any]) -> None:
    """Answer the tests until they end. *given* are names of the preamble, which are not the program's answer to anything."""
    module = sys.modules["solution"]
    for name in serving.get("modules", ()):
        sys.modules.setdefault(name, module)  # what it imports of itself
    # What the tests ask for by name is the program's; the guest's own modules and all libraries are not its author's.
    peer = Peer(fd, judges=False, max_bytes=max_bytes, is_own_module=lambda name: name in ("solution", "__main__"))
    peer.structures = {name: namespace[name] for name in serving.get("shared", ()) if isinstance(namespace.get(name), type)}
    output, reports = Output(), Reports()
    served = _Served(module, given, output)
    peer.serve_module = served.serve

    def told() -> list[Any]:
        texts, found = output.since_last(), reports.take()
        return [*(texts or ["", ""]), found] if texts or found else []

    peer.output = told
    peer.tell("loaded")
    peer.serve()


class _Served:
    """Questions for the module, and changes of what surrounds it."""

    def __init__(self, module: Any, given: set[str], output: Output) -> None:
        self.module = module
        self.output = output
        self.given = given
        self.home = os.getcwd()
        self.originals: dict[tuple[str, str], Any] = {}

    def serve(self, op: str, *args: Any) -> Any:
        namespace = self.module.__dict__
        if op == "get":
            (name,) = args
            if name in namespace and name not in self.given:
                return namespace[name]
            if name in self.given or "__getattr__" not in namespace:
                raise AttributeError(f"module {self.module.__name__!r} has no attribute {name!r}")
            return namespace["__getattr__"](name)
        if op == "names":
            listed = namespace.get("__all__")
            return list(listed) if listed is not None else [name for name in namespace if name not in self.given]
        if op == "set":
            setattr(self.module, *args)
        elif op == "imported":
            self.output.rewind()
        elif op == "delete":
            delattr(self.module, *args)
        else:
            self._surround(*args)
        return None

    def _surround(self, what: str, *args: Any) -> None:
        if what == "patch":
            module, path, value = args
            home, name = _place(module, path)
            self.originals.setdefault((module, path), vars(home).get(name, _MISSING))
            setattr(home, name, value)
        elif what == "restore":
            module, path = args
            home, name = _place(module, path)
            original = self.originals.pop((module, path), _MISSING)
            if original is _MISSING:
                delattr(home, name)
            else:
                setattr(home, name, original)
        elif what == "environment":
            (environment,) = args
            os.environ.clear()
            os.environ.update(environment)
        elif what == "folder":
            os.chdir(args[0] or self.home)
        elif what == "seed":
            module, args = args
            (sys.modules.get(module) or importlib.import_module(module)).seed(*args)


_MISSING = object()


def _place(module: str, path: str) -> tuple[Any, str]:
    """What holds the last name of *path* in a module, and that name."""
    home: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for kind in classes:
        home = getattr(home, kind)
    return home, name


class Reports:
    """Warnings and log records of the program, for the tests that wait for them."""

    def __init__(self) -> None:
        self.found: list[list[Any]] = []
        warnings.simplefilter("always")
        warnings.showwarning = self._warned
        logging.root.addHandler(_Collector(self))
        logging.root.setLevel(1)

    def _warned(self, message: Any, category: Any, *_: Any, **__: Any) -> None:
        name = next((kind.__name__ for kind in category.__mro__ if kind.__module__ == "builtins"), "UserWarning")
        self.found.append(["warning", name, 0, str(message)[:MAX_REPORT]])

    def take(self) -> list[list[Any]]:
        """What has been reported since the last time."""
        found, self.found = self.found[:MAX_REPORTS], []
        return found


class _Collector(logging.Handler):
    def __init__(self, reports: Reports) -> None:
        super().__init__()
        self._reports = reports

    def emit(self, record: logging.LogRecord) -> None:
        self._reports.found.append(["log", record.name, record.levelno, record.getMessage()[:MAX_REPORT]])


class Output:
    """What the program has printed: its output is a file, so nothing is lost and nothing waits."""

    def __init__(self) -> None:
        self.positions = {1: 0, 2: 0}
        self.since_last()
        self._is_loaded = False

    def rewind(self) -> None:
        """The tests import the program: what it printed while it was loaded is printed now, the first time."""
        if not self._is_loaded:
            self._is_loaded = True
            self.positions = {1: 0, 2: 0}

    def since_last(self) -> list[str]:
        """[standard output, standard error] since the last call; nothing at all if there was none."""
        texts = []
        for fd, stream in ((1, sys.stdout), (2, sys.stderr)):
            try:
                stream.flush()
                size = os.fstat(fd).st_size
                start = self.positions[fd]
                data = os.pread(fd, min(size - start, MAX_OUTPUT), start) if size > start else b""
                self.positions[fd] = size
            except (AttributeError, OSError, ValueError):
                data = b""
            texts.append(data.decode("utf-8", "replace"))
        return texts if any(texts) else []

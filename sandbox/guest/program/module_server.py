"""The candidate's side of the RPC with its tests: it serves its module, its output, and changes of its environment.

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
MAX_RECORD = 2000
MAX_RECORDS = 1000


def serve_tests(fd: int, max_bytes: int, namespace: dict[str, Any], preamble_names: set[str], serving: dict[str, Any]) -> None:
    """Answer the tests until they end. *preamble_names* were bound by the label's preamble: the program does not answer for them."""
    module = sys.modules["solution"]
    for name in serving.get("modules", ()):
        sys.modules.setdefault(name, module)  # what it imports of itself
    # What the tests ask for by name is the program's; the guest's own modules and all libraries are not its author's.
    peer = Peer(fd, is_tester=False, max_bytes=max_bytes, is_own_module=lambda name: name in ("solution", "__main__"))
    peer.structures = {name: namespace[name] for name in serving.get("shared", ()) if isinstance(namespace.get(name), type)}
    output, records = Output(), WarningsAndLogs()
    server = _ModuleServer(module, preamble_names, output)
    peer.serve_module = server.serve

    def new_output() -> list[Any]:
        texts, found = output.since_last(), records.take()
        return [*(texts or ["", ""]), found] if texts or found else []

    peer.output = new_output
    peer.tell("loaded")
    peer.serve()


class _ModuleServer:
    """Serves requests for names of the module, and for changes of what surrounds it (patches, environment, folder, seeds)."""

    def __init__(self, module: Any, preamble_names: set[str], output: Output) -> None:
        self.module = module
        self.output = output
        self.preamble_names = preamble_names
        self.home = os.getcwd()
        self.originals: dict[tuple[str, str], Any] = {}

    def serve(self, op: str, *args: Any) -> Any:
        namespace = self.module.__dict__
        if op == "get":
            (name,) = args
            if name in namespace and name not in self.preamble_names:
                return namespace[name]
            if name in self.preamble_names or "__getattr__" not in namespace:
                raise AttributeError(f"module {self.module.__name__!r} has no attribute {name!r}")
            return namespace["__getattr__"](name)
        if op == "names":
            listed = namespace.get("__all__")
            return list(listed) if listed is not None else [name for name in namespace if name not in self.preamble_names]
        if op == "set":
            setattr(self.module, *args)
        elif op == "imported":
            self.output.rewind()
        elif op == "delete":
            delattr(self.module, *args)
        else:
            self._change_surroundings(*args)
        return None

    def _change_surroundings(self, what: str, *args: Any) -> None:
        if what == "patch":
            module, path, value = args
            home, name = _owner_of(module, path)
            self.originals.setdefault((module, path), vars(home).get(name, _MISSING))
            setattr(home, name, value)
        elif what == "restore":
            module, path = args
            home, name = _owner_of(module, path)
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


def _owner_of(module: str, path: str) -> tuple[Any, str]:
    """The module or class that holds the last name of *path*, and that name."""
    home: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for kind in classes:
        home = getattr(home, kind)
    return home, name


class WarningsAndLogs:
    """Warnings and log records of the program, for the tests that wait for them."""

    def __init__(self) -> None:
        self.found: list[list[Any]] = []
        warnings.simplefilter("always")
        warnings.showwarning = self._warned
        logging.root.addHandler(_Collector(self))
        logging.root.setLevel(1)

    def _warned(self, message: Any, category: Any, *_: Any, **__: Any) -> None:
        name = next((kind.__name__ for kind in category.__mro__ if kind.__module__ == "builtins"), "UserWarning")
        self.found.append(["warning", name, 0, str(message)[:MAX_RECORD]])

    def take(self) -> list[list[Any]]:
        """What has been recorded since the last call."""
        found, self.found = self.found[:MAX_RECORDS], []
        return found


class _Collector(logging.Handler):
    def __init__(self, records: WarningsAndLogs) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.found.append(["log", record.name, record.levelno, record.getMessage()[:MAX_RECORD]])


class Output:
    """What the program has printed. Its output is a file, so nothing is lost and no write blocks."""

    def __init__(self) -> None:
        self.positions = {1: 0, 2: 0}
        self.since_last()
        self._is_loaded = False

    def rewind(self) -> None:
        """For the tests' first import of the program: what it printed while it was loaded counts as printed now."""
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

"""What a test changes around the program, carried to where the program runs: patched builtins, seeds, environment, folder.

A test that says `monkeypatch.setattr("builtins.input", ...)`, `random.seed(0)` or `monkeypatch.chdir(tmp_path)` means the program.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

from .peer import Peer

__all__ = ["Surroundings"]

WATCHED = tuple(
    (module, name)
    for module, names in {
        "builtins": "input print open",
        "time": "sleep time perf_counter monotonic",
        "random": "random randint choice choices shuffle sample uniform randrange getrandbits gauss",
        "os": "listdir system getenv urandom",
        "os.path": "exists isfile isdir",
        "sys": "argv stdin",
        "subprocess": "run Popen check_output check_call call",
        "requests": "get post put delete request",
        "urllib.request": "urlopen",
        "smtplib": "SMTP",
        "webbrowser": "open",
        "secrets": "choice token_hex randbelow",
        "uuid": "uuid4",
    }.items()
    for name in names.split()
)
"""What tests are known to patch in a library, for the program to find there."""


class Surroundings:
    """Compares what is around with what was there at the start, before every question."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.original = {place: self._now(*place) for place in WATCHED if place[0] in sys.modules}
        self.patched: dict[tuple[str, str], Any] = {}
        self.environment = dict(os.environ)
        self._raw = dict(os.environ._data)  # type: ignore[attr-defined]
        self.folder = os.getcwd()
        self.home = self.folder
        self._seeded: list[Any] = []
        self._seed = random.seed

        def seed_both(*args: Any, **kwargs: Any) -> None:
            self._seed(*args, **kwargs)
            self._seeded.append(["random", [*args, *kwargs.values()]])

        random.seed = seed_both

    def restore(self) -> None:
        """Watch no more."""
        random.seed = self._seed

    @staticmethod
    def _now(module: str, name: str) -> Any:
        return getattr(sys.modules[module], name, None)

    def carry(self) -> None:
        """Tell the program's side what has changed."""
        for place in WATCHED:
            if place[0] not in sys.modules:
                continue
            now = self._now(*place)
            original = self.original.setdefault(place, now)
            if now is self.patched.get(place, original):
                continue
            if place == ("sys", "stdin") and type(now).__module__.startswith(("_pytest", "sandbox", "guest")):
                continue  # a runner's own replacement says nothing to the program
            if now is original:
                del self.patched[place]
                self._tell("restore", *place)
            else:
                self.patched[place] = now
                self._tell("patch", *place, now)
        if os.environ._data != self._raw:  # type: ignore[attr-defined]
            self._note_environment()
        folder = os.getcwd()
        if folder != self.folder:
            self.folder = folder
            if folder != self.home:
                self._tell("folder", folder)
        while self._seeded:
            self._tell("seed", *self._seeded.pop(0))

    def _note_environment(self) -> None:
        self._raw = dict(os.environ._data)  # type: ignore[attr-defined]
        now = dict(os.environ)
        ours = {"PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
        visible = {key: value for key, value in now.items() if key not in ours}
        before = {key: value for key, value in self.environment.items() if key not in ours}
        self.environment = now
        if visible != before:
            self._tell("environment", visible)

    def _tell(self, *what: Any) -> None:
        self.peer.ask("surroundings", *what)

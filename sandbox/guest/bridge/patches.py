"""Repeats in the program's process what a test patches in its own: attributes, random seeds, environment variables, the folder.

A test that says `mock.patch("shutil.copy")`, `monkeypatch.setattr("builtins.input", ...)`, `random.seed(0)` or
`monkeypatch.chdir(tmp_path)` means the program, which runs elsewhere.
"""

from __future__ import annotations

import os
import random
import sys
import types
from typing import Any

from .peer import Peer

__all__ = ["Patches"]

_getcwd = os.getcwd

WATCHED = (("builtins", "input"), ("builtins", "print"), ("builtins", "open"), ("sys", "argv"), ("sys", "stdin"), ("time", "sleep"))
"""What tests often patch by plain assignment. Patches made with `mock` or `monkeypatch` are seen whatever they replace."""
NOT_FOLLOWED = frozenset(("sys", name) for name in ("stdout", "stderr", "modules", "path", "meta_path")) | {("os", "environ")}
"""What is sent in another way, or means nothing to a program."""
_MISSING = object()


class Patches:
    """Compares, before every question, what is patched now with what was there at the start."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.original: dict[tuple[str, str], Any] = {place: _now(*place) for place in WATCHED if place[0] in sys.modules}
        self.patched: dict[tuple[str, str], Any] = {}
        self.environment = dict(os.environ)
        self._raw = dict(os.environ._data)  # type: ignore[attr-defined]
        self.folder = _getcwd()
        self.home = self.folder
        self.root = ""
        self._seeded: list[Any] = []
        self._seed = random.seed

        def seed_both(*args: Any, **kwargs: Any) -> None:
            self._seed(*args, **kwargs)
            self._seeded.append(["random", [*args, *kwargs.values()]])

        random.seed = seed_both

    def restore(self) -> None:
        """Undo what this object itself has patched."""
        random.seed = self._seed

    def follow(self, root: str = "") -> None:
        """Notice what `mock.patch` and pytest's `monkeypatch` replace from now on; *root* is the folder of the tests' own modules."""
        self.root = root
        mock = sys.modules.get("unittest.mock")
        if mock is not None:
            enter = mock._patch.__enter__

            def entering(patcher: Any) -> Any:
                result = enter(patcher)
                self._note_target(patcher.target, patcher.attribute, patcher.temp_original)
                return result

            mock._patch.__enter__ = entering
        monkey = sys.modules.get("_pytest.monkeypatch")
        if monkey is not None:
            set_attribute = monkey.MonkeyPatch.setattr

            def setting(patcher: Any, *args: Any, **kwargs: Any) -> None:
                set_attribute(patcher, *args, **kwargs)
                target, name, original = patcher._setattr[-1]
                self._note_target(target, name, original)

            monkey.MonkeyPatch.setattr = setting

    def _note_target(self, target: Any, name: str, original: Any) -> None:
        """Compare *name*, of a module or a class, from now on; *original* is what was there before."""
        if type(target) is types.ModuleType:
            module, path = target.__name__, name
            file = getattr(target, "__file__", None) or ""
            if module == "tests" or (self.root and file.startswith(self.root)):
                module = "solution"  # where the label was written, tests and program were one file
        elif type(target) is type and target.__module__ in sys.modules:
            module, path = target.__module__, f"{target.__qualname__}.{name}"
        else:
            return
        if (module, path) not in NOT_FOLLOWED:
            self.original.setdefault((module, path), original)

    def send_changes(self) -> None:
        """Send the program's side what has changed since the last time."""
        for place, original in list(self.original.items()):
            if place[0] == "solution":
                now = self._in_tests(place[1])
            else:
                now = _now(*place)
            if now is self.patched.get(place, original):
                continue
            if place == ("sys", "stdin") and type(now).__module__.startswith(("_pytest", "sandbox", "guest")):
                continue  # the test runner's own replacement
            if now is original:
                del self.patched[place]
                self._send("restore", *place)
            else:
                self.patched[place] = now
                self._send("patch", *place, now)
        if os.environ._data != self._raw:  # type: ignore[attr-defined]
            self._note_environment()
        try:
            folder = _getcwd()
        except OSError:  # it has been removed
            folder = self.home
        if folder != self.folder:
            self.folder = folder
            self._send("folder", "" if folder == self.home else folder)
        while self._seeded:
            self._send("seed", *self._seeded.pop(0))

    def _in_tests(self, path: str) -> Any:
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None) or ""
            own = module.__name__ == "tests" or (self.root and file.startswith(self.root))
            if type(module) is types.ModuleType and own and path in vars(module):
                return vars(module)[path]
        return _MISSING

    def _note_environment(self) -> None:
        self._raw = dict(os.environ._data)  # type: ignore[attr-defined]
        now = dict(os.environ)
        ours = {"PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
        visible = {key: value for key, value in now.items() if key not in ours}
        before = {key: value for key, value in self.environment.items() if key not in ours}
        self.environment = now
        if visible != before:
            self._send("environment", visible)

    def _send(self, *what: Any) -> None:
        self.peer.ask("surroundings", *what)


def _now(module: str, path: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found

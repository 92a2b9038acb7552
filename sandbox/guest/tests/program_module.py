"""The program as a module: what `from solution import f` and `import solution` give in a test."""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Mapping
from typing import Any, Iterator, Sequence, cast

from ..bridge.peer import Peer
from ..bridge.proxies import ProxyMeta, RemoteFunction

COMPARISON_HOMES = (
    ("math", ("isclose",)),
    ("numpy", ("allclose", "array_equal")),
    ("pytest", ("approx",)),
    ("copy", ("deepcopy",)),
)
COMPARISON_NAMES = frozenset(name for _, names in COMPARISON_HOMES for name in names)
"""Functions that compare, and that labels forget to import: never looked for in the program."""

__all__ = ["LIBRARY_ALIASES", "Finder", "Lookups", "Namespace", "ProgramModule", "get_from_program", "stored_and_loaded"]

LIBRARY_ALIASES = {
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "sns": "seaborn",
    "tf": "tensorflow",
    "dt": "datetime",
}
"""Names by which tests mean a library, even if they forgot to import it."""


class Lookups:
    """Names that the tests have looked up in the program: some decide whose fault a failure is."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        """Names that the program does not define."""
        self.not_star_imported: set[str] = set()
        """Names that `from solution import *` did not give."""
        self.function_names: set[str] = {"Solution"}
        """Names of functions, or of LeetCode's class around them: a class of such a name does not count as named by the label."""


def get_from_program(peer: Peer, lookups: Lookups, name: str) -> Any:
    """What the program has under *name*. If it is a class, the label has named it (see `References.is_label_class`).

    Raises:
        AttributeError: it defines no such name.
    """
    try:
        value = peer.ask("get", name)
    except AttributeError:
        if not name.startswith(("_", "pytest")):  # pytest and import machinery look for these in every module
            lookups.missing.add(name)
        raise AttributeError(f"the program defines no {name!r}") from None
    if type(value) is ProxyMeta and name[:1].isupper() and name not in lookups.function_names:
        peer.label_classes.add(value)
    return value


class _ModuleDict(Mapping):  # type: ignore[type-arg]
    """`__dict__` of the program's module, for tools that patch by looking there."""

    def __init__(self, module: ProgramModule) -> None:
        self.module = module

    def __getitem__(self, name: str) -> Any:
        own = _own_dict(self.module)
        if name in own:
            return own[name]
        try:
            return getattr(self.module, name)
        except AttributeError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.module.__sandbox_ask__[0].ask("names"))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def copy(self) -> dict[str, Any]:
        """The present contents."""
        return dict(self)


def _own_dict(module: types.ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = cast("Any", types.ModuleType.__dict__)["__dict__"].__get__(module)
    return found


class ProgramModule(types.ModuleType):
    """Stands for the program's module: attributes are asked of the program, and set there."""

    def __init__(self, name: str, peer: Peer, lookups: Lookups, texts: Sequence[str]) -> None:
        super().__init__(name)
        self.__sandbox_ask__ = (peer, lookups, texts)

    def __dir__(self) -> list[str]:
        return list(self.__sandbox_ask__[0].ask("names"))

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return _ModuleDict(self)

    def __getattr__(self, name: str) -> Any:
        peer, lookups, texts = _own_dict(self)["__sandbox_ask__"]
        if name == "__all__":
            wanted = set()
            for text in texts:
                stored, loaded = stored_and_loaded(text)
                wanted |= loaded - stored
            wanted -= set(dir(builtins))  # a program must not replace len() or abs() for its tests
            offered = [one for one in peer.ask("names") if one in wanted and not one.startswith("__")]
            lookups.not_star_imported |= wanted - set(offered)
            return offered
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return get_from_program(peer, lookups, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):  # the import system's own
            super().__setattr__(name, value)
        else:
            self.__sandbox_ask__[0].ask("set", name, value)

    def __delattr__(self, name: str) -> None:
        self.__sandbox_ask__[0].ask("delete", name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the program's module under each of its names, and packages around it that have no files."""

    def __init__(self, names: Sequence[str], peer: Peer, lookups: Lookups, texts: Sequence[str]) -> None:
        self.names = frozenset(names)
        self.made = (peer, lookups, texts)
        self.packages = {name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)}

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:  # noqa: ARG002
        if name in self.names:
            return importlib.machinery.ModuleSpec(name, self, origin="the program")
        if name in self.packages and importlib.machinery.PathFinder.find_spec(name, path) is None:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> Any:
        return ProgramModule(spec.name, *self.made) if spec.name in self.names else None

    def exec_module(self, module: Any) -> None:
        if isinstance(module, ProgramModule):
            self.made[0].ask("imported")


class Namespace(dict):  # type: ignore[type-arg]
    """The namespace of bare test statements: a name that the label does not define is a builtin, a library or the program's."""

    def __init__(self, peer: Peer, lookups: Lookups, asked: Sequence[str]) -> None:
        super().__init__(__name__="tests", __builtins__=builtins)
        self._peer = peer
        self.lookups = lookups
        self._asked = frozenset(asked)

    def __missing__(self, name: str) -> Any:
        if name not in self._asked:
            if hasattr(builtins, name):
                raise KeyError(name)
            if name in COMPARISON_NAMES:
                for library, owned in COMPARISON_HOMES:
                    if name in owned and importlib.util.find_spec(library) is not None:
                        self[name] = getattr(importlib.import_module(library), name)
                        return self[name]
            library = LIBRARY_ALIASES.get(name, name)
            if name.startswith("assert"):
                raise KeyError(name)  # a function that the label forgot to import, not the program's
            if name in LIBRARY_ALIASES or name in getattr(sys, "stdlib_module_names", sys.modules):
                try:
                    __import__(library)
                except ImportError:
                    raise KeyError(name) from None
                self[name] = sys.modules[library]
                return self[name]
        return self.of_program(name)

    def of_program(self, name: str) -> Any:
        """What the program has under *name*, even if a builtin or a library has that name.

        Raises:
            KeyError: it defines no such name.
        """
        try:
            value = get_from_program(self._peer, self.lookups, name)
        except AttributeError:
            raise KeyError(name) from None
        if type(value) in (RemoteFunction, ProxyMeta):
            self[name] = value  # variables are looked up each time, for the program may change them
        return value


def stored_and_loaded(text: str) -> tuple[set[str], set[str]]:
    """(names that a text of Python binds anywhere, names that it reads)."""
    stored: set[str] = set()
    loaded: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            (loaded if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            stored.add(node.name)
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
        elif isinstance(node, ast.alias):
            stored.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            stored.add(node.name)
    return stored, loaded

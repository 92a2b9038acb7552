"""Marshalling: values of Python as JSON between a program and its tests. Plain values are copied, all else crosses by reference.

Over 400 lines because packing and unpacking must number the same containers in the same order: they are only right together.

A `Marshaller` serves one question and its answer. Both sides number the mutable containers that cross. So a container that crosses
twice stays one object; and what the answering side changes in an argument is changed in the very object that the asking side passed,
as tests of in-place algorithms expect.

A value becomes a *tree*: what `json.dumps` takes. The tags are those of `values`, and these:

    =  a container that has crossed already, by number      S  a structure: an instance of a class that both sides have, by its row
    y  an object of the sender [number, class]              Y  an object of the receiver, by number
    K  a class of the sender: its number, and the first time its description       k  a class of the receiver, by number
    b  a class, function or constant that both sides find by its name "module:name"
    G  a function of the sender [number, name, qualified name, module, documentation, is async, flags]
    W  an awaitable of the sender, by number
    B  an object of the sender whose class derives from a plain immutable type [class, number, plain value]
    E  an exception of the sender [class, number, args, attributes, cause, context]
    M  a defaultdict [name of its factory, items]           V  a view of a dict [which, items]
    P  a path    L  a slice    Q  a SimpleNamespace         N  a numpy number [dtype, value]
    A  a numpy array [dtype, shape, items]                  Z  an object of pandas, see `pandas_frames`

Structures are sent as rows of a table and not nested: a linked list of ten thousand nodes would be ten thousand levels deep.
"""

from __future__ import annotations

import pathlib
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any, Callable, Protocol, Sequence

from .. import values
from ..values import MAX_DEPTH, MAX_NODES, SCALARS, Unsendable
from ..wire import WireError
from .numpy_arrays import read_array, read_number, write_array
from .snapshots import attributes, is_unchanged, snapshot

__all__ = ["Marshaller", "ObjectTable"]

_SENT_AS_IS = frozenset((bool, type(None), float))
_LEAVES = frozenset(values.LEAF_KINDS)
_PATHS = (pathlib.PurePosixPath, pathlib.PosixPath)
_PATHS_OF_PYTEST = ("_pytest._py.path", "py._path.local")
"""What the fixture `tmpdir` gives: sent as a path, for with its methods a program could read the tests."""


class ObjectTable(Protocol):
    """What a marshaller needs of its side for values that cross by reference. `References` is one."""

    structures: dict[str, type]
    """Classes that both sides have, by name: their instances are copied."""

    def export(self, value: Any, marshaller: Marshaller, depth: int) -> Any:
        """The tree of something that is not copied."""

    def resolve(self, tag: str, body: Any, marshaller: Marshaller, depth: int) -> Any:
        """What such a tree refers to.

        Raises:
            WireError: it means nothing.
        """


class Marshaller:
    """Makes trees of the values of one question and its answer, and values of trees; numbers the containers in them."""

    def __init__(self, side: ObjectTable, shared: Sequence[Any] = (), before: Sequence[Any] = ()) -> None:
        """*shared* are containers that both sides have already; *before* are snapshots of them as the other side knows them."""
        self.side = side
        self.items: list[Any] = list(shared)
        self.numbers: dict[int, int] = {id(item): number for number, item in enumerate(shared)}
        self.shared = len(self.items)
        self.is_grown = False
        """A shared container has come to hold containers that have no number yet."""
        self.new_numbers = range(0)
        """Numbers of the containers that the last packed value has added."""
        self.structures: list[Any] = []
        self.structure_numbers: dict[int, int] = {}
        self._before: list[Any] = list(before)
        self._structures_before: list[dict[str, Any]] = []
        self._nodes = MAX_NODES
        self._clock = values.Clock()
        self._pending: list[Any] = []

    # --- to trees ----------------------------------------------------------------------------------------------------

    def tree(self, value: Any, depth: int) -> Any:
        """*value* as a tree of JSON."""
        kind = type(value)
        if kind in _SENT_AS_IS:
            return value
        if kind is int:
            return values.integer_tree(value)
        if kind is str:
            return values.text_tree(value)
        if depth > MAX_DEPTH:
            raise Unsendable(f"nested more than {MAX_DEPTH} deep")
        self._nodes -= 1
        if self._nodes < 0:
            raise Unsendable(f"more than {MAX_NODES} containers")
        write = _CONTAINERS.get(kind)
        if write is not None:
            return self._container(value, write, depth)
        if kind in _LEAVES:
            return values.leaf_tree(value)
        if kind is tuple:
            return {"t": self.trees(value, depth + 1)}
        if kind is frozenset:
            return {"f": self.trees(value, depth + 1)}
        if kind in _PATHS or kind.__module__ in _PATHS_OF_PYTEST:
            return {"P": values.text_tree(str(value))}
        if kind is types.SimpleNamespace and not any(map(callable, vars(value).values())):
            return {"Q": self._pairs(vars(value), depth + 1)}
        if kind is slice:
            return {"L": self.trees((value.start, value.stop, value.step), depth + 1)}
        if kind in _VIEWS:
            return {"V": [_VIEWS[kind], self.trees(value, depth + 1)]}
        if kind.__name__ in self.side.structures and self._is_structure(value):
            return {"S": self._structure(value)}
        if type(kind) is type and kind.__module__ == "numpy":
            return self._numpy(value, depth)
        return self.side.export(value, self, depth + 1)

    def _container(self, value: Any, write: Callable[[Marshaller, Any, int], Any], depth: int) -> Any:
        number = self.numbers.get(id(value))
        if number is not None:
            return {"=": number}
        self.numbers[id(value)] = len(self.items)
        self.items.append(value)
        return write(self, value, depth + 1)

    def trees(self, items: Any, depth: int) -> list[Any]:
        """The trees of several values."""
        return [self.tree(item, depth) for item in items]

    def _pairs(self, mapping: Any, depth: int) -> list[Any]:
        return [[self.tree(key, depth), self.tree(item, depth)] for key, item in dict.items(mapping)]

    def _numpy(self, value: Any, depth: int) -> Any:
        numpy = sys.modules["numpy"]
        if type(value) is numpy.ndarray and value.dtype.kind in "biufcSU":
            return self._container(value, write_array, depth)
        if isinstance(value, numpy.generic) and value.dtype.kind in "biufcSU":
            plain = value.item()
            if not isinstance(plain, numpy.generic):  # a long double has no Python number
                return {"N": [value.dtype.str, self.tree(plain, depth + 1)]}
        return self.side.export(value, self, depth + 1)

    # --- structures --------------------------------------------------------------------------------------------------

    def _is_structure(self, value: Any) -> bool:
        """Whether *value* is an instance of the class that both sides have, or of one of the same name and module."""
        kind = type(value)
        return type(kind) is type and kind.__module__ == self.side.structures[kind.__name__].__module__

    def _structure(self, value: Any) -> int:
        number = self.structure_numbers.get(id(value))
        if number is None:
            number = self.structure_numbers[id(value)] = len(self.structures)
            self.structures.append(value)
            self._pending.append(number)
        return number

    def _rows(self) -> list[Any]:
        """The rows that are pending. Writing one may add others, which follow it, in the order of their numbers."""
        rows = []
        for number in self._pending:
            value = self.structures[number]
            cells = [[name, self.tree(item, 1)] for name, item in attributes(value).items()]
            rows.append([number, type(value).__name__, cells])
        self._pending = []
        return rows

    # --- from trees --------------------------------------------------------------------------------------------------

    def value(self, tree: Any, depth: int) -> Any:
        """The value of one tree."""
        kind = type(tree)
        if kind is list:
            return self._fill_list(self._numbered([]), tree, depth)
        if kind is not dict:
            return tree
        if depth > MAX_DEPTH + 2:
            raise WireError("nested too deeply")
        ((tag, body),) = tree.items()
        read = _READERS.get(tag)
        if read is not None:
            return read(self, body, depth + 1)
        if tag in values.LEAF_TAGS:
            return values.leaf_value(tag, body)
        return self.side.resolve(tag, body, self, depth + 1)

    def _numbered(self, container: Any) -> Any:
        self.numbers[id(container)] = len(self.items)
        self.items.append(container)
        return container

    def _known(self, number: Any) -> Any:
        if type(number) is not int or number < 0:
            raise WireError("no container has that number")
        return self.items[number]

    def _fill_list(self, target: list[Any], tree: Any, depth: int) -> list[Any]:
        if type(tree) is not list or depth > MAX_DEPTH + 2:
            raise WireError("expected an array that is not too deep")
        if frozenset(map(type, tree)) <= SCALARS:
            target.extend(tree)
        else:
            for item in tree:  # one at a time: an item may refer to the list itself
                target.append(self.value(item, depth + 1))  # noqa: PERF401
        return target

    def _fill_pairs(self, target: Any, tree: Any, depth: int) -> Any:
        clock = self._clock
        for number, (key, item) in enumerate(tree):
            if number % values.CHECK_EVERY == 0:
                clock.check()
            known = self.value(key, depth)
            target[known] = self.value(item, depth)
        return target

    def _fill_items(self, target: Any, tree: Any, depth: int) -> Any:
        add = target.add if type(target) is set else target.append
        clock = self._clock
        for number, item in enumerate(tree):
            if number % values.CHECK_EVERY == 0:
                clock.check()
            add(self.value(item, depth))
        return target

    def _make_structures(self, rows: Any) -> None:
        for number, name, _ in rows:
            if number == len(self.structures):
                kind = self.side.structures[name]
                made: Any = object.__new__(kind)
                self.structure_numbers[id(made)] = number
                self.structures.append(made)
            elif not 0 <= number < len(self.structures):
                raise WireError("a structure out of order")

    def _fill_structures(self, rows: Any) -> None:
        for number, _, row in rows:
            target = self.structures[number]
            for name in list(vars(target)) if hasattr(target, "__dict__") else ():
                object.__delattr__(target, name)
            for name, tree in row:
                if type(name) is not str or name.startswith("__") or callable(getattr(type(target), name, None)):
                    raise WireError("no attribute of a structure has that name")
                object.__setattr__(target, name, self.value(tree, 1))

    def closure(self, numbers: Sequence[int]) -> list[int]:
        """The numbers of those containers and of all that lie in them, but for the shared ones."""
        found: list[int] = []
        pending = list(numbers)
        while pending:
            number = pending.pop()
            if number in found or number < self.shared:
                continue
            found.append(number)
            inside = list(snapshot(self.items[number])) if type(self.items[number]).__module__ != "numpy" else []
            while inside:
                item = inside.pop()
                if type(item) in (tuple, frozenset):
                    inside += item
                elif id(item) in self.numbers:
                    pending.append(self.numbers[id(item)])
        return found

    # --- what changed ------------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Take snapshots of the containers that have come."""
        self._before = [snapshot(item) for item in self.items]
        self._structures_before = [attributes(value) for value in self.structures]

    def changes(self) -> list[Any]:
        """[containers, numbers of structures] that have changed since `remember`."""
        changed = []
        for number, before in enumerate(self._before):
            item = self.items[number]
            if not is_unchanged(snapshot(item), before):
                write: Callable[[Marshaller, Any, int], Any] = _CONTAINERS.get(type(item)) or write_array
                known = len(self.items)
                changed.append([number, write(self, item, 1)])
                self.is_grown = self.is_grown or (number < self.shared and len(self.items) > known)
        numbers = [
            number
            for number, before in enumerate(self._structures_before)
            if not is_unchanged(snapshot(attributes(self.structures[number])), snapshot(before))
        ]
        return [changed, numbers]

    def pack(self, value: Any) -> list[Any]:
        """[changed containers, tree of *value*, rows of structures]: what one message sends.

        Raises:
            Unsendable: too deep, or too large.
        """
        try:
            changed, numbers = self.changes()
            self._pending = [*numbers, *self._pending]
            start = len(self.items)
            tree = self.tree(value, 0)
            self.new_numbers = range(start, len(self.items))
            return [changed, tree, self._rows()]
        except RecursionError:
            raise Unsendable("nested too deeply") from None

    def unpack(self, packed: Any) -> Any:
        """The value of a message; what has changed is changed in the containers themselves.

        Raises:
            WireError: the message is not of that form. Never anything else.
        """
        self._clock = values.Clock()
        try:
            changed, tree, rows = packed
            known = len(self.items)
            self._make_structures(rows)
            for number, body in changed:
                target = self.items[number] if 0 <= number < known else None
                before = len(self.items)
                self._refill(target, body)
                self.is_grown = self.is_grown or (number < self.shared and len(self.items) > before)
            value = self.value(tree, 0)
            self._fill_structures(rows)
        except WireError:
            raise
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, AttributeError, MemoryError) as error:
            raise WireError(f"not a value: {type(error).__name__}") from error
        return value

    def _refill(self, target: Any, body: Any) -> None:
        kind = type(target)
        if kind is list:
            target.clear()
            self._fill_list(target, body, 1)
            return
        ((tag, tree),) = body.items()
        if kind is bytearray:
            target[:] = bytes.fromhex(tree)
        elif kind in (set, deque):
            target.clear()
            self._fill_items(target, tree[0] if kind is deque else tree, 2)
        elif kind in (dict, OrderedDict, Counter, defaultdict):
            target.clear()
            self._fill_pairs(target, tree[1] if kind is defaultdict else tree, 2)
        elif kind.__module__ == "numpy" and tag == "A":
            filled: Any = read_array(self, tree, 2, numbered=False)
            target[...] = filled
        else:
            raise WireError("no container has that number")


def _write_defaults(marshaller: Marshaller, value: Any, depth: int) -> Any:
    factory = value.default_factory
    known = factory if type(factory) is type and factory.__module__ == "builtins" else None
    return {"M": [None if known is None else known.__name__, marshaller._pairs(value, depth)]}


_FACTORIES = {kind.__name__: kind for kind in (list, dict, set, int, float, str, tuple, bool, frozenset, bytes)}


def _defaults(marshaller: Marshaller, tree: Any, depth: int) -> Any:
    name, pairs = tree
    return marshaller._fill_pairs(marshaller._numbered(defaultdict(_FACTORIES.get(name))), pairs, depth)


def _deque(marshaller: Marshaller, tree: Any, depth: int) -> Any:
    items, length = tree
    return marshaller._fill_items(marshaller._numbered(deque(maxlen=length)), items, depth)


def _namespace(marshaller: Marshaller, tree: Any, depth: int) -> Any:
    found = marshaller._fill_pairs({}, tree, depth)
    if any(map(callable, found.values())):
        raise WireError("a namespace with functions is no value")
    return types.SimpleNamespace(**found)


def _view(marshaller: Marshaller, tree: Any, depth: int) -> Any:
    name, items = tree
    if name == "values":
        return dict(enumerate([marshaller.value(item, depth) for item in items])).values()
    pairs = [item["t"] if name == "items" else (item, None) for item in items]
    found: dict[Any, Any] = marshaller._fill_pairs({}, pairs, depth)
    return found.items() if name == "items" else found.keys()


_VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


_CONTAINERS: dict[type, Callable[[Marshaller, Any, int], Any]] = {
    list: Marshaller.trees,
    dict: lambda c, v, d: {"d": c._pairs(v, d)},
    set: lambda c, v, d: {"s": c.trees(v, d)},
    bytearray: lambda c, v, d: {"X": v.hex()},
    OrderedDict: lambda c, v, d: {"o": c._pairs(v, d)},
    Counter: lambda c, v, d: {"n": c._pairs(v, d)},
    defaultdict: _write_defaults,
    deque: lambda c, v, d: {"q": [c.trees(v, d), v.maxlen]},
}

_READERS: dict[str, Callable[[Marshaller, Any, int], Any]] = {
    "=": lambda c, t, d: c._known(t),
    "S": lambda c, t, d: c.structures[t],
    "d": lambda c, t, d: c._fill_pairs(c._numbered({}), t, d),
    "s": lambda c, t, d: c._fill_items(c._numbered(set()), t, d),
    "X": lambda c, t, d: c._numbered(bytearray.fromhex(t)),
    "o": lambda c, t, d: c._fill_pairs(c._numbered(OrderedDict()), t, d),
    "n": lambda c, t, d: c._fill_pairs(c._numbered(Counter()), t, d),
    "M": _defaults,
    "q": _deque,
    "t": lambda c, t, d: tuple([c.value(item, d) for item in t]),
    "f": lambda c, t, d: frozenset(c._fill_items(set(), t, d)),
    "Q": _namespace,
    "L": lambda c, t, d: slice(*[c.value(item, d) for item in t]),
    "P": lambda c, t, d: pathlib.Path(values.text_of(t)),
    "V": _view,
    "A": read_array,
    "N": read_number,
}

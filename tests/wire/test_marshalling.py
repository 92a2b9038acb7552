"""Two ends of one line in one process, the program's served by a thread: what crosses is the same, and hostile bytes end the line.

Over 400 lines: both ends of the line are made here, and all of it is asked of them.
"""

import contextlib
import copy
import datetime
import json
import os
import socket
import struct
import threading
import time
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath

import pandas
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_values import anything, described

from sandbox.guest.bridge.marshalling import Marshaller
from sandbox.guest.bridge.peer import Gone, Peer
from sandbox.guest.bridge.proxies import Proxy
from sandbox.guest.wire import WireError

pytestmark = [
    pytest.mark.timeout(60),
    # An awaitable that crosses is a coroutine here, and nobody awaits those of hostile trees.
    pytest.mark.filterwarnings("ignore:coroutine", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Line:
    """The tests' end, with the names of a program as attributes; all that the program is asked, it is asked over the socket."""

    def __init__(self, **names):
        here, there = socket.socketpair()
        self.sockets = (here, there)
        self.program = Peer(there.fileno(), is_tester=False, max_bytes=1 << 26, is_own_module=lambda name: name == __name__)
        self.program.serve_module = lambda op, name: names[name]
        self.tests = Peer(here.fileno(), is_tester=True, max_bytes=1 << 26, is_own_module=lambda name: name == __name__)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            self.program.serve()
        except Exception as error:
            self.trouble = error
        finally:
            with contextlib.suppress(OSError):  # as a process that ends does: nobody waits for it
                self.sockets[1].shutdown(socket.SHUT_RDWR)

    def __getitem__(self, name):
        return self.tests.ask("get", name)

    def close(self):
        with contextlib.suppress(OSError):
            self.sockets[0].shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        for end in self.sockets:
            end.close()


@contextlib.contextmanager
def line(**names):
    made = Line(**names)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def echo():
    with line(echo=lambda *values: values[0] if len(values) == 1 else values) as made:
        yield made["echo"]


# --- values --------------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(value=anything)
@example([2**63, -(2**63), 2**63 - 1, 2**64])
@example("\ud83d\ude00\0é")
@example([float("nan"), -0.0, float("inf")])
@example({1: 2, (1, 2): {3}, "": [[]], None: ...})
@example(datetime.datetime(2024, 1, 2, fold=1, tzinfo=datetime.timezone(datetime.timedelta(hours=2))))
@example([Decimal("1.50"), Decimal("-0"), Decimal("NaN"), Fraction(-1, 3), PurePosixPath("a") / "b"][:4])
def test_a_value_comes_back_equal_and_of_the_same_type(echo, value):
    before = described(value)
    back = echo(value)
    assert described(back) == before == described(value)


@settings(max_examples=50, deadline=None)
@given(value=anything)
def test_an_argument_that_comes_back_is_the_same_object(echo, value):
    back = echo([value])
    assert described(back) == described([value])
    if isinstance(value, list | dict | set | bytearray | deque):
        assert back[0] is value


@settings(max_examples=50, deadline=None)
@given(args=st.lists(anything, max_size=4), kwargs=st.dictionaries(st.text("abcxyz_", min_size=1), anything, max_size=3))
def test_arguments_come_as_they_were_passed(args, kwargs):
    seen = []
    with line(note=lambda *a, **k: seen.append((a, k))) as made:
        made["note"](*args, **kwargs)
    assert described(seen[0]) == described((tuple(args), kwargs))


@settings(max_examples=50, deadline=None)
@given(value=anything)
def test_a_callback_gets_and_gives_values_too(value):
    seen = []
    with line(call=lambda function, item: function(item)) as made:
        back = made["call"](lambda item: seen.append(item) or item, value)
    assert described(seen[0]) == described(value) == described(back)


def test_deep_and_long_values_cross(echo):
    deep = []
    for _ in range(150):
        deep = [deep]
    assert echo(deep) == deep
    long = list(range(200_000))
    assert echo(long) == long
    assert echo({"k": "x" * 10**6}) == {"k": "x" * 10**6}


def test_what_is_too_deep_is_an_error_and_not_the_end(echo):
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(TypeError, match="cannot cross"):
        echo(deep)
    assert echo(1) == 1


def test_an_answer_that_is_too_deep_is_an_error_and_not_the_end():
    def deep(n):
        return [deep(n - 1)] if n else []

    with line(deep=deep) as made:
        with pytest.raises(RuntimeError, match="cannot cross"):
            made["deep"](300)
        assert made["deep"](2) == [[[]]]


# --- what changes --------------------------------------------------------------------------------------------------------

small = st.one_of(st.integers(-3, 3), st.sampled_from("ab"), st.none(), st.lists(st.integers(0, 3), max_size=2))
keys = st.one_of(st.integers(-3, 3), st.sampled_from("ab"))
list_steps = st.one_of(
    st.tuples(st.just("append"), small),
    st.tuples(st.just("insert"), st.integers(-5, 5), small),
    st.tuples(st.just("extend"), st.lists(small, max_size=3)),
    st.tuples(st.just("pop"), st.integers(-3, 3)),
    st.tuples(st.just("remove"), small),
    st.tuples(st.sampled_from(["reverse", "clear", "copy"])),
    st.tuples(st.just("__setitem__"), st.integers(-3, 3), small),
    st.tuples(st.just("__delitem__"), st.integers(-3, 3)),
    st.tuples(st.just("__iadd__"), st.lists(small, max_size=3)),
    st.tuples(st.just("__imul__"), st.integers(0, 2)),
)
dict_steps = st.one_of(
    st.tuples(st.just("__setitem__"), keys, small),
    st.tuples(st.just("__delitem__"), keys),
    st.tuples(st.just("pop"), keys),
    st.tuples(st.sampled_from(["popitem", "clear"])),
    st.tuples(st.just("setdefault"), keys, small),
    st.tuples(st.just("update"), st.dictionaries(keys, small, max_size=3)),
)
set_steps = st.one_of(
    st.tuples(st.sampled_from(["add", "discard", "remove"]), keys),
    st.tuples(st.sampled_from(["update", "difference_update", "symmetric_difference_update"]), st.sets(keys, max_size=3)),
    st.tuples(st.sampled_from(["clear", "copy"])),
)
deque_steps = st.one_of(
    st.tuples(st.sampled_from(["append", "appendleft", "remove"]), small),
    st.tuples(st.sampled_from(["pop", "popleft", "reverse", "clear"])),
    st.tuples(st.just("rotate"), st.integers(-3, 3)),
)
bytes_steps = st.one_of(
    st.tuples(st.just("append"), st.integers(0, 255)),
    st.tuples(st.just("extend"), st.binary(max_size=3)),
    st.tuples(st.sampled_from(["pop", "reverse", "clear"])),
)


def change(target, steps):
    """Do *steps* to *target*; what each gave, or the exception that it raised."""
    told = []
    for name, *args in copy.deepcopy(steps):
        try:
            told.append(getattr(target, name)(*args))
        except Exception as error:
            told.append(f"{type(error).__name__}: {error}")
    return [None if item is target else item for item in told]


@settings(max_examples=100, deadline=None)
@given(
    case=st.one_of(
        st.tuples(st.lists(small, max_size=5), st.lists(list_steps, max_size=6)),
        st.tuples(st.dictionaries(keys, small, max_size=4), st.lists(dict_steps, max_size=6)),
        st.tuples(st.dictionaries(keys, small, max_size=4).map(OrderedDict), st.lists(dict_steps, max_size=6)),
        st.tuples(st.sets(keys, max_size=4), st.lists(set_steps, max_size=6)),
        st.tuples(st.lists(small, max_size=4).map(lambda items: deque(items, 6)), st.lists(deque_steps, max_size=6)),
        st.tuples(st.binary(max_size=4).map(bytearray), st.lists(bytes_steps, max_size=6)),
    )
)
@example(([1, [2]], [("clear",), ("append", 1)]))
@example(({1: 2, 2: 3}, [("__delitem__", 1), ("__setitem__", 1, 2)]))
def test_what_the_program_changes_in_an_argument_is_changed_here(case):
    target, steps = case
    local = copy.deepcopy(target)
    wanted = change(local, steps)
    with line(change=change) as made:
        got = made["change"](target, steps)
    assert described(got) == described(wanted)
    assert described(target) == described(local)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(0, 3), max_size=3), min_size=2, max_size=4),
    shared=st.lists(st.integers(0, 3), min_size=2, max_size=6),
    at=st.integers(0, 5),
)
def test_aliases_stay_aliases(rows, shared, at):
    def touch(grid, first, where):
        grid[where % len(grid)].append(9)
        grid.append(grid[0])
        return [grid[-1] is grid[0], first is grid[0], *(item is grid[0] for item in grid)], grid

    def build():
        own = copy.deepcopy(rows)
        grid = [own[number % len(own)] for number in shared]
        return own, grid

    own, grid = build()
    other_own, other_grid = build()
    wanted, _ = touch(other_grid, other_grid[0], at)
    with line(touch=touch) as made:
        got, back = made["touch"](grid, grid[0], at)
    assert got == wanted
    assert back is grid
    assert own == other_own
    assert grid == other_grid
    assert [[one is two for two in grid] for one in grid] == [[one is two for two in other_grid] for one in other_grid]


def test_a_list_in_itself_crosses_both_ways():
    def tie(items):
        items.append(items)
        return items, items[0] is items

    with line(tie=tie) as made:
        knot = []
        knot.append(knot)
        back, was = made["tie"](knot)
        assert was
        assert back is knot
        assert len(knot) == 2
        assert knot[1] is knot


def test_changes_made_before_an_exception_are_carried_back():
    def fail(items):
        items.append(1)
        raise ValueError("after")

    with line(fail=fail) as made:
        items = []
        with pytest.raises(ValueError, match="after"):
            made["fail"](items)
        assert items == [1]


def test_what_a_callback_changes_in_its_arguments_is_changed_in_the_program():
    def ask(callback):
        items, table = [1], {}
        back = callback(items, table)
        return items, table, back is items

    def callback(items, table):
        items.append(2)
        table["k"] = items
        return items

    with line(ask=ask) as made:
        items, table, same = made["ask"](callback)
    assert items == [1, 2]
    assert table == {"k": [1, 2]}
    assert same
    assert table["k"] is items


def test_a_callback_sees_what_the_program_has_changed_before():
    def ask(items, look):
        items.append(1)
        seen = look()
        items.append(2)
        return seen

    items = []
    with line(ask=ask) as made:
        made["ask"](items, lambda: None)
    assert items == [1, 2]


# --- references ----------------------------------------------------------------------------------------------------------


class Thing:
    def __init__(self, value=0):
        self.value = value

    def get(self):
        return self.value

    def __eq__(self, other):
        return isinstance(other, Thing) and self.value == other.value

    __hash__ = None


def test_an_object_of_the_program_has_one_proxy_and_comes_back_as_itself():
    thing = Thing(5)
    kept = []
    with line(thing=thing, keep=kept.append, things=lambda: [thing, {"k": thing}]) as made:
        proxy = made["thing"]
        assert isinstance(proxy, Proxy)
        assert proxy is made["thing"]
        one, table = made["things"]()
        assert one is table["k"] is proxy
        assert proxy.get() == proxy.value == 5
        proxy.value = [7]
        made["keep"](proxy)
    assert kept[0] is thing
    assert thing.value == [7]


@settings(max_examples=50, deadline=None)
@given(value=anything)
def test_an_object_of_the_program_equals_no_value(value):
    class Always:
        def __eq__(self, other):
            return True

        def __ne__(self, other):
            return False

        def __hash__(self):
            return 1

    Always.__module__ = __name__
    with line(always=Always()) as made:
        proxy = made["always"]
        assert (proxy == value) is False
        assert proxy != value
        assert proxy not in [value, value]
        assert [value] != [proxy]
        assert made.tests.delegated == 0


def test_equality_of_two_objects_of_the_program_is_asked_there_and_counted():
    with line(make=Thing) as made:
        make = made["make"]
        assert make(1) == make(1)
        assert make(1) != make(2)
        assert made.tests.delegated == 2


class Node:
    __slots__ = ("next", "value")

    def __init__(self, value, after=None):
        self.value, self.next = value, after


def chain(count):
    head = None
    for value in reversed(range(count)):
        head = Node(value, head)
    return head


def walked(node):
    found = []
    while node:
        found.append(node.value)
        node = node.next
    return found


def with_nodes(**names):
    made = Line(**names)
    made.tests.structures = made.program.structures = {"Node": Node}
    return contextlib.closing(made)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 300))
@example(3000)
def test_structures_cross_by_value_and_are_changed_in_place(count):
    def touch(node):
        seen, head = walked(node), node
        while node:
            node.value *= 2
            node = node.next
        return seen, head

    head = chain(count)
    with with_nodes(touch=touch) as made:
        seen, back = made["touch"](head)
    assert seen == list(range(count))
    assert back is head
    assert walked(head) == [2 * value for value in range(count)]


@pytest.mark.parametrize("count", [2, 3, 500])
def test_new_structures_that_hold_new_structures_cross(count):
    with with_nodes(make=lambda number: chain(number)) as made:
        assert walked(made["make"](count)) == list(range(count))


def test_an_array_that_is_changed_in_place_is_changed_here():
    numpy = pytest.importorskip("numpy")

    def touch(array):
        array[0] = 5

    array = numpy.zeros(2)
    with line(touch=touch) as made:
        made["touch"](array)
    assert array.tolist() == [5.0, 0.0]


def test_an_exception_that_holds_one_of_its_own_class_crosses():
    class Trouble(Exception):
        pass

    def fail():
        raise Trouble("outer", Trouble("inner"))

    with line(fail=fail) as made, pytest.raises(Exception, match="outer") as caught:
        made["fail"]()
    assert caught.value.args[0] == "outer"
    assert type(caught.value) is type(caught.value.args[1])


def test_what_the_tests_let_go_is_forgotten_by_the_program():
    with line(make=Thing) as made:
        make = made["make"]
        for number in range(50):
            assert make(number).get() == number
        assert make(1).get() == 1  # what has been let go is told with the next question
        assert sum(type(kept[0]) is Thing for kept in made.program._exports.values()) <= 2


BUILTIN = {
    "map": lambda: map(str, [1, 2]),
    "zip": lambda: zip([1], [2]),
    "filter": lambda: filter(None, [1]),
    "enumerate": lambda: enumerate("a"),
    "object": lambda: object(),
    "property": lambda: property(len),
    "staticmethod": lambda: staticmethod(len),
    "memoryview": lambda: memoryview(b"ab"),
    "reversed": lambda: reversed([1]),
    "super": lambda: super(Thing, Thing()),
    "list iterator": lambda: iter([1]),
    "generator": lambda: (i for i in "a"),
}


@pytest.mark.parametrize("make", BUILTIN.values(), ids=BUILTIN)
def test_an_object_of_a_builtin_class_crosses_as_a_proxy(make):
    with line(make=make, give=lambda function: type(function(make())).__name__) as made:
        assert isinstance(made["make"](), Proxy)
        assert made["give"](lambda item: item) == type(make()).__name__
        assert not made.tests.gone


EXCEPTIONS = {
    "decimal": lambda: Decimal(1) / 0,
    "json": lambda: json.loads("{"),
    "key": lambda: {}["k"],
    "decode": lambda: b"\xff".decode(),
    "file": lambda: os.stat("/nonexistent/file"),
    "class of a library": lambda: socket.create_connection(("", -1)),
}


@pytest.mark.parametrize("function", EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_an_exception_crosses_with_its_type_and_text(function):
    try:
        function()
    except Exception as error:
        wanted = error
    with line(function=function) as made:
        with pytest.raises(type(wanted)) as caught:
            made["function"]()
        assert not made.tests.gone
    assert caught.type is type(wanted)
    assert str(caught.value) == str(wanted)


# --- hostile bytes -------------------------------------------------------------------------------------------------------

names = st.sampled_from(
    [
        *"iuxXcrDFTesfdonMqtPVANSyYKkbGBEWO=?",
        "builtins:int",
        "builtins:eval",
        "builtins:object",
        "os:system",
        "Thing",
        "int",
        "list",
        "values",
        "keys",
        "items",
        "<f8",
        "<U3",
        "|O",
        "timedelta",
        "datetime",
        "date",
        "ff",
        "0x1",
        "__class__",
    ]
)
json_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 5), st.integers(), st.floats(), names, st.text(max_size=5), st.just(2**70)
)
trees = st.recursive(
    json_scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(names, inner, min_size=1, max_size=1),
        st.dictionaries(st.one_of(names, st.text(max_size=3)), inner, max_size=3),
    ),
    max_leaves=20,
)
packed_trees = st.one_of(trees, st.tuples(trees, trees).map(list), st.tuples(trees, st.just([])).map(list))


def judge_without_a_line():
    peer = Peer(-1, is_tester=True, max_bytes=1 << 20, is_own_module=lambda name: name == __name__)
    peer.structures = {"Thing": Thing}
    return peer


@settings(max_examples=200, deadline=None)
@given(tree=packed_trees)
def test_hostile_trees_are_a_value_or_a_wire_error(tree):
    marshaller = Marshaller(judge_without_a_line())
    with contextlib.suppress(WireError):
        marshaller.unpack(json.loads(json.dumps(tree)))


@settings(max_examples=200, deadline=None)
@given(tree=st.one_of(trees, st.tuples(trees, trees, trees).map(list), st.tuples(st.just([]), trees, st.just([])).map(list)))
def test_hostile_answers_are_a_value_or_a_wire_error(tree):
    marshaller = Marshaller(judge_without_a_line())
    marshaller.pack([[1, [2]], {"a": {3}}, bytearray(b"x"), deque([1], 3), Thing(1)])
    with contextlib.suppress(WireError):
        marshaller.unpack(json.loads(json.dumps(tree)))


def answered_with(data):
    """What asking raises when *data* comes back, and the line is then closed."""
    here, there = socket.socketpair()
    with here, there:
        there.settimeout(10)
        peer = Peer(here.fileno(), is_tester=True, max_bytes=1 << 20, is_own_module=lambda name: name == __name__)
        there.sendall(data)
        there.shutdown(socket.SHUT_WR)
        try:
            peer.ask("get", "f")
        except BaseException as error:
            return peer, error
    return peer, None


def framed(message):
    text = json.dumps(message).encode()
    return struct.pack("<I", len(text)) + text


@settings(max_examples=100, deadline=None)
@given(data=st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda text: struct.pack("<I", len(text)) + text)))
@example(b"")
@example(b"\xff\xff\xff\xff")
@example(struct.pack("<I", 3) + b"[[[")
@example(struct.pack("<I", 40_000) + b"[" * 40_000)
@example(struct.pack("<I", 2) + b"[]")
def test_random_bytes_end_the_line_and_nothing_else(data):
    peer, error = answered_with(data)
    assert type(error) is Gone
    assert peer.gone
    with pytest.raises(Gone):
        peer.ask("get", "f")


@settings(max_examples=100, deadline=None)
@given(
    message=st.one_of(
        st.tuples(
            st.just("="), st.just(1), st.just("value"), st.tuples(st.just([]), trees, st.just([])).map(list), st.just([]), trees
        ),
        st.tuples(st.just("="), st.just(1), st.sampled_from(["raised", "unsendable", "x"]), trees, st.just([]), st.just([])),
        st.tuples(st.just("="), st.one_of(st.just(1), json_scalars), trees, trees, trees, trees),
        st.tuples(st.just("?"), json_scalars, trees, trees, trees, trees),
        st.lists(trees, max_size=7),
        trees,
    ).map(lambda message: list(message) if isinstance(message, tuple) else message)
)
def test_hostile_messages_end_the_line_or_are_an_answer(message):
    peer, error = answered_with(framed(message))
    if error is None or type(error) is Gone:
        return
    # What is left is what an answer may say: that it raised an exception, or that its value cannot cross.
    assert message[:2] == ["=", 1]
    assert message[2] != "value"
    assert not peer.gone


QUESTIONS = [
    ["call", [{"b": "builtins:eval"}, ["1"], {"d": []}]],
    ["call", [{"b": "os:system"}, ["true"], {"d": []}]],
    ["attr", [{"Y": 1}, "__globals__"]],
    ["attr", [{"Y": 1}, "__code__"]],
    ["attr", [{"Y": 1}, "__self__"]],
    ["attr", [{"Y": 1}, "_secret"]],
    ["op", ["__getattribute__", {"Y": 1}, ["__dict__"]]],
    ["op", ["__reduce__", {"Y": 1}, []]],
    ["method", [{"Y": 1}, "__getattribute__", ["__globals__"], {"d": []}]],
    ["content", [{"Y": 1}]],
    ["signature", [{"Y": 1}]],
    ["get", ["secret"]],
    ["set", ["secret", 1]],
    ["names", []],
    ["surroundings", ["environment", {"d": []}]],
    ["no such", []],
    ["attr", [{"Y": 1}, {"y": [1, {"K": [1]}]}]],
]


@pytest.mark.parametrize(("op", "args"), QUESTIONS, ids=[f"{op} {json.dumps(args)[:40]}" for op, args in QUESTIONS])
def test_a_program_cannot_ask_the_tests_for_what_no_function_could(op, args):
    """While it answers, it asks: the tests answer with an error, or end the line; they give nothing away."""
    secret = "the expected value"

    def callback():
        return secret

    here, there = socket.socketpair()
    with here, there:
        there.settimeout(10)
        peer = Peer(here.fileno(), is_tester=True, max_bytes=1 << 20, is_own_module=lambda name: name == __name__)
        there.sendall(framed(["?", 1, op, [args, []], [], []]))
        there.sendall(framed(["=", 1, "value", [[], 5, []], [], [], []]))
        try:
            got = peer.ask("call", callback, [], {})
        except Gone:
            got = None
        there.setblocking(False)
        told = there.recv(1 << 20)
    assert got in (5, None)
    replies = []
    while told:
        (size,) = struct.unpack("<I", told[:4])
        replies.append(json.loads(told[4 : 4 + size]))
        told = told[4 + size :]
    assert replies[0][0] == "?"
    for reply in replies[1:]:
        assert reply[2] == "raised", reply
    assert secret not in json.dumps(replies)


def test_an_answer_twice_or_too_early_ends_the_line():
    here, there = socket.socketpair()
    with here, there:
        peer = Peer(here.fileno(), is_tester=True, max_bytes=1 << 20, is_own_module=lambda name: False)
        answer = framed(["=", 1, "value", [[], 5, []], [], [], []])
        there.sendall(answer + answer)
        assert peer.ask("get", "f") == 5
        with pytest.raises(Gone):
            peer.ask("get", "f")


def test_a_message_that_is_too_large_is_not_read():
    here, there = socket.socketpair()
    with here, there:
        peer = Peer(here.fileno(), is_tester=True, max_bytes=100, is_own_module=lambda name: False)
        there.sendall(struct.pack("<I", 101) + b" " * 101)
        with pytest.raises(Gone):
            peer.ask("get", "f")
        assert len(os.read(here.fileno(), 200)) == 101


def test_a_thread_of_the_program_that_asks_waits_until_the_program_is_asked():
    """Whoever reads the line gets what is next on it: two may not."""
    asked, go = [], threading.Event()

    def keep(function):
        def ask():
            go.wait(10)
            asked.append(function())

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        return thread.join

    with line(keep=keep) as made:
        join = made["keep"](lambda: 5)
        go.set()
        time.sleep(0.1)
        assert asked == []
        join()
        assert asked == [5]


def test_a_thread_that_asks_ends_with_the_line():
    ended = []

    def ask(program):
        try:
            program.ask("call", 1, [], {})
        except Gone:
            ended.append(True)

    with line() as made:
        thread = threading.Thread(target=ask, args=(made.program,), daemon=True)
        thread.start()
    thread.join(10)
    assert ended == [True]


# --- pandas ---------------------------------------------------------------------------------------------------------------------


def frames():
    whole = pandas.DataFrame(
        {
            "a": [1, 2],
            "s": ["x", None],
            "f": [1.5, float("nan")],
            "o": [1, "b"],
            "d": pandas.to_datetime(["2024-01-01", "2024-01-02"]),
            "c": pandas.Categorical(["u", "v"]),
            "b": [True, False],
            "n": pandas.array([1, None], dtype="Int64"),
            "l": [[1], {"a": 2}],
        }
    )
    days = pandas.date_range("2024", periods=2)
    return [
        whole, whole["a"], whole.set_index("s"), whole.set_index(["a", "b"]), whole.groupby("b")["a"].sum(), whole.describe(), whole.T,
        whole.columns, whole.value_counts(["b"]), whole["d"].dt.date, days, pandas.Series([1, 2], index=days, name="q"),
        pandas.DataFrame(), pandas.DataFrame(index=[1, 2]), pandas.DataFrame(columns=["a", "b"]), pandas.Series([], dtype=float),
        pandas.Timestamp("2024-01-01 10:00:00.000000001"), pandas.Timedelta("1.5s"), pandas.NaT, pandas.NA,
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(20))
def test_what_a_program_returns_of_pandas_is_a_value(number):
    value = frames()[number]
    with line(f=lambda: [value, [7]]) as made:
        back, behind = made["f"]()
    assert behind == [7]
    assert type(back) is type(value)
    if isinstance(value, pandas.DataFrame):
        pandas.testing.assert_frame_equal(back, value)
    elif isinstance(value, pandas.Series):
        pandas.testing.assert_series_equal(back, value)
    elif isinstance(value, pandas.Index):
        pandas.testing.assert_index_equal(back, value)
    else:
        assert back is value or back == value


def test_what_is_of_no_known_kind_stays_where_it_is():
    """And leaves no number behind that the other side does not know."""
    shared = [1]
    frame = pandas.DataFrame({"l": [shared, [2]], "p": pandas.period_range("2024", periods=2)})
    with line(f=lambda: [frame, shared, [3]]) as made:
        back, kept, last = made["f"]()
        assert (back.shape, kept, last) == ((2, 2), [1], [3])
        assert isinstance(back, pandas.DataFrame)
        assert type(back) is not pandas.DataFrame


@pytest.mark.parametrize(
    "tree",
    [
        [], ["frame"], ["frame", ["range", 0, 2, 1, None], ["range", 0, 1, 1, None], [["numbers", ["<i8", [3], [1, 2, 3]]]]],
        ["series", ["plain", ["objects", []], None, "x" * 100], ["moments", "<i8", [1]], None], ["moment", "eval", "1"],
        ["moment", "Timestamp", "9" * 10_000], ["index", ["range", 0, 1, 0, None]], ["series", ["range", 0, 1, 1, None], ["extension", "object", [1]], None],
    ],
)  # fmt: skip
def test_what_is_no_object_of_pandas_ends_the_line(tree):
    with line(f=lambda: 1) as made:
        ask = made["f"]
        made.program.output = list
        made.program._send, send = (lambda message: send([*message[:3], [[], {"Z": tree}, []], *message[4:]])), made.program._send
        with pytest.raises(Gone):
            ask()

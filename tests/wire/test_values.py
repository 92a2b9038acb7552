"""Values cross the wall and come back equal and of the same exact type; what comes the other way is hostile."""

import datetime
import json
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plain_values import anything, written

from sandbox.guest.values import MAX_DEPTH, Array, Iterated, Opaque, Unsendable, decode, encode
from sandbox.guest.wire import WireError


def same(one, other):
    return written(one) == written(other)


@given(anything)
@example([2**63, -(2**63), 2**63 - 1])
@example("\ud83d\ude00")
@example([["é"], ["\ud800"]])
@example({1: 2, True: 3, (1, 2): {3}})
@example(datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))))
def test_what_crosses_comes_back_the_same(value):
    assert same(decode(encode(value)), value)


Point = namedtuple("Point", "x y")


class Liar(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__

    def __str__(self):
        return "a lie"

    def __iter__(self):
        return iter("a lie")


class Sly(dict):
    def items(self):
        return [("a", "lie")]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Liar("truth"), "truth"),
        (Sly(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        (type("Int", (int,), {"__int__": lambda _: 7, "__index__": lambda _: 7})(3), 3),
        (type("List", (list,), {"__iter__": lambda _: iter("lie"), "__len__": lambda _: 0})([1, 2]), [1, 2]),
        (type("Float", (float,), {"__float__": lambda _: 7.0})(0.5), 0.5),
    ],
)
def test_a_subclass_crosses_as_its_exact_base_and_its_overrides_are_not_asked(value, plain):
    assert same(decode(encode(value)), plain)


@pytest.mark.parametrize(
    "value", [object(), lambda: 0, int, ValueError("x"), open, type("Always", (), {"__eq__": lambda *_: True})()]
)
def test_anything_else_is_opaque_and_equal_to_nothing(value):
    crossed = decode(encode(value))
    assert isinstance(crossed, Opaque)
    assert crossed not in (0, 1, True, "", None, [], decode(encode(value)))


@pytest.mark.parametrize(
    "value",
    [iter([1, 2]), (item for item in (1, 2)), map(int, "12"), {1: 0, 2: 0}.keys(), reversed([2, 1]), zip(*[[1, 2]], strict=True)],
)
def test_iterators_cross_as_their_items_and_are_no_list(value):
    crossed = decode(encode(value))
    assert isinstance(crossed, Iterated)
    assert crossed != [1, 2]
    assert [item if isinstance(item, int) else item[0] for item in crossed.items] == [1, 2]


def test_numpy_scalars_are_numbers_and_arrays_are_arrays():
    numpy = pytest.importorskip("numpy")
    assert same(decode(encode(numpy.int64(3))), 3)
    assert same(decode(encode(numpy.float32(0.5))), 0.5)
    assert same(decode(encode(numpy.bool_(True))), True)
    assert decode(encode(numpy.array([[1, 2], [3, 4]]))) == Array("int64", (2, 2), [1, 2, 3, 4])


def _cycle():
    items = []
    items.append(items)
    return items


def _deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def _wide():
    value = [0] * 10
    for _ in range(12):
        value = [value] * 10
    return value


def _endless():
    while True:
        yield 0


@pytest.mark.parametrize(
    "make", [_cycle, lambda: _deep(MAX_DEPTH + 50), lambda: _deep(100_000), _wide, lambda: 1 << (1 << 24), _endless]
)
def test_what_is_too_deep_or_too_large_is_refused_with_a_reason(make):
    with pytest.raises(Unsendable, match=r"\w+"):
        encode(make(), max_bytes=1 << 20)


def test_depth_up_to_the_cap_crosses():
    assert decode(encode(_deep(MAX_DEPTH - 2))) == _deep(MAX_DEPTH - 2)


@given(st.text(max_size=60))
@example('{"i": "zz"}')
@example('{"nosuch": 1}')
@example('{"t": 5}')
@example('{"d": [[{"s": []}, 1]]}')
@example('{"F": [1, 0]}')
@example('{"D": "1e5x"}')
@example('{"T": ["date", 0, 0, 0]}')
@example('{"T": []}')
@example('{"O": [1, 2]}')
@example('{"A": ["x", [1], 3]}')
@example('{"q": [[], -5]}')
@example('{"r": [1, 2, 0]}')
@example("[" * 5000)
@example("[" * 150_000 + "]" * 150_000)
@example('{"t":' * 900 + "[]" + "}" * 900)
def test_hostile_text_is_a_wire_error_or_a_value(text):
    try:
        decode(text)
    except WireError:
        pass


json_trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.sampled_from(list("iuxXctsfdonmqrDFTeIAO")), inner, max_size=1)),
)


@given(json_trees)
def test_every_tag_with_any_body_is_a_wire_error_or_a_value(tree):
    try:
        decode(json.dumps(tree))
    except WireError:
        pass


PRIME = (1 << 61) - 1
COLLIDING = {
    # All have the hash 0, which makes a set of them quadratic: minutes, were it built to its end.
    "numbers": lambda: [PRIME * number for number in range(1, 100_000)],
    # hash(-1) == hash(-2), and equality has to walk a long common prefix for each pair.
    "tuples": lambda: [(0.5,) * 1000 + tuple(-1 - (number >> bit & 1) for bit in range(13)) for number in range(1 << 13)],
}


@pytest.mark.parametrize("keys", COLLIDING.values(), ids=COLLIDING)
@pytest.mark.parametrize("tag", ["s", "f", "d", "n"])
@pytest.mark.sampled(4)
def test_keys_that_collide_do_not_stop_the_host(tag, keys):
    items = [encode(key) for key in keys()]
    body = ",".join(f"[{item},1]" for item in items) if tag in "dn" else ",".join(items)
    with pytest.raises(WireError, match=r"too long to hash|too many containers"):
        decode(f'{{"{tag}": [{body}]}}')


def test_an_honest_grid_of_points_is_no_attack():
    """Its tuples collide too, for hash(-1) == hash(-2): by the thousand, but two at a time."""
    grid = {(x, y) for x in range(-200, 200) for y in range(-200, 200)}
    assert decode(encode(grid)) == grid


@pytest.mark.parametrize(
    "text", ['{"i": "' + "f" * 5_000_000 + '"}', '{"D": "' + "1" * 200_000 + '"}', "[" + "{}," * 5_000_000 + "0]"]
)
def test_what_costs_too_much_is_refused(text):
    with pytest.raises(WireError):
        decode(text)


def test_numbers_stay_what_they_are():
    assert same(decode(encode([True, 1, 1.0, Decimal("1.0"), Fraction(1)])), [True, 1, 1.0, Decimal("1.0"), Fraction(1)])

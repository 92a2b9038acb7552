"""Values of all kinds that cross a wall, for property tests, and a text that tells them apart."""

from collections import Counter, OrderedDict, defaultdict, deque

from hypothesis import strategies as st

surrogates = st.text(st.characters())
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**300), 2**300),
    st.floats(),
    st.complex_numbers(),
    surrogates,
    st.binary(),
    st.fractions(),
    st.decimals().filter(lambda number: not number.is_snan()),  # cannot be hashed, so it cannot be a key
    st.dates(),
    st.times(),
    st.datetimes(),
    st.timedeltas(),
    st.just(...),
    st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 5)),
)
hashable = st.recursive(scalars, lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=4)), max_leaves=6)
anything = st.recursive(
    st.one_of(scalars, st.binary().map(bytearray)),
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.sets(hashable, max_size=4),
        st.dictionaries(hashable, inner, max_size=4),
        st.dictionaries(hashable, inner, max_size=4).map(OrderedDict),
        st.dictionaries(hashable, inner, max_size=4).map(lambda pairs: defaultdict(list, pairs)),
        st.lists(hashable, max_size=5).map(Counter),
        st.lists(inner, max_size=5).map(lambda items: deque(items, 9)),
    ),
    max_leaves=12,
)


def written(value):
    """A text that tells values of different types, signs of zero and order of keys apart; nan is nan."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return f"{kind}{[(written(key), written(item)) for key, item in value.items()]}"
    if isinstance(value, list | tuple | deque):
        return f"{kind}{list(map(written, value))}"
    if isinstance(value, set | frozenset):
        return f"{kind}{sorted(map(written, value))}"
    return f"{kind} {value!r}"


def described(value):
    """`written`, and what only shows when a container is used: the length of a deque, the factory of a defaultdict."""
    more = getattr(value, "maxlen", None), getattr(value, "default_factory", None)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | deque) else ()
    return f"{written(value)} {more} {[described(item) for item in items]}"

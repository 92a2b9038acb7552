"""Said against wanted: what is equal, what is not, and that nothing a candidate returns can hang or crash the host."""

import ast
import math
import tracemalloc
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from fractions import Fraction

import pytest

from sandbox.guest.values import Array, Iterated, Opaque
from sandbox.judging.checkers import (
    Assertion,
    CustomCheck,
    Equal,
    EqualAsSets,
    Floats,
    Lines,
    NotNone,
    Tokens,
    UnorderedLines,
    output_check,
)
from sandbox.judging.checkers.expression import Irreducible, validate
from sandbox.words.errors import LabelError

pytestmark = pytest.mark.timeout(20)

# --- standard output ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wanted", "ok"),
    [
        pytest.param("3", "3\n", True, id="missing-last-newline"),
        pytest.param("3\n\n \n", "3", True, id="blank-lines-at-the-end"),
        pytest.param("1 \n2\t\n", "1\n2\n", True, id="blanks-at-line-ends"),
        pytest.param("1\r\n2\r\n", "1\n2\n", True, id="crlf"),
        pytest.param("", "", True, id="nothing-wanted-nothing-said"),
        pytest.param("\n", "", True, id="nothing-wanted-a-newline-said"),
        pytest.param("x", "", False, id="nothing-wanted-something-said"),
        pytest.param("", "x", False, id="silence"),
        pytest.param("yes", "YES", False, id="case"),
        pytest.param("1", "1\n2", False, id="missing-line"),
        pytest.param("1\n2\n3", "1\n2", False, id="extra-line"),
        pytest.param("1  2", "1 2", False, id="blanks-between-words"),
        pytest.param(" 1", "1", False, id="blank-at-the-beginning"),
        pytest.param("\n1", "1", False, id="blank-line-at-the-beginning"),
        pytest.param("1\n\n2", "1\n2", False, id="blank-line-in-between"),
        pytest.param("1.0", "1", False, id="float-for-int"),
        pytest.param("1\x002", "12", False, id="nul"),
    ],
)
def test_the_default_rule(said, wanted, ok):
    match = Lines(expected=wanted)(said)
    assert match.ok is ok
    assert bool(match.difference) is not ok


@pytest.mark.parametrize(
    ("check", "said", "words"),
    [
        pytest.param(Lines(expected="1\n2"), "1\n3", "line 2: got '3', expected '2'", id="line"),
        pytest.param(Lines(expected="1\n2"), "1", "ends after 1 lines of 2; next expected '2'", id="too-short"),
        pytest.param(Lines(expected="1"), "1\n2\n3", "2 lines too many; the first is '2'", id="too-long"),
        pytest.param(Tokens(expected="1 2"), "1 3", "word 2: got '3', expected '2'", id="word"),
        pytest.param(Floats(expected="1 2"), "1.0 3", "word 2: got '3', expected '2'", id="float-that-is-close-is-not-blamed"),
        pytest.param(UnorderedLines(expected="b\na"), "b\nc", "in sorted order, line 1: got 'b', expected 'a'", id="unordered"),
        pytest.param(Equal(expected=1), (2,), "got 2, expected 1", id="value"),
        pytest.param(Assertion(expression="answer_0 > 3"), (2,), "not true: answer_0 > 3 with answer_0 = 2", id="expression"),
    ],
)
def test_a_difference_says_where(check, said, words):
    assert words in check(said).difference


@pytest.mark.parametrize(
    ("check", "said"),
    [
        pytest.param(Lines(expected="y" * 10**6), "x" * 10**6, id="line"),
        pytest.param(Equal(expected="y" * 10**6), ("x" * 10**6,), id="value"),
        pytest.param(Assertion(expression="answer_0 == 1"), ([10**9] * 10**5,), id="expression"),
        pytest.param(Equal(expected=1), (1 << 10**6,), id="int-of-too-many-digits"),
    ],
)
def test_a_difference_is_bounded(check, said):
    assert len(check(said).difference) < 1000


@pytest.mark.parametrize(
    ("option", "said", "wanted", "ok"),
    [
        pytest.param(None, "a b", "a  b", False, id="none-is-exact"),
        pytest.param("exact", "a", "A", False, id="exact"),
        pytest.param({}, "a", "a\n", True, id="empty-dict-is-exact"),
        pytest.param("case", "yEs\nNO", "YES\nno", True, id="case"),
        pytest.param("case", "yes no", "yes  no", False, id="case-keeps-blanks"),
        pytest.param("tokens", " 1\n2 ", "1 2", True, id="tokens"),
        pytest.param("tokens", "1 2 3", "1 2", False, id="tokens-too-many"),
        pytest.param("tokens", "12", "1 2", False, id="tokens-glued"),
        pytest.param("tokens", "a", "A", False, id="tokens-case"),
        pytest.param({"type": "tokens", "flags": "case_insensitive"}, "a", "A", True, id="tokens-ignore-case"),
        pytest.param({"type": "tokens", "flags": "case_sensitive"}, "a", "A", False, id="tokens-keep-case"),
        pytest.param("unordered", "b\na\n", "a\nb", True, id="unordered"),
        pytest.param("unordered", "a\na\nb", "a\nb\nb", False, id="unordered-counts"),
        pytest.param("floats", "0.30000000000000004", "0.3", True, id="floats"),
        pytest.param("floats", "0.3001", "0.3", False, id="floats-beyond"),
        pytest.param("floats", "1e-3 yes", ".001 yes", True, id="floats-and-words"),
        pytest.param("floats", "1 2", "1", False, id="floats-too-many"),
        pytest.param("floats", "nan", "1", False, id="floats-nan"),
        pytest.param("floats", "inf", "1e999", False, id="floats-inf"),
        pytest.param("floats", "1e999", "1e999", True, id="floats-same-word"),
        pytest.param("floats", "1_0", "10", False, id="floats-underscore"),
        pytest.param("floats", "١", "1", False, id="floats-other-digits"),
        pytest.param("floats", "0x1", "1", False, id="floats-hex"),
        pytest.param({"type": "floats", "relative": 1e-2}, "101", "100", True, id="floats-relative"),
        pytest.param({"absolute": "0.5"}, "100.4", "100", True, id="floats-by-a-tolerance-in-words"),
        pytest.param({"flags": "float_tolerance 1e-4"}, "1.00001", "1", True, id="kattis-tolerance"),
        pytest.param({"flags": "float_absolute_tolerance 1e-4"}, "1.001", "1", False, id="kattis-absolute"),
        pytest.param({"flags": "float_relative_tolerance 0.1"}, "95", "100", True, id="kattis-relative"),
        pytest.param(lambda said, wanted: said == wanted[::-1], "ab", "ba", True, id="custom-yes"),
        pytest.param(lambda said, wanted: False, "ab", "ab", False, id="custom-no"),
        # A checker that gives something merely true has not said True.
        pytest.param(lambda said, wanted: "no", "ab", "ab", False, id="custom-truthy"),
    ],
)
def test_options(option, said, wanted, ok):
    assert output_check(wanted, option)(said).ok is ok


def test_a_function_becomes_a_custom_checker():
    assert isinstance(output_check("", lambda said, wanted: True), CustomCheck)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        pytest.param("best", "'best'.*exact, tokens, floats, case and unordered", id="unknown-name"),
        pytest.param({"type": "custom"}, "'custom'", id="unknown-type"),
        pytest.param(5, "found 5", id="number"),
        pytest.param(["tokens"], "found", id="list"),
        pytest.param({"relative": "x"}, "relative tolerance is 'x'", id="tolerance-word"),
        pytest.param({"absolute": -1}, "absolute tolerance is -1", id="tolerance-negative"),
        pytest.param({"absolute": math.nan}, "absolute tolerance is nan", id="tolerance-nan"),
        pytest.param({"relative": math.inf}, "relative tolerance is inf", id="tolerance-infinite"),
        pytest.param({"flags": "float_tolerance"}, "tolerance is ''", id="flag-without-number"),
        pytest.param({"flags": "float_tolerance x"}, "tolerance is 'x'", id="flag-with-word"),
    ],
)
def test_an_option_that_cannot_be_is_the_labels_fault(option, words):
    with pytest.raises(LabelError, match=words):
        output_check("", option)


# --- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "wanted", "python", "json"),
    [
        pytest.param(1, 1, True, True, id="int"),
        pytest.param(1.0, 1, True, True, id="float-for-int"),
        pytest.param(Decimal(1), 1, True, True, id="decimal-for-int"),
        pytest.param("1", 1, False, False, id="text-for-int"),
        pytest.param(None, 0, False, False, id="none-for-zero"),
        pytest.param(None, None, True, True, id="none"),
        pytest.param(0, None, False, False, id="zero-for-none"),
        pytest.param(0.1 + 0.2, 0.3, False, False, id="no-tolerance-by-default"),
        pytest.param(True, 1, True, False, id="true-for-one"),
        pytest.param(1, True, True, False, id="one-for-true"),
        pytest.param(0, False, True, False, id="zero-for-false"),
        pytest.param([True], [1], True, False, id="true-for-one-inside"),
        pytest.param((1, 2), [1, 2], False, True, id="tuple-for-list"),
        pytest.param([(1, 2)], [[1, 2]], False, True, id="tuple-for-list-inside"),
        pytest.param(deque([1, 2]), [1, 2], False, True, id="deque-for-list"),
        pytest.param(Iterated([1, 2]), [1, 2], False, True, id="iterator-for-list"),
        pytest.param({1, 2}, [1, 2], False, False, id="set-for-list"),
        pytest.param("ab", ["a", "b"], False, False, id="text-for-list"),
        pytest.param([1], [1, 2], False, False, id="too-short"),
        pytest.param([[1]], [1], False, False, id="one-wrapped"),
        pytest.param(1, [1], False, False, id="one-unwrapped"),
        pytest.param({1: 2}, {"1": 2}, False, True, id="int-key"),
        pytest.param({True: 2}, {"true": 2}, False, True, id="bool-key"),
        pytest.param({None: 2}, {"null": 2}, False, True, id="none-key"),
        pytest.param({1.5: 2}, {"1.5": 2}, False, True, id="float-key"),
        pytest.param({(1,): 2}, {"(1,)": 2}, False, False, id="tuple-key"),
        # Two keys that JSON would merge are two keys.
        pytest.param({1: 2, "1": 2}, {"1": 2}, False, False, id="merged-keys"),
        pytest.param({"a": (1,)}, {"a": [1]}, False, True, id="dict-with-tuple"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, False, False, id="extra-key"),
        pytest.param({"b": 1}, {"a": 1}, False, False, id="other-key"),
        pytest.param(OrderedDict(a=1), {"a": 1}, True, True, id="ordered-dict"),
        pytest.param(Counter("aab"), {"a": 2, "b": 1}, True, True, id="counter"),
        pytest.param(math.inf, math.inf, True, True, id="infinity"),
        pytest.param(-math.inf, math.inf, False, False, id="minus-infinity"),
        pytest.param(math.nan, math.nan, False, True, id="nan-equals-nothing-but-in-json"),
        pytest.param(1.0, math.nan, False, False, id="nan-is-no-number"),
        pytest.param(Opaque("A", True), 1, False, False, id="opaque"),
        pytest.param(Array("int64", (2,), [1, 2]), [1, 2], False, False, id="array-for-list"),
        pytest.param(Decimal("sNaN"), 1, False, False, id="signaling-nan"),
    ],
)
def test_values_by_python_and_by_json(got, wanted, python, json):
    assert Equal(expected=wanted)((got,)).ok is python
    assert Equal(expected=wanted, from_json=True)((got,)).ok is json


@pytest.mark.parametrize(
    ("got", "wanted", "tolerance", "ok"),
    [
        pytest.param(0.1 + 0.2, 0.3, {"relative": 1e-9}, True, id="relative"),
        pytest.param(100.4, 100, {"absolute": 0.5}, True, id="absolute"),
        pytest.param(100.6, 100, {"absolute": 0.5}, False, id="beyond"),
        pytest.param([{"a": (1.0000001,)}], [{"a": (1.0,)}], {"absolute": 1e-6}, True, id="inside"),
        pytest.param((1.0,), [1.0], {"absolute": 1e-6}, False, id="python-keeps-tuple-and-list-apart"),
        pytest.param(math.nan, 1.0, {"absolute": 1e300}, False, id="nan"),
        pytest.param(math.inf, 1e308, {"relative": 0.5}, False, id="infinity"),
        pytest.param(10**400, 1.0, {"absolute": 1.0}, False, id="int-larger-than-floats"),
        pytest.param("1.0", 1.0, {"absolute": 1.0}, False, id="text"),
        pytest.param(1j, 1.0, {"absolute": 9.0}, False, id="complex"),
    ],
)
def test_tolerance_is_for_numbers_anywhere_inside(got, wanted, tolerance, ok):
    assert Equal(expected=wanted, **tolerance)((got,)).ok is ok


# --- expressions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "said", "ok"),
    [
        pytest.param("answer_0 == 2", (2,), True, id="equal"),
        pytest.param("answer_0", ([],), False, id="truth"),
        pytest.param("not answer_0", (0,), True, id="not"),
        pytest.param("1 < answer_0 < 3", (2,), True, id="chain"),
        pytest.param("1 < answer_0 < 3", (3,), False, id="chain-broken"),
        pytest.param("answer_0 == answer_1", (2, 2.0), True, id="two-answers"),
        pytest.param("answer_0 is None", (None,), True, id="is-none"),
        pytest.param("answer_0 is True", (1,), False, id="one-is-not-true"),
        pytest.param("answer_0 is not None", (0,), True, id="is-not"),
        pytest.param("answer_0 in (1, 2)", (2,), True, id="in"),
        pytest.param("answer_0[1:]['a':]", ([1],), False, id="a-type-error-is-not-true"),
        pytest.param("answer_0[5] == 1", ([1],), False, id="an-index-error-is-not-true"),
        pytest.param("1 / answer_0 == 1", (0,), False, id="a-division-by-zero-is-not-true"),
        pytest.param("abs(answer_0 - 0.3) < 1e-6", (0.1 + 0.2,), True, id="abs"),
        pytest.param("sorted(answer_0) == [1, 2]", ([2, 1],), True, id="sorted"),
        pytest.param("sorted(answer_0, reverse=True) == [2, 1]", ([2, 1],), True, id="keyword"),
        pytest.param("set(answer_0) == {1, 2}", ([1, 2, 1],), True, id="set"),
        pytest.param("set(answer_0) == {-1, -2}", ([-1, -2] * 5000,), True, id="equal-hashes-and-repetitions"),
        pytest.param("dict(answer_0) == {1: 2}", ([(1, 2)],), True, id="dict"),
        pytest.param("list(answer_0) == [1, 2]", (Iterated([1, 2]),), True, id="list-of-an-iterator"),
        pytest.param("answer_0 == [1, 2]", (Iterated([1, 2]),), False, id="an-iterator-is-no-list"),
        pytest.param("Counter(answer_0) == Counter('aab')", (["a", "b", "a"],), True, id="counter"),
        pytest.param("sum(answer_0) == 3", ([1, 2],), True, id="sum"),
        pytest.param("sum(answer_0, []) == [1, 2]", ([[1], [2]],), True, id="sum-of-lists"),
        pytest.param("sum(answer_0, []) == [1, 2]", ([(1,), (2,)],), False, id="sum-of-tuples-into-a-list"),
        pytest.param("isinstance(answer_0, (int, str))", ("a",), True, id="isinstance"),
        pytest.param("isinstance(answer_0, list)", ((),), False, id="isinstance-not"),
        pytest.param("math.isclose(answer_0, math.pi, abs_tol=0.01)", (3.14,), True, id="isclose"),
        pytest.param("round(answer_0, 2) == 0.33", (1 / 3,), True, id="round"),
        pytest.param("answer_0 or answer_1", (0, 5), True, id="or"),
        pytest.param("answer_0 and answer_1", (0, 5), False, id="and"),
        pytest.param("answer_0 == -(2 ** 3) % 5 + 7 // 2", (5,), True, id="arithmetic"),
        pytest.param("answer_0 ** 2000 > 1", (1.1,), True, id="power-of-a-float"),
        pytest.param("bool(answer_0)", (Opaque("A", False),), False, id="opaque-truth"),
    ],
)
def test_what_an_assert_says_of_values(expression, said, ok):
    names = [f"answer_{number}" for number in range(len(said))]
    validate(ast.parse(expression, mode="eval").body, names)
    assert Assertion(expression=expression)(said).ok is ok


@pytest.mark.parametrize(
    "expression",
    [
        "open('x')", "answer_0.x", "answer_0.sort()", "().__class__", "[x for x in answer_0]", "lambda: 1", "answer_0 if 1 else 2",
        "f'{answer_0}'", "(x := 1)", "[*answer_0]", "{**answer_0}", "max(*answer_0)", "sorted(**answer_0)", "answer_1", "undefined",
        "answer_0 << 9", "answer_0 @ 1", "print(1)", "eval('1')", "range(9)", "isinstance(answer_0, sum)", "isinstance(answer_0, X)",
        # A function is to be called; as a value it would only be noticed when a right candidate is judged.
        "sorted(answer_0, key=len)", "answer_0 in (int, str)", "answer_0 == math", "math.isclose",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_when_the_label_is_read(expression):
    with pytest.raises(Irreducible):
        validate(ast.parse(expression, mode="eval").body, ["answer_0"])


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


SAME_HASH = 2**61 - 1

HOSTILE = [
    pytest.param(range(10**30), id="range-without-a-length"),
    pytest.param(range(10**9), id="long-range"),
    pytest.param(1 << 8_000_000, id="big-int"),
    pytest.param([1 << 8_000_000] + [1] * 500_000, id="big-int-and-many"),
    pytest.param(10**13, id="size"),
    pytest.param(-(10**9), id="negative-size"),
    pytest.param(Decimal("1E+999999999"), id="decimal-with-a-huge-exponent"),
    pytest.param(Decimal("sNaN"), id="signaling-nan"),
    pytest.param(Fraction(10**9), id="fraction-that-is-whole"),
    pytest.param([Fraction(1, (1 << 16000) + 2 * i + 1) for i in range(300)], id="fractions-without-common-factors"),
    pytest.param([k * SAME_HASH for k in range(200_000)], id="equal-hashes"),
    pytest.param([(k * SAME_HASH, 1) for k in range(50_000)], id="pairs-with-equal-hashes"),
    pytest.param([[1]] * 300_000, id="many-lists"),
    pytest.param(nested(190), id="deep"),
    pytest.param(nested(5000), id="deeper-than-the-stack"),
    pytest.param("1" * 4_000_000, id="long-text"),
    pytest.param(Iterated([7] * 500_000), id="long-iterator"),
    pytest.param(Opaque("A", True), id="opaque"),
    pytest.param(Array("int64", (3,), [1, 2, 3]), id="array"),
    pytest.param(math.nan, id="nan"),
    pytest.param(1j, id="complex"),
    pytest.param(None, id="none"),
]

QUESTIONS = """
set(a) == {1}; frozenset(a) == 1; dict(a) == {}; Counter(a) == {}; OrderedDict(a) == {}; list(a) == [1]; tuple(a) == (1,)
sorted(a) == [1]; sum(a) == 3; sum(a, []) == [3]; max(a) == 3; min(a, 3) == 4; all(a) == 3; any(a) == 3; len(a) == 3
int(a) == 3; float(a) == 3; str(a) == '3'; bytes(a) == b''; round(a) == 3; round(a, 2) == 3; math.floor(a) == 3; math.ceil(a) == 3
a ** 2 == 3; 2 ** a == 3; a * a == 3; 'x' * a == 'xx'; [0] * a == [0]; a * 3 == 3; a // a == 3; a % a == 3; a % 7 == 9; '%d' % a == 3
3 in a == 3; a[0] == 3; a[:5] == 3; a + a == 3; -a == 3; ~a == 3; a < 3 < 2; a == 3; {a, 1} == 3; {a: 1} == 3; math.sqrt(a) == -1
math.isclose(a, 77.7); complex(a) == 3; abs(a) == 3; bytes(a) == 3
"""


@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_candidate_returns_cannot_hang_or_crash_an_expression(value):
    questions = [question.strip() for question in QUESTIONS.replace("\n", ";").split(";") if question.strip()]
    for question in questions:
        tree = ast.parse(question, mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == "a":
                node.id = "answer_0"
        match = Assertion(expression=ast.unparse(tree))((value,))
        assert not match.ok, question
        assert len(match.difference) < 2000


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("wanted", [3, 1.5, True, "a", [1], {"a": 1}, {1}], ids=repr)
def test_what_a_candidate_returns_cannot_hang_or_crash_a_comparison(value, wanted):
    for rule in ({}, {"from_json": True}, {"relative": 1e-6}):
        match = Equal(expected=wanted, **rule)((value,))
        assert not match.ok
        assert len(match.difference) < 1000


@pytest.mark.parametrize(
    ("got", "wanted", "words"),
    [
        ([0] * 50 + [2], [0] * 50 + [1], "at [50]: got 2, expected 1"),
        ([[0] * 50 + [2]], [[0] * 50 + [1]], "at [0][50]: got 2, expected 1"),
        (list(range(1000)), list(range(999)), "got 1000 items, expected 999"),
        ("a" * 999 + "b", "a" * 999 + "c", "(they part after 999 characters)"),
        (Iterated([1]), 5, "got <iterator of [1]>, expected 5"),
        (Array("int64", (2,), [1, 2]), [1, 2], "got <int64 array of shape (2,): [1, 2]>, expected [1, 2]"),
    ],
)
@pytest.mark.parametrize("from_json", [False, True])
def test_a_difference_shows_what_differs(got, wanted, words, from_json):
    difference = Equal(expected=wanted, from_json=from_json)((got,)).difference
    assert words in difference
    assert len(difference) < 600


def test_long_lines_are_shown_where_they_part():
    match = Lines(expected="a" * 500 + "b")("a" * 500 + "c")
    assert "aab" in match.difference
    assert "aac" in match.difference
    assert len(match.difference) < 600


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (Floats(expected="1\n" * 30_000), "1.000000000\n" * 30_000),
        (Lines(expected="1\n" * 2_000), ("1" + " " * 200 + "\n") * 2_000),
        (UnorderedLines(expected="1\n2\n"), "2\n1" + " " * 500_000),
        (Tokens(expected="1 2"), "1" + " " * 500_000 + "2"),
    ],
)
def test_white_space_and_digits_make_no_right_output_too_long(check, said):
    assert check(said).ok


@pytest.mark.parametrize("check", [Lines(expected="1"), Tokens(expected="1"), Floats(expected="1"), UnorderedLines(expected="1")])
@pytest.mark.parametrize("said", ["1\n" * 4_000_000, "1 " * 4_000_000, "1\r" * 4_000_000])
def test_more_parts_than_anybody_expects_are_not_counted(check, said):
    tracemalloc.start()
    try:
        assert not check(said).ok
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("got", "ok"),
    [
        ((4, 5), True), ([5, 4], True), ({4, 5}, True), ([4, 4, 5], True), (Iterated([5, 4]), True), ([4], False), ([4, 5, 6], False),
        ([[4], 5], False), (5, False), ("45", False), (None, False),
    ],
)  # fmt: skip
def test_the_same_items_in_any_order(got, ok):
    assert EqualAsSets(expected=(4, 5))((got,)).ok is ok


@pytest.mark.parametrize(
    ("got", "expected", "ok"),
    [
        (Opaque("Match", True), True, True),
        (Opaque("Always", True), True, False),
        (None, True, False),
        (True, True, True),
        (False, True, False),
        (None, False, True),
        (0, False, False),
    ],
)
def test_an_answer_that_says_yes(got, expected, ok):
    assert NotNone(expected=expected)((got,)).ok is ok


@pytest.mark.parametrize("name", ["tolerance", "relativ", "abs"])
def test_a_checker_knows_its_settings(name):
    with pytest.raises(LabelError, match=f"a checker has no {name}"):
        output_check("1", {"type": "floats", name: 0.1})


def test_hostile_numbers_do_not_stop_the_host():
    """8 million bits are one frame; their product, or a comparison of such fractions, would hold the interpreter for seconds."""
    large = (1 << 8_000_000) // 7
    for expression in (
        "answer_0 * answer_0 == 1",
        "answer_1 < answer_2",
        "max(answer_3) == 1",
        "answer_1 + answer_2 == 1",
        "round(1.5, answer_0) == 2",
    ):
        fraction = Fraction(large, 3), Fraction(large, 5)
        match = Assertion(expression=expression)((large, *fraction, list(fraction)))
        assert not match.ok
        assert "that" in match.difference

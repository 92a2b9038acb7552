"""Equal samples are judged once: what is equal, what is shared, and that a fault of ours is nobody else's."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import ConfigurationError, Judgement, Sandbox, Verdict
from sandbox.judging.deduplicate import Deduplicator, digest

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def same(one, other):
    """Equal in content and in exact types, at every depth; 0.0 is not -0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    return one == other and str(one) == str(other)


@given(PLAIN, PLAIN)
def test_two_digests_are_equal_where_content_and_types_are(one, other):
    assert (digest(one) == digest(other)) is same(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), ([1], (1,)), ("1", 1), (b"a", "a"), (0.0, -0.0), ({"a": 1}, {"a": "1"})]
)
def test_what_only_looks_equal_is_not(one, other):
    assert digest(one) != digest(other)


def test_what_is_not_plain_has_no_digest():
    @dataclass
    class Thing:
        x: int = 1

    class Text(str):
        pass

    loop = []
    loop.append(loop)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (Thing(), [Thing()], {"a": object()}, Text("a"), loop, deep, 10**5000, {1, 2}):
        assert digest(value) is None


def judgement(verdict=Verdict.ACCEPTED):
    return Judgement(verdict=verdict)


def soon():
    return time.monotonic() + 10


def test_who_comes_meanwhile_waits_and_gets_the_same():
    deduplicator, started, go = Deduplicator(), threading.Event(), threading.Event()
    made = []

    def judge():
        made.append(1)
        started.set()
        go.wait(10)
        return judgement()

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(deduplicator, "a", judge, soon())
        started.wait(10)
        others = [threads.submit(deduplicator, "a", judge, soon()) for _ in range(7)]
        time.sleep(0.1)
        go.set()
        assert not first.result().reused
        assert all(other.result().reused for other in others)
    assert len(made) == 1
    assert not deduplicator("a", judge, soon()).reused, "nothing is kept unless it is asked for"


@pytest.mark.parametrize("verdict", [Verdict.INTERNAL_ERROR, Verdict.LABEL_ERROR])
def test_a_fault_of_ours_is_not_shared(verdict):
    deduplicator, started, go = Deduplicator(10), threading.Event(), threading.Event()

    def fails():
        started.set()
        go.wait(10)
        return judgement(verdict)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(deduplicator, "a", fails, soon())
        started.wait(10)
        other = threads.submit(deduplicator, "a", judgement, soon())
        time.sleep(0.1)
        go.set()
        assert first.result().verdict is verdict
        assert (other.result().verdict, other.result().reused) == (Verdict.ACCEPTED, False)


def test_an_exception_is_its_own_callers():
    deduplicator = Deduplicator(10)
    with pytest.raises(ZeroDivisionError):
        deduplicator("a", lambda: 1 / 0, soon())
    assert deduplicator("a", judgement, soon()).verdict is Verdict.ACCEPTED


def test_who_waits_keeps_a_deadline():
    deduplicator, go = Deduplicator(), threading.Event()

    def slow():
        go.wait(10)
        return judgement()

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(deduplicator, "a", slow, soon())
        time.sleep(0.05)
        late = deduplicator("a", lambda: judgement(Verdict.INTERNAL_ERROR), time.monotonic() + 0.05)
        assert late.verdict is Verdict.INTERNAL_ERROR, "it asks for itself; the pool says that the deadline is over"
        go.set()
        first.result()


def test_the_last_ones_are_kept_and_no_more():
    deduplicator = Deduplicator(2)
    for name in "abac":  # a is used again, so b is the oldest
        deduplicator(name, judgement, soon())
    kept = {name: deduplicator(name, lambda: judgement(Verdict.WRONG_ANSWER), soon()).verdict is Verdict.ACCEPTED for name in "acb"}
    assert kept == {"a": True, "c": True, "b": False}


LABEL = {"fn_name": "f", "inputs": [[1]], "outputs": [2]}
SLOW = "import time\ntime.sleep(0.5)\ndef f(x): return x + 1"


def fenced(code, words):
    return f"{words}\n```python\n{code}\n```"


def test_a_group_that_says_the_same_in_other_words_is_judged_once():
    with Sandbox(workers=2) as box:
        box.warm()
        scores = list(box.score_many([(fenced(SLOW, f"Answer {number}."), LABEL) for number in range(4)]))
        assert sorted(score.judgement.reused for score in scores) == [False, True, True, True]
        other = list(box.score_many([(SLOW, LABEL), (SLOW, {**LABEL, "outputs": [3]}), (SLOW + "\n", LABEL)]))
        assert [score.judgement.reused for score in other] == [False] * 3
        assert [score.reward for score in other] == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("of", [list, iter])
def test_a_large_batch_that_says_the_same_is_judged_once(of):
    """More of them than threads: most come when the first has been judged."""
    with Sandbox(workers=2) as box:
        samples = [(fenced("def f(x): return x + 1", f"Answer {number % 20}."), LABEL) for number in range(40)]
        scores = list(box.score_many(of(samples)))
        assert [score.reward for score in scores] == [1.0] * 40
        assert sum(not score.judgement.reused for score in scores) == 1
        (again,) = box.score_many(samples[:1])
        assert not again.judgement.reused, "another batch is judged by itself"


def test_a_batch_asks_the_one_behind_it():
    shared = Deduplicator(1)
    first, second = Deduplicator(10, shared=shared), Deduplicator(10, shared=shared)
    assert not first("a", judgement, soon()).reused
    assert second("a", judgement, soon()).reused, "a cache is for all batches"
    shared("b", judgement, soon())
    assert first("a", judgement, soon()).reused, "and what it has lost a batch still has"
    assert not Deduplicator(10, shared=shared)("a", judgement, soon()).reused


@pytest.mark.parametrize("option", [{"deduplicate": False}, {"entropy": True}])
def test_equal_samples_are_judged_apart_where_that_is_asked(option):
    with Sandbox(workers=2, **option) as box:
        assert not any(score.judgement.reused for score in box.score_many([(SLOW, LABEL)] * 2))


def test_a_cache_answers_later():
    with Sandbox(workers=1, cache=10) as box:
        first, second = box.score(SLOW, LABEL), box.score(SLOW, LABEL)
        assert (first.reward, first.judgement.reused) == (1.0, False)
        assert (second.reward, second.judgement.reused) == (1.0, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"cache": -1}, "number of judgements"), ({"cache": 5, "entropy": True}, "fresh randomness|none are equal")],
)
def test_a_cache_that_cannot_be(options, words):
    with pytest.raises(ConfigurationError, match=words):
        Sandbox(**options)


def test_what_took_long_goes_first_the_next_time():
    labels = [{**LABEL, "outputs": [number]} for number in range(3)]
    samples = [("a", labels[0]), ("a", labels[1]), ("b", labels[2])]
    with Sandbox(workers=1) as box:
        assert box.batch(samples).order == [0, 2, 1], "what says the same as one before comes last: most likely it need not run"
        seconds = {0: 0.15, 1: 0.0, 2: 0.4}
        for number, label in enumerate(labels):
            box.score(f"import time\ntime.sleep({seconds[number]})\ndef f(x): return 0", label)
        assert box.batch(samples).order == [2, 0, 1]
    with Sandbox(workers=1, deduplicate=False) as box:
        assert box.batch(samples).order == [0, 1, 2]

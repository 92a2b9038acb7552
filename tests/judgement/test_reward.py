"""Judgement → number: the table of docs/rewards.md, the other shapes, and what cannot be a shape."""

import json

import pytest

from sandbox.judging.reward import DOCUMENTED, Outcome, Shape, outcome_of
from sandbox.words.errors import ConfigurationError
from sandbox.words.judgement import CaseResult, Judgement
from sandbox.words.verdict import Verdict, worst

OK = CaseResult(verdict=Verdict.ACCEPTED, answered=True)
WRONG = CaseResult(verdict=Verdict.WRONG_ANSWER, answered=True)
RAISED = CaseResult(verdict=Verdict.RUNTIME_ERROR, answered=True)
DIED = CaseResult(verdict=Verdict.RUNTIME_ERROR)
LATE = CaseResult(verdict=Verdict.TIME_LIMIT)
SKIP = CaseResult(verdict=Verdict.SKIPPED)
OURS = CaseResult(verdict=Verdict.INTERNAL_ERROR)


def judged(*cases, verdict=None):
    return Judgement(verdict=verdict or worst(case.verdict for case in cases), cases=cases)


def only(verdict):
    return judged(CaseResult(verdict=verdict))


ROWS = [
    pytest.param(judged(OK, OK), Outcome.PASS, 1.0, 1.0, id="pass"),
    pytest.param(judged(OK, WRONG), Outcome.PARTIAL, 0.3, 0.65, id="partial"),
    pytest.param(judged(OK, RAISED), Outcome.PARTIAL, 0.3, 0.65, id="partial-exception"),
    pytest.param(judged(WRONG, WRONG), Outcome.FAIL, 0.0, 0.5, id="fail"),
    pytest.param(judged(WRONG, RAISED), Outcome.FAIL, 0.0, 0.5, id="fail-exception-inside-the-function"),
    pytest.param(judged(OK, LATE), Outcome.TIMEOUT, -0.5, 0.25, id="timeout"),
    pytest.param(judged(WRONG, LATE), Outcome.TIMEOUT, -0.5, 0.25, id="timeout-over-fail"),
    pytest.param(judged(LATE, RAISED), Outcome.TIMEOUT, -0.5, 0.25, id="timeout-over-exception"),
    pytest.param(judged(OK, DIED), Outcome.CRASH, -1.0, 0.0, id="crash"),
    pytest.param(judged(LATE, DIED), Outcome.CRASH, -1.0, 0.0, id="crash-over-timeout"),
    *(
        pytest.param(only(verdict), Outcome.CRASH, -1.0, 0.0, id=f"crash-{verdict.value}")
        for verdict in (Verdict.NO_CODE, Verdict.COMPILE_ERROR, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT, Verdict.VIOLATION)
    ),
    pytest.param(judged(OK, OURS, SKIP), Outcome.INTERNAL, 0.0, 0.5, id="our-fault"),
    pytest.param(judged(OURS, DIED), Outcome.INTERNAL, 0.0, 0.5, id="our-fault-over-crash"),
    pytest.param(judged(verdict=Verdict.LABEL_ERROR), Outcome.INTERNAL, 0.0, 0.5, id="broken-label-without-cases"),
    pytest.param(judged(verdict=Verdict.NO_CODE), Outcome.CRASH, -1.0, 0.0, id="no-code-without-cases"),
    pytest.param(judged(WRONG, SKIP), Outcome.FAIL, 0.0, 0.5, id="stopped-early"),
    # What was not run is never evidence for a pass.
    pytest.param(judged(OK, SKIP), Outcome.PARTIAL, 0.3, 0.65, id="skipped-is-no-pass"),
    pytest.param(judged(SKIP), Outcome.FAIL, 0.0, 0.5, id="only-skipped-is-no-pass"),
    pytest.param(judged(verdict=Verdict.ACCEPTED), Outcome.FAIL, 0.0, 0.5, id="no-cases-are-no-pass"),
]


@pytest.mark.parametrize(("judgement", "outcome", "reward", "score"), ROWS)
def test_the_documented_table(judgement, outcome, reward, score):
    assert outcome_of(judgement) is outcome
    price = Shape().price(judgement)
    assert (price.outcome, price.reward, price.score) == (outcome, reward, pytest.approx(score))


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("text", ["documented", "binary", "fraction", "threshold:0.5", "table:{}"])
def test_every_verdict_has_a_finite_float_price_and_only_accepted_passes(verdict, text):
    price = Shape.parse(text).price(only(verdict))
    assert type(price.reward) is float and -1.0 <= price.reward <= 1.0
    assert type(price.score) is float and 0.0 <= price.score <= 1.0
    assert (price.outcome is Outcome.PASS) == (verdict is Verdict.ACCEPTED)
    assert (price.score == 1.0) == (verdict is Verdict.ACCEPTED)


HALF, NONE, ALL = judged(OK, WRONG), judged(WRONG, DIED), judged(OK, OK)
BROKEN = judged(OK, OK, OURS, verdict=Verdict.INTERNAL_ERROR)


@pytest.mark.parametrize(
    ("text", "judgement", "reward", "score"),
    [
        pytest.param("binary", ALL, 1.0, 1.0, id="binary-pass"),
        pytest.param("binary", HALF, 0.0, 0.0, id="binary-partial"),
        pytest.param("binary", BROKEN, 0.0, 0.0, id="binary-internal"),
        pytest.param("fraction", ALL, 1.0, 1.0, id="fraction-pass"),
        pytest.param("fraction", HALF, 0.5, 0.5, id="fraction-half"),
        pytest.param("fraction", NONE, 0.0, 0.0, id="fraction-none"),
        pytest.param("fraction", judged(OK, OK, OK, SKIP), 0.75, 0.75, id="fraction-skipped-counts"),
        pytest.param("fraction", judged(verdict=Verdict.NO_CODE), 0.0, 0.0, id="fraction-no-cases"),
        pytest.param("fraction", BROKEN, 0.0, 0.0, id="fraction-internal"),
        pytest.param("threshold:0.5", HALF, 1.0, 1.0, id="threshold-at"),
        pytest.param("threshold:0.51", HALF, 0.0, 0.0, id="threshold-above"),
        pytest.param("threshold:0.5", BROKEN, 0.0, 0.0, id="threshold-internal"),
        pytest.param('table:{"partial": 0.5, "timeout": -0.2}', HALF, 0.5, 0.75, id="table-own"),
        pytest.param('table:{"partial": 0.5}', judged(LATE), -0.5, 0.25, id="table-others-as-documented"),
        pytest.param("  documented ", ALL, 1.0, 1.0, id="documented-with-blanks"),
    ],
)
def test_the_other_shapes(text, judgement, reward, score):
    price = Shape.parse(text).price(judgement)
    assert (price.reward, price.score) == (reward, pytest.approx(score))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("best", "'best'.*documented, binary, fraction", id="unknown"),
        pytest.param("", "use documented", id="empty"),
        pytest.param("threshold", "threshold:0.8", id="threshold-without-number"),
        pytest.param("threshold:x", "threshold:0.8", id="threshold-word"),
        pytest.param("threshold:0", "threshold:0.8", id="threshold-zero"),
        pytest.param("threshold:1.01", "threshold:0.8", id="threshold-above-one"),
        pytest.param("threshold:nan", "threshold:0.8", id="threshold-nan"),
        pytest.param("table", "JSON object", id="table-without-object"),
        pytest.param("table:[1]", "JSON object", id="table-list"),
        pytest.param("table:{", "JSON object", id="table-cut"),
        pytest.param('table:{"win": 1}', "pass, partial, fail", id="table-unknown-outcome"),
        pytest.param('table:{"pass": "x"}', "JSON object", id="table-word"),
        pytest.param('table:{"pass": null}', "JSON object", id="table-null"),
        pytest.param('table:{"pass": 2}', "pass=2.0", id="table-above-one"),
        pytest.param('table:{"crash": -1.5}', "crash=-1.5", id="table-below-minus-one"),
        pytest.param('table:{"pass": NaN}', "pass=nan", id="table-nan"),
    ],
)
def test_what_cannot_be_a_shape_says_what_can(text, words):
    with pytest.raises(ConfigurationError, match=words):
        Shape.parse(text)


def test_a_table_prices_every_outcome():
    with pytest.raises(ConfigurationError, match="no reward for crash"):
        Shape(name="table", table={key: value for key, value in DOCUMENTED.items() if key is not Outcome.CRASH})


def test_the_documented_table_can_be_written_as_a_setting():
    text = json.dumps({outcome.value: reward for outcome, reward in DOCUMENTED.items()})
    assert Shape.parse(f"table:{text}").table == DOCUMENTED


@pytest.mark.parametrize("text", ["documented", "binary", "fraction", "threshold:0.5", "table:{}"])
def test_only_a_binary_reward_can_stop_at_the_first_failure(text):
    assert Shape.parse(text).needs_only_passes == (text == "binary")

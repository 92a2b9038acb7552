r"""Final answers of mathematical problems: where they stand, when they are right, and what a hostile one costs."""

import time
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import Limits, Sandbox
from sandbox.adapters import math
from sandbox.adapters.math import LOG_KEYS, REWARDS, Grade, compare, mark, reward_func
from sandbox.judging.checkers.mathematics import number_in, same_answer, without_typography
from sandbox.judging.response.math_answer import MAX_ANSWER, answer_in
from sandbox.words.errors import ConfigurationError

PROMPT = "<|im_start|>user\nWhat is 6 * 7? As in: The answer is: 41<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module", autouse=True)
def formulas():
    with Sandbox(workers=2, limits=Limits(cpu_seconds=2.0), warm=("math_verify",)) as box, pytest.MonkeyPatch.context() as patch:
        patch.setattr(math, "_formulas", lambda: box)
        yield box


# --- where the answer stands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("6 * 7 = 42. The answer is: 42", "42"),
        ("the ANSWER IS 42.", "42"),
        ("The final answer is: $\\boxed{4}$. I hope it is correct.", "4"),
        ("**Answer:** 42", "42"),
        ("**Answer**: 42", "42"),
        ("The answer is\n\n42", "42"),
        ("The answer is **-3.5**.", "-3.5"),
        ("so\n#### 1,234", "1,234"),
        ("#### 7<|im_end|>", "7"),
        ("#### Step 2\nadd\n\\boxed{8}\n", "8"),
        ("\\boxed{\\frac{1}{\\sqrt{2}}}", "\\frac{1}{\\sqrt{2}}"),
        ("$\\boxed {x^{2}}$", "x^{2}"),
        ("x = 5 and so y = 7.", "7"),
        ("It is 42 apples: the answer is 42 apples.", "42"),
        ("The answer is 1,250 dollars per month", "1,250"),
        ("The answer is $x + 1$", "$x + 1$"),
        ("<think>\\boxed{1}</think>\\boxed{2}", "2"),
        ("<answer>The answer is 3</answer>", "3"),
        # The last one counts, whatever it is marked with.
        ("\\boxed{1} no: \\boxed{2}", "2"),
        ("The answer is 1. Wait. #### 2", "2"),
        ("#### 2\nThe answer is 1", "1"),
        # A guess of several is one answer, and a wrong one.
        ("The answer is 42 or 43", "42 or 43"),
        ("The answer is 2 pi", "2 pi"),
    ],
)
def test_the_answer_is_found(response, answer):
    assert answer_in(response) == answer


@pytest.mark.parametrize(
    "response",
    ["", "no idea", "42", "\\boxed{", "\\boxed{}", "<think>The answer is 42", "<think>\\boxed{42}</think> I do not know", "x = y", "####",
     "\\boxed{" + "1" * (MAX_ANSWER + 1) + "}", "The answer is " + "1" * (MAX_ANSWER + 1), "answer is:"],
)  # fmt: skip
def test_no_answer_is_none(response):
    assert answer_in(response) is None


@settings(deadline=None, max_examples=60)
@given(
    st.integers(-(10**9), 10**9),
    st.sampled_from(["The answer is: {}", "#### {}", "\\boxed{{{}}}", "thus x = {}"]),
    st.text(max_size=30),
)
def test_a_number_is_found_behind_any_text(number, form, noise):
    text = f"{noise.replace('<', '')}\n{form.format(number)}"
    assert same_answer(answer_in(text), str(number)) is True
    assert same_answer(answer_in(text), str(number + 1)) is False


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="\\boxed{}=#$ anwris:.42\n", max_size=300))
def test_nothing_makes_the_search_fail(text):
    answer = answer_in(text)
    assert answer is None or (answer == answer.strip() and 0 < len(answer) <= MAX_ANSWER)


@pytest.mark.parametrize(
    "piece",
    ["\\boxed{", "\\boxed{1}", "answer is ", "answer", "= ", "=1 ", "#### 1", "$", "{", "answer\n\n", "**", "is: ", "(" , "1,", "\\text{", "-+$("],
)  # fmt: skip
def test_a_long_response_costs_one_pass(piece):
    started = time.thread_time()
    answer_in(piece * (500_000 // len(piece)))
    same_answer(piece * (MAX_ANSWER // len(piece)), piece * (MAX_ANSWER // len(piece)) + "1")
    assert time.thread_time() - started < 2.0


# --- when it is right, as far as numbers and texts tell ---------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**4))
def test_every_way_to_write_a_fraction_is_the_same_number(value):
    sign = "-" if value < 0 else ""
    over, under = abs(value.numerator), value.denominator
    for text in (
        f"{value.numerator}/{under}",
        f"{sign}\\frac{{{over}}}{{{under}}}",
        f"${sign}\\dfrac{{{over}}}{{{under}}}$",
        f"{sign}{over} / {under}",
    ):
        assert number_in(text) == value


@settings(deadline=None, max_examples=60)
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3))
def test_every_way_to_write_a_decimal_is_the_same_number(value):
    for text in (f"{value}", f"{value:,}", f"\\${value}", f"{value}.".replace("..", "."), f" {value} ", f"{value}e0", f"${value}$"):
        assert number_in(text) == Fraction(value)


@settings(deadline=None, max_examples=60)
@given(st.integers(-1000, 1000), st.integers(-20, 20))
def test_numbers_are_the_same_within_the_tolerance(number, millionths):
    said = f"{Fraction(number) + Fraction(millionths, 10_000_000)}"
    assert same_answer(said, str(number)) == (abs(millionths) < 10)


@pytest.mark.parametrize(
    ("said", "wanted", "is_same"),
    [
        ("0", "1.6e-19", False), ("1.6e-19", "1.6e-19", True), ("1.6001e-19", "1.6e-19", True), ("1.7e-19", "1.6e-19", False),
        ("0", "0.000001", False), ("0.0000001", "0", True), ("0.0010005", "0.001", True), ("-1.6e-19", "1.6e-19", False),
    ],
)  # fmt: skip
def test_a_small_number_is_not_every_small_number(said, wanted, is_same):
    assert same_answer(said, wanted) is is_same


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40), st.text(max_size=40))
def test_comparing_texts_never_fails(said, wanted):
    assert same_answer(said, wanted) in (True, False, None)
    assert same_answer(said, said) is not False or not without_typography(said)


@pytest.mark.parametrize(
    ("said", "wanted", "verdict"),
    [
        ("42", "42.0", True), ("1,234", "1234", True), ("1{,}234", "1234", True), ("\\$5", "5", True), ("42", "43", False), ("0.3333333", "1/3", True),
        ("0.333", "1/3", False), ("1e3", "1000", True), ("Evelyn", "\\text{Evelyn}", True), ("evelyn", "Evelyn", True), ("nylevE", "Evelyn", False),
        ("(B)", "B", True), ("b", "B", True), ("C", "B", False), ("No", "no", True), ("twelve", "12", False), ("x+1", "1+x", None), ("x+1", "x + 1", True),
        ("1,2", "12", None), ("1/0", "1", None), ("\\left( 1, 2 \\right)", "(1,2)", True), ("9" * 398, "9" * 398 + ".0", True), ("", "1", False),
    ],
)  # fmt: skip
def test_texts_and_numbers(said, wanted, verdict):
    assert same_answer(said, wanted) is verdict


# --- formulas, in a worker --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wanted", "answered"),
    [
        ("x^2+1", "1+x^2", "right"), ("\\sqrt{8}", "2\\sqrt{2}", "right"), ("50\\%", "0.5", "right"), ("\\{1,2\\}", "\\{2,1\\}", "right"),
        ("1\\frac{1}{2}", "3/2", "right"), ("x=5", "5", "right"), ("2\\pi", "6.28318530718", "right"),
        ("x^2-1", "1+x^2", "wrong"), ("5,6", "5", "wrong"), ("5 or 6", "5", "wrong"), ("3:00", "4:00", "wrong"), ("1/0", "2/0", "wrong"),
        ("__import__('os').system('true')", "x", "wrong"), ("$$", "x", "wrong"), ("\\", "x", "wrong"), ("\ud800", "x", "wrong"),
    ],
)  # fmt: skip
def test_formulas(said, wanted, answered):
    assert compare(said, wanted).answered.value == answered


HOSTILE = ["9^{9^{9^9}}", "(" * 900, "{" * 900, "\\frac{" * 160, "\\sqrt{" * 160 + "}" * 160, "100000000!", "\\binom{10^9}{5\\cdot 10^8}", "x^{x^{x^{x}}}" * 60,
           "\\int" * 200, "\\sum_{n=1}^{10^{10}} n^{n}", "+".join(f"x_{{{n}}}" for n in range(90)), "\\begin{pmatrix}" * 60]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.sampled(4)
def test_a_hostile_expression_costs_a_bounded_time_and_earns_nothing(hostile):
    started = time.monotonic()
    marked = mark(f"\\boxed{{{hostile}}}", "x+5")
    assert time.monotonic() - started < 12.0  # two seconds of processor time, on a machine that may be busy
    assert marked.answered in (Grade.WRONG, Grade.TIMEOUT, Grade.NO_ANSWER)
    assert marked.reward <= 0.0


def test_a_label_that_cannot_be_computed_is_not_the_models_fault():
    assert compare("x+5", "9^{9^{9^9}}").answered is Grade.INTERNAL


def test_a_parser_that_is_broken_is_our_fault_and_no_wrong_answer(monkeypatch):
    monkeypatch.setattr(math, "_COMPARES", "raise ImportError('half installed')")
    assert compare("x+5", "5+x").answered is Grade.INTERNAL


def test_no_job_knows_of_another(formulas):
    assert compare("x+5", "5+x").answered is Grade.RIGHT
    seen = formulas.run("import math_verify, os, sys\nprint(os.listdir('.'), sys.stdin.read(), 'given' in globals())")
    assert seen.stdout.split() == [b"['main.py']", b"False"] or seen.stdout.split()[-1] == b"False"


# --- OpenRLHF's contract ----------------------------------------------------------------------------------------------------


def test_rewards_are_those_of_the_document():
    responses = [
        "The answer is: 42",
        "#### 42",
        "\\boxed{42}",
        "The answer is 41",
        "no idea",
        "\\boxed{6 \\cdot 7}",
        "\\boxed{9^{9^{9^9}}}",
    ]
    given = reward_func([PROMPT + text + "<|im_end|>" for text in responses], [PROMPT] * 7, ["42"] * 7)
    assert given["rewards"].tolist() == [1.0, 1.0, 1.0, 0.0, -0.5, 1.0, 0.0]
    assert given["scores"].tolist() == pytest.approx([1.0, 1.0, 1.0, 1 / 3, 0.0, 1.0, 1 / 3])
    assert tuple(given["extra_logs"]) == LOG_KEYS
    assert given["extra_logs"]["math_accuracy"].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    assert given["extra_logs"]["answer_formatted"].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    assert given["extra_logs"]["timeout"].tolist() == [0.0] * 6 + [1.0]
    for tensor in (given["rewards"], given["scores"], *given["extra_logs"].values()):
        assert (tensor.dtype, tensor.shape) == (torch.float32, (7,))


def test_an_answer_of_the_prompt_is_not_the_models():
    assert reward_func([PROMPT + "no idea"], [PROMPT], ["41"])["rewards"].tolist() == [-0.5]
    asked = f"{PROMPT}<think>\n"
    thought = reward_func([f"{asked}The answer is 41?", f"{asked}Hm.</think>The answer is 41."], [asked] * 2, ["41"] * 2)
    assert thought["rewards"].tolist() == [-0.5, 1.0]


@pytest.mark.parametrize(
    "label",
    [42, 42.0, "42", "6 * 7 = <<6*7=42>>42\n#### 42", "so \\boxed{42}.", {"answer": 42}, '{"answer": "42"}', {"ground_truth": ["41", "42"]}, ["41", "42"]],
)  # fmt: skip
def test_every_label_is_understood(label):
    assert mark("The answer is 42", label).answered is Grade.RIGHT
    assert mark("The answer is 43", label).answered is Grade.WRONG


@pytest.mark.parametrize("label", [None, "", " ", [], {}, {"answer": None}, True, "\\boxed{", "$$", {"other": 1}])
def test_a_label_without_an_answer_is_nobodys_fault(label):
    given = reward_func(["The answer is 42"], None, [label])
    assert (given["rewards"].item(), given["extra_logs"]["internal_error"].item()) == (0.0, 1.0)


def test_odd_calls_are_answered():
    assert reward_func([], [], [])["rewards"].shape == (0,)
    assert reward_func(["The answer is 42"], None, None)["rewards"].tolist() == [0.0]
    assert reward_func([None, "The answer is 1"], [None, ""], ["1", "1"])["rewards"].tolist() == [-0.5, 1.0]
    assert set(REWARDS) == set(Grade)


def test_without_math_verify_numbers_and_texts_are_compared(monkeypatch, caplog):
    monkeypatch.undo()
    for name in ("_box", "_is_there", "_owner"):
        monkeypatch.setattr(math, name, getattr(math, name))
    monkeypatch.setattr(math, "_owner", 0)
    monkeypatch.setattr(math, "_formulas", FORMULAS)
    monkeypatch.setattr(math, "MODULE", "math_verify_that_is_not_there")
    assert compare("x+1", "1+x").answered is Grade.WRONG
    assert compare("x+1", "x + 1").answered is Grade.RIGHT
    assert compare("1/2", "0.5").answered is Grade.RIGHT
    assert [record.message.count("pip install") for record in caplog.records] == [1]


FORMULAS = math._formulas


def test_a_sandbox_that_cannot_start_is_counted(monkeypatch):
    def broken():
        raise ConfigurationError("no workers")

    monkeypatch.setattr(math, "_formulas", broken)
    given = reward_func(["\\boxed{x+1}", "\\boxed{5}"], None, ["1+x", "5"])
    assert given["rewards"].tolist() == [0.0, 1.0]
    assert given["extra_logs"]["internal_error"].tolist() == [1.0, 0.0]

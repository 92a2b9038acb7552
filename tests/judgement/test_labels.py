"""Labels in the shapes that datasets use → a suite, or an error that names what was looked for or found.

Over 400 lines: a table, a row a shape of label.
"""

import base64
import json
import os
import pickle
import zlib

import pytest

from sandbox.judging import labels
from sandbox.judging.checkers import Assertion, Equal, Floats, Lines, Tokens
from sandbox.words.errors import LabelError
from sandbox.words.job import Call

pytestmark = pytest.mark.timeout(20)


def packed(value, level=-1):
    """LiveCodeBench's private tests: base64 of zlib of a pickled JSON text."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(value)), level)).decode()


def asks(suite):
    """What a suite asks, and what it wants: (call or stdin, expected value, output or expression)."""
    found = []
    for case in suite.cases:
        check = case.check
        wanted = check.expression if isinstance(check, Assertion) else check.expected
        if suite.uses_stdin:
            found.append((case.stdin, wanted))
        else:
            found.append((*(call.expression or written(call) for call in case.calls), wanted))
    return found


def written(call: Call):
    return f"{call.function}({', '.join([*map(repr, call.args), *(f'{key}={value!r}' for key, value in call.kwargs.items())])})"


CHECK = "def check(candidate):\n    assert candidate(1) == 2\n"
F1 = {"task_id": "HumanEval/0", "prompt": "def f(x):\n", "entry_point": "f", "test": CHECK}
ASSERTS = ["assert f(1) == 2", "assert f(2) == 3"]
ONE, TWO = ("f(1)", 2), ("f(2)", 3)
IO = {"inputs": ["1\n"], "outputs": ["2\n"]}
PAIR = ("1\n", "2\n")
STDIN = {"input": "1\n", "output": "2\n", "testtype": "stdin"}
CALL = {"input": "[1]\n2", "output": "3", "testtype": "functional"}
CALLED = ("f([1], 2)", 3)
FUNC = {"metadata": json.dumps({"func_name": "f"})}

FORMATS = [
    pytest.param(F1, [ONE], id="F1"),
    pytest.param({**F1, "test": f"METADATA = {{}}\n\n{CHECK}\ncheck(f)\n"}, [ONE], id="F1-with-its-call"),
    pytest.param({**F1, "test": CHECK.replace("candidate(1)", "f(1)")}, [ONE], id="F1-by-name"),
    pytest.param({**F1, "test": f"{CHECK}    assert True, 'reached'\n"}, [ONE], id="F1-assert-true"),
    pytest.param({**F1, "test": CHECK.replace("2", "W") + "W = 2\n"}, [ONE], id="F1-constant-behind"),
    pytest.param({"test_list": ASSERTS[:1], "test_setup_code": "", "challenge_test_list": ASSERTS[1:]}, [ONE, TWO], id="F3"),
    pytest.param({"test_imports": ["import math"], "test_list": ["assert math.isclose(f(1), 2)"]}, [("f(1)", "math.isclose(answer_0, 2)")], id="F3-imports"),
    pytest.param({"test_list": ["assert sum([1]) == 1"]}, [("sum([1])", 1)], id="F3-a-builtin-is-the-candidate"),
    pytest.param(ASSERTS, [ONE, TWO], id="F4"),
    pytest.param("\n".join(ASSERTS), [ONE, TWO], id="F4-text"),
    pytest.param({"test_cases": ASSERTS}, [ONE, TWO], id="F4-acecode"),
    pytest.param({"assert_case": ASSERTS[:1], "inputs": [""], "outputs": [""]}, [ONE], id="F4-verl"),
    pytest.param([{"assert_code": one} for one in ASSERTS], [ONE, TWO], id="F4-roll"),
    pytest.param({"assert_code": ASSERTS[0], "entry_point": "f"}, [ONE], id="F4-roll-one"),
    pytest.param([{"assert_code": CHECK, "entry_point": "f", "import_prefix": "import math\n"}], [ONE], id="F4-roll-check"),
    pytest.param(IO, [PAIR], id="F5"),
    pytest.param({"inputs": [["1", "2"]], "outputs": [[["3", "4"], "5"]]}, [("1\n2", "3 4\n5")], id="F5-lines-and-words"),
    pytest.param({"inputs": [1], "outputs": [2.5]}, [("1", "2.5")], id="F5-numbers"),
    pytest.param({"fn_name": "f", "inputs": ["[1, 2]\n3"], "outputs": ["4"]}, [("f([1, 2], 3)", 4)], id="F6-texts"),
    pytest.param({"fn_name": "f", "inputs": ['"a"'], "outputs": ['"b"']}, [("f('a')", "b")], id="F6-texts-of-texts"),
    pytest.param({"fn_name": "f", "inputs": [["a"]], "outputs": ["b"]}, [("f('a')", "b")], id="F6-values"),
    pytest.param({"fn_name": "f", "inputs": [["a"]], "outputs": ['"b"']}, [("f('a')", '"b"')], id="F6-a-text-with-quotes-is-a-value"),
    pytest.param({"fn_name": "f", "inputs": [[[1, 2], 3]], "outputs": [[4]]}, [("f([1, 2], 3)", 4)], id="F6-wrapped"),
    pytest.param({"fn_name": "f", "inputs": [[1], [2]], "outputs": [[4], [4, 5]]}, [("f(1)", [4]), ("f(2)", [4, 5])], id="F6-not-all-wrapped"),
    pytest.param({"fn_name": "f", "inputs": [[1]], "outputs": [[4]], "starter_code": "def f(x: int) -> List[int]:"}, [("f(1)", [4])], id="F6-returns-a-list"),
    pytest.param({"fn_name": "f", "inputs": [[1]], "outputs": [[4]], "starter_code": "def f(x: List[int]) -> int:"}, [("f(1)", 4)], id="F6-takes-a-list"),
    pytest.param({"fn_name": "f", "inputs": [{"x": 1}], "outputs": [2]}, [("f(x=1)", 2)], id="F6-keywords"),
    pytest.param({"fn_name": "f", "inputs": [[]], "outputs": [2]}, [("f()", 2)], id="F6-no-arguments"),
    pytest.param({"fn_name": "Solution().f", "inputs": [[1]], "outputs": [2]}, [ONE], id="F6-class-solution"),
    pytest.param({"public_test_cases": json.dumps([STDIN]), "private_test_cases": packed([STDIN] * 9), "metadata": "{}"}, [PAIR] * 10, id="F7-stdin"),
    pytest.param({"public_test_cases": json.dumps([CALL]), "private_test_cases": packed([CALL] * 9), **FUNC}, [CALLED] * 10, id="F7-functional"),
    pytest.param({"public_test_cases": "[]", "private_test_cases": packed([CALL] * 9, 9), **FUNC}, [CALLED] * 9, id="F7-best-compression"),
    pytest.param({"public_test_cases": [CALL], "private_test_cases": json.dumps([CALL]), **FUNC}, [CALLED] * 2, id="F7-not-packed"),
    pytest.param({"input_output": json.dumps({"fn_name": "f", **IO})}, [("f(1)", 2)], id="F7-sample"),
    pytest.param([STDIN], [PAIR], id="F8-stdin"),
    pytest.param([{**CALL, "metadata": {"func_name": "f"}}], [CALLED], id="F8-functional"),
    pytest.param({"language": "python", "test_cases": [{"type": "stdin_stdout", "fn_name": None, "input": "1\n", "output": "2\n"}]}, [PAIR], id="F9-stdin"),
    pytest.param({"language": "python", "test_cases": [{"type": "function_call", "fn_name": "f", "input": [1], "output": [2]}]}, [ONE], id="F9-call"),
    pytest.param({"verification_info": {"fn_name": "f", "test_case_inputs": ["[1]"], "test_case_outputs": ["2"]}}, [ONE], id="F10"),
    pytest.param({"info": 1, "tests": {"fn_name": "f", "inputs": [[1]], "outputs": [2]}}, [ONE], id="F10-intellect-3"),
    pytest.param({"public_tests": {"input": ["1\n"], "output": ["2\n"]}, "private_tests": {"input": [], "output": []}, "input_file": ""}, [PAIR], id="F11"),
    pytest.param({"public_tests": None, "generated_tests": [{"input": "1\n", "output": "2\n"}]}, [PAIR], id="F11-rows"),
    pytest.param([{"input": {"stdin": "1\n"}, "output": {"stdout": "2\n"}}], [PAIR], id="F12"),
    pytest.param({"official_tests": [{"input": "1\n", "output": "2\n"}], "input_mode": "stdio", "generated_checker": None}, [PAIR], id="F14"),
    pytest.param({"unit_tests": IO}, [PAIR], id="F20"),
    pytest.param({"verifier_metadata": {"unit_tests": {"fn_name": "f", **IO}}}, [ONE], id="F20-nemo"),
    pytest.param(packed(ASSERTS), [ONE, TWO], id="F20-packed-asserts"),
    pytest.param(base64.b64encode(zlib.compress(pickle.dumps(ASSERTS))).decode(), [ONE, TWO], id="F20-packed-list"),
]  # fmt: skip

SHAPES = {
    "as-it-is": lambda label: label,
    "json": json.dumps,
    "json-twice": lambda label: json.dumps(json.dumps(label)),
    "bytes": lambda label: json.dumps(label).encode(),
    "python-literal": repr,
    "none-keys": lambda label: {**label, "absent": None, "fn": None} if isinstance(label, dict) else label,
    "verl": lambda label: {
        "data_source": "x",
        "reward_model": {"style": "rule", "ground_truth": json.dumps(label)},
        "extra_info": {},
    },
    "ground-truth": lambda label: {"ground_truth": label, "style": "rule"},
    "label": lambda label: {"label": label},
}


@pytest.mark.parametrize("shape", list(SHAPES.values()), ids=list(SHAPES))
@pytest.mark.parametrize(("label", "expected"), FORMATS)
def test_every_format_is_understood_in_every_shape(label, expected, shape):
    assert asks(labels.read(shape(label))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("assert 2 == f(1)", [ONE], id="turned-round"),
        pytest.param("assert f(x=1, y=[2]) == (2,)", [("f(x=1, y=[2])", (2,))], id="keywords"),
        pytest.param("assert not f(1)", [("f(1)", "not answer_0")], id="not"),
        pytest.param("assert f(1)[0] == 2", [("f(1)", "answer_0[0] == 2")], id="subscript"),
        pytest.param("assert f(1) == f(2)", [("f(1)", "f(2)", "answer_0 == answer_1")], id="two-calls"),
        pytest.param("assert f(f(1)) == 2", [("f(f(1))", 2)], id="nested"),
        pytest.param("assert f(*[1]) == 2", [("f(*[1])", 2)], id="unpacked"),
        pytest.param("assert A().g() == 2", [("A().g()", 2)], id="method"),
        pytest.param("x = (1,)\nassert f(x) == x", [("f((1,))", (1,))], id="variable"),
        pytest.param("assert set(f(1)) == {2}", [("f(1)", "set(answer_0) == {2}")], id="builtin-around"),
        pytest.param("assert abs(f(1) - 2) < 1e-6", [("f(1)", "abs(answer_0 - 2) < 1e-06")], id="tolerance"),
        # Else the candidate would be asked whether it is close, and be told what to be close to.
        pytest.param("assert math.isclose(f(1), 2)", [("f(1)", "math.isclose(answer_0, 2)")], id="a-module-that-was-not-imported"),
    ],
)
def test_of_an_assert_only_the_candidates_call_is_asked(text, expected):
    assert asks(labels.read(text)) == expected


class Column:
    """What pandas makes of a list in a parquet file, as far as a label goes."""

    def __init__(self, *items):
        self.items = items

    def tolist(self):
        return list(self.items)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        pytest.param({"input": ["1\n", "2\n"], "output": ["2\n", "3\n"]}, [PAIR, ("2\n", "3\n")], id="columns"),
        pytest.param({"test_cases": {"input": ["1\n"], "output": ["2\n"]}}, [PAIR], id="columns-inside"),
        pytest.param({"input": ["1", "2"], "output": ["3"]}, [("1\n2", "3")], id="lines-of-one-case"),
        pytest.param({"fn_name": "f", "input": [[1], [2]], "output": [2, 3]}, [ONE, TWO], id="columns-of-calls"),
        pytest.param({"fn_name": "f", "input": [1], "output": 2}, [ONE], id="one-call"),
        pytest.param({"inputs": [b"1\n"], "outputs": [b"2\n"]}, [PAIR], id="bytes"),
        pytest.param({"inputs": Column("1\n"), "outputs": Column("2\n")}, [PAIR], id="arrays"),
        pytest.param(Column("assert f(1) == 2"), [ONE], id="an-array"),
        pytest.param({"test_cases": Column({"input": "1\n", "output": "2\n"})}, [PAIR], id="array-of-rows"),
        pytest.param([{**STDIN, "input": None}], [("", "2\n")], id="no-input"),
        pytest.param([{"type": "function_call", "fn_name": "f", "input": [1], "output": None}], [("f(1)", None)], id="None"),
        pytest.param("\ufeff" + json.dumps(IO), [PAIR], id="byte-order-mark"),
        pytest.param(["    assert f(1) == 2"], [ONE], id="indented"),
        pytest.param({**IO, "test_list": []}, [PAIR], id="empty-list-beside"),
    ],
)
def test_legal_variants(label, expected):
    assert asks(labels.read(label)) == expected


@pytest.mark.parametrize(
    "test",
    [
        "i = 2\nassert f([i for i in range(3)]) == 3",
        "x = 5\nassert f(lambda x: x + 1) == 2",
        "x = [2, 1]\ny = x\nassert f(x) is None\nassert y == [1, 2]",
        "assert '%.2f' % f(2) == '12.57'",
        "assert f(1) == int('x', y=2)",
        "assert A(1).g() == 2",
        "assert Encode('x').startswith('y')",
    ],
)
def test_what_a_call_cannot_say_is_left_to_a_tester(test):
    assert labels.read([test]).tests.cases == (test,)


@pytest.mark.parametrize(("label", "expected"), FORMATS)
def test_no_question_holds_more_than_the_call(label, expected):
    suite = labels.read(label)
    for case in suite.cases:
        for call in () if suite.uses_stdin else case.calls:
            assert "==" not in call.expression


@pytest.mark.parametrize(
    ("label", "field", "expected"),
    [
        pytest.param(F1, "entry_points", ("f",), id="F1-entry"),
        pytest.param(F1, "prompt", "def f(x):\n", id="F1-prompt"),
        pytest.param(F1, "format", "F1", id="F1-format"),
        pytest.param({"test_list": ASSERTS, "test_setup_code": "import re"}, "preamble", "import re", id="F3-setup"),
        pytest.param({"test_list": ["assert f(1) == 1", "assert g(1) == 2"]}, "entry_points", ("f", "g"), id="F3-both-names"),
        pytest.param({"fn_name": "Solution().f", "inputs": [[1]], "outputs": [2]}, "entry_points", ("f",), id="F6-entry"),
        pytest.param({**IO, "time_limit": 2}, "cpu_seconds", 2.0, id="time-limit"),
        pytest.param({**IO, "timeout": "2.5"}, "cpu_seconds", 2.5, id="timeout-text"),
        pytest.param({**IO, "time_limit": {"seconds": 1, "nanos": 500_000_000}}, "cpu_seconds", 1.5, id="nanos"),
        pytest.param({**IO, "time_limit": {"seconds": None, "nanos": None}}, "cpu_seconds", None, id="no-time"),
        pytest.param({**IO, "memory_limit": 256}, "memory_bytes", 256 << 20, id="megabytes"),
        pytest.param({**IO, "time_limit": "2.0 seconds"}, "cpu_seconds", 2.0, id="TACO-time"),
        pytest.param({**IO, "time_limit": "500ms"}, "cpu_seconds", 0.5, id="milliseconds"),
        pytest.param({**IO, "memory_limit": "256.0 megabytes"}, "memory_bytes", 256 << 20, id="TACO-memory"),
        pytest.param({**IO, "memory_limit": "1 GB"}, "memory_bytes", 1 << 30, id="gigabytes"),
        pytest.param({**IO, "memory_limit_bytes": 0, "time_limit": 0}, "memory_bytes", None, id="CodeContests-unknown"),
        pytest.param({**IO, "language": "python3.11"}, "language", "python", id="language-with-version"),
        pytest.param({**IO, "memory_limit_bytes": 1000}, "memory_bytes", 1000, id="bytes"),
    ],
)
def test_what_else_a_label_says(label, field, expected):
    assert getattr(labels.read(label), field) == expected


@pytest.mark.parametrize(
    ("label", "check"),
    [
        pytest.param(IO, Lines(expected="2\n"), id="default"),
        pytest.param({**IO, "checker": "tokens"}, Tokens(expected="2\n"), id="name"),
        pytest.param({**IO, "checker": {"type": "tokens", "flags": "case_sensitive"}}, Tokens(expected="2\n"), id="type"),
        pytest.param(
            {**IO, "checker": {"flags": "float_tolerance 1e-4"}}, Floats(expected="2\n", relative=1e-4, absolute=1e-4), id="flags"
        ),
        pytest.param({"fn_name": "f", **IO}, Equal(expected=2, from_json=True), id="json-value"),
        pytest.param({"fn_name": "f", **IO, "atol": 1e-6}, Equal(expected=2, from_json=True, absolute=1e-6), id="tolerance"),
        pytest.param(
            {"fn_name": "f", "inputs": [[1]], "outputs": [(1, 2)]}, Equal(expected=(1, 2)), id="a-tuple-came-not-through-json"
        ),
        pytest.param(ASSERTS[0], Equal(expected=2), id="python-value"),
    ],
)
def test_how_it_is_compared(label, check):
    assert labels.read(label).cases[0].check == check


@pytest.mark.parametrize(
    ("label", "name", "framework"),
    [
        pytest.param(
            {**F1, "test": "def check(candidate):\n    for i, j in zip([1], [2]):\n        assert candidate(i) == j\n"},
            "F1", "statements", id="F2-hf",
        ),
        pytest.param({"labels": {"programming_language": "python"}, "test": {"code": "#<INSERT>\nassert f(1) == 2"}}, "F13", "statements", id="F13"),
        pytest.param({"functional": "def check(candidate): assert candidate(1)\ncheck(Solution().f)"}, "F16", "statements", id="F16"),
        pytest.param({**F1, "entry_point": "Solution().f"}, "F16", "statements", id="F16-solution"),
        pytest.param({"pytest": "from solution import f\ndef test_a(): assert f(1) == 2"}, "F17", "pytest", id="F17"),
        pytest.param({"test": "from solution import f\n\ndef test_a():\n    assert f(1) == 2"}, "F17", "pytest", id="F17-kodcode"),
        pytest.param("import pytest\n\ndef test_a():\n    assert f(1) == 2", "F17", "pytest", id="F17-text"),
        pytest.param({"files": {"test_a.py": "from solution import f\ndef test_a(): assert f(1) == 2"}}, "F17", "pytest", id="F17-files"),
        pytest.param({"test": "class TestCases(unittest.TestCase):\n    def test_a(self): f()"}, "F18", "unittest", id="F18"),
        pytest.param({"test": "class TestCases(unittest.TestCase): ...", "entry_point": "f"}, "F18", "unittest", id="F18-entry"),
        pytest.param("assert [f(i) for i in (1, 2)] == [2, 3]", "F3", "statements", id="comprehension"),
        pytest.param("assert f(1) == X", "F3", "statements", id="unknown-name"),
        pytest.param("assert sorted(f(1), key=len) == []", "F3", "statements", id="function-as-a-value"),
        pytest.param("for i in range(3):\n    assert f(i) == i", "F3", "statements", id="loop"),
        pytest.param("import numpy as np\nassert np.allclose(f(1), 2)", "F3", "statements", id="numpy"),
        pytest.param("assert f(1) == 10 ** 10 ** 10", "F3", "statements", id="enormous"),
    ],
)  # fmt: skip
def test_tests_that_are_code_are_left_to_the_tester(label, name, framework):
    suite = labels.read(label)
    assert (suite.format, suite.cases, suite.reference) == (name, (), None)
    assert suite.tests.framework == framework
    assert suite.tests.cases if framework == "statements" else suite.tests.setup or suite.tests.files


def test_inputs_with_a_canonical_solution_wait_for_what_it_answers():
    label = {
        "base_input": [[1]],
        "plus_input": [[2, "x"]],
        "entry_point": "f",
        "canonical_solution": "    return x\n",
        "prompt": "def f(x):\n",
    }
    suite = labels.read(label)
    assert (suite.format, suite.cases, suite.tests) == ("F2", (), None)
    assert suite.reference.source == "def f(x):\n    return x\n"
    assert [written(call) for call in suite.reference.calls] == ["f(1)", "f(2, 'x')"]


def test_a_checker_program_is_not_run_yet():
    with pytest.raises(LabelError, match="F14: the label has a checker program"):
        labels.read({"official_tests": [STDIN], "generated_checker": "print(1)"})


class Evil:
    def __reduce__(self):
        return os.system, ("echo pwned",)


def evil(value):
    return base64.b64encode(zlib.compress(pickle.dumps([value] + ["pad"] * 9))).decode()


@pytest.mark.parametrize(
    ("private", "words"),
    [
        pytest.param(evil(Evil()), "posix.system; only strings and plain containers", id="code"),
        pytest.param(evil(print), "builtins.print", id="function"),
        pytest.param(evil(LabelError), "sandbox.words.errors.LabelError", id="class"),
        pytest.param("eJ" + "A" * 60, "not base64 of zlib", id="no-zlib"),
        pytest.param("no base64!", "not base64 of zlib", id="no-base64"),
        pytest.param(base64.b64encode(zlib.compress(b"garbage")).decode(), "no pickle of plain data", id="no-pickle"),
        pytest.param(packed({"a": 1}), "found a dict with a", id="not-a-list"),
        pytest.param(packed([{"output": "1"}] * 9), "list of dicts with input and output", id="no-input"),
    ],
)
def test_packed_tests_are_unpacked_without_running_anything(private, words, capfd):
    with pytest.raises(LabelError, match=words):
        labels.read({"public_test_cases": [CALL], "private_test_cases": private, **FUNC})
    assert "pwned" not in capfd.readouterr().out


def test_packed_tests_of_enormous_size_are_refused(monkeypatch):
    monkeypatch.setattr("sandbox.judging.labels.parsing.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(LabelError, match="larger than 1000 bytes"):
        labels.read(packed(["assert f(1) == 2"] * 999))


@pytest.mark.parametrize(
    ("label", "words"),
    [
        pytest.param(None, "empty.*label_key", id="none"),
        pytest.param("", "empty.*label_key", id="no-text"),
        pytest.param(" \n", "empty.*label_key", id="blank"),
        pytest.param(b"", "empty.*label_key", id="no-bytes"),
        pytest.param('""', "empty.*label_key", id="json-of-no-text"),
        pytest.param({"ground_truth": ""}, "empty.*label_key", id="nothing-wrapped"),
        pytest.param(5, "int 5", id="int"),
        pytest.param(2.5, "float 2.5", id="float"),
        pytest.param(True, "bool True", id="bool"),
        pytest.param({1}, "set", id="set"),
        pytest.param(b"\xff", "neither JSON nor assert", id="bytes-that-are-no-text"),
        pytest.param("hello", "neither JSON nor assert statements: str 'hello'", id="prose"),
        pytest.param("[1", "neither JSON nor assert", id="cut-json"),
        pytest.param("[" * 100_000, "neither JSON nor assert", id="deep-json"),
        pytest.param({}, "looked for test .with entry_point.*found a dict with no keys", id="empty-dict"),
        pytest.param({"a": 1, "b": 2}, "looked for .* found a dict with a, b", id="unknown-keys"),
        pytest.param({None: 1}, "found a dict with None", id="none-as-a-key"),
        pytest.param([], "empty list", id="empty-list"),
        pytest.param("[]", "empty list", id="json-empty-list"),
        pytest.param([1, "a"], "a list of 2 .int, str.", id="mixed-list"),
        pytest.param(["assert f(1) == 2", 3], "a list of 2 .int, str.", id="assert-and-number"),
        pytest.param([{"input": "1"}], "needs input and output; the first has a dict with input", id="no-output"),
        pytest.param({"inputs": [], "outputs": []}, "F5.*no test cases", id="F5-no-cases"),
        pytest.param({"inputs": ["1"], "outputs": []}, "same length.*a list of 1 .str. and a list of 0", id="F5-lengths"),
        pytest.param({"inputs": 1, "outputs": 2}, "found int 1 and int 2", id="F5-numbers"),
        pytest.param({"inputs": [None], "outputs": ["1"]}, "an input is a text or a list of lines; found NoneType", id="F5-none"),
        pytest.param({**IO, "fn_name": "f", "inputs": ["a b"]}, "expected a JSON value on a line, found 'a b'", id="F6-no-json"),
        pytest.param({"public_test_cases": [STDIN, CALL], **FUNC}, "F7.*mixes", id="F7-mixed"),
        pytest.param({"public_test_cases": "[]", "private_test_cases": "[]"}, "F7.*neither public nor private", id="F7-none"),
        pytest.param([STDIN, {**CALL, "metadata": {"func_name": "f"}}], "mixes", id="F8-mixed"),
        pytest.param([CALL], "name one function.*func_name", id="F8-no-name"),
        pytest.param([{**CALL, "fn_name": "f"}, {**CALL, "fn_name": "g"}], "name one function", id="F8-two-names"),
        pytest.param({"fn_name": "f", "test_case_inputs": ["[1]"], "test_case_outputs": []}, "F10.*same length", id="F10-lengths"),
        pytest.param({"test_case_inputs": ["[1]"], "test_case_outputs": ["1"]}, "F10.*names no function", id="F10-no-name"),
        pytest.param({"public_tests": {"input": ["1", "2"], "output": ["3"]}}, "F11: public_tests has 2 inputs and 1 outputs", id="F11-lengths"),
        pytest.param({"public_tests": [{"input": "1"}]}, "F11: public_tests holds input and output", id="F11-no-output"),
        pytest.param({"public_tests": 5}, "F11: public_tests.*int 5", id="F11-number"),
        pytest.param({"public_tests": {"input": ["1"], "output": ["1"]}, "input_file": "a.txt"}, "input_file='a.txt'", id="F11-files"),
        pytest.param([{"input": {"stdin": "", "a.txt": "x"}, "output": {"stdout": ""}}], r"F12.*files \(a.txt\)", id="F12-files"),
        pytest.param({"official_tests": [STDIN], "input_mode": "file"}, "input_mode='file'", id="F14-files"),
        pytest.param({"official_tests": [STDIN], "interaction_format": "It asks"}, "interaction_format='It asks'", id="F14-interactive"),
        pytest.param({**IO, "language": "cpp"}, "language 'cpp'; this version runs python", id="language"),
        pytest.param({**IO, "checker": "best"}, "'best'.*exact, tokens", id="checker"),
        pytest.param({**IO, "time_limit": "soon"}, "time_limit is 'soon'.*2 seconds", id="time-limit"),
        pytest.param({**IO, "time_limit": -1}, "time_limit is -1", id="time-limit-negative"),
        pytest.param({**IO, "time_limit": {"seconds": "x"}}, "malformed .TypeError", id="time-limit-inside"),
        pytest.param({**IO, "memory_limit": -5}, "memory_limit is -5", id="memory-limit"),
        pytest.param({**IO, "memory_limit": "2 pages"}, "memory_limit is '2 pages'.*256 MB", id="memory-limit-unit"),
        pytest.param({**IO, "fn_name": "f", "checker": "tokens"}, "exact or floats; found str 'tokens'", id="checker-of-values"),
        pytest.param("assert (f(1) == 2, 'it is two')", "true of every program: .f.1. == 2", id="assert-tuple"),
        pytest.param({**IO, "fn_name": "f", "rtol": -1}, "relative tolerance is -1", id="tolerance"),
        pytest.param({"test_list": []}, "F3.*no test cases", id="F3-none"),
        pytest.param({"test_list": 5}, "malformed .*test_list", id="F3-number"),
        pytest.param({"test_list": [5]}, "F3.*a list of 1 .int.", id="F3-list-of-numbers"),
        pytest.param({**F1, "test": "def check(candidate):\n    pass"}, "F1.*no test cases", id="F1-none"),
        pytest.param({**F1, "test": "def check(:"}, "F1: test is not valid Python", id="F1-syntax"),
        pytest.param("assert True", "no test cases", id="assert-true-is-no-case"),
        pytest.param("assert 1 == 2", "false of every program: 1 == 2", id="assert-false"),
        pytest.param("assert f(1) == 1 / 0", "ZeroDivisionError", id="assert-broken"),
        pytest.param("assert f(", "not valid Python", id="assert-cut"),
        pytest.param("assert f(1) == " + "-" * 5000 + "1", "not valid Python", id="assert-deep"),
    ],
)  # fmt: skip
def test_a_broken_label_says_what_was_looked_for_or_found(label, words):
    with pytest.raises(LabelError, match=words) as caught:
        labels.read(label)
    assert len(str(caught.value)) < 600


class Unknown:
    def __repr__(self):
        return "<something unknown>"


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, [None], {"x": None}, [[]], "[", Unknown()], ids=repr)
@pytest.mark.parametrize(
    "key",
    [
        "test", "test_list", "assert_case", "assert_code", "inputs", "outputs", "fn_name", "test_cases", "tests", "official_tests",
        "public_test_cases", "private_test_cases", "public_tests", "generated_tests", "test_case_inputs", "unit_tests", "label",
        "metadata", "checker", "time_limit", "memory_limit", "starter_code", "test_setup_code", "entry_point", "input", "output",
    ],
)  # fmt: skip
def test_junk_anywhere_is_a_label_error_or_a_suite_with_cases(key, junk):
    for label in (
        {key: junk},
        {**IO, key: junk},
        {**F1, key: junk},
        {"fn_name": "f", **IO, key: junk},
        [{**STDIN, key: junk}],
        [{**CALL, key: junk}],
    ):
        try:
            suite = labels.read(label)
            assert suite.cases or suite.tests or suite.reference.calls
        except LabelError as error:
            assert str(error)


def test_a_check_that_may_be_the_labels_own_is_not_asked_of_the_candidate():
    """`same` is defined nowhere: were it sent along, the candidate would see the 2 and could answer for the check."""
    assert labels.read(["assert same(f(1), 2)"]).tests.cases == ("assert same(f(1), 2)",)
    assert asks(labels.read(["assert f(g(1)) == 2"])) == [("f(g(1))", 2)]


@pytest.mark.parametrize("test", ["is_equal(f(2), 3.0)", "g(f(2), 5)", "f(1) == Point(1, 2)", "f(1) == g(1)"])
def test_who_is_asked_has_to_be_clear_without_an_entry_point(test):
    suite = labels.read([f"assert {test}"])
    assert (suite.cases, suite.tests.cases) == ((), (f"assert {test}",))


def test_a_function_that_is_evaluated_here_is_never_asked_of_the_candidate():
    """`Counter` without an import: were it the candidate's, it could define one that is equal to everything."""
    assert asks(labels.read(["assert Counter(f([1, 2])) == Counter([1, 2])"])) == [
        ("f([1, 2])", "Counter(answer_0) == Counter([1, 2])")
    ]


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1).startswith('SECRET')",
        "assert f(1).index('SECRET') == 3",
        "r = [f(1)]\nassert r == [1]\nassert [f(2)] == r",
        "a = [3, 1]\nassert f(a) == 1\nassert a == [3, 1]",
        "a = [3, 1]\nassert f(a) == a",
        "a = [3, 1]\nassert f(a) == 1\nassert f(a) == 2",
    ],
)
def test_what_only_the_tester_can_tell_is_left_to_it(test):
    """Methods of what the candidate returned, answers in variables, arguments that it may have changed."""
    for label in ({"test_list": [test], "entry_point": "f"}, [test]):
        suite = labels.read(label)
        assert (suite.cases, suite.tests.cases) == ((), (test,))


def test_a_check_function_of_more_than_the_candidate_needs_the_tester():
    test = "def check(candidate, reference):\n    assert candidate(1) == reference(1)"
    suite = labels.read({"entry_point": "f", "test": test})
    assert suite.cases == ()
    assert suite.tests.entry == "f"


def test_variables_that_cannot_change_are_put_in():
    assert asks(labels.read(["n = 5\nassert f(n) == n\nassert f(n, [n]) == (n, n)"])) == [("f(5)", 5), ("f(5, [5])", (5, 5))]


def test_json_texts_of_lists_of_one_are_lists():
    label = {"fn_name": "f", "test_case_inputs": ["[1]", "[2]"], "test_case_outputs": ["[1]", "[2]"]}
    assert asks(labels.read(label)) == [("f(1)", [1]), ("f(2)", [2])]


def test_a_label_that_was_read_before_is_not_changed_by_its_owner():
    label = {"fn_name": "f", "inputs": [[1], [2]], "outputs": [[1, 2], [3]]}
    labels.read(label)
    label["outputs"][0][0] = 99
    assert asks(labels.read({"fn_name": "f", "inputs": [[1], [2]], "outputs": [[1, 2], [3]]}))[0] == ("f(1)", [1, 2])

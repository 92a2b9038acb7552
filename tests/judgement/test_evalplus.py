"""evalplus as a second opinion: HumanEval+ style labels get the same verdicts from its own checker and from ours."""

import json
import subprocess
from pathlib import Path

import pytest

from sandbox import Outcome
from sandbox.judging import labels

pytestmark = [pytest.mark.needs("clients"), pytest.mark.needs("data"), pytest.mark.timeout(300)]

SCRIPT = Path(__file__).with_name("evalplus_opinion.py")

TWISTS = {
    "the-same": "value",
    "none": "None",
    "as-text": "repr(value)",
    "tuple-for-list": "tuple(value) if isinstance(value, list) else value",
    "list-for-tuple": "list(value) if isinstance(value, tuple) else value",
    "set-for-list": "set(value) if isinstance(value, list) and all(isinstance(x, int) for x in value) else value",
    "int-for-bool": "int(value) if isinstance(value, bool) else value",
    "bool-for-int": "bool(value) if type(value) is int and value in (0, 1) else value",
    "float-for-int": "float(value) if type(value) is int else value",
    "int-for-float": "int(value) if type(value) is float and value.is_integer() else value",
    "very-close": "value * (1 + 1e-12) if type(value) is float else value",
    "close": "value + 5e-7 if type(value) is float else value",
    "not-so-close": "value + 1e-3 if type(value) is float else value",
    "close-inside": "[x + 5e-7 if type(x) is float else x for x in value] if isinstance(value, list) else value",
    "not-a-number": "float('nan') if type(value) is float else value",
    "infinite": "float('inf') if type(value) is float else value",
    "one-more": "value + value[:1] if isinstance(value, (list, str)) else value",
    "one-less": "value[:-1] if isinstance(value, (list, str)) else value",
    "other-order": "value[::-1] if isinstance(value, (list, str)) else value",
    "generator": "(x for x in value) if isinstance(value, list) else value",
    "negative-zero": "-value if value == 0 and type(value) is float else value",
}
"""What a program with the right values may make of them."""

STRICTER_HERE: dict[tuple[str, str], str] = {}
"""(problem, program): why evalplus accepts, and this judge does not."""
NEVER_COUNTED = (
    "evalplus 0.3.1 leaves find_zero's inputs by `continue` before it counts them, so that nothing passes, its reference neither"
)
LAXER_HERE = {("find_zero", name): NEVER_COUNTED for name in ("reference", "other-zero", "nearly")}
"""(problem, program): why evalplus refuses, and this judge does not."""

POLY = "def poly(xs, x):\n    return sum(c * x ** i for i, c in enumerate(xs))\n\n"
FIND_ZERO = """\
def find_zero(xs):
    begin, end = -1.0, 1.0
    while poly(xs, begin) * poly(xs, end) > 0:
        begin, end = begin * 2.0, end * 2.0
    while end - begin > 1e-10:
        center = (begin + end) / 2.0
        if poly(xs, center) * poly(xs, begin) > 0:
            begin = center
        else:
            end = center
    return begin
"""
OTHERS = [
    {
        "id": "find_zero", "entry_point": "find_zero", "reference": POLY + FIND_ZERO, "atol": 1e-4,
        "inputs": [[[1, 2]], [[-6, 11, -6, 1]], [[10, -5]]],
        "programs": {
            "reference": POLY + FIND_ZERO,
            "other-zero": POLY + "def find_zero(xs):\n    return 3.0 if len(xs) == 4 else -xs[0] / xs[1]",
            "nearly": POLY + "def find_zero(xs):\n    return (3.0 if len(xs) == 4 else -xs[0] / xs[1]) + 1e-6",
            "not-nearly": POLY + "def find_zero(xs):\n    return (3.0 if len(xs) == 4 else -xs[0] / xs[1]) + 1e-3",
            "none": "def find_zero(xs):\n    return None",
            "text": "def find_zero(xs):\n    return '0'",
        },
    },
    {
        "id": "atol", "entry_point": "f", "reference": "def f(x):\n    return x / 3", "atol": 0.01, "inputs": [[1], [2]],
        "programs": {
            "rounded": "def f(x):\n    return round(x / 3, 2)", "far": "def f(x):\n    return x / 3 + 0.1",
            "int": "def f(x):\n    return x // 3",
        },
    },
    {
        "id": "nested-floats", "entry_point": "f", "reference": "def f(x):\n    return [[x * 0.1, x], (x * 0.3,)]", "atol": 0,
        "inputs": [[1], [2]],
        "programs": {
            "same": "def f(x):\n    return [[x * 0.1, x], (x * 0.3,)]",
            "close": "def f(x):\n    return [[x * 0.1 + 1e-9, x], (x * 0.3,)]",
            "lists": "def f(x):\n    return [[x * 0.1, x], [x * 0.3]]",
        },
    },
    {
        "id": "ends", "entry_point": "f", "reference": "def f(x):\n    return x", "atol": 0, "inputs": [[1], [2]],
        "programs": {
            "exits": "import sys\ndef f(x):\n    sys.exit(0)", "raises": "def f(x):\n    raise ValueError(x)",
            "not-there": "def g(x):\n    return x", "syntax": "def f(x:\n    return x", "loops": "def f(x):\n    while x: pass",
            "prints": "def f(x):\n    print(x)\n    return x", "reads": "def f(x):\n    return int(input())",
            "recursion": "def f(x):\n    return f(x)", "changes": "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
        },
    },
]  # fmt: skip


def is_plain(value):
    """Whether JSON gives *value* back as it is."""
    return json.loads(json.dumps(value)) == value and "(" not in repr(value)


def arguments_of(row):
    """The arguments of all calls of a HumanEval label whose calls are literal, else nothing."""
    suite = labels.read({**row["label"], "prompt": row["prompt"]})
    calls = [call for case in suite.cases for call in case.calls]
    try:
        literal = calls and all(call.function and not call.kwargs and is_plain(list(call.args)) for call in calls)
    except TypeError:
        literal = False
    return [list(call.args) for call in calls] if literal else []


def twisted(source, entry, twist):
    return f"{source}\n\n_right = {entry}\n\ndef {entry}(*args):\n    value = _right(*args)\n    return {twist}\n"


def all_problems(rows):
    """Problems as evalplus_opinion.py wants them, with names for their programs."""
    found = []
    for number, row in enumerate(rows):
        if inputs := arguments_of(row):
            entry = row["label"]["entry_point"]
            programs = {"right": row["solution"]} | {f"wrong-{index}": wrong for index, wrong in enumerate(row["wrong"])}
            if number % 8 == 0:
                programs |= {name: twisted(row["solution"], entry, twist) for name, twist in TWISTS.items()}
            found.append(
                {
                    "id": row["id"],
                    "entry_point": entry,
                    "reference": row["solution"],
                    "inputs": inputs,
                    "atol": 0,
                    "programs": programs,
                }
            )
    return found + OTHERS


def label_of(problem):
    half = (len(problem["inputs"]) + 1) // 2
    return {
        "task_id": problem["id"], "entry_point": problem["entry_point"], "prompt": "", "contract": "", "atol": problem["atol"],
        "canonical_solution": problem["reference"],
        "base_input": problem["inputs"][:half], "plus_input": problem["inputs"][half:],
    }  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(clients_python, problems, box, tmp_path_factory):
    """{(problem, program): (evalplus says pass, we say pass)}"""
    asked = all_problems(problems("humaneval"))
    sent = [{**problem, "dataset": "humaneval", "programs": list(problem["programs"].values())} for problem in asked]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "HF_HUB_OFFLINE": "1"}
    log = tmp_path_factory.mktemp("evalplus") / "stderr"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [clients_python, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
    process.stdin.write(json.dumps(sent))
    process.stdin.close()
    names = [(problem["id"], name) for problem in asked for name in problem["programs"]]
    samples = [(f"```python\n{program}\n```", label_of(problem)) for problem in asked for program in problem["programs"].values()]
    scores = list(box.score_many(samples))
    answer = process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0, log.read_text()[-2000:]
    theirs = [opinion == "pass" for opinions in json.loads(answer) for opinion in opinions]
    for name, score in zip(names, scores, strict=True):
        assert score.outcome is not Outcome.INTERNAL, (name, score.judgement.reason)
        assert score.judgement.format == "F2"
    ours = [score.outcome is Outcome.PASS for score in scores]
    return dict(zip(names, zip(theirs, ours, strict=True), strict=True))


def test_there_are_enough_problems(verdicts):
    assert len({problem for problem, _ in verdicts}) > 140
    assert sum(theirs for theirs, _ in verdicts.values()) > 200
    assert sum(not theirs for theirs, _ in verdicts.values()) > 200


def test_every_right_program_passes_both_and_every_wrong_one_neither(verdicts):
    assert [key for key, both in verdicts.items() if key[1] == "right" and both != (True, True)] == []
    assert [key for key, both in verdicts.items() if key[1].startswith("wrong") and both != (False, False)] == []


def test_evalplus_accepts_nothing_that_is_refused_here(verdicts):
    assert {key for key, (theirs, ours) in verdicts.items() if theirs and not ours} == STRICTER_HERE.keys()


def test_evalplus_refuses_nothing_that_is_accepted_here(verdicts):
    assert {key for key, (theirs, ours) in verdicts.items() if ours and not theirs} == LAXER_HERE.keys()

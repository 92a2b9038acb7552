"""The real verl: its reward loop calls our function, and its SandboxFusion client scores the problems through our `/run_code`."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from machine import ROOT
from serving import server

from sandbox import Limits, Outcome, Sandbox
from sandbox.adapters.verl import KEYS

pytestmark = pytest.mark.needs("clients")

SCRIPT = Path(__file__).with_name("verl_client.py")


def verl(clients_python, *arguments, tasks=(), **more):
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "TRANSFORMERS_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    environment |= {"SANDBOX_CPU_SECONDS": "0.5", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    command = [clients_python, str(SCRIPT), *arguments]
    done = subprocess.run(command, input=json.dumps(tasks), env=environment | more, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


PROMPT = "Write f that adds one."
RIGHT = "```python\ndef f(x):\n    return x + 1\n```"
LABEL = ["assert f(1) == 2", "assert f(5) == 6"]

REWARDS = [
    (RIGHT, LABEL, {}, {"score": 1.0, "acc": 1.0, "pass_rate": 1.0}),
    (RIGHT, json.dumps(LABEL), {"index": 3, "prompt": PROMPT}, {"score": 1.0}),
    ("```python\ndef f(x): return 2\n```", LABEL, {}, {"score": 0.3, "acc": 0.0, "pass_rate": 0.5}),
    ("def f(x): return x", LABEL, {}, {"score": 0.0}),
    ("```python\nprint(int(input()) + 1)\n```", {"inputs": ["1"], "outputs": ["2"], "fn_name": None}, {}, {"score": 1.0}),
    ("```python\ndef f(x):\n    while True: pass\n```", LABEL, {}, {"score": -0.5, "timeout": 1.0}),
    ("```python\nimport os\ndef f(x): os._exit(0)\n```", LABEL, {}, {"score": -1.0, "crash": 1.0}),
    ("    return x + 1", ["assert f(1) == 2"], {"prompt": [{"role": "user", "content": "def f(x):\n"}]}, {"score": 1.0}),
    ("no code", LABEL, {}, {"score": -1.0, "crash": 1.0}),
    (RIGHT, "nonsense", {}, {"score": 0.0, "internal_error": 1.0, "acc": 0.0}),
]


@pytest.mark.parametrize(
    ("how", "name"),
    [("rewards", "compute_score"), ("rewards", "acompute_score"), pytest.param("ray", "compute_score", marks=pytest.mark.alone)],
)
def test_the_reward_loop_gets_the_documented_numbers(clients_python, how, name):
    """Loaded by verl from its configuration (pkg://), called by its naive reward manager, put together as its trainer wants it."""
    answers = verl(clients_python, how, name, tasks=[(response, truth, extra) for response, truth, extra, _ in REWARDS])
    assert {tuple(answer) for answer in answers} == {("reward", *KEYS)}
    for answer, (*_, wanted) in zip(answers, REWARDS, strict=True):
        assert {key: round(answer[key], 3) for key in wanted} == wanted
        assert round(answer["reward"], 3) == round(answer["score"], 3)
        assert answer["internal_error"] == wanted.get("internal_error", 0.0)


def test_a_wrong_setting_ends_the_training_at_its_first_sample(clients_python):
    with pytest.raises(AssertionError, match="SANDBOX_SHAPE='nonsense' cannot be used"):
        verl(clients_python, "rewards", "compute_score", tasks=[(RIGHT, LABEL, {})], SANDBOX_SHAPE="nonsense")


# --- SandboxFusion --------------------------------------------------------------------------------------------------------

CPU_SECONDS = 1.0
SAMPLES = 100 if os.environ.get("SANDBOX_TEST_WHOLE") == "1" else 10

PRINTED = "what a function prints stands in one stream with its result, which their client compares as a whole"
GENERATED = "their client prints a generator as <generator object ...>; here its items are what it answers"
CHECKER = "the label has a checker of its own, which is not run here: our score says internal, their client compares exactly"
DIFFERENCES = {
    ("QuixBugs/flatten", "right"): GENERATED,
    ("QuixBugs/flatten", "wrong 0"): GENERATED,
    ("QuixBugs/kheapsort", "right"): GENERATED,
    ("QuixBugs/kheapsort", "wrong 0"): GENERATED,
    **{("APPS/2404", f"sample {number}"): PRINTED for number in (9, 10, 11, 13)},
    **{("APPS/4184", f"sample {number}"): PRINTED for number in (4, 6, 7, 8, 9, 17)},
    ("problemtools/examples/different/python", "right"): CHECKER,
}
"""Where the two do not agree on these 158 programs, each with its reason. Pass rates of programs that were late are not compared:
after a late case the others share one more limit here, and have one each there."""


def cases_of(label):
    """A label as verl's datasets have it: texts, arguments as lines of JSON, results as verl's wrapper prints them."""
    if "fn_name" not in label:
        return {"inputs": [test["input"] for test in label["tests"]], "outputs": [test["output"] for test in label["tests"]]}
    return {
        "fn_name": label["fn_name"],
        "inputs": ["\n".join(map(json.dumps, arguments)) for arguments in label["inputs"]],
        "outputs": [printed(value) for value in label["outputs"]],
    }


def printed(value):
    if type(value) is list and len(value) == 1 and type(value[0]) is bool:
        (value,) = value  # APPS keeps results in lists of one
    return str(value) if type(value) in (int, float, str) else json.dumps(value)


def programs_of(row):
    yield "right", row["solution"]
    for number, program in enumerate(row["wrong"]):
        yield f"wrong {number}", program
    for number, sample in enumerate(row["model_samples"][:SAMPLES]):
        yield f"sample {number}", sample["completion"]


@pytest.mark.needs("data")
def test_verls_client_judges_the_problems_as_score_does(clients_python, problems):
    rows = [row for name in ("quixbugs_functional", "coderl_apps", "kattis_examples") for row in problems(name)]
    programs = [(row, which, f"```python\n{program}\n```") for row in rows for which, program in programs_of(row)]
    tasks = [(program, cases_of(row["label"]), CPU_SECONDS) for row, _, program in programs]
    with server(SANDBOX_CPU_SECONDS=str(CPU_SECONDS), SANDBOX_NODE_JOBS="0") as client:
        theirs = verl(clients_python, "fusion", f"{client.base_url}/run_code", tasks=tasks)
    with Sandbox(limits=Limits(cpu_seconds=CPU_SECONDS)) as box:
        ours = list(box.score_many([(program, row["label"]) for row, _, program in programs]))
    differing = {}
    for (row, which, _), their, our in zip(programs, theirs, ours, strict=True):
        late = "timeout" in their["cases"] and our.outcome is Outcome.TIMEOUT
        if (their["score"] == 1.0) != (our.outcome is Outcome.PASS) or (their["score"] != our.pass_rate and not late):
            differing[row["id"], which] = (their, our.pass_rate, our.judgement.first_failure)
    kinds = {(row["id"], which) for row, which, _ in programs}
    assert len(programs) > 100
    assert differing.keys() == DIFFERENCES.keys() & kinds, differing


STDIN = {"inputs": ["1"], "outputs": ["2"]}


COMPARED = [
    # Blanks and carriage returns at the end of a line count there.
    ("```python\nprint('2 ')\n```", STDIN, 0.0, Outcome.PASS),
    ("```python\nprint('2\\r')\n```", STDIN, 0.0, Outcome.PASS),
    # Numbers are compared as they are printed there.
    ("```python\ndef f(x): return 2.0\n```", {"fn_name": "f", "inputs": ["1"], "outputs": ["2"]}, 0.0, Outcome.PASS),
    # JSON strings have quotes in datasets, but not in what their wrapper prints.
    ("```python\ndef f(x): return x\n```", {"fn_name": "f", "inputs": ['"a"'], "outputs": ['"a"']}, 0.0, Outcome.PASS),
    # A program that is not fenced is none there.
    ("print(int(input()) + 1)", STDIN, 0.0, Outcome.PASS),
    # Asserts are appended to the program there, and status 0 is all that they have to reach.
    ("```python\nimport os; os._exit(0)\n```", {"assert_case": ["assert f(1) == 2"]}, 1.0, Outcome.CRASH),
    # Where both mean the same.
    ("```python\nprint(int(input()) + 1)\n```", STDIN, 1.0, Outcome.PASS),
    ("```python\nprint(3)\n```", STDIN, 0.0, Outcome.FAIL),
    ("```python\nprint(2); raise SystemExit(1)\n```", STDIN, 0.0, Outcome.CRASH),
    (RIGHT, {"assert_case": LABEL}, 1.0, Outcome.PASS),
    ("```python\ndef f(x): return 2\n```", {"assert_case": LABEL}, 0.5, Outcome.PARTIAL),
]
"""Completion, label, score of their client, our outcome."""


@pytest.fixture(scope="module")
def fused(clients_python):
    """What verl's client says of each of these; all are asked at once."""
    with server() as client:
        tasks = [(completion, label, CPU_SECONDS) for completion, label, *_ in COMPARED]
        return [answer["score"] for answer in verl(clients_python, "fusion", f"{client.base_url}/run_code", tasks=tasks)]


@pytest.mark.parametrize("number", range(len(COMPARED)))
def test_where_their_comparison_differs_and_where_not(fused, box, number):
    completion, label, their_score, outcome = COMPARED[number]
    assert fused[number] == their_score
    assert box.score(completion, label).outcome is outcome

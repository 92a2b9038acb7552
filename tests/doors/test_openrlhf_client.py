"""The real client: OpenRLHF's own executor loads reward_code_gen.py by path, with real tokenizers, and gets what it can use."""

import json
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from machine import ROOT
from serving import server

from sandbox.settings import VARIABLES

pytestmark = pytest.mark.needs("clients")

SCRIPT = Path(__file__).with_name("openrlhf_client.py")
PROMPT = "<|im_start|>user\nWrite f that adds one, like this:\n```python\ndef f(x): return x + 1\n```\n<|im_end|>\n<|im_start|>assistant\n"
RIGHT = "Here:\n```python\ndef f(x):\n    return x + 1\n```"
WRONG = "```python\ndef f(x):\n    return x - 1\n```"
LABEL = ["assert f(1) == 2", "assert f(5) == 6"]

TASKS = [
    (PROMPT, RIGHT, LABEL, 1.0),
    (PROMPT, WRONG, LABEL, 0.0),
    (PROMPT, "no code", LABEL, -1.0),
    (PROMPT, "```python\nimport os\ndef f(x): os._exit(0)\n```", LABEL, -1.0),
    (PROMPT, "```python\ndef f(x):\n    while True: pass\n```", LABEL, -0.5),
    (PROMPT, "```python\ndef f(x): return 2\n```", json.dumps(LABEL), 0.3),
    (PROMPT, RIGHT, {"fn_name": "f", "inputs": [[1]], "outputs": [2], "cases": None}, 1.0),
    (PROMPT, RIGHT, "", 0.0),
    (PROMPT, RIGHT, None, 0.0),
    (PROMPT * 3, RIGHT, LABEL, 1.0),
    (PROMPT, PROMPT + WRONG, LABEL, 0.0),
    ("", RIGHT, LABEL, 1.0),
]


def environment():
    return {"PATH": "/usr/bin:/bin", "SANDBOX_CPU_SECONDS": "0.5", "HOME": "/tmp", "TRANSFORMERS_OFFLINE": "1"}


def start(clients_python, tasks, max_length=100_000, url=str(ROOT / "reward_code_gen.py"), **options):
    command = [clients_python, str(SCRIPT), url, str(max_length)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, text=True, env={**environment(), **options.pop("env", {})}, **options
    )
    process.stdin.write(json.dumps([task[:3] for task in tasks]))
    process.stdin.close()
    return process


def answers_of(process):
    *_, last = process.stdout.read().splitlines()  # OpenRLHF logs to standard output
    process.stdout.close()
    assert process.wait() == 0
    return json.loads(last)


@pytest.fixture(scope="module")
def results(clients_python):
    process = start(clients_python, TASKS * 4, stdout=subprocess.PIPE)
    return answers_of(process)


def test_every_sample_gets_its_documented_reward(results):
    wanted = [reward for *_, reward in TASKS] * 4 * 2
    assert [round(result["reward"], 3) for result in results] == wanted


def test_every_value_is_a_float32_tensor_of_one(results):
    assert {kind for result in results for kind in result["dtype"]} == {"torch.float32"}
    assert all(result["shape"] == [[1], [1]] for result in results)
    assert all(0.0 <= result["score"] <= 1.0 for result in results)


def test_the_log_keys_are_always_the_same(results):
    assert len({tuple(result["logs"]) for result in results}) == 1
    reserved = {"reward", "score", "response_length", "total_length", "truncated", "return", "kl", "group_reward_std"}
    assert not reserved & set(results[0]["logs"])


ODD_RESPONSES = [
    "", " ", "\n" * 50, "```", "```python", "```python\n```", "~~~\nx\n~~~", "<think>", "</think>", "<answer></answer>", "\u0000", "\ufeffx = 1",
    "é" * 100, "```cpp\nint main() {}\n```", "def f(x: return", "f = 5", "import nosuch", "(" * 300, "x" * 5000, "`" * 500, "<|im_end|>" * 20,
    "```python\ndef f(x): return {x: {x}}\n```", "```python\ndef f(x): return f\n```", "```python\ndef f(x): raise SystemExit\n```",
    "```python\nclass Solution:\n    def f(self, x): return x + 1\n```", "```python\ndef f(x): return float('nan')\n```",
]  # fmt: skip
ODD_LABELS = [
    None, "", " ", 5, 1.5, True, [], {}, [None], [[]], "nonsense", "{", "[1, 2", '"x"', ["assert"], ["assert True"], ["assert False"], [5],
    {"inputs": [1]}, {"inputs": [], "outputs": []}, {"fn_name": "f", "inputs": ["x y"], "outputs": ["1"]}, {"test": 5, "entry_point": 6},
    {"test": "def check(c): pass", "entry_point": "f"}, {"private_test_cases": "eJxx" + "A" * 60}, {"test_list": "assert f(1) == 2"},
]  # fmt: skip


def test_odd_responses_and_labels_raise_nothing_in_the_executor(clients_python):
    tasks = [(PROMPT, response, LABEL) for response in ODD_RESPONSES] + [(PROMPT, RIGHT, label) for label in ODD_LABELS]
    assert len(tasks) > 40
    answers = answers_of(start(clients_python, tasks, stdout=subprocess.PIPE))
    assert len(answers) == 2 * len(tasks)
    assert {tuple(answer["logs"]) for answer in answers} == {tuple(answers[0]["logs"])}
    assert all(-1.0 <= answer["reward"] <= 1.0 and 0.0 <= answer["score"] <= 1.0 for answer in answers)
    assert all(answer["logs"]["internal_error"] == 0.0 for answer in answers[: len(ODD_RESPONSES)])


def test_a_prompt_that_was_cut_from_the_left_is_still_the_prompt(clients_python):
    tasks = [(PROMPT, RIGHT, LABEL), (PROMPT, "no code", LABEL), (PROMPT, WRONG, LABEL)]
    process = start(clients_python, tasks, max_length=190, stdout=subprocess.PIPE)
    assert [result["reward"] for result in answers_of(process)] == [1.0, -1.0, 0.0] * 2


def test_no_process_is_left_when_the_engine_is_killed(clients_python):
    slow = "```python\nimport os, time\nif os.fork() == 0:\n    os.setsid()\ntime.sleep({})\ndef f(x): return x\n```"
    process = start(
        clients_python,
        [(PROMPT, slow.format(100 + number), LABEL) for number in range(4)],  # equal ones would be judged once
        stdout=subprocess.DEVNULL,
        env={"SANDBOX_CPU_SECONDS": "60", "SANDBOX_WORKERS": "2"},
    )
    family = []
    for _ in range(600):
        family = psutil.Process(process.pid).children(recursive=True)
        if len(family) >= 6:  # two workers, two candidates, two children that left their session
            break
        time.sleep(0.1)
    assert len(family) >= 6
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []


def test_the_environment_of_the_test_sets_only_known_variables():
    known = {variable.name for variable in VARIABLES}
    assert {name for name in environment() if name.startswith("SANDBOX_")} <= known


def test_500_samples_at_once_are_all_answered_over_http(clients_python):
    """The client opens a connection a sample, waits 180 s, and comes again five times; here nothing has to come again."""
    programs = [(f"def f(x):\n    return x + {number % 2}  # {number}", float(number % 2)) for number in range(500)]
    tasks = [(PROMPT, f"```python\n{program}\n```", LABEL) for program, _ in programs]
    with server(SANDBOX_CPU_SECONDS="2") as client:
        process = start(clients_python, tasks, url=f"{client.base_url}/get_reward", stdout=subprocess.PIPE)
        answers = answers_of(process)
        counted = client.get("/v1/status").json()["outcomes"]
    assert [answer["reward"] for answer in answers] == [reward for _, reward in programs]
    assert counted == {"pass": 250, "fail": 250}


def test_a_token_in_the_url_is_enough_for_a_client_that_sends_no_headers(clients_python):
    with server(SANDBOX_TOKEN="secret") as client:
        process = start(clients_python, TASKS, url=f"{client.base_url}/get_reward?token=secret", stdout=subprocess.PIPE)
        assert [round(answer["reward"], 3) for answer in answers_of(process)] == [reward for *_, reward in TASKS]

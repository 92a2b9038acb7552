"""The real TRL: its GRPOTrainer calls our reward function, and logs what it is told."""

import json
import subprocess
from pathlib import Path

import pytest
from machine import ROOT

pytestmark = pytest.mark.needs("clients")

SCRIPT = Path(__file__).with_name("trl_client.py")
RIGHT = "```python\ndef f(x):\n    return x + 1\n```"
LABEL = json.dumps(["assert f(1) == 2", "assert f(5) == 6"])

COMPLETIONS = [
    (RIGHT, LABEL, 1.0, "pass"),
    ("```python\ndef f(x): return 2\n```", LABEL, 0.3, "partial"),
    ("```python\ndef f(x): return x\n```", LABEL, 0.0, "fail"),
    ("```python\ndef f(x):\n    while True: pass\n```", LABEL, -0.5, "timeout"),
    ("no code", LABEL, -1.0, "crash"),
    (RIGHT, "nonsense", None, "internal"),
]


def environment():
    names = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return {**names, "PYTHONPATH": str(ROOT), "SANDBOX_CPU_SECONDS": "0.5"}


def trl(clients_python, *arguments, asked=None):
    command = [clients_python, str(SCRIPT), *arguments]
    done = subprocess.run(command, input=json.dumps(asked), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def said(text, is_conversational, role):
    return [{"role": role, "content": text}] if is_conversational else text


@pytest.mark.parametrize("is_conversational", [False, True])
def test_the_trainer_gets_a_float_a_completion_and_none_for_what_is_not_the_models_fault(clients_python, is_conversational):
    asked = {
        "label": "tests",
        "rows": [{"prompt": said("Add one.", is_conversational, "user"), "tests": label} for _, label, *_ in COMPLETIONS],
        "completions": [said(text, is_conversational, "assistant") for text, *_ in COMPLETIONS],
    }
    answers = trl(clients_python, "rewards", asked=asked)
    assert len(answers) == 2  # synchronous and asynchronous
    for answer in answers:
        assert answer["names"] == ["mine"]
        assert [number and round(number, 3) for number in answer["rewards"]] == [reward for *_, reward, _ in COMPLETIONS]
        assert answer["extra"]["mine/outcome"] == [outcome for *_, outcome in COMPLETIONS]
        assert answer["extra"]["mine/pass_rate"] == [1.0, 0.5, 0.0, 0.0, 0.0, None]
        assert "got 1, expected 2" in answer["extra"]["mine/first_failure"][2]
        metrics = {name: values for name, values in answer["metrics"].items() if name != "mine/wall_ms"}
        wanted = {
            "mine/pass_rate": [0.3],
            "mine/timeout": [0.2],
            "mine/crash": [0.2],
            "mine/internal_error": [1 / 6],
            "mine/sandbox_suspect": [0.0],
        }
        assert metrics == wanted


def test_the_functions_survive_pickling(clients_python):
    """TRL's asynchronous trainer sends them to a process of its own."""
    assert trl(clients_python, "pickle") == [
        ["label", "code_reward", "CodeReward"],
        ["label", "code_reward", "AsyncCodeReward"],
        ["tests", "mine", "CodeReward"],
    ]

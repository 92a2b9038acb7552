"""The examples under the real client: OpenRLHF's executors load them by path, with a real tokenizer and a scripted engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from machine import ROOT

pytestmark = pytest.mark.needs("clients")

HERE = Path(__file__).parent
CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
PROMPT = CHAT.format("Write f that adds one.")
RIGHT = "Here:\n```python\ndef f(x):\n    return x + 1\n```"
WRONG = "```python\ndef f(x):\n    return x - 1\n```"
FITTED = "```python\ndef f(x):\n    return 2\n```"
LABEL = {"visible": ["assert f(1) == 2"], "hidden": ["assert f(5) == 6", "assert f(8) == 9"]}


def environment(**more):
    # Formulas need math-verify, which the clients' interpreter need not have: this one has it.
    return {
        "PATH": "/usr/bin:/bin",
        "SANDBOX_CPU_SECONDS": "1",
        "HOME": "/tmp",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
        **more,
    }


def run(clients_python, script, *args, given=None, env=None):
    command = [clients_python, str(HERE / script), *map(str, args)]
    done = subprocess.run(command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True, env=env or environment())
    return json.loads(done.stdout.splitlines()[-1])  # OpenRLHF logs to standard output


def play(clients_python, example, episodes, max_length=20_000, env=None):
    found = run(clients_python, "openrlhf_agent_client.py", ROOT / "examples" / example, max_length, given=episodes, env=env)
    assert len({tuple(one["logs"]) for one in found["episodes"]}) == 1
    return found


# --- code -------------------------------------------------------------------------------------------------------------------

CODE = [
    ([WRONG, RIGHT], LABEL, 1.0, 2),
    ([RIGHT], LABEL, 1.0, 1),
    (["no code", WRONG, RIGHT], LABEL, 1.0, 3),
    (["no code", WRONG, WRONG, RIGHT], LABEL, 0.0, 3),
    ([FITTED], LABEL, 0.0, 1),
    (["```python\nimport os\nos._exit(0)\n```"], LABEL, -1.0, 3),
    (["```python\ndef f(x):\n    while True: pass\n```", RIGHT], json.dumps(LABEL), 1.0, 2),
    ([WRONG, RIGHT], ["assert f(1) == 2", "assert f(2) == 3"], 1.0, 2),
    ([RIGHT], None, 0.0, 1),
    ([""], LABEL, -1.0, 3),
]


@pytest.fixture(scope="module")
def code(clients_python):
    return play(clients_python, "agent_func_code.py", [(PROMPT, answers, label) for answers, label, *_ in CODE] * 3)


def test_code_is_repaired_in_turns_and_paid_by_hidden_tests(code):
    wanted = [(reward, turns) for *_, reward, turns in CODE] * 3
    assert [(one["reward"], one["turns"]) for one in code["episodes"]] == wanted
    assert all(one["logs"]["code_correctness"] == one["reward"] for one in code["episodes"])
    assert [one["logs"]["internal_error"] for one in code["episodes"]] == [float(label is None) for _, label, *_ in CODE] * 3


def test_feedback_is_a_message_of_the_chat(code):
    first, last = code["episodes"][0]["feedback"]
    assert first == (
        "\n<|im_start|>user\nYour program passes 0 of 1 visible tests. The first that it fails:\nf(1)\nthe answer is wrong: got 0, expected 2\n\n"
        "Please answer with the whole corrected program in one ```python block.<|im_end|>\n<|im_start|>assistant\n"
    )
    assert last == ""
    assert not any("f(5)" in text or "expected 6" in text for one in code["episodes"] for text in one["feedback"])


def test_the_loop_that_drives_the_engine_is_not_blocked(code):
    assert code["blocked_seconds"] < 2.0  # thirty episodes with endless programs among them, on a machine that may be busy


def test_an_episode_that_runs_out_of_context_is_worth_its_last_answer(clients_python):
    episodes = [
        (PROMPT, answers, LABEL)
        for answers in ([WRONG, "x" * 5000], ["no code" + "x" * 5000], ["```python\nf = 5\n```" + "x" * 900, RIGHT])
    ]
    found = play(clients_python, "agent_func_code.py", episodes, max_length=900)["episodes"]
    assert [one["logs"]["finished"] for one in found] == [0.0, 0.0, 0.0]
    assert [one["reward"] for one in found] == [-1.0, -1.0, -1.0]


# --- mathematics ------------------------------------------------------------------------------------------------------------


def test_the_math_agent_plays_to_the_end(clients_python):
    ask = CHAT.format("What is 6 * 7?")
    episodes = [
        (ask, ["The answer is: 41", "hm", "#### 42"], "42"),
        (ask, ["The answer is: 41"], "6 * 7 = 42\n#### 42"),
        (ask, ["hm"], "42"),
        (ask, ["\\boxed{1+x}"], "x+1"),
        (ask, ["\\boxed{9^{9^{9^9}}}", "\\boxed{x+1}"], "1+x"),
        (ask, ["The answer is: 42"], None),
    ]
    found = play(clients_python, "agent_func_math.py", episodes, env=environment(SANDBOX_PYTHON=sys.executable))
    assert [round(one["reward"], 4) for one in found["episodes"]] == [1.0, -0.3, -0.5, 1.0, 1.0, 0.0]
    assert [one["turns"] for one in found["episodes"]] == [3, 3, 3, 1, 2, 1]
    assert [round(one["score"], 4) for one in found["episodes"]] == [1.0, 0.2, 0.0, 1.0, 1.0, 0.5]
    assert not any("42" in text.replace("as in: The answer is: 42", "") for text in found["episodes"][1]["feedback"])


def reward_file(clients_python, example, tasks, env):
    command = [clients_python, str(HERE / "openrlhf_client.py"), str(ROOT / "examples" / example), "100000"]
    done = subprocess.run(command, input=json.dumps(tasks), stdout=subprocess.PIPE, text=True, check=True, env=env)
    found = json.loads(done.stdout.splitlines()[-1])
    assert {kind for one in found for kind in one["dtype"]} == {"torch.float32"}
    assert all(one["shape"] == [[1], [1]] for one in found)
    assert len({tuple(one["logs"]) for one in found}) == 1
    return found


def test_mathematics_is_rewarded_as_the_document_says(clients_python):
    ask = CHAT.format("What is 6 * 7? (The answer is: 41)")
    tasks = [
        (ask, "The answer is: 42", "42"),
        (ask, "#### 41", "42"),
        (ask, "hm", "42"),
        (ask, "\\boxed{1+x}", "x+1"),
        (ask, "\\boxed{42}", ["41", 42]),
    ]
    found = reward_file(clients_python, "reward_func_math.py", tasks, environment(SANDBOX_PYTHON=sys.executable))
    assert [one["reward"] for one in found] == [1.0, 0.0, -0.5, 1.0, 1.0] * 2  # two tokenizers


# --- conversation -----------------------------------------------------------------------------------------------------------


def test_the_classifier_is_asked_as_the_document_says(clients_python, tmp_path):
    facts = run(clients_python, "conversation_client.py", tmp_path, "check")
    assert facts["loaded by check"] is False
    assert facts["batches of nine by four"] == 3
    assert 2 <= facts["batches of nine threads"] <= 4  # the first alone, or with some; the others while it computes
    assert facts["threads agree"]
    long, short, empty = facts["plain"]
    assert facts["rewards"] == pytest.approx([long, short / 2, 0.0], abs=1e-5)
    assert empty == 0.0
    assert facts["one failure costs only its call"] == [0.0] * 7
    assert facts["failures of nine threads"] == 1.0
    assert facts["scores"] == facts["rewards"]
    assert facts["dtypes"] == ["torch.float32"]
    assert facts["logs"]["short_response"] == [0.0, 1.0, 1.0]
    assert facts["logs"]["internal_error"] == [0.0] * 3
    assert facts["lost"] == [0.0, 1.0, ["avg_quality", "short_response", "internal_error"]]
    assert facts["refused"] == 3
    assert facts["third class"] == 1


def test_conversations_are_rewarded_by_a_classifier_on_disk(clients_python, tmp_path):
    subprocess.run(
        [clients_python, str(HERE / "conversation_client.py"), str(tmp_path)],
        check=True,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    ask = CHAT.format("How are you?")
    tasks = [(ask, "I am well, and I thank you very much for asking me about it today.", ""), (ask, "Well.", "")] * 8
    found = reward_file(clients_python, "reward_func_conversation.py", tasks, environment(QUALITY_MODEL=str(tmp_path / "two")))
    assert all(0.0 < one["reward"] < 1.0 for one in found)
    assert [one["logs"]["short_response"] for one in found] == [0.0, 1.0] * 16
    assert all(one["logs"]["internal_error"] == 0.0 for one in found)

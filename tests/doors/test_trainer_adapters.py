"""The doors of verl and TRL without either: their contracts, and whose fault is whose."""

import asyncio
import threading

import pytest

from sandbox import ConfigurationError
from sandbox.adapters import process_sandbox
from sandbox.adapters.trl import acode_reward, code_reward, make_code_reward
from sandbox.adapters.verl import KEYS, acompute_score, compute_score

RIGHT = "```python\ndef f(x):\n    return x + 1\n```"
WRONG = "```python\ndef f(x):\n    return x\n```"
LABEL = ["assert f(1) == 2", "assert f(5) == 6"]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setenv("SANDBOX_CPU_SECONDS", "0.5")


ODD = [
    (RIGHT, LABEL), (RIGHT, None), (RIGHT, ""), (RIGHT, 5), (RIGHT, {}), (RIGHT, {"inputs": [1]}), ("", LABEL), (None, LABEL),
    ("```", LABEL), ("\ud800", LABEL), ("\0", LABEL), ("x" * 100_000, LABEL), (RIGHT, "nonsense"), (RIGHT, ["assert False"]),
]  # fmt: skip


def test_verl_gets_the_same_keys_for_every_sample():
    for response, label in ODD:
        numbers = compute_score("any", response, label)
        assert tuple(numbers) == KEYS
        assert {type(number) for number in numbers.values()} == {float}
        assert numbers == {**asyncio.run(acompute_score("any", response, label)), "wall_ms": numbers["wall_ms"]}


def test_verl_may_pass_more_than_we_know_of():
    asked = {"data_source": "x", "solution_str": RIGHT, "ground_truth": LABEL}
    for extra in (None, {}, {"prompt": None}, {"prompt": [{"role": "user", "content": None}]}, {"num_turns": 2, "prompt": 5}):
        assert compute_score(**asked, extra_info=extra, reward_router_address=None)["score"] == 1.0


def test_many_threads_and_many_coroutines():
    async def together():
        return await asyncio.gather(*(acompute_score("x", RIGHT if number % 2 else WRONG, LABEL) for number in range(60)))

    results = []
    threads = [
        threading.Thread(target=lambda right: results.append(compute_score("x", RIGHT if right else WRONG, LABEL)["acc"] == right), args=(number % 2,))
        for number in range(40)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 40
    assert [numbers["acc"] for numbers in asyncio.run(together())] == [0.0, 1.0] * 30


def test_the_label_decides_and_what_is_not_the_models_fault_is_none():
    rewards = code_reward(prompts=["p"] * 3, completions=[RIGHT, "no", RIGHT], label=[LABEL, LABEL, "nonsense"], other=[1, 2, 3])
    assert rewards == [1.0, -1.0, None]
    assert asyncio.run(acode_reward(["p"] * 2, [RIGHT, WRONG], label=[LABEL] * 2)) == [1.0, 0.0]
    assert code_reward([], [], label=[]) == []


def test_messages_of_many_shapes():
    parts = [
        {"type": "text", "text": "```python\ndef f(x):\n"},
        {"type": "image"},
        {"type": "text", "text": "    return x + 1\n```"},
    ]
    completions = [
        [{"role": "assistant", "content": RIGHT}],
        [{"role": "assistant", "content": parts}],
        [{"role": "assistant", "content": WRONG}, {"role": "tool", "content": WRONG}, {"role": "assistant", "content": RIGHT}],
        [{"role": "assistant", "content": RIGHT}, {"role": "tool", "content": "x"}],
        [{"role": "assistant", "content": None, "tool_calls": []}],
        [],
    ]
    prompts = [[{"role": "user", "content": "Add one."}]] * len(completions)
    assert code_reward(prompts, completions, label=[LABEL] * len(completions)) == [1.0, 1.0, 1.0, 1.0, -1.0, -1.0]


def test_a_dataset_without_the_column_ends_the_training():
    with pytest.raises(ConfigurationError, match="no column 'tests' with tests, only answer, label; name yours"):
        make_code_reward(label="tests")(["p"], [RIGHT], label=[LABEL], answer=[1])


def test_metrics_leave_out_what_could_not_be_judged():
    told = {}
    code_reward(["p"] * 2, [RIGHT, RIGHT], label=["nonsense"] * 2, log_metric=told.__setitem__)
    assert set(told) == {"code_reward/internal_error", "code_reward/wall_ms", "code_reward/sandbox_suspect"}
    assert told["code_reward/internal_error"] == 1.0


@pytest.mark.parametrize("ask", [lambda: compute_score("x", RIGHT, LABEL), lambda: code_reward(["p"], [RIGHT], label=[LABEL])])
def test_a_sandbox_that_cannot_start_ends_the_training_at_its_first_sample(monkeypatch, ask):
    monkeypatch.setattr(process_sandbox, "_box", None)
    monkeypatch.setenv("SANDBOX_PYTHON", "/nonexistent")
    with pytest.raises(ConfigurationError, match="SANDBOX_PYTHON"):
        ask()


def test_a_fault_in_the_middle_is_counted(monkeypatch):
    box = process_sandbox.checked_sandbox()
    monkeypatch.setattr(box, "_pool", None)
    assert compute_score("x", RIGHT + "\n# another", LABEL)["internal_error"] == 1.0
    assert code_reward(["p"], [RIGHT + "\n# a third"], label=[LABEL]) == [None]

"""The OpenRLHF door: never raises, always the same keys, and finds the response in whatever the tokenizer made of the query."""

import importlib.util
import json
import math
import pickle
import subprocess
import sys
import threading
import time
import unicodedata

import pytest
from machine import ROOT

torch = pytest.importorskip("torch")

from sandbox import ConfigurationError
from sandbox.adapters import openrlhf, process_sandbox, sample_log
from sandbox.adapters.openrlhf import LOG_KEYS, response_of, reward_func

PROMPT = "<|im_start|>user\nWrite f, that adds one. An example of the style that is wanted:\n```python\ndef f(x): return x + 1\n```\n<|im_end|>\n<|im_start|>assistant\n"
RIGHT_CODE = "```python\ndef f(x):\n    return x + 1\n```"
RIGHT = "Here it is.\n```python\ndef f(x):\n    return x + 1\n```<|im_end|>"
WRONG = "```python\ndef f(x):\n    return x\n```"
LABEL = ["assert f(1) == 2", "assert f(5) == 6"]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setenv("SANDBOX_CPU_SECONDS", "0.5")


def one(query, prompt, label):
    result = reward_func([query], [prompt], [label])
    check_shape(result, 1)
    return result["rewards"].item(), result["scores"].item(), {key: value.item() for key, value in result["extra_logs"].items()}


def check_shape(result, count):
    assert set(result) == {"rewards", "scores", "extra_logs"}
    assert tuple(result["extra_logs"]) == LOG_KEYS
    for tensor in (result["rewards"], result["scores"], *result["extra_logs"].values()):
        assert tensor.dtype is torch.float32
        assert tensor.shape == (count,)
        assert torch.isfinite(tensor).all()
    assert ((result["scores"] >= 0) & (result["scores"] <= 1)).all()


TABLE = {
    "pass": ("def f(x): return x + 1", 1.0, 1.0, {}),
    "partial": ("def f(x): return 2", 0.3, 0.65, {"pass_rate": 0.5}),
    "fail": ("def f(x): return 0", 0.0, 0.5, {}),
    "fail_by_exception": ("def f(x): raise KeyError", 0.0, 0.5, {}),
    "timeout": ("def f(x):\n    while True: pass", -0.5, 0.25, {"timeout": 1.0}),
    "crash_by_exit": ("import os\ndef f(x): os._exit(0)", -1.0, 0.0, {"crash": 1.0}),
    "crash_by_syntax": ("def f(x) return", -1.0, 0.0, {"crash": 1.0}),
    "crash_in_loading": ("import nosuch", -1.0, 0.0, {"crash": 1.0}),
    "crash_by_signal": ("import os\ndef f(x): os.kill(os.getpid(), 11)", -1.0, 0.0, {"crash": 1.0}),
    "crash_over_timeout": ("import os\ndef f(x):\n    if x == 5: os._exit(1)\n    while True: pass", -1.0, 0.0, {"crash": 1.0}),
}


@pytest.mark.parametrize(("program", "reward", "score", "logs"), TABLE.values(), ids=TABLE)
def test_the_documented_table(program, reward, score, logs):
    got_reward, got_score, got_logs = one(PROMPT + f"```python\n{program}\n```", PROMPT, LABEL)
    assert (got_reward, got_score) == pytest.approx((reward, score))
    assert {key: got_logs[key] for key in logs} == logs
    assert got_logs["internal_error"] == 0.0
    assert got_logs["code_correctness"] == pytest.approx(reward)


def test_no_code_is_a_crash():
    assert one(PROMPT + "I would rather not.", PROMPT, LABEL)[0] == -1.0


def test_a_code_block_of_the_prompt_is_never_taken_for_the_models():
    """The prompt holds a right program; a response without one is not paid for it, however the prompt was changed."""
    for query in (PROMPT, PROMPT.replace("<|im_start|>", ""), PROMPT[20:], " " + PROMPT, PROMPT.replace("\n", " \n")):
        assert one(query + "I would rather not.", PROMPT, LABEL)[0] == -1.0


TEMPLATES = {
    "exact": lambda prompt, response: prompt + response,
    "left_truncated": lambda prompt, response: prompt[25:] + response,
    "specials_dropped": lambda prompt, response: prompt.replace("<|im_start|>", "").replace("<|im_end|>", "") + response,
    "bos_and_spaces": lambda prompt, response: "<s> " + prompt.replace("<|im_start|>", " <|im_start|> ") + " " + response,
    "response_only": lambda prompt, response: response,
    "response_repeats_prompt": lambda prompt, response: prompt + prompt + response,
    "end_tokens": lambda prompt, response: prompt + response + "<|im_end|>\n<|endoftext|></s>",
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_response_is_found_in_the_query(template):
    assert one(template(PROMPT, RIGHT), PROMPT, LABEL)[0] == 1.0
    assert one(template(PROMPT, WRONG), PROMPT, LABEL)[0] == 0.0


@pytest.mark.parametrize("prompt", ["", "x", "短い", "a" * 30])
def test_short_and_empty_prompts_are_legal(prompt):
    assert response_of(prompt + RIGHT, prompt) == RIGHT
    assert response_of("<s> " + prompt + RIGHT, prompt).endswith(RIGHT)


SHORT = "Cafe\u0301: add one.\n```python\ndef f(x): ...\n```\n"
SHOT = "### Instruction: add one to the number in a python function, please.\n### Response:\n"
SHOTS = "\u00e9" * 50 + f"{SHOT}{RIGHT_CODE}\n{SHOT}"
REFUSAL = "I will not answer that."


@pytest.mark.parametrize(
    ("query", "prompt"),
    [
        pytest.param(unicodedata.normalize("NFC", SHORT), SHORT, id="nfc-short"),
        pytest.param(unicodedata.normalize("NFC", "Cafe\u0301! " * 20 + SHOT), "Cafe\u0301! " * 20 + SHOT, id="nfc-long"),
        pytest.param(unicodedata.normalize("NFKC", "\ufb01nd \u2460 " + SHOT), "\ufb01nd \u2460 " + SHOT, id="nfkc"),
        pytest.param(unicodedata.normalize("NFC", "Cafe\u0301\n" * 9 + SHOTS)[40:], "Cafe\u0301\n" * 9 + SHOTS, id="nfc-cut"),
        pytest.param(SHORT.replace("e\u0301", "?"), SHORT, id="a-letter-lost"),
        pytest.param(SHORT.replace("e\u0301", "?").replace("```\n", "```  \n"), SHORT, id="a-letter-lost-and-blanks"),
        pytest.param("\ufffd" + SHOTS[45:], SHOTS, id="cut-in-a-character"),
        pytest.param("\ufffd\ufffd\ufffd" + SHOTS[60:], SHOTS, id="cut-in-an-emoji"),
        pytest.param("im_s" + SHOTS[45:], SHOTS, id="cut-in-a-token"),
        pytest.param(SHOTS[45:], SHOTS, id="cut-between-characters"),
        pytest.param("?" * 50 + SHOTS[50:], SHOTS, id="changed-at-the-beginning"),
        pytest.param("?" * 50 + SHOTS[50:].replace("### R", "###  R"), SHOTS, id="changed-at-the-beginning-and-blanks"),
        pytest.param(SHOTS.replace("\u00e9", "?")[40:], SHOTS, id="cut-and-changed"),
        pytest.param("?" + "=" * 200, "!" + "=" * 200, id="an-end-of-one-character"),
        pytest.param("?" * 20 + "=" * 200, "!" * 20 + "=" * 200, id="changed-before-an-end-of-one-character"),
    ],
)  # fmt: skip
def test_a_prompt_that_the_tokenizer_damaged_is_still_no_response(query, prompt):
    """Neither is code of the prompt paid for, nor is the model's code swallowed by a fence of the prompt."""
    assert response_of(query + REFUSAL, prompt).strip() == REFUSAL
    assert response_of(f"{query}{RIGHT}", prompt).strip() == RIGHT
    assert response_of(f"{query}{RIGHT}\n{prompt}", prompt).strip() == f"{RIGHT}\n{prompt}".strip()
    assert one(query + REFUSAL, prompt, LABEL)[0] == -1.0
    assert one(query + RIGHT, prompt, LABEL)[0] == 1.0
    assert one(query + WRONG, prompt, LABEL)[0] == 0.0


def test_reasoning_that_the_prompt_opens_is_not_paid_before_it_ends():
    for prompt in (f"{PROMPT}<think>\n", f"{SHOTS}<think>"):
        for asked in (prompt, "\ufffd" + prompt[45:], f"<s> {prompt}"):
            assert one(f"{asked}Say:\n{RIGHT}\nBut", prompt, LABEL)[0] == -1.0
            assert one(f"{asked}Say:\n{RIGHT}\nBut no.</think>\n{WRONG}", prompt, LABEL)[0] == 0.0
            assert one(f"{asked}Say:\n{WRONG}\nBut no.</think>\n{RIGHT}", prompt, LABEL)[0] == 1.0
    assert one(f"{PROMPT}<think>\n\n</think>\n\n{RIGHT}", f"{PROMPT}<think>\n\n</think>\n\n", LABEL)[0] == 1.0


def test_a_long_query_is_searched_in_time():
    for character in ("x", "y"):
        prompt = "y" * 20_000 + "z" + "y" * 5_000
        start = time.process_time()
        response_of("?" + character * 1_000_000, prompt)
        assert time.process_time() - start < 5.0


def test_indentation_after_the_prompt_is_kept():
    prompt = "def f(x):\n    '''add one'''\n"
    assert response_of("<s>" + prompt + "    return x + 1", prompt).splitlines()[-1] == "    return x + 1"
    assert (
        one("<s>" + prompt + "    return x + 1", prompt, {"entry_point": "f", "test": "def check(c):\n    assert c(1) == 2"})[0]
        == 1.0
    )


LABELS = {
    "list": LABEL,
    "json": json.dumps(LABEL),
    "literal": repr(LABEL),
    "text": "\n".join(LABEL),
    "dict": {"test_list": LABEL, "test_setup_code": "", "challenge_test_list": []},
    "dict_with_none": {"test_list": LABEL, "inputs": None, "outputs": None, "fn_name": None},
    "columns": {"fn_name": "f", "inputs": [[1], [5]], "outputs": [2, 6]},
    "columns_json": json.dumps({"fn_name": "f", "inputs": ["1", "5"], "outputs": ["2", "6"]}),
}


@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
def test_labels_come_in_many_shapes(label):
    assert one(PROMPT + RIGHT, PROMPT, label)[0] == 1.0
    assert one(PROMPT + WRONG, PROMPT, label)[0] == 0.0


ODD = [
    ("", "", ""), ("", "", None), (None, None, None), (RIGHT, None, LABEL), (RIGHT, "", 5), (RIGHT, "", 5.0), (RIGHT, "", []),
    (RIGHT, "", {}), (RIGHT, "", [None]), (RIGHT, "", [[]]), (RIGHT, "", {"inputs": [1]}), (RIGHT, "", {"inputs": 1, "outputs": 2}),
    (RIGHT, "", {"inputs": [], "outputs": []}), (RIGHT, "", {None: 1}), (RIGHT, "", "not a label"), (RIGHT, "", "{" * 1000),
    (RIGHT, "", "[" * 100_000), (RIGHT, "", '"' * 99), (RIGHT, "", b"\xff\xfe"), (RIGHT, "", object()), (RIGHT, "", lambda: 0),
    (RIGHT, "", ["assert"]), (RIGHT, "", ["assert f("]), (RIGHT, "", ["assert True"]), (RIGHT, "", ["assert False"]),
    (RIGHT, "", ["import os"]), (RIGHT, "", {"test": "def check(c): pass", "entry_point": "f"}), (RIGHT, "", {"test": 5, "entry_point": 6}),
    (RIGHT, "", {"fn_name": "f", "inputs": ["x y"], "outputs": ["1"]}), (RIGHT, "", {"time_limit": "soon", "inputs": ["1"], "outputs": ["1"]}),
    (RIGHT, "", {"private_test_cases": "eJ" + "A" * 80}), (RIGHT, "", {"test_list": "assert f(1) == 2"}), (5, 6, LABEL),
    ("\ud800" * 10, "\ud800", LABEL), ("\0" * 1000, "", LABEL), ("```python\n" * 1000, "", LABEL), ("x" * 1_000_000, "y" * 10_000, LABEL),
    ("`" * 100_000, "`", LABEL), ("<think>" * 1000, "", LABEL), (PROMPT * 50, PROMPT, LABEL), ("\n" * 100_000 + RIGHT, "\n", LABEL),
]  # fmt: skip


def test_forty_odd_inputs_raise_nothing_and_log_the_same_keys():
    assert len(ODD) >= 40
    for query, prompt, label in ODD:
        check_shape(reward_func([query], [prompt], [label]), 1)
    queries, prompts, labels = map(list, zip(*ODD, strict=True))
    check_shape(reward_func(queries, prompts, labels), len(ODD))


def test_lists_of_different_lengths_and_no_lists():
    check_shape(reward_func([RIGHT, RIGHT], [""], None), 2)
    check_shape(reward_func([], [], []), 0)
    check_shape(reward_func([RIGHT], [""], [LABEL], extra=1), 1)


def test_a_broken_label_is_no_ones_failure_but_counted():
    reward, score, logs = one(PROMPT + RIGHT, PROMPT, "nonsense")
    assert (reward, score, logs["internal_error"], logs["crash"]) == (0.0, 0.5, 1.0, 0.0)


def test_the_log_has_every_reason_and_does_not_repeat_it_for_every_sample(caplog):
    for number in (1, 2):
        reward_func([RIGHT] * 50, [""] * 50, [f"what no other test gives {number}"] * 50)
    said = [record.getMessage() for record in caplog.records]
    for number in (1, 2):
        ours = [one for one in said if f"what no other test gives {number}" in one]
        assert all(one.startswith("label_error: ") for one in ours)
        # Several threads tell: what the fourth says may be there before what the second says.
        counts = {one.rpartition("(")[2] for one in ours if one.endswith("times by now)")}
        assert counts == {f"{count} times by now)" for count in (2, 4, 8, 16, 32)}
        assert len(ours) == 6
    assert len(said) == 12


def test_a_bug_of_ours_is_in_the_log_with_its_traceback_each_time(caplog, monkeypatch):
    monkeypatch.setattr("sandbox.api.Sandbox.score", lambda *_, **__: 1 / 0)
    for _ in range(3):
        assert one(RIGHT, "", LABEL)[2]["internal_error"] == 1.0
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError] * 3


def test_the_log_knows_a_bounded_number_of_reasons(caplog):
    log = sample_log._Backoff().log
    for _ in range(2):
        for number in range(sample_log.MOST_KNOWN + 1):
            log(30, str(number))
    assert len(caplog.records) == 2 * (sample_log.MOST_KNOWN + 1)  # none is lost


def test_it_works_from_many_threads_at_once():
    results = []

    def work(number):
        for _ in range(5):
            results.append(one(PROMPT + (RIGHT if number % 2 else WRONG), PROMPT, LABEL)[0] == float(number % 2))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80


def test_workers_that_cannot_start_are_counted_not_raised(monkeypatch):
    monkeypatch.setenv("SANDBOX_PYTHON", "/nonexistent")
    monkeypatch.setattr(process_sandbox, "_box", None)
    reward, score, logs = one(RIGHT, "", LABEL)
    assert (reward, score, logs["internal_error"]) == (0.0, 0.5, 1.0)
    monkeypatch.setattr(process_sandbox, "_box", None)


def load(path):
    """As OpenRLHF 0.11 does: by path, and not put into sys.modules."""
    spec = importlib.util.spec_from_file_location("reward_func", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.reward_func


def test_the_reward_file_is_loaded_by_path_and_can_be_pickled_by_value():
    loaded = load(ROOT / "reward_code_gen.py")
    assert loaded([RIGHT], [""], [LABEL])["rewards"].tolist() == [1.0]
    assert len((ROOT / "reward_code_gen.py").read_text().splitlines()) <= 40
    cloudpickle = pytest.importorskip("cloudpickle", reason="cloudpickle comes with ray")
    copy = pickle.loads(cloudpickle.dumps(loaded))
    assert copy([RIGHT], [""], [LABEL])["rewards"].tolist() == [1.0]


def test_a_wrong_setting_stops_the_load_with_its_name():
    script = f"import importlib.util as u; s = u.spec_from_file_location('reward_func', {str(ROOT / 'reward_code_gen.py')!r}); s.loader.exec_module(u.module_from_spec(s))"
    environment = {"PATH": "/usr/bin:/bin", "SANDBOX_MEMORY_MB": "lots"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "SANDBOX_MEMORY_MB='lots' cannot be used" in done.stderr


def test_without_torch_the_load_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="torch is not installed"):
        openrlhf.check_settings()


def test_numbers_are_finite_whatever_a_judgement_says():
    assert math.isfinite(one(PROMPT + RIGHT, PROMPT, LABEL)[2]["wall_ms"])

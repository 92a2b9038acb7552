"""The README is short and true: what it shows is executed, what it names exists, and what it promises is paid."""

import json
import os
import re
import subprocess
import sys

import pytest
from doc_pages import assert_files_exist, blocks, commands, page, run
from machine import ROOT

README = page("README.md")


def test_it_is_short_and_says_early_what_it_is_for():
    assert len(README.splitlines()) <= 180
    assert re.findall(r"\bF\d+\b", README) == []  # numbers of label formats say nothing to who reads this first
    start = "\n".join(README.splitlines()[:10])
    assert "**Linux only**" in start
    assert "**Python programs**" in start
    assert "docs/pictures/hack.png" in README
    assert [command for command in ("make demo", "make test") if command not in README] == []


def test_the_quick_start_runs():
    _, source = blocks(README, "python")
    assert len(source.splitlines()) <= 22
    done = run(source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["1.0 pass 1.0", "1.0 accepted", "-1.0 no_code"]


def test_the_snippet_for_trl_runs():
    source, _ = blocks(README, "python")
    exec(source, names := {})
    (reward,) = names["reward_funcs"]
    assert (reward.label, 'make_code_reward(label="test_cases")' in source) == ("test_cases", True)


def test_what_it_gives_verl_exists():
    from sandbox.adapters import verl

    for text in (README, page("docs/verl.md")):
        path, name = (re.search(rf"reward\.custom_reward_function\.{key}=(\S+) ", text)[1] for key in ("path", "name"))
        assert path == f"pkg://{verl.__name__}"
        assert callable(getattr(verl, name))


def test_what_it_asks_over_http_is_answered():
    pytest.importorskip("fastapi")
    from serving import server

    path, body = re.search(r"curl 'http://HOST:8080(/\S+)\?token=\S+' .*?-d '(.*?)'", README, re.S).groups()
    with server() as client:
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["results"][0]["reward"] == 1.0
    assert '"reward": 1.0' in README


def test_the_command_lines_run(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    lines = commands(README)
    assert len(lines) == 3
    program = os.path.join(os.path.dirname(sys.executable), "reward-sandbox")
    for line in lines:
        done = subprocess.run(
            line.replace("reward-sandbox", program, 1), shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == (3 if " score " in line else 0), done.stderr  # one of the samples' labels is broken
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    outcomes = {
        "right": "pass",
        "completion": "pass",
        "partly": "partial",
        "wrong": "fail",
        "timeout": "timeout",
        "crash": "crash",
        "no code": "crash",
        "cheat": "crash",
        "broken label": "internal",
    }
    assert [row["outcome"] for row in results] == [outcomes[row["id"].partition("/")[2]] for row in results]
    assert {row["outcome"] for row in results} == set(outcomes.values())
    assert len({row["format"] for row in results}) > 5
    assert (tmp_path / "report.html").exists()


def test_the_labels_that_are_whole_are_understood():
    from sandbox.judging import labels

    rows = re.findall(r"^\| [^|]+ \| `([\[{].*)` \|$", README, re.M)
    assert len(rows) == 8
    whole = [row for row in rows if "..." not in row]
    assert len(whole) == 4
    for row in whole:
        assert len(labels.read(row).cases) == 1, row


def test_files_that_it_names_exist():
    assert_files_exist("README.md")


def test_the_reward_table_is_the_one_that_is_paid():
    from sandbox.judging.reward import DOCUMENTED, Outcome

    for outcome in Outcome:
        row = re.search(rf"^\| {outcome.value} \|.*\| (\S+) \| (\S+) \|$", README, re.M)
        assert row, outcome
        reward = DOCUMENTED[outcome]
        assert (float(row[1]), float(row[2])) == (reward, (reward + 1) / 2)


def test_its_figures_are_those_of_the_page_on_speed():
    row = next(line for line in page("docs/speed.md").splitlines() if line.startswith("| 5 asserts |")).split(" | ")
    milliseconds, times = re.search(r"Five asserts cost (\S+) ms .*? costs (\d+) times as much", README, re.S).groups()
    assert milliseconds in row
    assert f"{times} x" in row[-1]


def test_the_demo_pays_every_right_answer_and_no_cheat():
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), "--problems", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not paid in full: 0." in done.stdout
    assert "cheating answers paid in full: 0." in done.stdout

"""Docs run: what the README and the API page show is executed, and what they promise has a test or is named as pending."""

import json
import os
import re
import subprocess
import sys

import pytest
from machine import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
REWARDS = (ROOT / "docs" / "rewards.md").read_text(encoding="utf-8")


def blocks(text, language):
    """Code blocks of a language; a block may hold fences inside of strings, so only fences at the start of a line end it."""
    found, inside = [], None
    for line in text.split("\n"):
        if inside is None and line == f"```{language}":
            inside = []
        elif inside is not None and line == "```":
            found.append("\n".join(inside))
            inside = None
        elif inside is not None:
            inside.append(line)
    return found


def run(source):
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)


def test_the_quick_start_runs():
    source, _ = blocks(README, "python")
    assert len(source.splitlines()) <= 22
    done = run(source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == ["1.0 pass 1.0", "1.0 accepted", "-1.0 no_code"]
    assert "finished b'42\\n'" in done.stdout


def test_the_snippet_for_trl_names_what_exists():
    _, source = blocks(README, "python")
    ours = [line for line in source.splitlines() if "sandbox" in line and "import" in line]
    exec("\n".join(ours), names := {})
    compile(source, "README.md", "exec")
    reward = names["make_code_reward"](label="test_cases")
    assert (reward.label, 'make_code_reward(label="test_cases")' in source) == ("test_cases", True)


def test_what_the_readme_gives_verl_exists():
    from sandbox.adapters import verl

    path, name = (re.search(rf"reward\.custom_reward_function\.{key}=(\S+) ", README)[1] for key in ("path", "name"))
    assert path == f"pkg://{verl.__name__}"
    assert callable(getattr(verl, name))
    for key in verl.KEYS:
        assert f"`{key}`" in README


def test_the_api_page_runs_from_top_to_bottom():
    done = run("\n".join(blocks(API, "python")))
    assert done.returncode == 0, done.stderr


def test_the_page_on_more_rewards_runs_from_top_to_bottom():
    done = run("\n".join(blocks(REWARDS, "python")))
    assert done.returncode == 0, done.stderr


def test_the_prices_of_mathematics_are_those_that_are_paid():
    from sandbox.adapters.math import REWARDS as PAID
    from sandbox.adapters.math import Answered, Marked

    for words, answered in (("right", Answered.RIGHT), ("wrong", Answered.WRONG), ("none stated", Answered.NOTHING)):
        row = re.search(rf"^\| {words} \| (\S+) \| (\S+) \|$", REWARDS, re.M)
        assert float(row[1]) == PAID[answered]
        assert float(row[2]) == round(Marked(answered=answered).score, 2)


def test_the_command_lines_run(tmp_path):
    (tmp_path / "solution.py").write_text("print(sum(map(int, input().split())))")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    commands = [line for block in blocks(README, "bash") for line in block.splitlines() if line.startswith("reward-sandbox")]
    assert len(commands) == 4
    program = os.path.join(os.path.dirname(sys.executable), "reward-sandbox")
    for command in commands:
        done = subprocess.run(
            command.replace("reward-sandbox", program, 1), shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == (3 if " score " in command else 0), done.stderr  # one of the samples' labels is broken
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


def test_what_is_to_be_installed_is_on_no_index():
    """So no page and no message may give the package's name to pip, but the project's own extras."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.*"), *ROOT.glob("sandbox/**/*.py")]
    named = [str(file.relative_to(ROOT)) for file in files if re.search(r"pip install [^\n]*reward-sandbox\[", file.read_text())]
    assert named == []
    text = "".join(file.read_text() for file in files)
    extras = re.findall(r"'\.\[(\w+)\]'", text) + re.findall(r"install_hint\(['\"](\w+)['\"]\)", text)
    declared = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.M)
    assert set(extras) <= set(declared)
    assert len(extras) > 10


def test_both_spellings_of_the_trainers_flags_are_there():
    for flag in ("--reward.remote_url", "--data.label_key", "--remote_rm_url", "--label_key"):
        assert f"{flag} " in README


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "docs/api.md", "docs/report.md", "docs/rewards.md", "docs/speed.md"])
def test_files_that_pages_name_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|sandbox|examples|benchmarks|guest)/[\w/.]+)`", text):
        assert (ROOT / ("sandbox/" + name if name.startswith("guest/") else name)).exists(), f"{page} names {name}"
    for name in re.findall(r"\]\(([\w/.]+)\)", text) + re.findall(r"(?:src|href)=\"([\w/.]+)\"", text):
        assert ((ROOT / page).parent / name).exists(), f"{page} links to {name}"


def test_the_reward_table_is_the_one_that_is_paid():
    from sandbox.judging.reward import DOCUMENTED, Outcome

    for outcome in Outcome:
        row = re.search(rf"^\| {outcome.value} \|.*\| (\S+) \| (\S+) \|$", README, re.M)
        assert row, outcome
        reward = DOCUMENTED[outcome]
        assert (float(row[1]), float(row[2])) == (reward, (reward + 1) / 2)


def test_the_limits_table_shows_the_defaults():
    from sandbox import Limits

    limits = Limits()
    shown = dict(re.findall(r"^\| (\w[\w ]*) \| ([^|]+) \| (?:user|effective|private|standard|processes|of|wall)", README, re.M))
    assert shown == {
        "CPU time": f"{limits.cpu_seconds:.0f} s",
        "wall time": "3 x CPU + 1 s",
        "memory": f"{limits.memory_bytes >> 30} GiB",
        "output": f"{limits.output_bytes >> 20} MiB",
        "processes": str(limits.processes),
        "open files": str(limits.open_files),
        "file size": f"{limits.file_bytes >> 20} MiB",
        "suite": f"{limits.suite_seconds:.0f} s",
        "deadline": f"{limits.deadline_seconds:.0f} s",
    }


def test_the_demo_pays_every_right_answer_and_no_cheat():
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), "--problems", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not paid in full: 0." in done.stdout
    assert "cheating answers paid in full: 0." in done.stdout

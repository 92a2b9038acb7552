"""The pages for those who plug it in or call it: what they show runs, and what they list is all there is, and no more."""

import inspect
import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from doc_pages import assert_files_exist, blocks, commands, page, run
from machine import ROOT

PAGES = [f"docs/{name}.md" for name in ("index", "openrlhf", "verl", "trl", "agents", "http", "cli", "api")]


@pytest.mark.parametrize("name", [name for name in PAGES if blocks(page(name), "python")])
def test_python_blocks_run_from_top_to_bottom(name):
    sources = blocks(page(name), "python")
    if name == "docs/trl.md":
        assert "GRPOTrainer(" in sources[0]  # it needs a model; that its lines fit TRL, test_trl_client.py says
        compile(sources.pop(0), name, "exec")
    done = run("\n".join(sources))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PAGES)
def test_files_that_pages_name_exist(name):
    assert_files_exist(name)


def test_the_keys_of_each_trainer_are_those_that_it_gets():
    from sandbox.adapters import openrlhf, trl, verl

    def named(name):
        return set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", page(name), re.M))))

    assert named("docs/openrlhf.md") == set(openrlhf.LOG_KEYS)
    assert named("docs/verl.md") == set(verl.KEYS)
    assert [key for key in trl._metrics([]) if f"`{key}`" not in page("docs/trl.md")] == []


def test_both_spellings_of_the_trainers_flags_are_there():
    text = page("docs/openrlhf.md")
    for flag in ("--reward.remote_url", "--data.label_key", "--remote_rm_url", "--label_key"):
        assert f"{flag} " in text


def test_the_prices_of_mathematics_are_those_that_are_paid():
    from sandbox.adapters.math import REWARDS, Grade, GradedAnswer

    for words, answered in (("right", Grade.RIGHT), ("wrong", Grade.WRONG), ("none stated", Grade.NO_ANSWER)):
        row = re.search(rf"^\| {words} \| (\S+) \| (\S+) \|$", page("docs/agents.md"), re.M)
        assert float(row[1]) == REWARDS[answered]
        assert float(row[2]) == round(GradedAnswer(answered=answered).score, 2)


def test_every_example_for_openrlhf_is_in_the_table():
    rows = set(re.findall(r"^\| `examples/(\w+\.py)` \|", page("docs/agents.md"), re.M))
    assert rows == {file.name for glob in ("agent_func*.py", "reward_func*.py") for file in (ROOT / "examples").glob(glob)}


# --- the command line -----------------------------------------------------------------------------------------------------


def test_the_command_lines_run(tmp_path):
    (tmp_path / "solution.py").write_text("print(sum(map(int, input().split())))")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    lines = commands(page("docs/cli.md"))
    assert len(lines) == 4
    program = os.path.join(os.path.dirname(sys.executable), "reward-sandbox")
    for line in lines:
        done = subprocess.run(
            line.replace("reward-sandbox", program, 1), shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == (3 if " score " in line else 0), done.stderr  # one of the samples' labels is broken
    assert (tmp_path / "report.html").exists()


def command_line():
    import typer

    from sandbox.cli import app

    return typer.main.get_command(app)


def options_of(command):
    found = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    return found.union(*map(options_of, getattr(command, "commands", {}).values())) | {"--help"}


def test_every_command_has_its_row_and_every_option_exists():
    text, known = page("docs/cli.md"), command_line().commands
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.M)) == sorted(known)
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= options_of(command_line())
    assert {name for name in known if "--json" in options_of(known[name])} == {"run", "score", "doctor", "ray"}
    for option in ("--isolation", "--allow-missing", "--backend"):
        assert {name for name in known if option in options_of(known[name])} - {"images"} == {"run", "score", "doctor", "serve"}


def test_a_line_of_the_page_is_a_sample(tmp_path):
    (line,) = blocks(page("docs/cli.md"), "json")
    (tmp_path / "samples.jsonl").write_text(line + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sandbox", "score", str(tmp_path / "samples.jsonl"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["outcome"] == "pass"


# --- the HTTP service -----------------------------------------------------------------------------------------------------


def test_what_the_page_asks_the_service_is_answered():
    pytest.importorskip("fastapi")
    from serving import server

    text = page("docs/http.md")
    (block,) = blocks(text, "bash")
    asked = [shlex.split(line) for line in block.replace("\\\n", "").splitlines()]
    assert [words[:3] for words in asked] == [["curl", "-H", "Content-Type: application/json"]] * 2
    with server() as client:
        answers = []
        for words in asked:
            (address,) = (word for word in words if word.startswith("http://127.0.0.1:8080/"))
            body = words[words.index("-d") + 1]
            answer = client.post(
                address.removeprefix("http://127.0.0.1:8080"), content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 200, answer.text
            answers.append(answer.json())
        paths = client.get("/openapi.json").json()["paths"]
    assert answers[0]["stdout"] == "42\n"
    assert answers[1]["results"][0]["reward"] == 1.0
    listed = {(path, method.lower()) for method, path in re.findall(r"`(GET|POST) (/\w[\w/]*)`", text)}
    assert listed == {(path, method) for path, methods in paths.items() for method in methods}


def test_the_options_of_the_service_exist():
    named = re.findall(r"^\| `(--[a-z-]+)` \||reward-sandbox serve (--[a-z-]+)", page("docs/http.md"), re.M)
    assert len(named) == 4
    assert {"".join(pair) for pair in named} <= options_of(command_line().commands["serve"])


def test_the_defaults_of_the_service_are_those_of_the_page():
    options = {option: one.default for one in command_line().commands["serve"].params for option in one.opts}
    rows = re.findall(r"^\| `(--[a-z-]+)` \| ([\d,]+) \|", page("docs/http.md"), re.M)
    assert len(rows) == 3
    assert {name: int(shown.replace(",", "")) for name, shown in rows} == {name: options[name] for name, _ in rows}
    assert f"A request holds {options['--max-waiting']:,} samples at most" in page("docs/http.md")


def test_what_the_page_says_needs_no_token_needs_none():
    pytest.importorskip("fastapi")
    from sandbox.server.access import _OPEN

    text = page("docs/http.md")
    needing, open_to_all = (
        re.findall(r"`(/[\w/.]*)`", re.search(rf"^- These need {word}: (.*)$", text, re.M)[1]) for word in ("the token", "none")
    )
    assert [path for path in needing if _OPEN.fullmatch(path)] == []
    assert [path for path in open_to_all if not _OPEN.fullmatch(path)] == []
    assert (len(needing), len(open_to_all)) == (8, 5)


# --- Python ---------------------------------------------------------------------------------------------------------------


def test_every_option_of_a_sandbox_is_in_the_table_with_its_default():
    from sandbox import Sandbox

    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page("docs/api.md"), re.M))
    options = inspect.signature(Sandbox).parameters
    assert rows.keys() == options.keys()
    for name, option in options.items():
        default = getattr(option.default, "value", option.default)
        if isinstance(default, str):
            assert rows[name] == f'`"{default}"`', name
        elif isinstance(default, int):
            assert rows[name].strip("`") == str(default), name


def test_the_reference_has_every_public_name():
    import sandbox

    listed = re.findall(r"^::: ([\w.]+)$", page("docs/api.md"), re.M)
    assert len(listed) == len(set(listed))
    missing = [name for name in sandbox.__all__ if f"sandbox.{sandbox._HOME_OF[name]}.{name}" not in listed]
    assert missing == []


# --- installing -----------------------------------------------------------------------------------------------------------


def declared():
    return re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)


def test_the_table_of_extras_is_whole():
    rows = re.findall(r"^\| `(\w+)` \|", page("docs/index.md"), re.M)
    start = declared().index("openrlhf")
    assert sorted(rows) == sorted({*declared()[start : declared().index("dev")]} - {"demo"})


def test_what_is_to_be_installed_is_on_no_index():
    """So no page and no message may give the package's name to pip, but the project's own extras."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.*"), *ROOT.glob("sandbox/**/*.py")]
    named = [str(file.relative_to(ROOT)) for file in files if re.search(r"pip install [^\n]*reward-sandbox\[", file.read_text())]
    assert named == []
    text = "".join(file.read_text() for file in files)
    extras = re.findall(r"'\.\[(\w+)\]'", text) + re.findall(r"install_hint\(['\"](\w+)['\"]\)", text)
    assert set(extras) <= set(declared())
    assert len(extras) > 10

"""Pages of docs/ that explain: what they show runs, what they name exists, and what they list is complete."""

import ast
import os
import re
import shutil
import subprocess
import sys

import pytest
from machine import ROOT

from sandbox import Cause, Limits, Outcome, Verdict
from sandbox.judging import suspicion
from sandbox.judging.reward import DOCUMENTED
from sandbox.settings import VARIABLES
from sandbox.words.details import in_words
from sandbox.words.layers import Layer
from sandbox.words.verdict import SEVERITY

NAMES = (
    "confinement.md",
    "containers.md",
    "doctor.md",
    "how-it-works.md",
    "labels.md",
    "report.md",
    "rewards.md",
    "scale.md",
    "security.md",
    "settings.md",
    "speed.md",
    "why.md",
)
PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in NAMES}
IN_THE_REPOSITORY = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(PAGES[name], "python") and name != "labels.md"])
def test_python_blocks_run_from_top_to_bottom(name):
    if "adapters import openrlhf" in PAGES[name]:
        pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks(PAGES[name], "python"))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(PAGES[name], "bash")])
def test_commands_run(name, tmp_path):
    """What asks a daemon, a cluster or the administrator's tools stands in blocks of another kind."""
    (tmp_path / "solution.py").write_text("print(sum(map(int, input().split())))")
    shutil.copy(ROOT / "examples" / "samples.jsonl", tmp_path / "samples.jsonl")
    program = os.path.join(os.path.dirname(sys.executable), "reward-sandbox")
    for command in "".join(blocks(PAGES[name], "bash")).splitlines():
        assert command.startswith("reward-sandbox "), command
        done = subprocess.run(
            command.replace("reward-sandbox", program, 1), shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == (3 if " score " in command else 0), (
            done.stdout + done.stderr
        )  # one of the samples' labels is broken


@pytest.mark.parametrize("name", NAMES)
def test_links_between_pages_lead_somewhere(name):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", PAGES[name]):
        file = ROOT / "docs" / (target or name)
        assert file.exists(), f"{name} links to {target}"
        assert "/" not in target or target.startswith("pictures/"), "the built site has only what is in docs/"
        if anchor:
            titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, f"{name}: #{anchor}"


@pytest.mark.parametrize("name", [*(f"docs/{name}" for name in NAMES), *IN_THE_REPOSITORY])
def test_files_that_a_page_names_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    new = text.partition("## 0.1.0")[0]  # of the changelog, which tells of what was
    for path in re.findall(r"`((?:tests|sandbox|examples|benchmarks|docs|images)/[\w/.-]*)`", new):
        assert (ROOT / path).exists(), f"{name} names {path}"
    for path in re.findall(r"\]\((?!https?:)([\w/.-]+)\)", text) if name in IN_THE_REPOSITORY else ():
        assert (ROOT / path).exists(), f"{name} links to {path}"


def test_the_reward_table_is_the_one_that_is_paid():
    for outcome in Outcome:
        row = re.search(rf"^\| {outcome.value} \|.*\| (\S+) \| (\S+) \|$", PAGES["rewards.md"], re.M)
        assert row, outcome
        reward = DOCUMENTED[outcome]
        assert (float(row[1]), float(row[2])) == (reward, (reward + 1) / 2)


def test_the_limits_table_shows_the_defaults():
    limits = Limits()
    head = PAGES["settings.md"].partition("## Settings")[0]
    shown = dict(re.findall(r"^\| (\w[\w ]*) \| ([^|]+) \| (?:user|effective|private|standard|processes|of|wall)", head, re.M))
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


def test_each_limit_has_its_variable():
    head = PAGES["settings.md"].partition("## Settings")[0]
    shown = re.findall(r"^\| .* \| `(SANDBOX_\w+)` \|$", head, re.M)
    assert sorted(shown) == sorted(variable.name for variable in VARIABLES if variable.limit)


def test_every_variable_that_the_package_or_its_tests_know_is_in_a_table():
    rows = re.findall(r"^\| `(SANDBOX_\w+)` \|", PAGES["settings.md"], re.M)
    assert len(rows) == len(set(rows))
    assert {variable.name for variable in VARIABLES} <= set(rows)
    files = ("sandbox/**/*.py", "reward_code_gen.py", "examples/*")
    named = {name for glob in files for file in ROOT.glob(glob) if file.is_file() for name in read_of(file)}
    assert named - set(rows) == set()


def read_of(file):
    return re.findall(r"\bSANDBOX_[A-Z]\w*", file.read_text(encoding="utf-8"))


# --- why.md ---------------------------------------------------------------------------------------------------------------


def test_verdicts_are_in_the_order_of_their_severity():
    rows = re.findall(r"^\| `(\w+)` \|", PAGES["why.md"].partition("## Details")[0], re.M)
    assert [Verdict(word) for word in rows] == [*SEVERITY[1:], SEVERITY[0]]
    assert SEVERITY[0] is Verdict.SKIPPED


def details():
    return PAGES["why.md"].partition("## Details")[2].partition("## Differences")[0]


def test_every_way_in_which_a_program_ends_is_explained():
    shown = details()
    for cause in Cause:
        word = {Cause.FINISHED: "exit:0", Cause.EXITED: "exit:3", Cause.SIGNALED: "signal:SIGKILL", Cause.SETUP: "setup:"}
        assert f"`{word.get(cause, cause.value)}" in shown, cause


@pytest.mark.parametrize("file", ["sandbox/words/judgement.py", "sandbox/judging/trial.py"])
def test_every_detail_that_the_source_writes_is_explained(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    found = re.findall(r"detail=f?\"(\w+:?)", text) + re.findall(r"\"(protocol:|suite:)", text)
    assert len(found) > 1
    for word in set(found) - {"an"}:  # "an earlier case had decided" is with its verdict
        assert f"`{word}" in details(), word


def test_every_reason_for_no_code_is_explained():
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "sandbox" / "judging" / "response").glob("*.py"))
    reasons = [*re.findall(r"reason=f?\"([^\"{]+)", text), "there is nothing after the reasoning", "the answer is empty"]
    assert len(reasons) > 5
    for reason in reasons:
        assert reason.strip() in PAGES["why.md"], reason


def sentences():
    """(file, sentence) of what is said of labels and of our faults, with `{}` for what only a run knows."""
    for file in sorted((ROOT / "sandbox").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Name("LabelError" | "WorkerError" | "WorkerLost" | "Overloaded"), [ast.Constant(str(text)), *_]):
                    yield file.name, text
                case ast.Call(ast.Name("LabelError" | "WorkerError" | "WorkerLost" | "Overloaded"), [ast.JoinedStr(parts), *_]):
                    yield file.name, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def test_every_sentence_about_a_label_or_a_fault_of_ours_is_explained():
    """Its first clause, the longest part of it that is always the same."""
    found = list(sentences())
    assert len(found) > 60
    for file, sentence in found:
        clause = re.sub(r"^F\d+: ", "", sentence).partition(";")[0]
        part = max(clause.split("{}"), key=len).strip(" :,('")
        assert part[:40] in PAGES["why.md"], f"{file}: {sentence}"


def test_every_suspicion_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", PAGES["why.md"].partition("## Suspicions")[2], re.M)
    assert set(rows) == {*suspicion.SIGNS, "blocked_syscall"}


LABELS = {
    "empty": ("", "the label is empty; check the dataset's column"),
    "wrong key": ({"test_case": []}, "did you mean 'test_cases' for 'test_case'?"),
    "no cases": ({"inputs": [], "outputs": []}, "the label has no test cases; a suite needs at least one"),
    "lengths": ({"inputs": ["1"], "outputs": []}, "inputs and outputs are lists of the same length; found"),
    "syntax": (["assert f(1) =="], "is not valid Python:"),
    "tuple": (["assert (f(1), 2)"], "an assert of a tuple, which is true of every program"),
    "false": (["assert 1 == 2"], "an assert that is false of every program"),
    "nothing": ({"pytest": "from solution import f\ndef test_a():\n    assert 1"}, "the label's tests ask the program nothing, so that every program would pass them"),
    "skipped": ({"pytest": "import pytest\nfrom solution import f\n@pytest.mark.skip\ndef test_a():\n    f(1)"}, "tests of the label are skipped; a pass needs at least one that ran"),
    "broken": ({"pytest": "import nosuch\nfrom solution import f\ndef test_a():\n    assert f(1)"}, "the label's tests are broken:"),
    "imports": ({"test_setup_code": "import nosuch", "test_list": ["assert f(1) == 2"]}, "the label's imports fail:"),
    "language": ({"language": "cpp", "inputs": ["1"], "outputs": ["1"]}, "the label asks for the language 'cpp'; this version runs python"),
    "checker program": ({"generated_checker": "x", "inputs": ["1"], "outputs": ["1"]}, "the label has a checker program, which this version does not run"),
    "files": ({"input_file": "in.txt", "inputs": ["1"], "outputs": ["1"]}, "only standard input and output are supported"),
    "checker": ({"checker": "nosuch", "inputs": ["1"], "outputs": ["1"]}, "no checker is named"),
    "limit": ({"time_limit": "soon", "inputs": ["1"], "outputs": ["1"]}, "the label's time_limit is 'soon'; it should be a number,"),
    "packed": ({"private_test_cases": "eJxxx", "metadata": "{}"}, "the packed tests are not base64 of zlib:"),
    "solution": ({"entry_point": "f", "canonical_solution": "def f(x):\n    return nosuch", "base_input": [[1]]}, "the canonical solution fails on input"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_what_is_said_of_a_broken_label_is_on_the_page(name, box):
    label, words = LABELS[name]
    score = box.score("```python\ndef f(x):\n    return x + 1\n```", label)
    assert score.verdict is Verdict.LABEL_ERROR
    assert words in score.judgement.reason
    assert words in PAGES["why.md"]


PROGRAMS = {
    "def f(:": "compile:SyntaxError:",
    "x = nope": "load:NameError:",
    "import nosuch": "load:ModuleNotFoundError:",
    "def g(x): pass": "load:NameError: the program defines no function 'f'",
    "def f(x):\n    raise ValueError('no')": "exception:ValueError:",
    "import os\ndef f(x):\n    os._exit(0)": "exit:0",
    "import sys\ndef f(x):\n    sys.exit(3)": "exit:3",
    "import os\ndef f(x):\n    os.kill(os.getpid(), 9)": "signal:SIGKILL",
    "def f(x):\n    while True: yield 1": "unsendable: an iterator of more than 1000000 items",
    "class A: pass\ndef f(x): return A()": "got <A object>, expected 2",
    "async def f(x): return 2": "got <coroutine object>, expected 2",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_said_of_a_program_is_on_the_page(program, box):
    """The code of its end, as it is in results, or how its answer differs; and in `first_failure` the same in words."""
    score = box.score(f"```python\n{program}\n```", {"fn_name": "f", "inputs": [[1]], "outputs": [2]})
    (case,) = score.judgement.cases
    said = PROGRAMS[program]
    code = ": ".join(part for part in (case.detail, case.difference) if part)
    assert code.startswith(said)
    assert score.judgement.first_failure == f"case 1: {case.said}"
    for part in said.split(": an "):
        assert part in PAGES["why.md"]


def test_the_words_of_a_code_are_those_that_people_read():
    """The second column of the table of codes, up to what only a run knows."""
    rows = re.findall(r"^\| `([^`|]+)`[^|]* \| ([^|]+) \|", details(), re.M)
    assert len(rows) > 20
    for code, words in rows:
        beginning = in_words(code).partition("...")[0].rstrip(": ")
        shown = words.partition("...")[0].partition(" (")[0].rstrip(": ")
        assert words == "the same" or beginning.startswith(shown), code


# --- layers ---------------------------------------------------------------------------------------------------------------


def test_every_layer_is_told_of():
    for layer in Layer:
        assert f"`{layer.value}`" in PAGES["confinement.md"], layer

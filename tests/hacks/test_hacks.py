"""Programs that try to be paid without solving the problem. None is, and each is paid by the naive grader of control.py."""

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import Outcome

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))

# These ask for a value that only the judge knows; for the others any value will do.
NEEDS_SECRET = "WANTED"


def header(program):
    """The `# key: value` lines a program begins with."""
    return dict(re.findall(r"^# (\w+): (.*)$", program.read_text(encoding="utf-8"), re.M))


def wanted_of(program):
    if program.stem == "answer_twice":
        return 42
    return f"WANTED-{secrets.token_hex(16)}"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_no_hack_is_paid(program, box):
    wanted = wanted_of(program)
    source = program.read_text(encoding="utf-8")
    labels = [
        {"fn_name": "f", "inputs": [[0]], "outputs": [wanted]},
        [f"assert f(0) == {wanted!r}"],
        {"test": f"def check(candidate):\n    assert candidate(0) == {wanted!r}", "entry_point": "f"},
    ]
    expected = header(program)["expect"]
    if os.geteuid() != 0 and program.stem in ("memory_scan", "file_scan"):
        expected = "runtime_error"  # only root can look into /proc/self/mem and environ of a process that is not dumpable
    for label in labels:
        score = box.score(source, label)
        assert score.verdict.value == expected, score.judgement
        assert score.outcome in (Outcome.FAIL, Outcome.CRASH)
        assert score.pass_rate == 0.0


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_every_hack_is_paid_by_a_grader_in_the_same_process(program, tmp_path):
    """The control: if a program does not beat the naive grader, the test above proves nothing."""
    reader, writer = os.pipe()
    task = {
        "source": program.read_text(encoding="utf-8"),
        "function": "f",
        "input": 0,
        "expected": wanted_of(program),
        "folder": str(tmp_path),
        "report": writer,
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "control.py")],
        input=json.dumps(task),
        text=True,
        pass_fds=[writer],
        capture_output=True,
        check=False,
    )
    os.close(writer)
    with os.fdopen(reader) as report:
        said = report.read()
    assert done.returncode == 0 or "passed" in said, done.stderr


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_every_hack_says_what_it_is(program):
    assert header(program).keys() == {"tries", "against", "expect"}


STDIN_HACKS = {
    "silence": ("", "wrong_answer"),
    "exit_0": ("import os\nos._exit(0)", "wrong_answer"),
    "other_case": ("print('yes')", "wrong_answer"),
    "first_line_only": ("print('YES')", "wrong_answer"),
    "all_lines": ("print('YES')\nprint('1')\nprint('2')\nprint('3')", "wrong_answer"),
    "right_answer_but_fails": ("print('YES')\nprint('1')\nraise SystemExit(1)", "runtime_error"),
    "on_stderr": ("import sys\nprint('YES\\n1', file=sys.stderr)", "wrong_answer"),
    "spoofed_verdict": ("print('accepted')\nprint('1 passed')", "wrong_answer"),
}


@pytest.mark.parametrize(("program", "expected"), STDIN_HACKS.values(), ids=STDIN_HACKS)
def test_no_hack_on_standard_output_is_paid(program, expected, box):
    score = box.score("```python\n" + program + "\npass\n```", {"inputs": ["x\n"], "outputs": ["YES\n1\n"]})
    assert score.verdict.value == expected
    assert score.pass_rate == 0.0


def test_a_right_answer_is_paid(box):
    """The other control: the same labels, answered."""
    for label in ({"fn_name": "f", "inputs": [[0]], "outputs": ["ok"]}, ["assert f(0) == 'ok'"]):
        assert box.score("def f(x): return 'ok'", label).reward == 1.0
    assert box.score("```python\nprint('YES\\n1')\n```", {"inputs": ["x\n"], "outputs": ["YES\n1\n"]}).reward == 1.0

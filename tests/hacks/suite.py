"""The programs, what their headers say of them, and how each is tried: by our judge, and by a naive grader."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # pytest imports test files by path

import control
import labels

PROGRAMS = sorted((HERE / "programs").glob("*.py"))


def header(program):
    """The `# key: value` lines a program begins with."""
    lines = re.match(r"(?:#.*\n)*", program.read_text(encoding="utf-8"))[0]
    return dict(re.findall(r"^# (\w+): (.*)$", lines, re.M))


def families_of(program):
    return header(program)["labels"].split(", ")


def shape_of(program):
    return header(program).get("label", "equal")


def expected_of(program, family):
    """The verdicts for one family: `wrong_answer; pytest=runtime_error or time_limit`."""
    general, *special = header(program)["expect"].split("; ")
    return dict(one.split("=") for one in special).get(family, general).split(" or ")


def scores(program, family, box):
    """Our judge's scores of a program, one a label of the family, each with a secret of its own."""
    source = f"```python\n{program.read_text(encoding='utf-8')}```"
    count = len(labels.labels_of(shape_of(program), family, labels.secret_of(shape_of(program))))
    for number in range(count):
        label = labels.labels_of(shape_of(program), family, labels.secret_of(shape_of(program)))[number]
        yield box.score(source, label)


def beats(program, family, folder):
    """Whether the naive grader of *family* pays."""
    shape = shape_of(program)
    asked = {"line": "unittest", "impatient": "calls"}.get(family, family)
    label = labels.labels_of(shape, asked, labels.secret_of(shape))[0]
    return control.paid(family, program.read_text(encoding="utf-8"), label, folder)


def controls_of(program):
    """The naive graders that a program may beat, the cheap ones first; with `# control: ...` that one only."""
    named = header(program).get("control")
    order = ("calls", "asserts", "stdio", "unittest", "pytest")
    return [named] if named else [family for family in order if family in families_of(program)]

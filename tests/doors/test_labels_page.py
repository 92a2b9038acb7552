"""docs/labels.md: every label that is shown is judged as the page says, and every link of its table leads somewhere."""

import json
import re

import pytest
from machine import ROOT

from sandbox import Outcome
from sandbox.judging.checkers.output import output_check
from sandbox.judging.labels import _WRAPPERS

PAGE = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
EMPTY = "```python\npass\n```"


def shown():
    """(heading, label, right program) of every label; a section without a program has the page's first."""
    everywhere, here, heading = "", "", ""
    for title, language, text in re.findall(r"^##+ ([^\n]+)$|^```(json|python)\n(.*?)^```$", PAGE, re.M | re.S):
        if title:
            heading, here = title, ""
        elif language == "python":
            everywhere, here = everywhere or text, text
        else:
            yield heading, json.loads(text), here or everywhere


LABELS = list(shown())


@pytest.mark.parametrize(("heading", "label", "program"), LABELS, ids=[f"{n}-{one[0]}" for n, one in enumerate(LABELS)])
def test_a_right_program_passes_and_an_empty_one_does_not(heading, label, program, box):
    score = box.score(f"```python\n{program}```", label)
    assert (score.reward, score.outcome) == (1.0, Outcome.PASS), score.judgement
    score = box.score(EMPTY, label)
    assert score.outcome not in (Outcome.PASS, Outcome.PARTIAL, Outcome.INTERNAL), score.judgement


def test_a_checker_of_ones_own_works_as_shown():
    section = PAGE.partition("### A checker of your own")[2].partition("\n### ")[0]
    (source,) = re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)
    exec(source, {})


def test_every_format_is_shown(box):
    """By what the results call it; what is refused, or is another word for one of these, has none of its own."""
    found = {box.score(f"```python\n{program}```", label).judgement.format for _, label, program in LABELS}
    assert len(found) >= 14, found


def test_the_table_leads_to_every_section():
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^##+ (.+)$", PAGE, re.M)}
    linked = set(re.findall(r"\]\(#([\w-]+)\)", PAGE))
    assert linked <= anchors
    sections = re.findall(r"^### (.+)$", PAGE.partition("## How answers")[0], re.M)
    assert {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in sections} <= linked


def test_every_key_that_is_opened_is_named():
    for key in _WRAPPERS:
        assert f"`{key}`" in PAGE


def test_every_checker_of_the_page_exists():
    for name in re.findall(r"^\| `(\w+)` \|", PAGE.partition("### Standard output")[2].partition("\n### ")[0], re.M):
        output_check("3", name)
    assert output_check("3", "case").ignore_case

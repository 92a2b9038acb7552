"""Runs every hack against our judge and against the naive graders, and writes the table of README.md: python tests/hacks/table.py."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import labels
import suite

from sandbox import Limits, Sandbox

INTRO = """\
# Hacks

Programs that try to be paid without solving the problem, one misbehaviour a file. Every label asks for a secret made for the
occasion (`labels.py`), so that a pass is either a solution or a cheat. *Paid by us*: the judge of this project gave it any credit.
*Paid by a naive grader*: one in the style of the published ones did (`control.py` says what is naive about each, and where
it was seen); a program that beats none would prove nothing.

This file is written by `python tests/hacks/table.py`, which runs everything; `test_hacks.py` holds the same as tests.

"""


def main():
    by_family = {family: [0, 0, 0] for family in labels.FAMILIES}
    beaten_any = paid_any = 0
    rows = []
    with Sandbox(workers=2, limits=Limits(cpu_seconds=1.0)) as box:
        for program in suite.PROGRAMS:
            verdicts, beaten = [], []
            paid = False
            for family in suite.families_of(program):
                scores = list(suite.scores(program, family, box))
                ours = any(score.pass_rate > 0 for score in scores)
                said = "**paid**" if ours else " or ".join(sorted({score.verdict.value for score in scores}))
                verdicts.append(f"{family}: {said}")
                naive = _beats(program, family)
                beaten += [family] if naive else []
                for place, count in enumerate((1, ours, naive)):
                    by_family[family][place] += count
                paid = paid or ours
            named = suite.header(program).get("control")
            if named and named not in labels.FAMILIES and _beats(program, named):
                beaten.append(named)
            beaten_any += bool(beaten)
            paid_any += paid
            rows.append((program, suite.header(program), verdicts, beaten))
            print(program.stem, "; ".join(verdicts), "| naive:", ", ".join(beaten) or "none")
    (suite.HERE / "README.md").write_text(_text(by_family, paid_any, beaten_any, rows), encoding="utf-8")


def _beats(program, family):
    with tempfile.TemporaryDirectory() as folder:
        return suite.beats(program, family, folder)


def _text(by_family, paid_any, beaten_any, rows):
    lines = [INTRO, "| label family | programs | paid by us | paid by its naive grader |", "|---|---|---|---|"]
    lines += [f"| {family} | {tried} | {ours} | {naive} |" for family, (tried, ours, naive) in by_family.items()]
    lines += [
        f"| any | {len(rows)} | {paid_any} | {beaten_any} |",
        "",
        "| program | tries | our verdict | paid by the naive grader for |",
    ]
    lines += ["|---|---|---|---|"]
    for program, header, verdicts, beaten in rows:
        cells = (f"[{program.stem}](programs/{program.name})", header["tries"], "; ".join(verdicts), ", ".join(beaten) or "none")
        lines.append(f"| {' | '.join(cells)} |")
    lines[0] = lines[0].rstrip("\n") + "\n"
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

"""`reward-sandbox report`: what it makes of good, strange, broken and very many results."""

import itertools
import json
import math
import random
import re
import time

import pytest
from machine import ROOT

from sandbox.cli.report import write_report
from sandbox.report import colors
from sandbox.report.aggregate import summary_of
from sandbox.report.formats import NAMES
from sandbox.report.results_file import read_responses, read_results
from sandbox.report.rows import FAILURES_OF_AN_OUTCOME, SLOWEST, SUSPICIOUS, rows_of
from sandbox.words.details import in_words
from sandbox.words.errors import ConfigurationError
from sandbox.words.judgement import CaseResult
from sandbox.words.verdict import Cause

VERDICTS = {
    "pass": "accepted",
    "partial": "wrong_answer",
    "fail": "wrong_answer",
    "timeout": "time_limit",
    "crash": "runtime_error",
    "internal": "label_error",
}
REWARDS = {"pass": 1.0, "partial": 0.3, "fail": 0.0, "timeout": -0.5, "crash": -1.0, "internal": 0.0}


def result(name, outcome="pass", **more):
    rate = {"pass": 1.0, "partial": 0.5}.get(outcome, 0.0)
    return {
        "id": name,
        "reward": REWARDS[outcome],
        "score": 0.5,
        "outcome": outcome,
        "verdict": VERDICTS[outcome],
        "pass_rate": rate,
        "cases": ["accepted"] * round(2 * rate) + [VERDICTS[outcome]] * (2 - round(2 * rate)),
        "first_failure": "" if outcome == "pass" else "case 1: got 1, expected 2",
        "reason": "",
        "difference": "",
        "format": "F3",
        "cpu_seconds": 0.01,
        "wall_seconds": 0.02,
        "peak_memory_bytes": 5 << 20,
        "retries": 0,
        "reused": False,
        "not_enforced": [],
        **more,
    }


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def report(tmp_path, rows, samples=None, png=None):
    out = tmp_path / "report.html"
    file = None if samples is None else written(tmp_path / "samples.jsonl", samples)
    write_report(written(tmp_path / "results.jsonl", rows), out, png, file, "response", "id")
    return out.read_text(encoding="utf-8")


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1))


def test_the_figures_are_those_of_the_results(tmp_path):
    rows = [
        result(str(n), outcome) for n, outcome in enumerate(["pass", "pass", "partial", "fail", "timeout", "crash", "internal"])
    ]
    summary = summary_of(read_results(written(tmp_path / "r.jsonl", rows)).results)
    headline = summary.headline
    assert headline.outcomes == {"pass": 2, "partial": 1, "fail": 1, "timeout": 1, "crash": 1, "label_error": 1}
    assert headline.reward == pytest.approx(sum(REWARDS[row["outcome"]] for row in rows) / 7)
    assert headline.pass_rate == pytest.approx(2.5 / 6)  # a broken label says nothing about the model
    assert summary.pass_rates.totals == [3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2]
    assert (summary.kinds[0].verdict, summary.kinds[0].samples) == ("wrong_answer", 2)
    assert headline.cpu_seconds == pytest.approx(0.07)
    assert sum(summary.cpu.totals) == sum(summary.memory.totals) == 7


def test_distributions_have_edges_around_every_value(tmp_path):
    values = [0.001, 0.0099, 0.01, 0.3, 2.0, 59.9, 0.0]
    rows = [result(str(n), cpu_seconds=value, peak_memory_bytes=int(value * 2**30)) for n, value in enumerate(values)]
    summary = summary_of(read_results(written(tmp_path / "r.jsonl", rows)).results)
    for histogram, known in ((summary.cpu, values[:-1]), (summary.memory, [value * 1024 for value in values[:-1]])):
        for low, high, count in zip(histogram.edges, histogram.edges[1:], histogram.totals):
            assert sum(low <= value * (1 + 1e-6) and value * (1 + 1e-6) < high for value in known) == count
        assert histogram.without == 1
        assert histogram.most == pytest.approx(max(known))


def test_the_run_is_cut_into_stretches_that_hold_every_sample_once(tmp_path):
    for count in (1, 2, 63, 64, 1000, 10_001):
        rows = [result(str(n), "pass" if n % 3 else "fail") for n in range(count)]
        stretches = summary_of(read_results(written(tmp_path / "r.jsonl", rows)).results).stretches
        assert len(stretches) <= 80
        assert (stretches[0].first, stretches[-1].last) == (1, count)
        assert all(one.last + 1 == after.first for one, after in itertools.pairwise(stretches))
        assert sum(sum(one.outcomes.values()) for one in stretches) == count


def test_what_a_later_version_adds_is_passed_over_and_suspicions_are_shown(tmp_path):
    rows = [
        result("a", suspicions=["walked up the stack", "patched builtins.len"], tomorrow={"x": [1]}),
        result("b", "fail", suspicions=["tried a blocked system call"]),
        result("c", "fail", suspicions=None),
        {key: result("d")[key] for key in ("id", "outcome", "verdict", "reward", "pass_rate")},
    ]
    data = data_of(report(tmp_path, rows))
    assert data["summary"]["headline"]["suspicious"] == 2
    assert data["summary"]["headline"]["suspicious_passes"] == 1
    assert [data["rows"][number]["id"] for number in data["suspicious"]] == ["a", "b"]  # what was paid comes first
    assert data["rows"][data["suspicious"][0]]["suspicions"] == ["walked up the stack", "patched builtins.len"]


def test_a_fault_of_ours_that_was_scored_again_counts_once(tmp_path):
    rows = [result("a", "internal"), result("b"), result("a", "internal"), result("a"), result("c", "internal")]
    read = read_results(written(tmp_path / "r.jsonl", rows))
    seen = [(one.line, one.id, one.outcome) for one in read.results]
    assert (seen, read.mended) == ([(4, "a", "pass"), (2, "b", "pass"), (5, "c", "internal")], 2)


def test_a_run_that_is_still_writing_and_the_output_of_json_are_read(tmp_path):
    file = written(tmp_path / "r.jsonl", [result("a"), result("b")])
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"id": "c", "rew')
    assert (len(read_results(file).results), read_results(file).is_cut) == (2, True)
    file.write_bytes(whole + b'\n{"summary": {"samples": 2}}\n')
    assert (len(read_results(file).results), read_results(file).is_cut) == (2, False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "not JSON"),
        ('{"id": "c", "rew', "not JSON"),
        ("[" * 100_000, "recursion"),
        ('"text"', "str instead of an object"),
        ("{}", "no 'outcome'"),
        (json.dumps({**result("a"), "outcome": "wonderful"}), "'wonderful' is none"),
        (json.dumps({**result("a"), "verdict": ["accepted"]}), "is none that this version knows"),
        (json.dumps({**result("a"), "reward": "1"}), "reward is '1' and no number"),
        (json.dumps({**result("a"), "reward": True}), "no number"),
        (json.dumps({**result("a"), "pass_rate": float("nan")}), "pass_rate is 'nan' and no number"),
        ('{"outcome": "pass", "verdict": "accepted", "reward": 1' + "0" * 400 + ', "pass_rate": 1}', "no number"),
        ('{"response": "x", "label": []}', "no 'outcome'"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_what_is_no_result_is_named_by_file_and_line(tmp_path, line, said):
    file = written(tmp_path / "some.jsonl", [result("a")])
    file.write_bytes(file.read_bytes() + (line if isinstance(line, bytes) else line.encode()) + b"\n" + b"{}\n")
    with pytest.raises(
        ConfigurationError, match=rf"some\.jsonl, line 2: not a result of `reward-sandbox score`: .*{re.escape(said)}"
    ):
        read_results(file)


def test_an_empty_file_is_no_report(tmp_path):
    (tmp_path / "r.jsonl").write_text("\n")
    with pytest.raises(ConfigurationError, match="no result in it"):
        read_results(tmp_path / "r.jsonl")


def test_results_are_never_overwritten_by_their_report(tmp_path):
    file = written(tmp_path / "r.jsonl", [result("a")])
    with pytest.raises(ConfigurationError, match="give another"):
        write_report(file, file, None, None, "response", "id")
    assert read_results(file).results


def test_programs_are_joined_by_id_or_not_at_all(tmp_path):
    file = written(tmp_path / "s.jsonl", [{"response": text, "id": name} for text, name in [("A", "a"), ("B1", "b"), ("B2", "b"), ("C1", "c"), ("C2", "c"), (None, "d")]])  # fmt: skip
    results = read_results(written(tmp_path / "r.jsonl", [result(name, "fail") for name in "abbcdx"])).results
    joined = read_responses(file, results, set(range(6)), response_key="response", id_key="id")
    assert joined == {0: "A", 1: "B1", 2: "B2", 4: ""}  # one result and two samples of c: nobody knows which it was
    by_line = written(tmp_path / "s.jsonl", [{"text": "first"}, {"text": "second"}])
    results = read_results(written(tmp_path / "r.jsonl", [result("2", "fail")])).results
    assert read_responses(by_line, results, {0}, response_key="text", id_key="id") == {0: "second"}
    with pytest.raises(ConfigurationError, match=r"s\.jsonl, line 1: not a sample with the key 'response'"):
        read_responses(by_line, results, {0}, response_key="response", id_key="id")


def test_long_texts_are_cut_where_they_matter_least(tmp_path):
    page = report(
        tmp_path,
        [result("n" * 9000, "fail", first_failure="d" * 90_000, reason="\U0001f600" * 5000)],
        [{"id": "n" * 9000, "response": "think " * 9000 + "the end"}],
    )
    (row,) = data_of(page)["rows"]
    assert row["program"].startswith("… ")
    assert row["program"].endswith("the end")
    assert len(row["program"]) < 5_100
    assert row["failure"].startswith("ddd")
    assert row["failure"].endswith(" …") == (len(row["failure"]) > 2_000)
    assert len(row["id"]) < 400
    assert len(json.dumps(row)) < 12_000


@pytest.mark.long
def test_a_hundred_thousand_results_are_a_small_page_soon(tmp_path):
    chance = random.Random(0)
    hostile = "</script><b>&\u2028\U0001f600" * 200
    rows, samples = [], []
    for number in range(100_000):
        outcome = chance.choice(list(VERDICTS))
        more = {"first_failure": hostile, "reason": f"{number} {hostile}"[:600], "format": f"F{number}"} if number % 7 == 0 else {}
        suspicions = {"suspicions": [hostile] * 30} if number % 50 == 0 else {}
        rows.append(result(f"{number}", outcome, cpu_seconds=chance.lognormvariate(-4, 2), **more, **suspicions))
        samples.append({"id": f"{number}", "response": f"{number} {'<' * 100}"})
    results, file = written(tmp_path / "results.jsonl", rows), written(tmp_path / "samples.jsonl", samples)
    started = time.process_time()
    write_report(results, tmp_path / "report.html", None, file, "response", "id")
    assert time.process_time() - started < 30.0
    size = (tmp_path / "report.html").stat().st_size
    assert size < 6_000_000
    data = data_of((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert len(data["rows"]) <= SLOWEST + SUSPICIOUS + 5 * FAILURES_OF_AN_OUTCOME
    assert sum(data["summary"]["headline"]["outcomes"].values()) == 100_000
    slowest = [data["rows"][number]["cpu"] for number in data["slowest"]]
    assert slowest == sorted((row["cpu_seconds"] for row in rows), reverse=True)[:SLOWEST]


def test_every_format_has_a_name_and_a_row_in_the_page_that_explains_results():
    readers = ROOT / "sandbox" / "judging" / "labels"
    used = {code for file in readers.glob("*.py") for code in re.findall(r'"(F\d+)\b', file.read_text(encoding="utf-8"))}
    assert len(used) > 12
    assert used <= NAMES.keys()
    page = (ROOT / "docs" / "why.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(F\d+)` \| ([^|]+) \|", page, re.M)) == NAMES


def test_the_format_of_a_broken_label_is_the_one_that_its_reason_names(tmp_path):
    rows = [
        result("a"),
        result("b", "internal", format="", reason="F3: the tests are texts", first_failure=""),
        result("c", "internal", format="", reason="the label is a text", first_failure=""),
    ]
    data = data_of(report(tmp_path, rows))
    assert [(one["name"], one["samples"]) for one in data["summary"]["formats"]] == [("F3 assert list", 2), ("not recognised", 1)]
    assert [row.get("format") for row in data["rows"] if row["id"] in "bc"] == ["F3 assert list", None]


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("exception:MemoryError: ", "raised MemoryError"),
        ("load:KeyError:", "failed while loading: KeyError"),
        ("load:NameError: name 'x' is not defined", "failed while loading: NameError: name 'x' is not defined"),
        ("exception:ValueError: x:", "raised ValueError: x:"),
        ("compile:SyntaxError: bad", "does not compile: SyntaxError: bad"),
        ("signal:SIGSEGV", "killed by SIGSEGV"),
        ("exit:3", "ended itself with status 3"),
        ("exit:0: it ended itself", "ended itself with status 0: it ended itself"),
        ("tests:cpu_time", "the tests, by what they asked of the program, used up the CPU time"),
        ("wall_time", "waited too long"),
        ("unsendable", "answered what cannot be sent"),
        ("F5: inputs and outputs differ", "F5: inputs and outputs differ"),
        ("", ""),
    ],
)
def test_details_are_said_in_words(detail, said):
    assert CaseResult(verdict="runtime_error", detail=detail).said == said


def test_every_cause_and_every_code_of_a_detail_has_words():
    for cause in Cause:
        assert in_words(cause.value) != cause.value
    code = re.compile(r'detail=f?"(\w+):')
    found = {one for file in (ROOT / "sandbox").rglob("*.py") for one in code.findall(file.read_text(encoding="utf-8"))}
    assert {"exception", "exit", "load", "tests"} <= found
    for one in found - {"tests"}:
        assert in_words(f"{one}: x") != f"{one}: x"


def test_equal_failures_are_one_with_their_number_and_examples(tmp_path):
    rows = [result(f"w{n}", "fail", reward=-n / 1000) for n in range(137)]
    rows += [result(f"t{n}", "timeout") for n in range(2)]  # the same sentence, another verdict
    rows += [result(f"l{n}", "internal", first_failure="", reason="F5: broken") for n in range(200)] + [result("a")]
    rows += [result("x", "crash", reason="load:NameError: q", first_failure="case 1: load:NameError: q")]
    data = data_of(report(tmp_path, rows))
    seen = [(fold["samples"], [data["rows"][number]["id"] for number in fold["rows"]]) for fold in data["failures"]]
    assert seen == [(200, ["l0", "l1", "l2"]), (137, ["w136", "w135", "w134"]), (2, ["t0", "t1"]), (1, ["x"])]
    assert data["rows"][data["failures"][3]["rows"][0]]["failure"] == "case 1: failed while loading: NameError: q"
    assert {row["outcome"] for row in data["rows"]} >= {"label_error", "fail", "timeout", "crash"}


def test_a_sample_of_the_same_id_is_not_the_same_sample(tmp_path):
    rows = [result("a", "internal", sample="1"), result("a", sample="2"), result("a", sample="1")]
    read = read_results(written(tmp_path / "r.jsonl", rows))
    assert [(one.line, one.outcome) for one in read.results] == [(3, "pass"), (2, "pass")]
    assert read.mended == 1


TIMED = {"time": 1.5, **result("a", "fail", reward=0.25), "program": "the end of it"}


@pytest.mark.parametrize("cut", [1, 5, 9, 40, 300])
def test_half_a_line_of_a_training_is_passed_over_wherever_it_stands(tmp_path, cut):
    line = json.dumps(TIMED).encode()
    for text, count, broken, is_cut in [
        (line + b"\n" + line[:cut], 1, 0, True),
        (line[:cut] + line + b"\n" + line + b"\n", 2, 1, False),
        (line + b"\n" + line[:cut] + line[:cut] + line + b"\n", 2, 1, False) if cut > 9 else (line, 1, 0, False),
    ]:
        (tmp_path / "r.jsonl").write_bytes(text)
        read = read_results(tmp_path / "r.jsonl")
        assert (len(read.results), read.broken, read.is_cut) == (count, broken, is_cut)
        assert {one.reward for one in read.results} == {0.25}


def test_a_record_shows_its_own_programs(tmp_path, capsys):
    half = json.dumps(TIMED)[:70]
    (tmp_path / "r.jsonl").write_text(f"{json.dumps(TIMED)}\n{half}{json.dumps({**TIMED, 'program': 'another', 'reason': 'q'})}\n")
    write_report(tmp_path / "r.jsonl", tmp_path / "report.html", None, None, "response", "id")
    data = data_of((tmp_path / "report.html").read_text())
    assert [row["program"] for row in data["rows"]] == ["the end of it", "another"]
    assert "1 lines that are not whole were left out" in capsys.readouterr().out


def seen_by(color, matrix):
    """Lab coordinates of a color, as an eye sees it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    rgb = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    rgb = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb)))) for row in matrix]
    white = ((0.4124, 0.3576, 0.1805, 0.9505), (0.2126, 0.7152, 0.0722, 1.0), (0.0193, 0.1192, 0.9505, 1.089))
    xyz = [sum(a * b for a, b in zip(row, rgb)) / row[3] for row in white]
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


EYES = {  # Machado, Oliveira and Fernandes 2009, severity 1.0
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


@pytest.mark.parametrize("eye", EYES)
def test_color_blind_eyes_tell_the_colors_apart(eye):
    for palette, least in ((colors.OUTCOMES, 20.0), (colors.VERDICTS, 14.0)):  # 2.3 is the least that can be seen at all
        for one, other in itertools.combinations(palette.values(), 2):
            assert math.dist(seen_by(one, EYES[eye]), seen_by(other, EYES[eye])) > least, (one, other)
    assert (colors.ink_on("#f0e442"), colors.ink_on("#882255")) == (colors.DARK, "#ffffff")


def test_the_worst_of_each_outcome_are_kept(tmp_path):
    rows = [
        result(str(n), "partial", pass_rate=(n % 100) / 100, first_failure=f"case 1: got {n}, expected -1") for n in range(1000)
    ]
    results = read_results(written(tmp_path / "r.jsonl", [*rows, result("t", "timeout")])).results
    kept = [results[place] for fold in rows_of(results).failures for place in fold.places]
    assert len(kept) == FAILURES_OF_AN_OUTCOME + 1
    assert max(one.pass_rate for one in kept) <= FAILURES_OF_AN_OUTCOME / 1000
    assert kept[-1].id == "t"


@pytest.mark.parametrize(
    "text", ["</script><img src=x onerror=alert(1)>", "<!--<script>", "@@DATA@@ @@SCRIPT@@", "\u2028\u2029\x00\ud800"]
)
def test_no_text_can_leave_its_place_in_the_page(tmp_path, text):
    row = result(text, "crash", first_failure=text, reason=text, format=text, suspicions=[text], not_enforced=[text])
    page = report(tmp_path, [row], [{"id": text, "response": text}])
    harmless = report(tmp_path, [result("a", "crash")], [{"id": "a", "response": "a"}])
    assert [page.count(mark) for mark in ("<script", "</script", "<!--", "<img")] == [
        harmless.count(mark) for mark in ("<script", "</script", "<!--", "<img")
    ]
    (shown,) = data_of(page)["rows"]
    assert (shown["id"], shown["program"], shown["failure"], shown["suspicions"]) == (text, text, text, [text])
    assert page.isascii() or not set(page) & set("\u2028\u2029\x00\ud800")


def test_pictures_are_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    few = [result("a", "internal", cpu_seconds=0.0, peak_memory_bytes=0)]
    many = [result(str(n), list(VERDICTS)[n % 6], cpu_seconds=n / 100) for n in range(500)]
    for rows in (few, many):
        report(tmp_path, rows, png=tmp_path / "png" / "step")
        names = sorted(path.name for path in (tmp_path / "png" / "step").iterdir())
        assert names == ["cpu_time.png", "memory.png", "outcomes.png", "pass_rate.png", "reward.png", "verdicts.png"]
        for name in names:
            picture = (tmp_path / "png" / "step" / name).read_bytes()
            assert picture.startswith(b"\x89PNG\r\n")
            assert len(picture) > 5_000

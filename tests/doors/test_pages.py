"""The pages as a browser shows them: the report, and the server's status page. What a model wrote is shown, and never runs."""

import html
import json
import re

import pytest
from browser import dom, elements, without_data
from doors.test_report import VERDICTS, report, result
from doors.test_server import LABEL, RIGHT, server
from machine import ROOT

from sandbox.report import colors

pytestmark = pytest.mark.needs("chromium")

RUNS = "document.documentElement.setAttribute('data-owned', '1')"
HOSTILE = [
    f'</script><img src=x onerror="{RUNS}">',
    f"</script><script>{RUNS}</script>",
    f'<svg onload="{RUNS}"></svg><!--<script>{RUNS}//',
    f'"><iframe srcdoc="<script>parent.{RUNS}</script>">',
    f"\u2028{RUNS}\u2028' + {RUNS} + '`${{{RUNS}}}",
    f"</title><body onload={RUNS.replace(' ', '')}>",
]


def hostile_page(tmp_path):
    rows = [
        result(f"{n} {text}", outcome, first_failure=text, reason="r" + text, format=text, suspicions=[text], not_enforced=[text])
        for n, text in enumerate(HOSTILE)
        for outcome in VERDICTS
    ]
    samples = [{"id": row["id"], "response": "program " + row["reason"]} for row in rows[:: len(VERDICTS)] for _ in VERDICTS]
    return report(tmp_path, rows, samples)


def opened(tmp_path, page):
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    return dom(path.as_uri())


def test_the_report_shows_itself(tmp_path):
    rows = [result(f"sample {n}", list(VERDICTS)[n % 6], cpu_seconds=0.001 * (n + 1)) for n in range(120)]
    samples = [{"id": row["id"], "response": f"program of {row['id']}"} for row in rows]
    shown = without_data(opened(tmp_path, report(tmp_path, rows, samples)))
    assert "results.jsonl, 120 samples" in shown
    assert "<title>results.jsonl: reward-sandbox report</title>" in shown
    assert "pass 20 (17 %)" in shown
    assert "label error 20 (17 %)" in shown
    assert shown.count("<svg") == 5
    assert "NaN" not in shown
    assert "undefined" not in shown
    assert "case 1: got 1, expected 2" in shown
    assert "program of sample 119" in shown  # the slowest
    assert "samples 81 to 120: pass" in shown  # what a bar says when it is pointed at
    assert "wrong answer" in shown


@pytest.mark.parametrize(
    "row",
    [
        result("a"),
        result("a", "internal", cpu_seconds=0, peak_memory_bytes=0, cases=[], pass_rate=0.0),
        result("a", cpu_seconds=1e300, peak_memory_bytes=10**300, reward=-1e9),
    ],
    ids=["one", "nothing judged", "figures from nowhere"],
)
def test_a_report_of_one_sample_is_whole(tmp_path, row):
    shown = without_data(opened(tmp_path, report(tmp_path, [row])))
    assert "results.jsonl, 1 sample<" in shown
    assert shown.count("<svg") == 5
    assert "Slowest" in shown
    assert "NaN" not in shown
    assert "Infinity" not in shown


POLICY = r'<meta http-equiv="Content-Security-Policy"[^>]*>'


def test_failures_are_found_by_outcome_and_by_their_text(tmp_path):
    rows = [result(f"sample {n}", list(VERDICTS)[n % 6], first_failure=f"got {n}") for n in range(120)]
    samples = [{"id": row["id"], "response": f"program of {row['id']}"} for row in rows]
    page = re.sub(POLICY, "", report(tmp_path, rows, samples))

    def left(script):
        document = opened(tmp_path, page.replace("</body>", f"<script>{script}</script></body>"))
        (part,) = re.findall(r'<div id="failures">(.*?)<h2>', document, re.DOTALL)
        return re.findall(r'<span class="id">sample (\d+)</span>', part)

    def press(text):
        return f"[...document.querySelectorAll('button')].find((one) => one.textContent === '{text}').click();"

    failed = [str(n) for n in range(120) if n % 6]
    search = "const field = document.getElementById('search'); field.value = '{}'; field.dispatchEvent(new Event('input'));"
    assert left("") == failed[:15]
    assert left(press("85 more")) == failed
    assert left(press("timeout") + press("5 more")) == [str(n) for n in range(3, 120, 6)]
    assert left(search.format("OF sample 118")) == ["118"]  # in its program
    assert left(search.format("got 11") + press("fail")) == ["110", "116"]
    assert left(search.format("nosuch")) == []


def is_owned(document):
    return 'data-owned="1"' in document.split("<head>")[0]


def test_nothing_that_a_model_wrote_runs_in_the_report(tmp_path):
    page = hostile_page(tmp_path)
    document = opened(tmp_path, page)
    assert not is_owned(document)
    assert document.count("<script") == without_data(page).count("<script") + 2
    found = elements(without_data(document))
    harmless = elements(without_data(opened(tmp_path, report(tmp_path, [result("a", "fail", suspicions=["b"])], []))))
    assert {name for name, _ in found} == {name for name, _ in harmless}
    assert not [key for _, attributes in found for key in attributes if key.startswith("on")]
    assert without_data(document).count(html.escape(HOSTILE[0], quote=False)) > 10  # it is shown as it is


def test_the_pages_two_walls_hold_alone_and_without_both_these_texts_run(tmp_path):
    page = hostile_page(tmp_path)
    without_policy = re.sub(POLICY, "", page)
    assert without_policy != page
    assert not is_owned(opened(tmp_path, without_policy))
    for text in HOSTILE[:3]:
        as_markup = text.removeprefix("</script>") + '<div id="notes"></div>'
        assert not is_owned(opened(tmp_path, page.replace('<div id="notes"></div>', as_markup)))
        assert is_owned(opened(tmp_path, without_policy.replace('<div id="notes"></div>', as_markup)))


MEASURES = """<script>
const wide = (one) => one.getBoundingClientRect().width;
const out = (one) => one.scrollWidth > one.clientWidth + 1;
setTimeout(() => { document.body.dataset.seen = JSON.stringify({
  page: out(document.documentElement),
  outside: [...document.querySelectorAll(".card, .figure")].filter(out).map((one) => one.textContent.trim()),
  texts: Object.fromEntries(["#kinds td.text", ".why"].map((name) => [name, [...document.querySelectorAll(name)].map(wide)])),
  rows: [...document.querySelectorAll("details")].map(wide),
}); }, 500);
</script>"""


def seen_at(width, tmp_path, page):
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", MEASURES + "</body>"), encoding="utf-8")
    document = dom(path.as_uri(), width)
    return json.loads(html.unescape(re.search(r'data-seen="(.*?)"', document)[1]))


@pytest.mark.parametrize("width", [360, 400, 1000])
def test_the_report_can_be_read_on_a_narrow_screen(tmp_path, width):
    reasons = ["F5: inputs and outputs are lists of the same length; found a list of 2 (str)", "x" * 90, "exception:MemoryError"]
    rows = [
        result(f"{outcome}/{n}", outcome, reason=reasons[n], first_failure=reasons[n], format=f"F{17 + n}")
        for outcome in VERDICTS
        for n in range(3)
    ]
    seen = seen_at(width, tmp_path, re.sub(POLICY, "", report(tmp_path, rows)))
    assert not seen["page"]
    assert seen["outside"] == []
    assert min(seen["texts"]["#kinds td.text"]) > 250
    assert min(seen["texts"][".why"]) > 250


EXAMPLE = {"time": 1.7e9, "program": "x" * 300, "pass_rate": 0.5, "seconds": 11.9}
NOW = {
    "version": "0.1.0",
    "workers": 2,
    "waiting": 12345,
    "rate": 38.2,
    "up_seconds": 4000,
    "outcomes": {"pass": 1234, "fail": 9},
    "by_second": [{"pass": 100 * number} for number in range(120)],
    "latency_seconds": {"p50": 101.3, "p90": 104.4, "p99": 111.9},
    "failures": [
        {
            "outcome": "fail",
            "verdict": "wrong_answer",
            "why": "case 1: got " + "9" * 300,
            "count": count,
            "examples": [EXAMPLE] * min(count, 3),
        }
        for count in (1, 1370)
    ],
}


def status_page(now):
    """The page with an answer of its own in the server's place."""
    page = (ROOT / "sandbox" / "server" / "page.html").read_text(encoding="utf-8")
    answer = f"<script>window.fetch = async () => ({{ok: true, json: async () => ({json.dumps(now)})}});</script>"
    return page.replace("<script>", answer + "<script>", 1)


@pytest.mark.parametrize("width", [360, 400, 1000])
def test_the_status_page_can_be_read_on_a_narrow_screen(tmp_path, width):
    seen = seen_at(width, tmp_path, status_page(NOW))
    assert not seen["page"]
    assert seen["outside"] == []
    assert min(seen["texts"][".why"]) > 250


def test_the_status_page_has_the_reports_colors_in_both_modes():
    page = (ROOT / "sandbox" / "server" / "page.html").read_text(encoding="utf-8")
    for outcome, color in colors.OUTCOMES.items():
        assert re.findall(rf"--{outcome}: (#\w+)", page) == [color]
    (light,) = re.findall(r"\.tag:is\((.*?)\) \{ color: #ffffff; \}", page)
    inks = {name: colors.ink_on(color) for name, color in colors.OUTCOMES.items()}
    assert {name for name, ink in inks.items() if ink == "#ffffff"} == {name.strip(" .") for name in light.split(",")}


def test_pages_say_that_there_is_nothing_to_see(tmp_path):
    shown = without_data(opened(tmp_path, report(tmp_path, [result("a", cpu_seconds=0.0)])))
    assert shown.count("no sample failed") == 2
    assert "no sample is suspicious" in shown
    assert shown.count("nothing was run") >= 2
    empty = {
        **NOW,
        "outcomes": {},
        "failures": [],
        "by_second": [{}] * 120,
        "latency_seconds": dict.fromkeys(("p50", "p90", "p99")),
    }
    shown = without_data(opened(tmp_path, status_page(empty)))
    for text in ("no samples yet", "no sample failed yet", "no samples in the last two minutes"):
        assert text in shown


def test_equal_failures_are_one_row_on_both_pages(tmp_path):
    rows = [result(f"sample {n}", "internal", first_failure="", reason="F5: broken") for n in range(137)]
    shown = without_data(opened(tmp_path, report(tmp_path, [*rows, result("b", "fail")])))
    assert shown.count("× 137") == 1
    assert "label error, said in the same words of 137 samples; 3 of them:" in shown
    assert ">label error<" in shown
    assert "internal</" not in shown
    shown = without_data(opened(tmp_path, status_page(NOW)))
    assert shown.count("<details") == 1 + 1 + 3
    assert "× 1,370, last" in shown
    assert "wrong answer" in shown
    assert "no samples in the last two minutes" not in shown


def test_the_report_says_what_failures_are_and_names_formats(tmp_path):
    rows = [
        result("no code", "crash", verdict="no_code", reason="prose only", first_failure="case 1", cases=["no_code"]),
        result(
            "memory",
            "crash",
            verdict="memory_limit",
            reason="exception:MemoryError:",
            first_failure="case 1: exception:MemoryError: ",
        ),
        result("label", "internal", reason="F5: inputs and outputs differ", first_failure="", format=""),
        result("wrong", "fail"),
    ]
    shown = without_data(opened(tmp_path, report(tmp_path, rows)))
    assert '<span class="why">prose only</span>' in shown
    assert '<span class="why">case 1: raised MemoryError</span>' in shown
    assert '<td class="text">raised MemoryError</td>' in shown
    assert "exception:" not in shown
    assert "MemoryError:" not in shown
    assert "F3 assert list" in shown
    assert "F5 standard input" in shown
    assert "not recognised" not in shown
    assert "an answer other than the label's" in shown


def test_the_status_page_shows_what_was_judged_and_runs_none_of_it():
    with server(SANDBOX_CPU_SECONDS="1") as client:
        wrong = "def f(x):\n    return " + json.dumps(HOSTILE[0])
        queries = [RIGHT, RIGHT, "def f(x): return 2", wrong, *HOSTILE]
        client.post("/get_reward", json={"query": queries, "prompts": [""] * 10, "labels": [LABEL] * 10}).raise_for_status()
        shown = without_data(dom(str(client.base_url)))
        failures = client.get("/v1/status").json()["failures"]
    assert sum(one["count"] for one in failures) == 8
    assert "pass 2 (20.0 %)" in shown
    assert "partial 1 (10.0 %)" in shown
    assert "fail 1 (10.0 %)" in shown
    assert "crash 6 (60.0 %)" in shown
    assert "display: block" not in shown  # no trouble
    assert shown.count("<details") == sum(1 + len(one["examples"]) * (one["count"] > 1) for one in failures)
    assert "expected 2" in shown
    assert "&lt;/script&gt;&lt;img" in shown
    assert "<img" not in shown
    assert not is_owned(shown)
    assert re.search(r"<rect[^>]*var\(--pass\)", shown)


@pytest.mark.parametrize("token", ["", "secret"])
def test_the_documentation_of_the_server_needs_no_other_machine(token):
    with server(SANDBOX_TOKEN=token) as client:
        page = dom(f"{client.base_url}/docs")
    sources = [source for _, found in elements(page) for key in ("src", "href") if (source := found.get(key))]
    assert [one for one in sources if not one.startswith(("/docs/static/", "/openapi.json", "#", "data:"))] == []
    shown = without_data(page)
    assert 'data-path="/get_reward"' in shown
    assert 'data-path="/v1/run"' in shown
    assert ('class="btn authorize' in shown) == bool(token)

"""The command line, as a person and as a script uses it."""

import contextlib
import json
import os
import shlex
import subprocess
import sys

import pytest
from machine import ROOT

from sandbox.cli.doctor import CAPTION

COMMAND = [sys.executable, "-c", "from sandbox.cli import app; app()"]


def run(*args, stdin="", **env):
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120", "SANDBOX_WORKERS": "2", "SANDBOX_CPU_SECONDS": "1", **env},
    )


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.jsonl"
    rows = [
        {"id": "a", "response": "def f(x): return x + 1", "label": ["assert f(1) == 2"]},
        {"id": "b", "response": "def f(x): return x", "label": ["assert f(1) == 2"]},
        {"id": "c", "response": "sorry", "label": ["assert f(1) == 2"]},
        {"id": "d", "response": "def f(x):\n    while 1: pass", "label": json.dumps(["assert f(1) == 2"])},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_run_shows_output_verdict_and_usage(tmp_path):
    program = tmp_path / "p.py"
    program.write_text("print(input() * 2)")
    done = run("run", program, "--text", "ab")
    assert (done.returncode, done.stdout) == (0, "abab\n")
    assert "finished" in done.stderr
    assert "exit:" not in done.stderr
    assert "CPU" in done.stderr
    assert "memory" in done.stderr


def test_run_as_json_and_its_exit_status(tmp_path):
    program = tmp_path / "p.py"
    program.write_text("import sys; sys.exit(3)")
    done = run("run", program, "--json")
    assert done.returncode == 1
    seen = json.loads(done.stdout)
    assert (seen["cause"], seen["detail"]) == ("exited", "exit:3")
    assert seen["usage"]["cpu_user_seconds"] >= 0


def test_run_reads_the_program_from_standard_input_and_a_file_as_input(tmp_path):
    (tmp_path / "in.txt").write_text("5\n")
    done = run("run", "-", "--stdin", tmp_path / "in.txt", stdin="print(int(input()) + 1)")
    assert (done.returncode, done.stdout) == (0, "6\n")


def test_run_stops_at_its_limits(tmp_path):
    program = tmp_path / "p.py"
    program.write_text("while True: pass")
    done = run("run", program, "--cpu-seconds", "0.3", "--json")
    assert json.loads(done.stdout)["cause"] == "cpu_time"


def test_score_writes_results_and_a_summary(samples, tmp_path):
    out = tmp_path / "out.jsonl"
    done = run("score", samples, "--out", out)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["id"], row["outcome"], row["reward"]) for row in results] == [
        ("a", "pass", 1.0),
        ("b", "fail", 0.0),
        ("c", "crash", -1.0),
        ("d", "timeout", -0.5),
    ]
    assert "4 samples in" in done.stdout
    assert "25.0%" in done.stdout


def test_score_goes_on_where_it_was_stopped(samples, tmp_path):
    out = tmp_path / "out.jsonl"
    run("score", samples, "--out", out)
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join(lines[:2]) + lines[2][:20])  # killed while it wrote the third
    done = run("score", samples, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "2 of the samples were in the output file already" in done.stdout
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["a", "b", "c", "d"]


def test_several_samples_of_one_id_are_told_apart(tmp_path):
    """As files of several responses to each problem are: what is done is counted, the same response twice as two."""
    samples, out = tmp_path / "s.jsonl", tmp_path / "out.jsonl"
    rows = [{"id": "p", "response": f"def f(x): return {n}", "label": ["assert f(1) == 2"]} for n in (1, 2, 2, 3)]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run("score", samples, "--out", out).returncode == 0
    whole = out.read_text().splitlines(keepends=True)
    for kept in ([0], [1], [1, 3], [2], [0, 1, 2], []):
        out.write_text("".join(whole[number] for number in kept))
        done = run("score", samples, "--out", out)
        assert done.returncode == 0, done.stderr
        assert sorted(json.loads(line)["reward"] for line in out.read_text().splitlines()) == [0.0, 0.0, 1.0, 1.0]
    assert "nothing to do: all 4 samples" in run("score", samples, "--out", out).stdout
    assert json.loads(run("score", samples, "--out", out, "--json").stdout)["summary"]["samples"] == 0


@pytest.mark.parametrize(
    ("changed", "options", "words"),
    [
        ({"response": "def f(x): return 3"}, [], "line 1: the sample 'a' had another response or prompt then"),
        ({"label": ["assert f(1) == 3"]}, [], "line 1: the sample 'a' was scored against another label"),
        ({}, ["--shape", "binary"], "or with other settings (shape, limits)"),
    ],
)
def test_results_of_something_else_are_not_gone_on_with(tmp_path, changed, options, words):
    samples, out = tmp_path / "s.jsonl", tmp_path / "out.jsonl"
    row = {"id": "a", "response": "def f(x): return 2", "label": ["assert f(1) == 2"]}
    samples.write_text(json.dumps(row) + "\n")
    run("score", samples, "--out", out)
    samples.write_text("".join(json.dumps(one) + "\n" for one in ({**row, **changed}, {**row, "id": "b"})))
    before = out.read_text()
    done = run("score", samples, "--out", out, *options)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert out.read_text() == before


def test_what_was_no_result_is_tried_again(tmp_path):
    samples, out = tmp_path / "s.jsonl", tmp_path / "out.jsonl"
    samples.write_text(json.dumps({"id": "a", "response": "def f(x): return 2", "label": "nonsense"}) + "\n")
    assert run("score", samples, "--out", out).returncode == 3
    samples.write_text(json.dumps({"id": "a", "response": "def f(x): return 2", "label": ["assert f(1) == 2"]}) + "\n")
    assert run("score", samples, "--out", out).returncode == 0
    assert [json.loads(line)["outcome"] for line in out.read_text().splitlines()] == ["internal", "pass"]


def test_score_as_json_lines(samples):
    done = run("score", samples, "--json", "--shape", "binary")
    *results, summary = map(json.loads, done.stdout.splitlines())
    assert [row["reward"] for row in results] == [1.0, 0.0, 0.0, 0.0]
    assert summary["summary"]["samples"] == 4


def test_score_with_other_keys_and_from_standard_input():
    row = {"output": "def f(x): return 2", "tests": {"cases": 1}, "test_list": ["assert f(1) == 2"], "q": "p"}
    done = run(
        "score", "-", "--json", "--response-key", "output", "--label-key", "test_list", "--prompt-key", "q", stdin=json.dumps(row)
    )
    assert json.loads(done.stdout.splitlines()[0])["outcome"] == "pass"


def test_report_of_what_score_wrote(samples, tmp_path):
    run("score", samples, "--out", tmp_path / "results.jsonl")
    done = run("report", tmp_path / "results.jsonl", "--out", tmp_path / "new" / "report.html", "--samples", samples)
    assert done.returncode == 0, done.stderr
    assert "report.html: 4 samples, 25.0% passed, mean reward -0.125\n" in done.stdout
    page = (tmp_path / "new" / "report.html").read_text()
    assert "while 1: pass" in page
    assert "expected 2" in page


def test_a_broken_label_is_exit_status_3(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"response": "x", "label": "nonsense"}))
    done = run("score", path, "--json")
    assert done.returncode == 3
    assert "neither JSON nor assert" in json.loads(done.stdout.splitlines()[0])["reason"]


@pytest.mark.parametrize(
    ("args", "env", "word"),
    [
        (["score", "nosuch.jsonl"], {}, "nosuch.jsonl"),
        (["score", "{file}", "--shape", "round"], {}, "documented, binary"),
        (["score", "{file}", "--response-key", "answer"], {}, "--response-key"),
        (["score", "{file}", "--out", "{file}"], {}, "another --out"),
        (["report", "nosuch.jsonl"], {}, "nosuch.jsonl"),
        (["report", "{file}"], {}, "line 1: not a result of `reward-sandbox score`: no 'outcome'"),
        (["run", "nosuch.py"], {}, "nosuch.py"),
        (["score", "{file}"], {"SANDBOX_MEMORY_MB": "x"}, "SANDBOX_MEMORY_MB"),
        (["score", "{file}"], {"SANDBOX_PYTHON": "/nosuch"}, "/nosuch"),
        (["score", "{file}"], {"SANDBOX_MEMORY_MB": "1"}, "at least 16 MiB (set by SANDBOX_MEMORY_MB)"),
        (["score", "{file}", "--backend", "podman"], {}, "--backend 'podman' cannot be used"),
        (["run", "{file}", "--memory-mb", "-5"], {}, "--memory-mb"),
        (["run", "{file}", "--stdin", "{file}", "--text", "x"], {}, "give one of them"),
    ],
)
def test_bad_input_is_exit_status_2_and_one_clear_sentence(args, env, word, samples):
    done = run(*[str(samples) if arg == "{file}" else arg for arg in args], **env)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x1f\x8b\x08 compressed", "not text in UTF-8"),
        (b"\n\n", "no sample in it"),
        (b'{"response": [{"role": "assistant", "content": "x"}], "label": ["assert f(1) == 2"]}', "line 1: 'response' is a list"),
        (b'{"response": null, "label": ["assert f(1) == 2"]}', "line 1: 'response' is null"),
        (b'{"response": "x", "prompt": 5, "label": ["assert f(1) == 2"]}', "'prompt' is a int; it has to be a text, or a list"),
        (b'{"response": 5, "label": ["assert f(1) == 2"]}', "line 1: 'response' is a int"),
    ],
)
def test_what_is_no_file_of_samples_is_said(tmp_path, content, word):
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    done = run("score", path)
    assert done.returncode == 2
    assert word in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_program_reads_what_is_piped_to_the_command(tmp_path):
    (tmp_path / "p.py").write_text("print(input()[::-1])")
    done = run("run", tmp_path / "p.py", "--stdin", "-", stdin="abc\n")
    assert done.stdout == "cba\n"


def test_the_reasons_of_what_was_not_judged_are_shown(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(
        "".join(json.dumps({"response": "x", "label": label}) + "\n" for label in ("nonsense", "nonsense", ["assert f(1 == "]))
    )
    done = run("score", path)
    assert done.returncode == 3
    said = " ".join(done.stdout.split())
    assert "2 x the label is a text, but neither JSON nor assert" in said
    assert "(first 1)" in said
    assert "(sample 3)" in said


def test_a_file_may_begin_with_a_byte_order_mark_and_prompts_may_be_messages(tmp_path):
    path = tmp_path / "s.jsonl"
    prompt = [{"role": "user", "content": "def f(x):\n"}]
    row = {"response": "    return x + 1\n", "label": {"test_list": ["assert f(1) == 2"], "entry_point": "f"}, "prompt": prompt}
    path.write_text("\ufeff" + json.dumps(row), encoding="utf-8")
    done = run("score", path, "--json", "--out", tmp_path / "new" / "folder" / "out.jsonl")
    assert json.loads(done.stdout.splitlines()[0])["reward"] == 1.0
    assert (tmp_path / "new" / "folder" / "out.jsonl").exists()


def test_who_reads_no_more_is_told_no_more(samples):
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {' '.join(map(shlex.quote, COMMAND))} score {samples} --json | head -c 1"],
        capture_output=True, text=True, check=False, env={**os.environ, "SANDBOX_CPU_SECONDS": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (141, "{")
    assert "error" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams_are_no_fault_of_the_program(tmp_path, closed):
    (tmp_path / "p.py").write_text("print(1)")
    command = f"{' '.join(map(shlex.quote, COMMAND))} run {tmp_path / 'p.py'} {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_a_low_limit_of_open_files_is_named(tmp_path):
    (tmp_path / "p.py").write_text("print(1)")
    command = f"ulimit -n 128; {' '.join(map(shlex.quote, COMMAND))} run {tmp_path / 'p.py'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "ulimit -n 256" in done.stderr


def test_a_program_cannot_write_to_the_terminal_what_the_terminal_obeys(tmp_path):
    program = tmp_path / "p.py"
    program.write_text(
        r"import sys; print('\x1b]0;pwn\x07red\r\u202e'); print('\x1b[2J', file=sys.stderr); raise ValueError('\x1b[31m')"
    )
    primary, other = os.openpty()
    with subprocess.Popen([*COMMAND, "run", str(program)], stdin=other, stdout=other, stderr=other) as process:
        os.close(other)
        seen = b""
        with contextlib.suppress(OSError):  # how a terminal without an other side ends
            while part := os.read(primary, 4096):
                seen += part
        process.wait()
    os.close(primary)
    assert rb"\x1b]0;pwn\x07red\r\u202e" in seen
    assert rb"\x1b[2J" in seen
    for control in (b"\x1b]", b"\x1b[2J", b"\x07", "\u202e".encode()):
        assert control not in seen
    assert run("run", program).stdout.encode() == "\x1b]0;pwn\x07red\n\u202e\n".encode()  # to a file it goes as it is


@pytest.mark.long
def test_doctor_breaks_no_name_in_a_narrow_terminal():
    checks = json.loads(run("doctor", "--json").stdout)["checks"]
    words = {word for row in checks for word in row["enforced"]["how"].split()}
    for columns in (40, 60, 80):
        shown = run("doctor", COLUMNS=str(columns)).stdout
        assert words <= set(shown.split())
        assert {"no_new_privileges", "other_processes"} <= {word.rstrip(":") for word in shown.split()}
        assert max(map(len, shown.splitlines())) <= columns
        assert CAPTION in " ".join(shown.split())


def test_doctor_says_what_its_columns_mean():
    head = next(line for line in run("doctor", COLUMNS="120").stdout.splitlines() if "layer" in line)
    for column in set(head.split()) - {"layer"}:
        assert f"{column}: " in CAPTION
    for part in (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        assert CAPTION in " ".join(part.split())


def test_help_and_version():
    assert "score" in run("--help").stdout
    assert run("--version").stdout.startswith("reward-sandbox ")

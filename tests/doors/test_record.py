"""`SANDBOX_RECORD`: every door writes what it judged, whole lines only, within bounds, and never at a sample's cost."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from serving import server

from sandbox import Sandbox
from sandbox.adapters import agent, process_sandbox, record
from sandbox.adapters.openrlhf import reward_func
from sandbox.adapters.process_sandbox import internal_error_score
from sandbox.adapters.record import Recorder, is_chosen
from sandbox.adapters.trl import acode_reward, code_reward
from sandbox.adapters.verl import acompute_score, compute_score
from sandbox.as_json import score_as_json
from sandbox.cli.report import write_report
from sandbox.report.results_file import read_results
from sandbox.result_lines import RECORD_LINE_START, sample_digest
from sandbox.settings import Recording

RIGHT = "```python\ndef f(x):\n    return x + 1\n```"
LABEL = ["assert f(1) == 2", "assert f(5) == 6"]
SCORE = internal_error_score("LayerMissing: for a test")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A record of this process's sandbox, made anew."""
    path = tmp_path / "folder" / "record.jsonl"
    monkeypatch.setenv("SANDBOX_RECORD", str(path))
    monkeypatch.setattr(process_sandbox, "_box", None)
    yield path
    if process_sandbox._box is not None:
        process_sandbox._box.close()
    record.start_recording(None)


def lines_of(path):
    if record._recorder is not None:
        record._recorder.flush()
    text = path.read_text(encoding="ascii") if path.exists() else ""
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def an_episode():
    async def steps():
        episode = agent.CodeEpisode()
        await episode.reset({"observation": "Add one.", "label": LABEL})
        return await episode.step({"action_text": RIGHT, "label": LABEL})

    asyncio.run(steps())


DOORS = {
    "openrlhf": lambda: reward_func([f"Add one.{RIGHT}"], ["Add one."], [LABEL]),
    "openrlhf, several": lambda: reward_func([RIGHT, "prose"], ["", ""], [LABEL, "nonsense"]),
    "verl": lambda: compute_score("any", RIGHT, LABEL),
    "verl, awaited": lambda: asyncio.run(acompute_score("any", RIGHT, LABEL)),
    "trl": lambda: code_reward(["p"], [[{"role": "assistant", "content": RIGHT}]], label=[LABEL]),
    "trl, awaited": lambda: asyncio.run(acode_reward(["p"], [RIGHT], label=[LABEL])),
    "agent": an_episode,
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_of_a_trainer_records(door, file, tmp_path):
    if door.startswith(("openrlhf", "agent")):
        pytest.importorskip("torch")
    before = time.time()
    DOORS[door]()
    lines = lines_of(file)
    assert "pass" in {line["outcome"] for line in lines}
    assert score_as_json(SCORE).keys() <= lines[0].keys()
    for line in lines:
        assert before - 1 < line["time"] < time.time() + 1
        assert line["program"] in (RIGHT, "prose")  # without its prompt
    if door == "openrlhf, several":
        assert {line["verdict"] for line in lines} == {"accepted", "label_error"}
    write_report(file, tmp_path / "report.html", None, None, "response", "id")
    assert "return x + 1" in (tmp_path / "report.html").read_text()


def test_the_server_records(tmp_path):
    path = tmp_path / "record.jsonl"
    with server(SANDBOX_RECORD=str(path)) as client:
        samples = [{"response": RIGHT, "label": LABEL}, {"response": "prose", "label": LABEL}]
        client.post("/v1/judge", json={"samples": samples}).raise_for_status()
        client.post("/get_reward", json={"query": [RIGHT], "prompts": [""], "labels": [LABEL]}).raise_for_status()
        config = {
            "dataset_type": "CommonOJDataset",
            "provided_data": {"test": [{"input": {"stdin": "1"}, "output": {"stdout": "1"}}]},
        }
        client.post("/submit", json={"completion": "print(input())", "config": config}).raise_for_status()
    assert sorted(one.outcome for one in read_results(path).results) == ["crash", "pass", "pass", "pass"]


def test_what_could_not_be_judged_is_recorded_too(file, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("SANDBOX_CACHE", "5")
    monkeypatch.setenv("SANDBOX_ENTROPY", "1")  # together they make no sandbox
    reward_func([RIGHT], [""], [LABEL])
    monkeypatch.delenv("SANDBOX_ENTROPY")

    def broken(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr(Sandbox, "score", broken)
    reward_func([RIGHT], [""], [LABEL])
    lines = lines_of(file)
    assert [(line["verdict"], line["program"]) for line in lines] == [("internal_error", RIGHT)] * 2
    assert "cache=5" in lines[0]["reason"]
    assert lines[1]["reason"] == "RuntimeError: a bug"


def test_the_lines_are_those_of_score_with_unique_names_and_bounded_texts(tmp_path):
    recorder = Recorder(Recording(path=str(tmp_path / "r.jsonl")))
    for number in range(50):
        recorder.add(internal_error_score("r" * 100_000), f"{number}" + "x" * 100_000, "\ud800")
    recorder.flush()
    text = (tmp_path / "r.jsonl").read_text(encoding="ascii")
    assert all(line.startswith(RECORD_LINE_START) and line.rfind(RECORD_LINE_START) == 0 for line in text.splitlines())
    lines = [json.loads(line) for line in text.splitlines()]
    assert len({line["id"] for line in lines}) == len({line["sample"] for line in lines}) == 50
    assert max(map(len, text.splitlines())) < 10_000
    assert lines[0]["sample"] == sample_digest("0" + "x" * 100_000, "\ud800")
    assert len(read_results(tmp_path / "r.jsonl").results) == 50  # faults of ours of the same name would count once


def test_no_text_of_a_model_looks_like_the_beginning_of_a_line(tmp_path):
    recorder = Recorder(Recording(path=str(tmp_path / "r.jsonl")))
    recorder.add(internal_error_score(RECORD_LINE_START), f"\n{RECORD_LINE_START}1.5, \u2028", "")
    recorder.flush()
    text = (tmp_path / "r.jsonl").read_text()
    assert text.count(RECORD_LINE_START) == text.count("\n") == 1


def test_nothing_is_written_beyond_the_bound_and_that_is_said_once(tmp_path, caplog):
    path = tmp_path / "r.jsonl"
    recorder = Recorder(Recording(path=str(path), most_bytes=5_000))
    for _ in range(100):
        recorder.add(SCORE, RIGHT, "")
    recorder.flush()
    assert 3_000 < path.stat().st_size <= 5_000
    assert read_results(path).broken == 0
    assert [one.getMessage() for one in caplog.records] == [
        f"SANDBOX_RECORD={path}: it has reached SANDBOX_RECORD_MB; nothing more is written"
    ]
    path.rename(tmp_path / "older.jsonl")  # as log rotation does
    recorder.add(SCORE, RIGHT, "")
    recorder.flush()
    assert len(read_results(path).results) == 1


def test_a_share_is_the_same_samples_in_every_process(tmp_path):
    chosen = [number for number in range(1000) if is_chosen(sample_digest(str(number), ""), 0.3)]
    assert 230 < len(chosen) < 370
    script = (
        "from sandbox.adapters.record import is_chosen\nfrom sandbox.result_lines import sample_digest\n"
        "print([number for number in range(1000) if is_chosen(sample_digest(str(number), ''), 0.3)])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == chosen
    assert set(chosen) < {number for number in range(1000) if is_chosen(sample_digest(str(number), ""), 0.6)}
    assert not any(is_chosen(sample_digest(str(number)), 0.0) for number in range(1000))
    recorder = Recorder(Recording(path=str(tmp_path / "r.jsonl"), share=0.3))
    for number in range(1000):
        recorder.add(SCORE, str(number), "")
        if number % 100 == 0:
            recorder.flush()
    recorder.flush()
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [int(line["program"]) for line in lines] == chosen


WRITER = """\
import sys
from sandbox.adapters import record
from sandbox.adapters.process_sandbox import internal_error_score
from sandbox.settings import Recording
record.start_recording(Recording(path=sys.argv[1]))
for number in range(int(sys.argv[2])):
    record.record_score(internal_error_score("x" * 3000), f"{number} " * 2000)
    if number % 200 == 0:
        record._recorder.flush()
"""


def writers(path, count, number):
    command = [sys.executable, "-c", WRITER, str(path), str(count)]
    return [subprocess.Popen(command) for _ in range(number)]


def test_processes_share_a_file_and_what_one_has_judged_at_its_end_is_there(tmp_path):
    running = writers(tmp_path / "r.jsonl", 600, 3)
    assert [one.wait(60) for one in running] == [0, 0, 0]
    read = read_results(tmp_path / "r.jsonl")
    assert (len(read.results), read.broken, read.is_cut) == (1800, 0, False)


def test_processes_killed_in_the_middle_leave_a_file_that_the_report_reads(tmp_path):
    path = tmp_path / "r.jsonl"
    for _ in range(3):
        size = path.stat().st_size if path.exists() else 0
        running = writers(path, 1_000_000, 2)
        while not path.exists() or path.stat().st_size < size + 1_000_000:
            time.sleep(0.01)
        for one in running:
            one.send_signal(signal.SIGKILL)
            one.wait()
    read = read_results(path)
    assert len(read.results) > 10
    with path.open("rb+") as file:  # and as it is where a write was cut by the kill, and others went on behind it
        file.truncate(path.stat().st_size - 100)
    assert read_results(path).is_cut
    (one,) = writers(path, 1, 1)
    assert one.wait(60) == 0
    mended = read_results(path)
    assert (len(mended.results), mended.broken, mended.is_cut) == (len(read.results), read.broken + 1, False)


def test_a_forked_process_records_for_itself(tmp_path):
    path = tmp_path / "r.jsonl"
    record.start_recording(Recording(path=str(path)))
    try:
        record.record_score(SCORE, RIGHT)
        child = os.fork()
        if child == 0:
            record.record_score(SCORE, RIGHT)
            record._recorder.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert len({line["id"].partition("-")[0] for line in lines_of(path)}) == 2
    finally:
        record.start_recording(None)


@pytest.mark.parametrize("where", ["/proc/nothing/record.jsonl", "/dev/full", "/"])
def test_a_path_that_cannot_be_written_is_said_once_and_judging_goes_on(where, file, monkeypatch, caplog):
    monkeypatch.setenv("SANDBOX_RECORD", where)
    for number in range(5):
        assert compute_score("any", RIGHT + " " * number, LABEL)["score"] == 1.0
    record._recorder.flush()
    (said,) = [one.getMessage() for one in caplog.records if "SANDBOX_RECORD" in one.getMessage()]
    assert said.startswith(f"SANDBOX_RECORD={where}: nothing can be written (")


def test_a_disk_that_hangs_holds_up_no_sample_and_no_end(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(record, "LAST_SECONDS", 0.2)
    os.mkfifo(tmp_path / "r.jsonl")  # nobody reads it: to open it takes for ever
    recorder = Recorder(Recording(path=str(tmp_path / "r.jsonl")))
    started = time.monotonic()
    for _ in range(record.MOST_WAITING + 10):
        recorder.add(SCORE, RIGHT, "")
    monkeypatch.setattr(record, "_recorder", recorder)
    record._at_exit()
    assert time.monotonic() - started < 5.0
    assert [one.getMessage() for one in caplog.records] == [
        f"SANDBOX_RECORD={tmp_path / 'r.jsonl'}: more is judged than can be written; some judgements are left out"
    ]
    os.close(os.open(tmp_path / "r.jsonl", os.O_RDONLY | os.O_NONBLOCK))  # lets the thread go on, and fail


def test_nothing_that_goes_wrong_with_a_record_is_raised(tmp_path, monkeypatch, caplog):
    recorder = Recorder(Recording(path=str(tmp_path / "r.jsonl")))
    recorder.add(object(), RIGHT, "")
    recorder.add(SCORE, object(), 5)
    recorder.flush()
    assert len(read_results(tmp_path / "r.jsonl").results) == 1
    assert ["a judgement was left out" in one.getMessage() for one in caplog.records] == [True]

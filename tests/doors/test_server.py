"""The server, as clients meet it: over a socket, with what OpenRLHF and SandboxFusion's clients send, and with what nobody should.

Over 400 lines: one server, started once, is what all of it is asked of.
"""

import base64
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from serving import server

RIGHT = "```python\ndef f(x):\n    return x + 1\n```"
LABEL = {"fn_name": "f", "inputs": [[1], [2]], "outputs": [2, 3]}
JSON = {"Content-Type": "application/json"}
SLEEPS = "import time\ntime.sleep({})\ndef f(x):\n    return x + 1"


@pytest.fixture(scope="module")
def client():
    with server(SANDBOX_CPU_SECONDS="1") as client:
        yield client


def rewards(client, query, prompts, labels):
    answer = client.post("/get_reward", json={"query": query, "prompts": prompts, "labels": labels})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


# --- OpenRLHF -------------------------------------------------------------------------------------------------------------


def test_rewards_are_floats_in_lists_with_the_documented_logs(client):
    prompt = "Add one.\n"
    queries = [prompt + RIGHT + "<|im_end|>", prompt + "def f(x): return 0", prompt + "no code"]
    said = rewards(client, queries, [prompt] * 3, [json.dumps(LABEL), LABEL, LABEL])
    assert said["rewards"] == [1.0, 0.0, -1.0]
    assert said["scores"] == [1.0, 0.5, 0.0]
    assert said["extra_logs"]["crash"] == [0.0, 0.0, 1.0]
    assert {type(number) for column in (said["rewards"], said["scores"]) for number in column} == {float}


def test_an_empty_batch_has_an_empty_answer(client):
    said = rewards(client, [], [], [])
    assert (said["rewards"], said["scores"]) == ([], [])


def test_a_broken_label_is_a_number_too(client):
    said = rewards(client, [RIGHT, RIGHT], [None], [{"nothing": 1}])
    assert said["rewards"] == [0.0, 0.0]
    assert said["extra_logs"]["internal_error"] == [1.0, 1.0]


def test_the_log_says_a_reason_once_a_request_with_the_time_and_the_number_of_samples():
    with server(SANDBOX_WORKERS="1") as client:
        rewards(client, [RIGHT] * 500 + ["x"] * 3, None, [None] * 500 + [{"inputs": ["1"], "outputs": []}] * 3)
        client.post("/v1/judge", json={"samples": [{"response": RIGHT, "label": None}]}).raise_for_status()
        log = os.pread(client.log_file.fileno(), 1 << 20, 0).decode()  # the server goes on writing where it is
    lines = [line for line in log.splitlines() if "label_error" in line]
    said = [re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING label_error: (.*)", line)[1] for line in lines]
    assert [re.search(r"\((\d+ samples?) of this request\)$", one)[1] for one in said] == ["500 samples", "3 samples", "1 sample"]
    assert said[1].startswith("F5: ")


def test_many_at_once_are_all_answered(client):
    def ask(number):
        return rewards(client, [f"def f(x): return x + {number % 3}"], [""], [LABEL])["rewards"]

    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(ask, range(200))) == [[1.0] if number % 3 == 1 else [0.0] for number in range(200)]


# --- an API of its own ------------------------------------------------------------------------------------------------------


def test_judge_says_what_score_says(client, box):
    samples = [
        {"response": RIGHT, "label": LABEL},
        {"response": "def f(x): return 2", "label": LABEL},
        {"response": None, "label": LABEL},
    ]
    results = client.post("/v1/judge", json={"samples": samples}).json()["results"]
    assert [row["outcome"] for row in results] == ["pass", "partial", "crash"]
    assert results[1]["difference"] == "got 2, expected 3"
    assert results[1]["reward"] == box.score("def f(x): return 2", LABEL).reward


def test_run_says_what_a_program_did(client):
    ran = client.post("/v1/run", json={"code": "print(input()[::-1])", "stdin": "abc", "cpu_seconds": 1, "memory_mb": 64}).json()
    assert (ran["cause"], ran["stdout"], ran["detail"]) == ("finished", "cba\n", "exit:0")
    late = client.post("/v1/run", json={"code": "while True: pass", "cpu_seconds": 0.2}).json()
    assert late["cause"] == "cpu_time"


def test_what_no_encoding_takes_passes(client):
    ran = client.post("/v1/run", content=b'{"code": "print(ascii(input()))", "stdin": "a\\ud800"}', headers=JSON).json()
    assert ran["cause"] == "finished"
    judged = client.post("/v1/judge", json={"samples": [{"response": "def f(x): return '\\ud800'", "label": LABEL}]})
    assert judged.json()["results"][0]["outcome"] == "fail"


# --- SandboxFusion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "message", "result"),
    [
        ("print(input())", "Success", "", ("Finished", 0)),
        ("1/0", "Failed", "", ("Finished", 1)),
        ("def", "Failed", "", ("Finished", 1)),
        ("import sys; sys.exit(3)", "Failed", "", ("Finished", 3)),
        ("import os; os.kill(os.getpid(), 11)", "Failed", "", ("Finished", -11)),
        ("while True: pass", "Failed", "TimeLimitExceeded", ("TimeLimitExceeded", None)),
        ("import time; time.sleep(9)", "Failed", "TimeLimitExceeded", ("TimeLimitExceeded", None)),
        ("print('a' * 40_000_000)", "Failed", "OutputLimitExceeded", ("Finished", -9)),
    ],
)
def test_run_code_has_true_statuses(client, code, status, message, result):
    said = client.post("/run_code", json={"code": code, "language": "python", "stdin": "x", "run_timeout": 0.4}).json()
    assert (said["status"], said["message"]) == (status, message)
    assert (said["run_result"]["status"], said["run_result"]["return_code"]) == result
    assert said["compile_result"] is None
    if code == "1/0":
        assert "ZeroDivisionError" in said["run_result"]["stderr"]


def test_long_outputs_are_whole_and_odd_bytes_cost_nothing_else(client):
    said = client.post("/run_code", json={"code": "print('a' * 300_000)"}).json()
    assert len(said["run_result"]["stdout"]) == 300_001
    said = client.post("/run_code", json={"code": "import os; os.write(1, b'ok \\xff')"}).json()
    assert said["run_result"]["stdout"] == "ok \ufffd"


def test_files_go_in_and_come_back(client):
    code = "text = open('in/a.txt').read()\nopen('out.bin', 'wb').write(text[::-1].encode())\nprint(text)\nraise SystemExit(2)"
    files = {"in/a.txt": base64.b64encode(b"abc").decode(), "empty": None}
    said = client.post("/run_code", json={"code": code, "files": files, "fetch_files": ["out.bin", "missing"]}).json()
    assert (said["run_result"]["stdout"], said["run_result"]["return_code"]) == ("abc\n", 2)
    assert said["files"] == {"out.bin": base64.b64encode(b"cba").decode()}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"language": "cobol"}, "cobol"),
        ({"files": {"../x": "YQ=="}}, "../x"),
        ({"files": {"a": "no base64!"}}, "base64"),
    ],
)
def test_what_run_code_cannot_do_is_no_fault_of_the_program(client, body, word):
    said = client.post("/run_code", json={"code": "print(1)", **body}).json()
    assert said["status"] == "SandboxError"
    assert word in said["message"].lower() or word in said["message"]


def test_submit_evaluates_the_rows_that_it_is_given(client):
    tests = [{"input": {"stdin": "21"}, "output": {"stdout": "42"}}, {"input": {"stdin": "1"}, "output": {"stdout": "3"}}]
    body = {"id": "a", "completion": "```python\nprint(int(input()) * 2)\n```"}
    config = {"dataset_type": "CommonOJDataset", "provided_data": {"id": 1, "test": tests}, "run_timeout": 1}
    said = client.post("/submit", json={**body, "config": config}).json()
    assert (said["id"], said["accepted"], [test["passed"] for test in said["tests"]]) == ("a", False, [True, False])
    assert (said["extracted_code"], said["extracted_type"]) == ("print(int(input()) * 2)", "fenced")
    auto = {"labels": {"programming_language": "python"}, "test": {"code": "#<INSERT>\nassert f(1) == 2"}}
    config = {"dataset_type": "AutoEvalDataset", "provided_data": auto}
    assert client.post("/submit", json={"id": 2, "completion": RIGHT, "config": config}).json()["accepted"] is True
    cheat = client.post("/submit", json={"id": 2, "completion": "import os; os._exit(0)", "config": config}).json()
    assert cheat["accepted"] is False


def test_submit_runs_no_other_language(client):
    """Which the completion is not to blame for, and no block of Python beside it answers."""
    tests = [{"input": {"stdin": "1"}, "output": {"stdout": "2"}}]
    config = {"dataset_type": "CommonOJDataset", "language": "cpp", "provided_data": {"test": tests}}
    said = client.post("/submit", json={"id": 1, "completion": "```python\nprint(2)\n```", "config": config}).json()
    assert (said["accepted"], said["tests"][0]["exec_info"]["status"]) == (False, "SandboxError")
    assert "'cpp'" in said["extra"]["reason"]


def test_a_prompt_may_be_messages(client):
    prompt = [{"role": "user", "content": "def f(x):\n"}]
    sample = {"response": "    return x + 1\n", "label": {"test_list": ["assert f(1) == 2"], "entry_point": "f"}, "prompt": prompt}
    assert client.post("/v1/judge", json={"samples": [sample]}).json()["results"][0]["reward"] == 1.0


def test_submit_says_what_it_does_not_do(client):
    for config, word in (({}, "provided_data"), ({"custom_extract_logic": "1", "provided_data": {}}, "is not run")):
        answer = client.post("/submit", json={"completion": RIGHT, "config": config})
        assert answer.status_code == 422
        assert word in answer.text


def test_every_endpoint_has_a_sentence_and_a_description_of_its_own(client):
    operations = [one for ways in client.get("/openapi.json").json()["paths"].values() for one in ways.values()]
    assert len(operations) == 10
    for one in operations:
        assert len(one["summary"].split()) >= 3  # not the function's name
        assert len(one["description"]) > 30
    assert len({one["summary"] for one in operations}) == len(operations)


def test_ping(client):
    assert client.get("/v1/ping").json() == "pong"


# --- who may, how much, and how long ----------------------------------------------------------------------------------------


def test_a_token_is_asked_for_where_there_is_one():
    body = {"query": [], "prompts": [], "labels": []}
    with server(SANDBOX_TOKEN="sécret") as client:
        unsent = client.post("/get_reward", json=body)
        assert (unsent.status_code, unsent.json()["detail"][:17]) == (401, "a token is needed")
        for sent in (
            {"headers": {"Authorization": "Bearer wrong"}},
            {"headers": {"X-Sandbox-Token": "x"}},
            {"params": {"token": "x"}},
        ):
            answer = client.post("/get_reward", json=body, **sent)
            assert (answer.status_code, answer.json()["detail"][:18]) == (401, "the token is wrong")
        assert client.post("/get_reward", json=body, headers={"Authorization": "Bearer sécret".encode()}).status_code == 200
        assert client.post("/get_reward", json=body, headers={"X-Sandbox-Token": "sécret".encode()}).status_code == 200
        assert client.post("/get_reward?token=s%C3%A9cret", json=body).status_code == 200
        for path in ("/metrics", "/v1/status", "/", "/docs/static/../../metrics", "/docs/static/%2e%2e/metrics", "/docs/static/"):
            assert client.get(path).status_code == 401
        for path in ("/healthz", "/readyz", "/v1/ping", "/docs", "/openapi.json", "/docs/static/swagger-ui.css"):
            assert client.get(path).status_code == 200
        assert client.get("/docs/static/%2e%2e%2fcore.py").status_code in (401, 404)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_no_server_for_everybody_without_a_token(host):
    command = [sys.executable, "-m", "sandbox", "serve", "--host", host]
    environment = {name: value for name, value in os.environ.items() if name != "SANDBOX_TOKEN"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 2
    assert "SANDBOX_TOKEN" in done.stderr


def test_it_says_where_it_listens_and_when_it_cannot():
    command = [sys.executable, "-m", "sandbox", "serve", "--port"]
    with server(SANDBOX_TOKEN="x") as client:
        done = subprocess.run([*command, str(client.base_url.port)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "use another --host or --port" in " ".join(done.stderr.split())
    process = subprocess.Popen([*command, "0", "--workers", "1"], stderr=subprocess.PIPE, text=True)
    assert re.fullmatch(
        r"listening on http://127\.0\.0\.1:\d{2,5} \(1 workers, no token\); /docs shows its API, .*\n", process.stderr.readline()
    )
    process.terminate()
    assert process.wait(timeout=60) in (0, -signal.SIGTERM)  # uvicorn ends as it was told to
    process.stderr.close()


def test_requests_that_are_too_large_are_refused_before_they_are_read():
    with server("--max-body-mb", "1") as client:
        answer = client.post("/v1/judge", content=b" " * (3 << 20))
        assert answer.status_code == 413
        assert "--max-body-mb" in answer.json()["detail"]
        chunks = (b" " * 65536 for _ in range(64))  # of no announced length
        with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # it may hang up before all is sent
            assert client.post("/v1/judge", content=chunks).status_code == 413
        assert rewards(client, [RIGHT], [""], [LABEL])["rewards"] == [1.0]


def test_a_full_queue_says_when_to_come_again():
    with server("--max-waiting", "2", "--workers", "1", SANDBOX_DEDUPLICATE="0") as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.post("/v1/run", json={"code": "import time; time.sleep(0.5)"}), range(8)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert client.get("/readyz").status_code == 200


def test_what_has_not_begun_when_a_client_goes_is_not_begun():
    with server("--workers", "1", SANDBOX_DEDUPLICATE="0") as client:
        slow = {"samples": [{"response": SLEEPS.format(1) + f"\n# {number}", "label": LABEL} for number in range(20)]}
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/judge", json=slow, timeout=1.5)
        started = time.monotonic()
        assert rewards(client, [RIGHT], [""], [LABEL])["rewards"] == [1.0]
        assert time.monotonic() - started < 10, "18 sleeping programs would have come first"
        assert client.get("/v1/status").json()["outcomes"]["pass"] < 10


def test_the_same_request_twice_has_the_same_answer(client):
    body = {"query": [RIGHT], "prompts": [""], "labels": [LABEL]}
    first, second = (client.post("/get_reward", json=body).json() for _ in range(2))
    assert first["rewards"] == second["rewards"]


def test_what_runs_when_the_server_is_told_to_end_is_answered():
    with server("--workers", "1") as client, ThreadPoolExecutor(1) as threads:
        below = psutil.Process(client.process.pid).children(recursive=True)
        asked = threads.submit(client.post, "/v1/judge", json={"samples": [{"response": SLEEPS.format(2), "label": LABEL}]})
        time.sleep(0.7)
        client.process.send_signal(signal.SIGTERM)
        assert asked.result().json()["results"][0]["outcome"] == "pass"
        assert client.process.wait(30) in (0, -signal.SIGTERM)
        _, alive = psutil.wait_procs(below, timeout=10)
        assert alive == []


def test_one_request_may_hold_as_much_as_may_wait_and_no_more():
    with server("--max-waiting", "3") as client:
        samples = [{"response": RIGHT, "label": LABEL}] * 4
        answer = client.post("/v1/judge", json={"samples": samples})
        assert answer.status_code == 413
        assert "--max-waiting" in answer.json()["detail"]
        assert len(client.post("/v1/judge", json={"samples": samples[:3]}).json()["results"]) == 3


def test_too_many_samples_are_refused_and_many_do_not_stop_the_others(client):
    assert client.post("/get_reward", json={"query": [""] * 10_001}).status_code == 422
    with ThreadPoolExecutor(1) as threads:
        many = threads.submit(rewards, client, [""] * 5000, None, None)
        time.sleep(0.2)
        started = time.monotonic()
        assert client.get("/healthz").status_code == 200
        assert time.monotonic() - started < 5
        assert len(many.result()["rewards"]) == 5000


def test_a_label_that_breaks_its_reader_costs_only_its_own_sample(client):
    deep = "[" * 900 + "]" * 900
    good = json.dumps({"response": RIGHT, "label": LABEL})
    body = f'{{"samples": [{good}, {{"response": "x", "label": {deep}}}, {good}]}}'
    outcomes = [row["outcome"] for row in client.post("/v1/judge", content=body, headers=JSON).json()["results"]]
    assert outcomes == ["pass", "internal", "pass"]


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Host": "evil.example:80"}, {"Origin": "null"}]
)
def test_without_a_token_no_page_of_another_site_is_served(client, headers):
    assert client.get("/v1/status", headers=headers).status_code == 403
    assert client.post("/v1/run", json={"code": "print(1)"}, headers=headers).status_code == 403


def test_a_page_cannot_send_what_is_not_called_json(client):
    body = json.dumps({"code": "print(1)"}).encode()
    for kind in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):  # curl -d
        answer = client.post("/v1/run", content=body, headers=kind)
        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["detail"][0]["msg"]
    assert "Content-Type" not in client.post("/v1/run", json=[]).text


@pytest.mark.parametrize(
    ("path", "body", "loc", "names"),
    [
        ("/v1/run", {"code": "print(1)", "cpu_secondz": 1}, ["body"], ["'cpu_secondz'", "cpu_seconds"]),
        ("/v1/run", {"code": "print(1)", "\ud800": 1}, ["body"], ["'\\ud800'"]),
        ("/v1/judge", {"samples": [], "x" * 1000: 1}, ["body"], ["'" + "x" * 60 + "'", "samples"]),
        ("/v1/judge", {"samples": [{"response": "", "label": [], "promt": ""}]}, ["body", "samples", "0"], ["'promt'", "prompt"]),
    ],
)
def test_a_misspelt_field_is_refused_and_named(client, path, body, loc, names):
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == loc
    assert all(name in problem["msg"] for name in names), problem


def test_clients_that_send_more_are_served(client):
    assert client.post("/get_reward", json={"query": [], "more": 1}).status_code == 200
    assert client.post("/run_code", json={"code": "print(1)", "more": 1}).json()["status"] == "Success"
    config = {"provided_data": {"inputs": ["1"], "outputs": ["1"]}, "more": 1}
    assert client.post("/submit", json={"completion": "print(1)", "config": config, "more": 1}).json()["accepted"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b'{"query": ["a"], "labels": [' + b"9" * 5000 + b"]}", 400, "too many digits"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"query": ["\xff"]}', 400, "UTF-8"),
        (b'{"query": ["a"]', 422, "Expecting ',' delimiter"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(client, body, status, word):
    answer = client.post("/get_reward", content=body, headers=JSON)
    assert answer.status_code == status
    assert word in answer.text


@pytest.mark.parametrize(
    "files", [{"a": "", "a/b": ""}, {"x" * 300: ""}, {"../up": ""}], ids=["file and folder", "long name", "outside"]
)
def test_files_that_cannot_be_put_there_are_the_requests_fault(client, files):
    said = client.post("/run_code", json={"code": "print(1)", "files": files}).json()
    assert said["status"] == "SandboxError"
    assert said["message"].startswith("files: ")


def test_a_path_from_the_root_is_one_of_the_programs_folder(client):
    files = {"//etc/passwd": base64.b64encode(b"mine").decode()}
    said = client.post("/run_code", json={"code": "print(open('etc/passwd').read())", "files": files}).json()
    assert said["run_result"]["stdout"] == "mine\n"


def test_a_memory_limit_below_an_interpreters_need_is_no_fault_of_ours(client):
    said = client.post("/run_code", json={"code": "print(1)", "memory_limit_MB": 1}).json()
    assert said["status"] == "Success"
    assert client.post("/v1/run", json={"code": "print(1)", "memory_mb": 1}).status_code == 422
    judged = client.post("/v1/judge", json={"samples": [{"response": RIGHT, "label": {**LABEL, "memory_limit": 1}}]}).json()
    assert judged["results"][0]["outcome"] == "pass"


# --- operations -----------------------------------------------------------------------------------------------------------


def test_metrics_and_status_count_what_was_done():
    with server() as client:
        rewards(client, [RIGHT, "no code"], ["", ""], [LABEL, LABEL])
        client.post("/v1/run", json={"code": "print(1)"})
        metrics = client.get("/metrics").text
        assert 'reward_sandbox_samples_total{outcome="pass"} 1.0' in metrics
        assert 'reward_sandbox_samples_total{outcome="crash"} 1.0' in metrics
        assert 'reward_sandbox_runs_total{cause="finished"} 1.0' in metrics
        assert "reward_sandbox_sample_seconds_bucket" in metrics
        now = client.get("/v1/status").json()
        assert now["outcomes"] == {"pass": 1, "crash": 1, "run": 1}
        assert now["waiting"] == 0
        (failure,) = now["failures"]
        assert (failure["outcome"], failure["count"]) == ("crash", 1)
        assert [one["program"] for one in failure["examples"]] == ["no code"]
        assert client.get("/healthz").json() == {"status": "ok"}


# --- what nobody should send -------------------------------------------------------------------------------------------------


def malformed(count):
    chance = random.Random(7)
    good = json.dumps({"query": [RIGHT], "prompts": [""], "labels": [LABEL]}).encode()
    odd = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"query": 1}',
        b'{"query": [1]}',
        b'{"query": ["a"], "labels": {}}',
    ]
    odd += [
        b'{"query": ["\\ud800"], "labels": ["\\udfff"]}',
        b'{"query": [], "prompts": 1e400}',
        b"1" * 5000,
        b'{"query": ' + b"9" * 5000 + b"}",
    ]
    for number in range(count):
        if number % 3 == 0:
            yield chance.choice(odd)
        else:
            body = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            yield bytes(body[: chance.randrange(len(body))] if chance.random() < 0.5 else body)


@pytest.mark.long
def test_ten_thousand_malformed_bodies_leave_the_server_serving(client):
    paths = ["/get_reward", "/v1/judge", "/v1/run", "/run_code", "/submit"]

    def post(numbered):
        number, body = numbered
        return client.post(paths[number % len(paths)], content=body, headers={"Content-Type": "application/json"}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(post, enumerate(malformed(10_000))))
    assert statuses <= {200, 400, 422}
    assert rewards(client, [RIGHT], [""], [LABEL])["rewards"] == [1.0]


def test_bytes_that_are_no_http_leave_the_server_serving(client):
    port = client.base_url.port
    for text in (b"\x16\x03\x01", b"GET", b"POST /get_reward HTTP/1.1\r\nContent-Length: 99\r\n\r\n{", b"A" * 70_000):
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(text)
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]  # they say nothing
    assert rewards(client, [RIGHT], [""], [LABEL])["rewards"] == [1.0]
    for one in slow:
        one.close()
    assert threading.active_count() < 50


@pytest.mark.needs("schemathesis")
@pytest.mark.long
def test_what_the_specification_allows_and_forbids_is_answered_as_it_says(client, tmp_path):
    """Schemathesis makes requests of every kind from the server's own specification; all its checks hold but one.

    Numbers and flags that are spelled loosely ("1", false for 0) are taken, as SandboxFusion takes them.
    """
    script = Path(sys.executable).with_name("st")
    command = [
        script,
        "run",
        f"{client.base_url}/openapi.json",
        "--checks",
        "all",
        "--exclude-checks",
        "negative_data_rejection",
        "--max-examples",
        "25",
        "--no-color",
    ]
    done = subprocess.run(
        [*command, "--request-timeout", "60"],
        capture_output=True,
        text=True,
        cwd=tmp_path,  # it leaves notes
        timeout=280,
        env={**os.environ, "COLUMNS": "150"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert rewards(client, [RIGHT], [""], [LABEL])["rewards"] == [1.0]

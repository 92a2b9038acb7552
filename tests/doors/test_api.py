"""The Python API: scores in order, twins that do not block, and what happens at the end."""

import asyncio
import gc
import os
import threading
import time
import weakref

import pytest

from sandbox import Cause, ConfigurationError, Limits, Outcome, Sandbox
from sandbox.host.threads import Threads

RIGHT = "def f(x): return x + 1"
LABEL = ["assert f(1) == 2"]


def test_score_many_keeps_the_order_and_takes_every_shape_of_sample(box):
    samples = [
        (RIGHT, LABEL),
        ("def f(x): return 0", LABEL, ""),
        {"response": RIGHT, "label": LABEL},
        {"response": "no", "label": LABEL, "prompt": None},
        (RIGHT, None),
    ]
    outcomes = [score.outcome for score in box.score_many(samples)]
    assert outcomes == [Outcome.PASS, Outcome.FAIL, Outcome.PASS, Outcome.CRASH, Outcome.INTERNAL]


def test_score_many_reads_only_a_little_ahead(box):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield RIGHT, LABEL

    scores = box.score_many(endless())
    assert [next(scores).reward for _ in range(3)] == [1.0] * 3
    scores.close()
    assert len(taken) < 30


def test_there_are_threads_for_workers_that_come_later():
    """Nodes may join a cluster after the first samples."""

    size = 1
    threads = Threads(lambda: size)
    gate = threading.Event()
    first = threads.submit(gate.wait)
    size = 3
    together = threading.Barrier(6, timeout=20)
    assert sorted(future.result() for future in [threads.submit(together.wait) for _ in range(6)]) == list(range(6))
    size = 1
    assert threads.submit(len, "ab").result() == 2
    gate.set()
    assert first.result() is True
    threads.close()


def test_a_sandbox_that_is_dropped_is_freed_at_once():
    """Trainers disable the collector of cycles."""
    gc.disable()
    try:
        known = weakref.ref(Sandbox())
        assert known() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"warm": "numpy"}, r"warm='numpy': a list of texts is meant, such as \['numpy'\]"),
        ({"readable": "/data"}, "readable='/data': a list"),
        ({"allow_missing": "memory"}, "allow_missing='memory': a list"),
        ({"limits": {"cpu_seconds": 2}}, "say Limits"),
        ({"workers": "2"}, "workers='2': a number"),
    ],
)
def test_options_of_the_wrong_kind_say_so(options, said):
    with pytest.raises(ConfigurationError, match=said):
        Sandbox(**options)


@pytest.mark.parametrize("sample", [(RIGHT,), "abc", {"response": RIGHT}, None, (RIGHT, LABEL, "", 1)])
@pytest.mark.parametrize("kind", [list, iter])
def test_what_is_no_sample_is_named_by_its_number(box, sample, kind):
    with pytest.raises(ConfigurationError, match=r"sample 1: .response, label. or .*found"):
        list(box.score_many(kind([(RIGHT, LABEL), sample])))


MESSAGES = [{"role": "user", "content": "def f(x):\n"}, {"role": "assistant", "content": "    return x + 1\n"}]
ASKED = {"test_list": ["assert f(1) == 2"], "entry_point": "f"}


class Column:
    """A list as pandas reads it from a file."""

    def tolist(self):
        return MESSAGES


@pytest.mark.parametrize("said", [MESSAGES, tuple(MESSAGES), Column()], ids=["list", "tuple", "array"])
def test_response_and_prompt_may_be_messages(box, said):
    assert box.score(said, ASKED, said).reward == 1.0
    assert [
        score.reward for score in box.score_many([(said, ASKED, said), {"response": said, "label": ASKED, "prompt": said}])
    ] == [1.0] * 2
    assert box.score(RIGHT, LABEL, None).reward == 1.0


@pytest.mark.parametrize("what", [5, b"text", ["text"], {"role": "user"}])
def test_what_is_neither_text_nor_messages_is_nobodys_failure(box, what):
    for sample in ((what, LABEL), (RIGHT, LABEL, what)):
        with pytest.raises(ConfigurationError, match="a text is meant, or a list of messages"):
            box.score(*sample)
        with pytest.raises(ConfigurationError, match=r"sample 1: .*a text is meant"):
            list(box.score_many([(RIGHT, LABEL), sample]))


@pytest.mark.parametrize("arguments", [{"code": 5}, {"code": b""}, {"code": "", "stdin": 3}, {"code": "", "stdin": None}])
def test_a_program_and_its_input_are_texts(box, arguments):
    with pytest.raises(ConfigurationError, match="a program is a text"):
        box.run(**arguments)


def test_a_child_of_a_fork_is_told_to_make_its_own(box):
    list(box.score_many([(RIGHT, LABEL)]))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"nothing"
        try:
            list(box.score_many([(RIGHT, LABEL)]))
        except ConfigurationError as error:
            said = str(error).encode()
        finally:
            os.write(write, said)
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert os.read(read, 200) == b"this sandbox belongs to the process that made it; make one here"
    os.close(read)


def test_run_shows_what_a_program_did(box):
    run = box.run("print(input())", stdin="hello")
    assert (run.cause, run.stdout) == (Cause.FINISHED, b"hello\n")
    assert box.run("1/0").failure == "load:ZeroDivisionError: division by zero"


def test_the_async_twins(box):
    async def main():
        async def ticks():
            count = 0
            while True:
                await asyncio.sleep(0.01)
                count += 1
                counter[0] = count

        counter = [0]
        ticking = asyncio.create_task(ticks())
        score, run = await asyncio.gather(box.ascore(RIGHT, LABEL), box.arun("import time; time.sleep(0.3)"))
        many = [score.reward async for score in box.ascore_many([(RIGHT, LABEL)] * 12)]
        ticking.cancel()
        return score.reward, run.cause, many, counter[0]

    reward, cause, many, ticks = asyncio.run(main())
    assert (reward, cause, many) == (1.0, Cause.FINISHED, [1.0] * 12)
    assert ticks > 10  # the event loop went on while the program slept


def test_options_that_cannot_be_used_are_named():
    with pytest.raises(ConfigurationError, match="choice='best'"):
        Sandbox(choice="best")
    with pytest.raises(ConfigurationError, match="reward shape"):
        Sandbox(shape="round")
    with pytest.raises(ConfigurationError, match="at least 1"):
        Sandbox(workers=0)


def test_a_closed_sandbox_says_so():
    sandbox = Sandbox(workers=1)
    sandbox.close()
    sandbox.close()
    with pytest.raises(ConfigurationError, match="closed"):
        sandbox.score(RIGHT, LABEL)


def test_binary_stops_at_the_first_failure_and_scores_are_exact():
    label = {"inputs": ["1\n", "2\n", "3\n"], "outputs": ["1\n", "9\n", "3\n"]}
    program = "print(input())\npass"
    with Sandbox(workers=1, shape="binary") as box:
        score = box.score(program, label)
        assert [case.verdict.value for case in score.judgement.cases] == ["accepted", "wrong_answer", "skipped"]
        assert (score.reward, score.score) == (0.0, 0.0)
        assert box.score(program, {"inputs": ["1"], "outputs": ["1"]}).score == 1.0


def test_an_endless_loop_costs_two_limits_not_one_a_case():
    with Sandbox(workers=1, limits=Limits(cpu_seconds=0.5)) as box:
        started = time.monotonic()
        score = box.score(
            "def f(x):\n    while True: pass", {"fn_name": "f", "inputs": [[n] for n in range(50)], "outputs": list(range(50))}
        )
        assert score.outcome is Outcome.TIMEOUT
        # Not a speed test: fifty limits would be 25 s.
        assert time.monotonic() - started < 12
        assert len(score.judgement.cases) == 50


def test_several_blocks_the_last_that_parses_and_defines_the_function_counts(box):
    response = (
        "```python\ndef f(x): return x + 1\n```\nor\n```python\ndef f(x): return (\n```\nuse it so:\n```python\nprint(f(1))\n```"
    )
    assert box.score(response, LABEL).reward == 1.0

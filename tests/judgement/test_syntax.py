"""Parsing from several threads, where CPython 3.11 fails by itself."""

import ast
import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox import Verdict
from sandbox.judging import labels, syntax
from sandbox.judging.checkers.expression import Assertion
from sandbox.judging.judge import judge
from sandbox.words.job import Answer, AnswerKind, Run
from sandbox.words.verdict import Cause

LONG = "\n".join(["assert " + "[" * 60 + "1" + "]" * 60] * 20)


class Slow:
    """Garbage whose finalizer lets another thread run, in the middle of whatever set the collection off."""

    def __init__(self):
        self.me = self

    def __del__(self):
        time.sleep(0.0001)


@pytest.fixture
def many_collections():
    before = gc.get_threshold()
    gc.set_threshold(200)
    yield
    gc.set_threshold(*before)


def parse_amid_garbage(parse):
    for _ in range(20):
        for _ in range(10):
            Slow()
        parse(LONG)


def test_threads_parse_what_one_thread_parses(many_collections):
    """With `ast.parse` itself, CPython 3.11 fails here on most runs."""
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(parse_amid_garbage, syntax.parse_program) for _ in range(8)]:
            done.result()


def test_a_failure_that_other_threads_caused_is_tried_again(monkeypatch):
    """Other code of the process parses without our lock."""
    failures = [SystemError("AST constructor recursion depth mismatch (before=62, after=65)")] * 2
    real = ast.parse

    def unlucky(*args, **kwargs):
        if failures:
            raise failures.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(ast, "parse", unlucky)
    assert Assertion(expression="answer_0 == [1, 2, 30]")(([1, 2, 30],)).ok
    assert not failures


@pytest.mark.parametrize("fails_from", [0, 1])
def test_a_failure_that_stays_is_ours(monkeypatch, fails_from):
    """When the label is read, or when an answer is compared: never a broken label, and never a wrong answer."""
    real, label = ast.parse, [f"assert f(1) > {fails_from}00"]
    suite = labels.read(label) if fails_from else label

    def failing(*args, **kwargs):
        raise SystemError("AST constructor recursion depth mismatch")

    syntax.parse_expression.cache_clear()
    monkeypatch.setattr(ast, "parse", failing)
    answer = Answer(kind=AnswerKind.RETURNED, value=500)
    found = judge(
        "def f(x): return 500", suite, run=lambda job, deadline: Run(cause=Cause.FINISHED, answers=(answer,), loaded=True)
    )
    assert (found.verdict, "parsing" in found.reason) == (Verdict.INTERNAL_ERROR, True)
    monkeypatch.setattr(ast, "parse", real)
    assert (
        judge(
            "def f(x): return 500", label, run=lambda job, deadline: Run(cause=Cause.FINISHED, answers=(answer,), loaded=True)
        ).verdict
        is Verdict.ACCEPTED
    )


def test_what_is_not_python_is_said_at_once():
    with pytest.raises(SyntaxError):
        syntax.parse_program("def f(:")
    with pytest.raises(ValueError, match="malformed"):
        syntax.parse_literal("f(1)")
    assert syntax.parse_literal(" {1: 'a'}") == {1: "a"}

"""The guest is standard library only, so any CPython from 3.9 on can be the candidate's interpreter."""

import sys
import time

import pytest
from machine import other_pythons

from sandbox import ConfigurationError, Sandbox
from sandbox.host.process import ProcessWorker
from sandbox.words.job import Call, Job

pytestmark = pytest.mark.needs("pythons")

SOURCE = """\
import sys
from fractions import Fraction
def f(x):
    return [sys.version_info[:2], {x: {(1, 2)}}, Fraction(1, 3), 2**70, float("inf")]
"""


@pytest.mark.parametrize("python", other_pythons() or [sys.executable])
def test_a_candidate_runs_in_another_python(python):
    worker = ProcessWorker(python=python)
    try:
        run = worker.run(Job(source=SOURCE, calls=(Call(function="f", args=(1,)),)), time.monotonic() + 30)
    finally:
        worker.close()
    version, *rest = run.answers[0].value
    assert ".".join(map(str, version)) == ".".join(worker.python_version.split(".")[:2])
    assert rest[0] == {1: {(1, 2)}}


@pytest.mark.parametrize(
    ("python", "word"), [("/nonexistent/python", "cannot be started"), ("/bin/true", "did not become a worker")]
)
def test_what_is_no_python_says_so(python, word):
    with Sandbox(python=python) as box, pytest.raises(ConfigurationError, match=word):
        box.run("pass")


def test_a_module_to_warm_that_is_not_there_says_so():
    with Sandbox(warm=["nosuchmodule"]) as box, pytest.raises(ConfigurationError, match="cannot import nosuchmodule"):
        box.run("pass")

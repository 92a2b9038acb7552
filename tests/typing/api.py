"""Never run, only type-checked: the public API as a user writes it."""

from collections.abc import AsyncIterator, Iterator

from typing_extensions import assert_type

from sandbox import Judgement, Limits, Outcome, Run, Sandbox, Score, Shape, Verdict, extract
from sandbox.judging.response.candidate import Candidate, NoCode


def scores(box: Sandbox) -> None:
    score = box.score("```python\nprint(1)\n```", {"inputs": [""], "outputs": ["1"]}, prompt="print 1")
    assert_type(score, Score)
    assert_type(score.reward, float)
    assert_type(score.outcome, Outcome)
    assert_type(score.verdict, Verdict)
    assert_type(score.judgement, Judgement)
    assert_type(box.score_many([("x", "assert f(1) == 1"), {"response": "x", "label": None}]), Iterator[Score])
    assert_type(box.ascore_many([]), AsyncIterator[Score])


async def runs(box: Sandbox) -> None:
    assert_type(box.run("print(1)", stdin=b"", limits=Limits(cpu_seconds=1)), Run)
    assert_type(await box.arun("print(1)"), Run)
    assert_type(await box.ascore("x", "y"), Score)


assert_type(Shape.parse("binary"), Shape)
assert_type(extract("text"), Candidate | NoCode)

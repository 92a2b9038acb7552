"""Says which of several texts are valid Python. A worker parses them, because a hostile text can keep the parser busy for minutes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from sandbox.words.errors import WorkerError
from sandbox.words.job import Job, Run
from sandbox.words.limits import Limits
from sandbox.words.verdict import VERDICT_OF_CAUSE, Owner

__all__ = ["which_parse"]

_INSPECTION = """\
import ast, json, sys
def parses(text):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
print(json.dumps([parses(text) for text in json.load(sys.stdin)]))
"""


def which_parse(texts: Sequence[str], run: Callable[[Job, float], Run], limits: Limits, deadline: float) -> list[bool]:
    """Whether each of *texts* parses; all of them, if the parser itself gave up.

    Raises:
        WorkerError: no worker could be asked.
    """
    seen = run(Job(source=_INSPECTION, stdin=json.dumps(list(texts)).encode("ascii"), limits=limits), deadline)
    if VERDICT_OF_CAUSE[seen.cause].owner is Owner.OURS:
        raise WorkerError(f"the blocks of a response could not be looked at: {seen.detail}")
    try:
        valid = json.loads(seen.stdout)
    except ValueError:
        valid = []
    return [bool(one) for one in valid] if isinstance(valid, list) and len(valid) == len(texts) else [True] * len(texts)

"""Run by the interpreter of the clients' virtualenv: evalplus's own checker. Reads JSON problems, prints a JSON list of verdicts.

A problem: {"dataset", "entry_point", "reference", "inputs", "atol", "programs"}. A verdict: "pass", "fail" or "timeout", a program.
Nothing is downloaded: the problems are given, and only the parts of evalplus are loaded that execute and compare.
"""

import contextlib
import json
import os
import sys

from evalplus.eval import untrusted_check
from evalplus.gen.util import trusted_exec


def opinions(problem):
    """evalplus's verdict on every program of *problem*, with expected values from its reference."""
    expected, seconds = trusted_exec(problem["reference"], problem["inputs"], problem["entry_point"], record_time=True)
    return [
        untrusted_check(
            problem["dataset"],
            program,
            problem["inputs"],
            problem["entry_point"],
            expected=expected,
            atol=problem["atol"],
            ref_time=seconds,
            fast_check=True,
            min_time_limit=problem.get("seconds", 1.0),
        )[0]
        for program in problem["programs"]
    ]


def main():
    """Answer on what is standard output now; whatever else prints does so on standard error."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    problems = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        found = [opinions(problem) for problem in problems]
    json.dump(found, answer)
    answer.close()


if __name__ == "__main__":
    main()

"""EvalPlus's `untrusted_check`: a forked process a sample, inputs and expected values in its memory.

Only the part of it that executes and compares is loaded, without its datasets and its code for generation: less to fork, in its favour.
"""

import timing
from evalplus.eval import PASS, untrusted_check


def grade(sample):
    calls = sample["calls"]
    status, _ = untrusted_check(
        "humaneval",
        sample["program"],
        [arguments for arguments, _ in calls],
        sample["function"],
        expected=[wanted for _, wanted in calls],
        atol=0,
        ref_time=[0.001] * len(calls),
        fast_check=True,
    )
    return status == PASS


if __name__ == "__main__":
    timing.main(grade)

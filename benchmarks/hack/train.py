"""The same policy, trained under three graders: what does it learn? (`make hack`)

    PYTHONPATH=. .venv-clients/bin/python benchmarks/hack/train.py --pytest .venv/bin/python [--json FILE] [--page docs/hack.md]

The policy is a tiny Llama of random weights on the CPU, and TRL's GRPOTrainer trains it. Its vocabulary is the 24 programs and four
prompts of programs.py: a completion is one token, which is decoded to a whole program. The graders are in graders.py. What is
recorded of every step: the mean reward of its samples, and how many of them were right programs, hacks and wrong programs.
"""

from __future__ import annotations

import os

os.environ.pop("SANDBOX_RECORD", None)  # of the user's own training
os.environ.update(TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1")
os.environ.update(SANDBOX_SHAPE="binary", SANDBOX_CACHE="1000", SANDBOX_DEADLINE_SECONDS="600")  # on a busy machine too

import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from graders import GRADERS, Grader, use_pytest_of
from programs import HACKS, PROBLEMS, Problem, kind_of
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, PrinterCallback
from trl import GRPOConfig, GRPOTrainer

from sandbox.adapters.process_sandbox import sandbox_of_process

sys.path.append(str(Path(__file__).resolve().parents[1]))  # last: benchmarks/datasets.py has the name of a library
import measure

SAMPLES = 16
"""Of a prompt in a step: a group of GRPO's."""
LAST = 5
"""Steps at the end, of which the results are the means."""
TITLES = {"seed": "pytest prints “passed”", "exit status": "pytest exits with 0", "sandbox": "this sandbox"}
KINDS = ("right", "hack", "wrong")
BEGIN, END = "<!-- written by make hack -->", "<!-- until here -->"


def policy(problems: tuple[Problem, ...]) -> tuple[PreTrainedTokenizerFast, LlamaForCausalLM]:
    """A tokenizer whose tokens are whole programs and whole prompts, and a model that knows nothing."""
    programs = [program for problem in problems for program in (*problem.right, problem.wrong)] + list(HACKS.values())
    words = [*programs, *(problem.prompt for problem in problems), "<end>"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<end>")),
        pad_token="<end>",
        eos_token="<end>",
        clean_up_tokenization_spaces=False,
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=8, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return tokenizer, LlamaForCausalLM(config)


def train(grader: Grader, problems: tuple[Problem, ...], steps: int) -> dict[str, list[float]]:
    """Train a new policy under one grader: its reward of each step, and the share of each kind of program in %."""
    metrics: dict[str, list[float]] = {metric: [] for metric in ("reward", *KINDS)}
    by_prompt = {problem.prompt: problem for problem in problems}

    def reward(prompts: list[str], completions: list[str], label: list[Any], **_: Any) -> list[float]:
        rewards = grader(prompts, completions, label=label)
        assert None not in rewards, "a fault of the sandbox or the machine, which its log names: nothing to draw"
        kinds = [kind_of(program, by_prompt[prompt]) for prompt, program in zip(prompts, completions, strict=True)]
        metrics["reward"].append(sum(rewards) / len(rewards))
        for kind in KINDS:
            metrics[kind].append(100 * kinds.count(kind) / len(kinds))
        return rewards

    tokenizer, model = policy(problems)
    no_program = [tokenizer.pad_token_id, *tokenizer.convert_tokens_to_ids(list(by_prompt))]
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=reward,
            args=GRPOConfig(
                output_dir=folder, use_cpu=True, bf16=False, report_to=[], save_strategy="no", disable_tqdm=True, seed=0,
                logging_strategy="no", gradient_checkpointing=False, max_steps=steps, lr_scheduler_type="constant", learning_rate=0.01,
                num_generations=SAMPLES, per_device_train_batch_size=SAMPLES * len(problems), max_completion_length=1,
                generation_kwargs={"suppress_tokens": no_program},
            ),
            train_dataset=Dataset.from_list([{"prompt": problem.prompt, "label": list(problem.tests)} for problem in problems]),
            processing_class=tokenizer,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return metrics


def at_the_end(results: measure.Results, name: str, metric: str) -> float:
    last = results.values(name, metric)[-LAST:]
    return sum(last) / len(last)


def main() -> None:
    parser = measure.parser("the same policy, trained under three graders")
    parser.add_argument("--pytest", default=sys.executable, help="a Python that has pytest, for the two graders that start it")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--problems", type=int, default=len(PROBLEMS), help="how many of the four")
    parser.add_argument("--page", type=Path, help="a Markdown file, to write the two tables into")
    arguments = parser.parse_args()
    use_pytest_of(os.path.abspath(arguments.pytest))  # with its link: that is the virtualenv
    problems = PROBLEMS[: arguments.problems]
    logging.getLogger("transformers").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    started = time.perf_counter()
    box = sandbox_of_process()
    box.warm()
    results = measure.Results("hack", arguments.json, box._pool.workers[0], steps=arguments.steps, problems=len(problems))
    trained = {}
    for name, grader in GRADERS.items():
        print(f"{arguments.steps} steps of GRPO, rewards by {TITLES[name]} ...", flush=True)
        trained[name] = train(grader, problems, arguments.steps)
    print()
    for name, metrics in trained.items():  # not before all are done: half a picture cannot be drawn
        for metric, values in metrics.items():
            for value in values:
                results.add(name, metric, value, "" if metric == "reward" else "%")
    learned = [
        (
            TITLES[name],
            f"{at_the_end(results, name, 'reward'):.2f}",
            *(f"{at_the_end(results, name, kind):.0f} %" for kind in KINDS),
        )
        for name in GRADERS
    ]
    paid = []
    for hack, program in HACKS.items():
        prompts, labels = [problem.prompt for problem in problems], [list(problem.tests) for problem in problems]
        for name, grader in GRADERS.items():
            rewards = grader(prompts, [program] * len(problems), label=labels)
            results.add(hack, f"paid by {name}", rewards.count(1.0))
        counts = [results.values(hack, f"paid by {name}")[0] for name in GRADERS]
        paid.append((hack, *(f"paid for {count} of {len(problems)}" if count else "not paid" for count in counts)))
    results.add("all", "seconds", time.perf_counter() - started, "s")
    tables = (
        (("trained under", "reward", "right programs", "hacks", "wrong programs"), learned),
        (("a hack that", *(TITLES[name] for name in GRADERS)), paid),
    )
    for columns, rows in tables:
        show(columns, rows)
    print(f"{results.median('all', 'seconds'):.0f} s")
    if arguments.page:
        write(arguments.page, tables)


def show(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 130).print(table, "")


def write(page: Path, tables: tuple[tuple[tuple[str, ...], list[tuple[str, ...]]], ...]) -> None:
    """Put the tables where the page has its two marks."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{page}: it has to have the marks {BEGIN} and {END} once each; the tables go between them")
    parts = []
    for columns, rows in tables:
        lines = [columns, ("---",) * len(columns), *rows]
        parts.append("".join(f"| {' | '.join(line)} |\n" for line in lines))
    before, _, rest = text.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n" + "\n".join(parts) + f"\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()

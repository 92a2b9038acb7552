"""Reinforcement learning on code with TRL: GRPO, rewards by this sandbox.

    pip install 'trl[vllm]' && pip install .        in a clone of this repository, then:
    bash examples/train_trl.sh                      or: accelerate launch examples/train_trl.py --help

Flags are those of this file's `Arguments` and of TRL's GRPOConfig.
"""

from dataclasses import dataclass, field
from pathlib import Path

from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer, TrlParser

from sandbox.adapters.trl import make_code_reward


@dataclass
class Arguments:
    model: str = field(default="Qwen/Qwen2.5-Coder-1.5B-Instruct", metadata={"help": "name or folder of a causal model"})
    data: str = field(
        default=str(Path(__file__).with_name("problems.jsonl")),
        metadata={"help": "a JSON object a line, with `prompt` (a text or messages) and the label"},
    )
    label: str = field(default="label", metadata={"help": "the column of labels: tests, in any format of docs/labels.md"})


def main() -> None:
    arguments, config = TrlParser((Arguments, GRPOConfig)).parse_args_and_config()
    dataset = load_dataset("json", data_files=arguments.data, split="train")
    trainer = GRPOTrainer(
        model=arguments.model,
        reward_funcs=make_code_reward(label=arguments.label),
        args=config,
        train_dataset=dataset.select_columns(["prompt", arguments.label]),
    )
    trainer.train()


if __name__ == "__main__":  # workers of accelerate and vLLM import this file
    main()

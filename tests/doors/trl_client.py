"""Run by the interpreter of the clients' virtualenv: TRL's GRPOTrainer on a tiny random model. Prints JSON.

python trl_client.py rewards < {"rows": [...], "completions": [...], "label": ...}    what _calculate_rewards and the logs hold
python trl_client.py model FOLDER                                                   save the tiny model, for the example
python trl_client.py fields FLAG...                                                 what the example's parser makes of flags
python trl_client.py pickle                                                         whether the rewards survive it
"""

import json
import pickle
import sys
import tempfile
from pathlib import Path

from client_tokenizers import byte_level
from transformers import LlamaConfig, LlamaForCausalLM

from sandbox.adapters.trl import acode_reward, code_reward, make_code_reward

TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


def tokenizer_and_model():
    tokenizer = byte_level()
    tokenizer.pad_token = tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=2048, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return tokenizer, LlamaForCausalLM(config)


def fields(flags):
    """Flags of the example as its parser understands them; what has no GPU here is looked at, not made."""
    import dataclasses
    import runpy

    from trl import GRPOConfig, TrlParser

    example = runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "train_trl.py"), run_name="example")
    parser = TrlParser((example["Arguments"], GRPOConfig))
    known = {one.name for kind in (example["Arguments"], GRPOConfig) for one in dataclasses.fields(kind)}
    parsed = vars(parser.parse_args(flags))
    assert parsed.keys() - {"config"} <= known, parsed.keys() - known
    return {name: value for name, value in parsed.items() if isinstance(value, (str, int, float, type(None)))}


def save(folder):
    tokenizer, model = tokenizer_and_model()
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


def rewards(asked):
    return [rewards_of(make_code_reward(label=asked["label"], name="mine", is_async=is_async), asked) for is_async in (False, True)]


def rewards_of(function, asked):
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    tokenizer, model = tokenizer_and_model()
    rows = asked["rows"]
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=function,
            args=GRPOConfig(
                output_dir=folder, use_cpu=True, bf16=False, report_to=[], num_generations=2, per_device_train_batch_size=2
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
        )
        tensor = trainer._calculate_rewards(rows, [row["prompt"] for row in rows], asked["completions"], [[1]] * len(rows))
    return {
        "names": trainer.reward_func_names,
        "rewards": [None if number != number else number for (number,) in tensor.tolist()],
        "extra": dict(trainer._pending_extra_logs),
        "metrics": dict(trainer._pending_metrics),
    }


def main(mode, *arguments):
    if mode == "rewards":
        return rewards(json.loads(sys.stdin.read()))
    if mode == "fields":
        return fields(arguments)
    if mode == "model":
        return save(*arguments)
    given = (code_reward, acode_reward, make_code_reward(label="tests", name="mine"))
    return [[copy.label, copy.__name__, type(copy).__name__] for copy in pickle.loads(pickle.dumps(given))]


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)

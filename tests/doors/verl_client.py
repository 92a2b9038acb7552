"""Run by the interpreter of the clients' virtualenv: verl's own reward loop, SandboxFusion client or configuration. Prints JSON.

python verl_client.py rewards NAME < TASKS      TASKS: a JSON list of [response, ground truth, extra_info]; NAME: a function of ours
python verl_client.py ray NAME < TASKS          the same in two of verl's Ray actors, and put together as for the trainer
python verl_client.py fusion URL < TASKS        TASKS: a JSON list of [completion, test cases, seconds a case]
python verl_client.py config OVERRIDE...        what the configuration becomes, after verl's own checks
python verl_client.py dataset FILE              the ground truths in what verl's dataset class reads
"""

import asyncio
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

from client_tokenizers import byte_level
from hydra import compose, initialize_config_module


def configured(*overrides):
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("ppo_trainer", overrides=list(overrides))


def config_of(name, folder):
    tokenizer = byte_level()
    tokenizer.pad_token = tokenizer.eos_token = "<|im_end|>"
    tokenizer.save_pretrained(folder)
    return tokenizer, configured(
        "reward.custom_reward_function.path=pkg://sandbox.adapters.verl",
        f"reward.custom_reward_function.name={name}",
        "reward.num_workers=2",
        f"actor_rollout_ref.model.path={folder}",
    )


def batch_of(tokenizer, tasks):
    import numpy as np
    import torch
    from verl import DataProto

    responses = [tokenizer(text=response + "<|im_end|>", add_special_tokens=False)["input_ids"] for response, *_ in tasks]
    width = max(map(len, responses))
    pad = tokenizer.pad_token_id
    tensors = {
        "prompts": torch.full((len(tasks), 3), pad),
        "responses": torch.tensor([ids + [pad] * (width - len(ids)) for ids in responses]),
        "attention_mask": torch.tensor([[1] * (3 + len(ids)) + [0] * (width - len(ids)) for ids in responses]),
    }
    columns = {
        "data_source": ["code"] * len(tasks),
        "reward_model": [{"style": "rule", "ground_truth": truth} for _, truth, _ in tasks],
        "extra_info": [dict(extra) for *_, extra in tasks],
    }
    arrays = {name: np.array(values, dtype=object) for name, values in columns.items()}
    return DataProto.from_dict(tensors=tensors, non_tensors=arrays)


def rewards(name, tasks):
    from verl.experimental.reward_loop.reward_loop import RewardLoopWorker

    with tempfile.TemporaryDirectory() as folder:
        tokenizer, config = config_of(name, folder)
        data = batch_of(tokenizer, tasks)

        async def work():
            return await RewardLoopWorker(config).compute_score_batch(data)

        outputs = asyncio.run(work())
    return [{"reward": one["reward_score"], **one["reward_extra_info"]} for one in outputs]


def in_ray(name, tasks):
    import ray
    from verl.experimental.reward_loop.reward_loop import RewardLoopManager
    from verl.trainer.ppo.reward import extract_reward

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer, config = config_of(name, folder)
        batch = batch_of(tokenizer, tasks)
        batch = batch.union(RewardLoopManager(config).compute_rm_score(batch))
    tensor, columns = extract_reward(batch)
    ray.shutdown()
    return [
        {"reward": tensor[number].sum().item(), **{key: values[number].item() for key, values in columns.items()}}
        for number in range(len(tasks))
    ]


def fusion(url, tasks):
    from verl.utils.reward_score.sandbox_fusion import compute_score

    few = Semaphore(
        4
    )  # reward.sandbox_fusion.max_concurrent: a request is given up after twice its seconds and 10, waiting included

    def one(task):
        completion, cases, seconds = task
        score, told = compute_score(url, few, 1024, completion, cases, timeout=seconds)
        return {"score": score, "cases": [case.get("status", case.get("error")) for case in told]}

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(one, tasks))


def main(mode, *arguments):
    if mode == "config":
        from omegaconf import OmegaConf
        from verl.utils.config import validate_config

        validate_config(configured(*arguments), use_reference_policy=False, use_critic=False)
        return OmegaConf.to_container(configured(*arguments), resolve=False)
    if mode == "dataset":
        from verl.utils.dataset.rl_dataset import RLHFDataset

        tokenizer = byte_level()
        tokenizer.chat_template = "{{ messages[0].content }}"
        return [row["reward_model"]["ground_truth"] for row in RLHFDataset(arguments[0], tokenizer, configured().data)]
    modes = {"rewards": rewards, "ray": in_ray, "fusion": fusion}
    return modes[mode](*arguments, json.loads(sys.stdin.read()))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)

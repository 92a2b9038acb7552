"""Run by the interpreter of the clients' virtualenv: the real OpenRLHF executor around a fake engine. Prints JSON.

python openrlhf_client.py URL MAX_LENGTH < TASKS

URL is a reward file, or http://HOST:PORT/get_reward; TASKS is a JSON list of [prompt, response, label]. All are asked at once, with
each of two tokenizers; over HTTP with one.
"""

import asyncio
import json
import sys
import types

import torch
from client_tokenizers import byte_level, metaspace
from openrlhf.utils.agent import SingleTurnAgentExecutor


class Engine:
    """Answers with the tokens of a given text, and the end token, as vLLM does."""

    def __init__(self, tokenizer, response):
        self.tokens = tokenizer(text=response + "<|im_end|>", add_special_tokens=False)["input_ids"]

    async def generate(self, token_ids, sampling_params, multi_modal_data=None):
        await asyncio.sleep(0)
        output = types.SimpleNamespace(token_ids=self.tokens, finish_reason="stop", logprobs=None)
        return types.SimpleNamespace(outputs=[output])


def plain(value):
    """As samples_generator.py does with what a reward function gave: it has to fit into one tensor."""
    tensor = torch.tensor([value.flatten()[0] if isinstance(value, torch.Tensor) else value])
    assert tensor.shape == (1,)
    return tensor.item()


def from_file(reward, score, logs):
    return {
        "reward": plain(reward),
        "score": plain(score),
        "logs": {key: plain(value) for key, value in logs.items()},
        "dtype": [str(reward.dtype), str(score.dtype), *(str(value.dtype) for value in logs.values())],
        "shape": [list(reward.shape), list(score.shape)],
    }


def from_http(reward, score, logs):
    """The trainer makes a tensor of what was in the JSON; an int there would be an int tensor, which ends the training later."""
    numbers = [reward, score, *logs.values()]
    assert all(type(column) is list and len(column) == 1 and type(column[0]) is float for column in numbers), numbers
    return {"reward": reward[0], "score": score[0], "logs": {key: value[0] for key, value in logs.items()}}


async def main(url, tasks, max_length):
    results = []
    is_http = url.startswith("http")
    for make in (byte_level,) if is_http else (byte_level, metaspace):
        tokenizer = make()
        executor = SingleTurnAgentExecutor(remote_rm_url=[url])
        params = types.SimpleNamespace(max_tokens=100, logprobs=None)
        jobs = [
            executor.execute(prompt, label, params, max_length, tokenizer, Engine(tokenizer, response))
            for prompt, response, label in tasks
        ]
        for output in await asyncio.gather(*jobs):
            reward, score, logs = output["reward"], output["scores"], output["extra_logs"]
            assert reward is not None, "the executor swallowed an exception"
            results.append({"tokenizer": make.__name__, **(from_http if is_http else from_file)(reward, score, logs)})
    print(json.dumps(results), flush=True)


asyncio.run(main(sys.argv[1], json.loads(sys.stdin.read()), int(sys.argv[2])))

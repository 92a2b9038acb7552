"""Run by the interpreter of the clients' virtualenv: the real OpenRLHF executor around a fake engine. Prints JSON.

python openrlhf_client.py REWARD_FILE TASKS     TASKS: a JSON list of [prompt, response, label]
"""

import asyncio
import json
import sys
import types

import torch
from openrlhf.utils.agent import SingleTurnAgentExecutor
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>"]


def byte_level():
    """Like Qwen's and Llama 3's: every byte a token, decoding gives the text back."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return finished(tokenizer)


def metaspace():
    """Like Llama 2's and CodeLlama's: blanks are marks, and decoding changes them around special tokens."""
    characters = ["▁", "<unk>", *map(chr, range(32, 127)), "\n"]
    tokenizer = Tokenizer(
        models.BPE(vocab={token: number for number, token in enumerate(characters)}, merges=[], unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return finished(tokenizer)


def finished(tokenizer):
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)
    fast.add_special_tokens({"additional_special_tokens": SPECIAL})
    return fast


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


async def main(reward_file, tasks, max_length):
    results = []
    for make in (byte_level, metaspace):
        tokenizer = make()
        executor = SingleTurnAgentExecutor(remote_rm_url=[reward_file])
        params = types.SimpleNamespace(max_tokens=100, logprobs=None)
        jobs = [
            executor.execute(prompt, label, params, max_length, tokenizer, Engine(tokenizer, response))
            for prompt, response, label in tasks
        ]
        for output in await asyncio.gather(*jobs):
            reward, score, logs = output["reward"], output["scores"], output["extra_logs"]
            assert reward is not None, "the executor swallowed an exception"
            results.append(
                {
                    "tokenizer": make.__name__,
                    "reward": plain(reward),
                    "score": plain(score),
                    "logs": {key: plain(value) for key, value in logs.items()},
                    "dtype": [str(reward.dtype), str(score.dtype), *(str(value.dtype) for value in logs.values())],
                    "shape": [list(reward.shape), list(score.shape)],
                }
            )
    print(json.dumps(results), flush=True)


asyncio.run(main(sys.argv[1], json.loads(sys.stdin.read()), int(sys.argv[2])))

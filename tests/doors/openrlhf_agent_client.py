"""Run by the interpreter of the clients' virtualenv: the real multi-turn executor of OpenRLHF around a scripted engine. Prints JSON.

python openrlhf_agent_client.py AGENT_FILE MAX_LENGTH < EPISODES     EPISODES: a JSON list of [prompt, [answer, ...], label]
"""

import asyncio
import copy
import importlib.util
import json
import sys
import time
import types

import torch
from openrlhf.utils.agent import AgentExecutorBase
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

END = "<|im_end|>"


def byte_level():
    """Like Qwen's and Llama 3's: every byte a token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>", END]})
    return fast


def loaded(path):
    """As vllm_engine.py of OpenRLHF 0.11.2 does it: the module is not in sys.modules, and the class is made without arguments."""
    spec = importlib.util.spec_from_file_location("agent_module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "agent_module" not in sys.modules
    assert issubclass(module.AgentExecutor, AgentExecutorBase)
    return module.AgentExecutor()


class Engine:
    """Answers with one text after another, as vLLM does: the end token is in the token ids and not in the text."""

    def __init__(self, tokenizer, answers):
        self.tokenizer = tokenizer
        self.answers = list(answers)
        self.given = []
        self.said = []

    async def generate(self, token_ids, sampling_params, multi_modal_data=None):
        await asyncio.sleep(0)
        self.given.append(list(token_ids))
        text = self.answers[min(len(self.given), len(self.answers)) - 1]
        tokens = self.tokenizer(text=text + END, add_special_tokens=False)["input_ids"]
        reason = "stop"
        if len(tokens) > sampling_params.max_tokens:
            tokens, reason = tokens[: sampling_params.max_tokens], "length"
            text = self.tokenizer.decode(tokens)
        self.said.append(tokens)
        logprobs = [{token: types.SimpleNamespace(logprob=-1.0)} for token in tokens]
        output = types.SimpleNamespace(token_ids=tokens, text=text, finish_reason=reason, logprobs=logprobs)
        return types.SimpleNamespace(outputs=[output])


def plain(value):
    """As samples_generator.py does with rewards, scores and logs: it has to fit into one tensor."""
    tensor = torch.tensor([value.flatten()[0].item() if isinstance(value, torch.Tensor) else value])
    assert tensor.shape == (1,)
    assert tensor.dtype == torch.float32, tensor.dtype
    return tensor.item()


def checked(output, engine, tokenizer):
    """Token in, token out: what the engine was given and what it said stand in the training sample as they were."""
    tokens, ranges = output["observation_tokens"], output["action_ranges"]
    assert len(ranges) == len(engine.given) == len(engine.said)
    for (start, end), given, said in zip(ranges, engine.given, engine.said, strict=True):
        assert tokens[:start] == given
        assert tokens[start:end] == said
    between = [tokens[end:start] for (_, end), (start, _) in zip(ranges, [*ranges[1:], (len(tokens), 0)], strict=True)]
    for feedback in between:
        text = tokenizer.decode(feedback)
        assert tokenizer(text=text, add_special_tokens=False)["input_ids"] == feedback
    action = set()
    for start, end in ranges:
        action |= set(range(start, end))
    assert output["rollout_log_probs"] == [-1.0 if place in action else 0.0 for place in range(len(output["rollout_log_probs"]))]
    assert len(output["rollout_log_probs"]) == len(tokens)
    return [tokenizer.decode(feedback) for feedback in between]


async def episode(executor, tokenizer, max_length, prompt, answers, label):
    engine = Engine(tokenizer, answers)
    params = types.SimpleNamespace(max_tokens=16, logprobs=1)
    output = await executor.execute(prompt, label, copy.copy(params), max_length, tokenizer, engine)
    return {
        "reward": plain(float(output["reward"])),
        "score": plain(output["scores"]),
        "logs": {key: plain(value) for key, value in output["extra_logs"].items()},
        "turns": len(output["action_ranges"]),
        "feedback": checked(output, engine, tokenizer),
        "truncated": output["truncated"],
    }


async def main(path, max_length, episodes):
    executor, tokenizer = loaded(path), byte_level()
    running = asyncio.gather(*(episode(executor, tokenizer, max_length, *one) for one in episodes))
    longest = 0.0
    while not running.done():
        before = time.monotonic()
        await asyncio.sleep(0.005)
        longest = max(longest, time.monotonic() - before)
    print(json.dumps({"episodes": running.result(), "blocked_seconds": longest}), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), json.loads(sys.stdin.read())))

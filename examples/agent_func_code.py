"""Code repair in several turns, as a file for OpenRLHF's agent mode: the model writes, visible tests answer back, hidden ones decide.

    # OpenRLHF 0.10.2 to 0.11.2, what this file runs on (0.9.1 to 0.10.1: --agent_func_path, --label_key)
    python3 -m openrlhf.cli.train_ppo_ray \\
        --train.agent_func_path ./examples/agent_func_code.py \\
        --data.label_key test_cases ...

    # OpenRLHF 0.8.3 to 0.9.0: --async_train --agent_func_path ./agent_func_code.py --label_key test_cases
    # There AgentExecutorBase takes (agent_instance_cls, max_steps, max_length, llm_engine, hf_tokenizer, result_queue), so:
    #     class AgentExecutor(AgentExecutorBase):
    #         def __init__(self, max_steps, max_length, llm_engine, hf_tokenizer, result_queue):
    #             super().__init__(AgentInstance, max_steps, max_length, llm_engine, hf_tokenizer, result_queue)
    # and AgentInstance, which is then an actor of Ray with a pool of its own, stays as it is.

A label is `{"visible": ..., "hidden": ...}`, each in any format of docs/labels.md; of a plain label the first case is visible and the
others decide. Sandbox settings are the variables `SANDBOX_*`; those of the episode are below. The logic is in `sandbox.adapters.agent`.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)  # a clone that is not installed works too: OpenRLHF does not put this folder on the path

from openrlhf.utils.agent import AgentInstanceBase, MultiTurnAgentExecutor  # noqa: E402  # after the path

from sandbox.adapters.agent import CodeEpisode, CodeRules  # noqa: E402  # after the path
from sandbox.adapters.process_sandbox import check_settings  # noqa: E402  # after the path

RULES = CodeRules(
    turns=3,
    reward="sparse",  # or "shaped": also progress on the visible tests, and a cost for every turn
    template="chatml",  # or "plain", "llama3", or a text of your own with {feedback} in it
)

check_settings()


class AgentInstance(AgentInstanceBase):
    """One episode; OpenRLHF makes one for every sample."""

    def __init__(self, *args, **kwargs):
        self.episode = CodeEpisode(RULES)

    async def reset(self, states, **kwargs):
        """Begin with the prompt as it is."""
        return await self.episode.reset(states)

    async def step(self, states, **kwargs):
        """Judge one answer. Awaits the sandbox, never raises, and logs the same keys at every step."""
        return await self.episode.step(states)


class AgentExecutor(MultiTurnAgentExecutor):
    """What OpenRLHF looks for in this file; made without arguments."""

    def __init__(self):
        super().__init__(AgentInstance)

"""Code repair in several turns, as a file for OpenRLHF's agent mode: the model writes, visible tests answer back, hidden ones decide.

    # OpenRLHF 0.10.2 to 0.11.2, what this file runs on (0.9.1 to 0.10.1: --agent_func_path, --label_key)
    python3 -m openrlhf.cli.train_ppo_ray \\
        --train.agent_func_path ./examples/agent_func_code.py \\
        --data.label_key test_cases ...

    # OpenRLHF 0.8.3 to 0.9.0: --async_train --agent_func_path ./agent_func_code.py --label_key test_cases
    # There the file holds both classes itself, and AgentExecutor(AgentExecutorBase) hands AgentInstance, an actor of Ray, and its own
    # arguments (max_steps, max_length, llm_engine, hf_tokenizer, result_queue) on: `sandbox/adapters/agent_classes.py` shows them.

A label is `{"visible": ..., "hidden": ...}`, each in any format of docs/labels.md; of a plain label the first case is visible and the
others decide. Sandbox settings are the variables `SANDBOX_*`; those of the episode are below. The logic is in `sandbox.adapters.agent`.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)  # a clone that is not installed works too: OpenRLHF does not put this folder on the path

from sandbox.adapters.agent import CodeEpisode, CodeRules  # noqa: E402  # after the path
from sandbox.adapters.agent_classes import agent_classes  # noqa: E402  # after the path
from sandbox.adapters.process_sandbox import check_settings  # noqa: E402  # after the path

RULES = CodeRules(
    turns=3,
    reward="sparse",  # or "shaped": also progress on the visible tests, and a cost for every turn
    template="chatml",  # or "plain", "llama3", or a text of your own with {feedback} in it
)

AgentInstance, AgentExecutor = agent_classes(lambda: CodeEpisode(RULES))  # what OpenRLHF looks for in this file
check_settings()

"""Attempts at mathematical problems, as a file for OpenRLHF's agent mode: wrong answers are told so, up to three times.

    # OpenRLHF 0.10.2 to 0.11.2, what this file runs on (0.9.1 to 0.10.1: --agent_func_path, --label_key)
    python3 -m openrlhf.cli.train_ppo_ray \\
        --train.agent_func_path ./examples/agent_func_math.py \\
        --data.label_key answers ...

    # OpenRLHF 0.8.3 to 0.9.0: --async_train --agent_func_path ./agent_func_math.py --label_key answers
    # There the file holds both classes itself, and AgentExecutor(AgentExecutorBase) hands AgentInstance, an actor of Ray, and its own
    # arguments (max_steps, max_length, llm_engine, hf_tokenizer, result_queue) on: `sandbox/adapters/agent_classes.py` shows them.

Right 1.0; after the last attempt wrong -0.3, no answer -0.5. Answers and labels: `sandbox.adapters.math`. `pip install '.[math]'`
compares formulas too. No flag limits the turns of an episode: the rules below do.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)  # a clone that is not installed works too: OpenRLHF does not put this folder on the path

from sandbox.adapters import math  # noqa: E402  # after the path
from sandbox.adapters.agent_classes import agent_classes  # noqa: E402  # after the path
from sandbox.adapters.agent_math import MathEpisode, MathRules  # noqa: E402  # after the path

RULES = MathRules(
    turns=3,
    template="chatml",  # or "plain", "llama3", or a text of your own with {feedback} in it
)

AgentInstance, AgentExecutor = agent_classes(lambda: MathEpisode(RULES))  # what OpenRLHF looks for in this file
math.check_settings()

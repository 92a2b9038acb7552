"""Rewards for the quality of conversations, as a file for OpenRLHF: a classifier reads the whole conversation.

    # OpenRLHF 0.10.2 to 0.11.2: --reward.remote_url ./examples/reward_func_conversation.py
    # OpenRLHF 0.10.1 and older: --remote_rm_url ./examples/reward_func_conversation.py

`QUALITY_MODEL` names another sequence classifier (a name of the hub or a folder), `QUALITY_DEVICE` its device: on a GPU that vLLM has
filled, `auto` is the CPU. Rewards are within [0, 1]; a response of fewer than ten words gets half. More in `sandbox.adapters.conversation`.
OpenRLHF 0.9.0 pickles the function with the classifier that it refers to, so there make `QUALITY` inside of `reward_func`.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)  # a clone that is not installed works too: OpenRLHF does not put this folder on the path

from sandbox.adapters.conversation import Quality  # noqa: E402  # it needs the line above

QUALITY = Quality(
    os.environ.get("QUALITY_MODEL", "OpenAssistant/reward-model-deberta-v3-large"),
    device=os.environ.get("QUALITY_DEVICE", "auto"),
    batch=16,
)
QUALITY.check()  # reads the model's configuration only; the model is loaded by the first sample


def reward_func(queries, prompts, labels, **kwargs):
    """Return {"rewards", "scores", "extra_logs"} for lists of queries (prompt and response), prompts and labels. Never raises."""
    return QUALITY(queries, prompts, labels)

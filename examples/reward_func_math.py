r"""Rewards for mathematics, as a file for OpenRLHF.

    # OpenRLHF 0.10.2 to 0.11.2                            # 0.10.1 and older
    python3 -m openrlhf.cli.train_ppo_ray \                python3 -m openrlhf.cli.train_ppo_ray \
        --reward.remote_url ./examples/reward_func_math.py \   --remote_rm_url ./examples/reward_func_math.py \
        --data.label_key answers ...                           --label_key answers ...

`The answer is: 42`, `#### 42` and `\boxed{42}` are answers, of which the last counts: right 1.0, wrong 0.0, none -0.5. Numbers are compared
within 1e-6, formulas by math-verify in a confined worker (`pip install '.[math]'`). More in `sandbox.adapters.math`.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)  # a clone that is not installed works too: OpenRLHF does not put this folder on the path

from sandbox.adapters import math  # noqa: E402  # it needs the line above

math.check_settings()


def reward_func(queries, prompts, labels, **kwargs):
    """Return {"rewards", "scores", "extra_logs"} for lists of queries (prompt and response), prompts and labels. Never raises."""
    from sandbox.adapters.math import reward_func as score

    return score(queries, prompts, labels, **kwargs)

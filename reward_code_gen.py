"""Rewards for code, as a file for OpenRLHF: `--reward.remote_url ./reward_code_gen.py` (0.10.1 and older: `--remote_rm_url`).

Each response is run against the test cases of its label in a pool of confined workers. Settings are the environment variables
`SANDBOX_*` (docs/settings.md); they are checked when this file is loaded, so that a wrong one stops the start of a training
and not its middle. The pool lives in the installed package: OpenRLHF loads one copy of this file in every engine, and version
0.9 pickles the function, so nothing but the function is here.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
if _HERE not in sys.path:
    sys.path.insert(0, _HERE)  # a clone that is not installed works too: OpenRLHF does not put this folder on the path

from sandbox.adapters import openrlhf  # noqa: E402  # it needs the line above

openrlhf.check_settings()


def reward_func(queries, prompts, labels, **kwargs):
    """Return {"rewards", "scores", "extra_logs"} for lists of queries (prompt and response), prompts and labels.

    Float32 tensors of one number a sample: 1.0 pass, 0.3 partial, 0.0 fail, -0.5 timeout, -1.0 crash; a fault that is not the
    model's is 0.0 and counted as `internal_error`. Never raises.
    """
    from sandbox.adapters.openrlhf import reward_func as score

    return score(queries, prompts, labels, **kwargs)

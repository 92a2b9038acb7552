"""Run by the interpreter of the clients' virtualenv: what OpenRLHF's own command line makes of flags. Starts nothing. Prints JSON.

python openrlhf_flags.py FOLDER FLAG...     FOLDER: where the package `openrlhf` is

Its parser and checks stand under `if __name__ == "__main__"`, beside imports of DeepSpeed and vLLM, and end with `train(args)`; so they
are run from there, with a `train` that keeps the arguments.
"""

import argparse
import ast
import json
import os
import sys
from datetime import datetime
from pathlib import Path


def parsed(folder, flags):
    sys.path.insert(0, folder)
    tree = ast.parse((Path(folder) / "openrlhf" / "cli" / "train_ppo_ray.py").read_text())
    (main,) = (node for node in tree.body if isinstance(node, ast.If))
    kept = []
    sys.argv = ["train_ppo_ray", *flags]
    exec(
        compile(ast.Module(body=main.body, type_ignores=[]), "train_ppo_ray", "exec"),
        {"argparse": argparse, "datetime": datetime, "os": os, "train": kept.append},
    )
    (args,) = kept
    return args


def plain(value):
    return {name: plain(inner) for name, inner in vars(value).items()} if hasattr(value, "__dict__") else value


print(json.dumps(plain(parsed(sys.argv[1], sys.argv[2:])), default=str))

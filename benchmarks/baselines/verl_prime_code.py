"""verl's `prime_code`, its default for code: a manager and a forked process a sample, all cases of it in that process.

The package is loaded by its path, without `verl` itself, whose first lines import torch, Ray and tensordict: prime_code uses none of
them. That leaves less to fork than a trainer has, in its favour.
"""

import importlib.util
import sys
from pathlib import Path

import timing


def prime_code():
    verl = importlib.util.find_spec("verl")  # finds it and does not import it
    folder = Path(verl.submodule_search_locations[0]) / "utils" / "reward_score" / "prime_code"
    spec = importlib.util.spec_from_file_location("prime_code", folder / "__init__.py", submodule_search_locations=[str(folder)])
    module = sys.modules["prime_code"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compute_score = prime_code().compute_score


def grade(sample):
    cases = {"inputs": list(sample["inputs"]), "outputs": list(sample["outputs"])}
    success, _ = compute_score(sample["program"], cases, continuous=True)
    return success is True


if __name__ == "__main__":
    timing.main(grade)

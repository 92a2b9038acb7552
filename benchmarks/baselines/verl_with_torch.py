"""verl's `prime_code` in a process that has imported torch, as `import verl` does first of all, and as every trainer has.

What it forks for every sample is then a process of that size; Ray, tensordict and transformers, which verl imports too, are left out.
"""

import timing
import torch
from verl_prime_code import grade

if __name__ == "__main__":
    assert torch.tensor([1.0]).sum() == 1.0
    timing.main(grade)

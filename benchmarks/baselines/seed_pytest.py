"""The seed document's reward function: the answer in a file, `python -m pytest` on it, and a look for "passed" in what it prints.

Its own lines, but for torch: the tensors it makes of a list of numbers are left out, in its favour. As it never uses the label, the
tests stand in the answer.
"""

import os
import subprocess
import tempfile

import timing


def reward_func(queries, prompts, labels):
    rewards = []
    for query, prompt, _label in zip(queries, prompts, labels, strict=True):
        generated_code = query.split(prompt)[-1].strip()
        try:
            with tempfile.NamedTemporaryFile(mode="w", suffix=".py", delete=False) as f:
                f.write(generated_code)
                temp_file = f.name
            result = subprocess.run(["python", "-m", "pytest", temp_file], capture_output=True, text=True, timeout=5, check=False)
            if "passed" in result.stdout:
                rewards.append(1.0)
            elif "failed" in result.stdout:
                rewards.append(0.3)
            else:
                rewards.append(0.0)
        except subprocess.TimeoutExpired:
            rewards.append(-0.5)
        except Exception:  # the seed's own
            rewards.append(-1.0)
        finally:
            if os.path.exists(temp_file):
                os.remove(temp_file)
    return rewards


def grade(sample):
    tests = "def test():\n" + "".join(f"    {line}\n" for line in sample["asserts"])
    return reward_func([f"# prompt\n{sample['program']}\n{tests}"], ["# prompt\n"], [""]) == [1.0]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:  # pytest looks at the folder of its file, and a full /tmp would cost it more
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        timing.main(grade)

"""`python -c`, a process a sample, or a process a case where programs read standard input: the least that a subprocess can cost."""

import subprocess
import sys

import timing


def grade(sample):
    if "asserts" in sample:
        program = "\n".join([sample["program"], *sample["asserts"]])
        return subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=5, check=False).returncode == 0
    for given, wanted in zip(sample["inputs"], sample["outputs"], strict=True):
        command = [sys.executable, "-c", sample["program"]]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=5, check=False)
        if done.returncode or done.stdout.split() != wanted.split():
            return False
    return True


if __name__ == "__main__":
    timing.main(grade)

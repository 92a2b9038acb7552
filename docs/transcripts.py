"""Write docs/doctor.md: what `reward-sandbox doctor` prints here as root, as an ordinary user, and where no namespace can be made, and in containers.

python docs/transcripts.py (as root, with Docker, runsc and the slim image)
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from machine import as_nobody  # noqa: E402  # it is beside the tests

DOCTOR = ["-c", "from sandbox.cli import app; app()", "doctor"]
WITHOUT = str(ROOT / "tests" / "lab" / "without_namespaces.py")
HEAD = """\
# What `reward-sandbox doctor` says

In a real worker a program does what is forbidden, layer by layer. Exit status 0: all that is required holds. The transcripts
below are written by `python docs/transcripts.py`.

| column | what it says |
|---|---|
| (first) | `✓` holds; `!` does not, but it was given up; `✗` does not, and is required |
| layer | what is confined: [each of them](confinement.md#layers) |
| asked | `yes`: required; `given up`: named in `SANDBOX_ALLOW_MISSING` or `--allow-missing` |
| got | `enforced`, `partial` or `missing`, as the worker has found when it started |
| tried | `stopped`: the program that tried it failed; `got through`: it did not |
| how | the mechanisms, or why there is none |

A layer that is not whole has a line below the table that says what would get it. A layer that says `enforced` and lets its program through is
broken: please report it.

How to read the last column: *Landlock 7* is the version of the kernel's Landlock. *sampled (25 ms)* means that all processes are checked every 25 ms.
*together* is all processes of a job. *swept* is a search for what is left after a job. *no Landlock: no pytest labels* means that labels with test
files are refused there.
"""


def main() -> None:
    user = as_nobody()
    cases = (
        ("As root", [sys.executable]),
        ("As an ordinary user, with user namespaces", user),
        ("As an ordinary user, where no namespace can be made", [*user, WITHOUT, user[-1]]),
        ("In a Docker container (`--backend docker`)", [sys.executable]),
        ("In a container on gVisor (`--backend docker+gvisor`)", [sys.executable]),
    )
    parts = [HEAD]
    for title, command in cases:
        done = subprocess.run(
            [*command, *DOCTOR, *(["--backend", title.split("`--backend ")[1].split("`")[0]] if "--backend" in title else [])],
            capture_output=True,
            text=True,
            check=False,
            env={"COLUMNS": "100", "PATH": "/usr/bin:/bin", "DOCKER_HOST": os.environ.get("DOCKER_HOST", "")},
            cwd="/",
        )
        assert done.returncode == 0, done
        lines = "\n".join(line.rstrip() for line in done.stdout.splitlines())
        parts.append(f"## {title}\n\n```\n{lines}\n```\n")
    (ROOT / "docs" / "doctor.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()

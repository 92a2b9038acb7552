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

Written by `python docs/transcripts.py`. Each layer is tried by a program in a real worker that does what is forbidden; `stopped` means
that it failed. Exit status 0: all that is required holds.
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

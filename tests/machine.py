"""What this machine has that tests can use."""

import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SANDBOX_DATA") or ROOT.parent / "shared" / "data")
CLIENTS_PYTHON = Path(os.environ.get("SANDBOX_TEST_CLIENTS") or ROOT / ".venv-clients") / "bin" / "python"
REQUIRED = set(os.environ.get("SANDBOX_TEST_REQUIRE", "").split(","))


def other_pythons():
    """Interpreters that a candidate may run in: CPython 3.9 and newer, of pyenv."""
    found = {}
    for place in (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"):
        version = tuple(int(part) for part in place.parent.parent.name.split(".")[:2])
        if version >= (3, 9):
            found[version] = str(place)
    return [found[version] for version in sorted(found)]


def as_nobody():
    """The beginning of a command that runs Python with this package as a user who owns nothing; [] where that cannot be."""
    if os.geteuid() or not shutil.which("setpriv"):
        return []
    paths = [str(ROOT), *site.getsitepackages()]
    for python in (sys.executable, "/usr/bin/python3"):
        user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        command = [*user, "env", "HOME=/nonexistent", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={':'.join(paths)}", python]
        try:
            done = subprocess.run([*command, "-c", "import sandbox.cli.doctor"], capture_output=True, check=False, cwd="/")
        except OSError:
            continue
        if done.returncode == 0:
            return command
    return []

"""What this machine has that tests can use."""

import os
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

"""The command line: `reward-sandbox run` and `reward-sandbox score`. Exit status 0 fine, 1 the program's fault, 2 usage, 3 ours."""

from sandbox.cli.main import app

__all__ = ["app"]

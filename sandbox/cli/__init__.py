"""The command line, `reward-sandbox`: one file for each command. Each command's function says what its exit status means."""

from sandbox.cli.main import app

__all__ = ["app"]

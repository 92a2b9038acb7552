"""`python -m sandbox` is `reward-sandbox`."""

from sandbox.cli import app

app()

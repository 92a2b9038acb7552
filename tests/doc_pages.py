"""The README and the pages of docs/ as texts, their code blocks, and a way to run what they show."""

import os
import re
import subprocess
import sys

from machine import ROOT


def page(name):
    """The text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text, language):
    """Code blocks of a language; a block may hold fences inside of strings, so only fences at the start of a line end it."""
    found, inside = [], None
    for line in text.split("\n"):
        if inside is None and line == f"```{language}":
            inside = []
        elif inside is not None and line == "```":
            found.append("\n".join(inside))
            inside = None
        elif inside is not None:
            inside.append(line)
    return found


def commands(text):
    """The commands of the package in blocks of bash, one a line."""
    return [line for block in blocks(text, "bash") for line in block.splitlines() if line.startswith("reward-sandbox ")]


def run(source):
    """Run a Python program in the repository's folder, where who follows a page is; what a page shows of endless work ends soon."""
    environment = {**os.environ, "SANDBOX_CPU_SECONDS": "2"}
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, cwd=ROOT, env=environment)


def assert_files_exist(name):
    """What a page names in backticks, and links to, is there."""
    text = page(name)
    for file in re.findall(r"`((?:tests|sandbox|examples|benchmarks|docs)/[\w/.]+)`", text):
        assert (ROOT / file).exists(), f"{name} names {file}"
    links = re.findall(r"\]\((?!https?:)([\w./-]+)(?:#[\w.-]*)?\)", text) + re.findall(r"(?:src|href)=\"([\w/.]+)\"", text)
    for link in links:
        assert ((ROOT / name).parent / link).exists(), f"{name} links to {link}"

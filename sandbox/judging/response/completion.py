"""Completions: responses that continue the code at the end of a prompt, as those of base models do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.judging.response.fences import blocks_of
from sandbox.judging.response.prose import CODE_START

__all__ = ["continue_code", "defines", "open_function"]

_STRING = re.compile(r"(\"{3}|'{3})[\s\S]*?(?:\1|\Z)")


def defines(text: str, names: Sequence[str]) -> bool:
    """Whether *text* looks as if it defined every one of *names* (as a function, method, class or variable)."""
    return all(
        re.search(
            rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*(?::[^=\n]*)?=", text, re.M
        )
        for name in names
    )


def open_function(prompt: str, names: Sequence[str]) -> str:
    """The code at the end of *prompt*, if it ends inside a function of *names*; else ""."""
    if not names or not prompt.strip():
        return ""
    text = prompt.replace("\r\n", "\n")
    blocks = blocks_of(text)
    if blocks and not blocks[-1].closed:
        text = blocks[-1].text
    elif blocks:
        return ""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if CODE_START.match(line)), None)
    if first is None:
        return ""
    code = "\n".join(lines[first:])
    header = None
    for match in re.finditer(r"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)", code, re.M):
        header = match
    if header is None or header[2] not in names:
        return ""
    # The lines of the signature, and those inside of docstrings, may stand as far left as they like.
    lines = _STRING.sub('""', code[header.end() :]).split("\n")
    signature = next((number for number, line in enumerate(lines) if line.partition("#")[0].rstrip().endswith(":")), 0)
    body = lines[signature + 1 :]
    indent = len(header[1].expandtabs())
    inside = [line for line in body if line.strip()]
    if not inside or any(len(line.expandtabs()) - len(line.expandtabs().lstrip()) <= indent for line in inside):
        # No body yet is fine when the header is the last thing; anything at the header's own level has left the function.
        return code if not inside and code.rstrip().endswith(":") else ""
    return code


def continue_code(start: str, body: str) -> str:
    """*start* with *body* after it; a first line whose indentation was lost gets that of the function's body back."""
    lines = body.split("\n")
    del lines[: next((number for number, line in enumerate(lines) if line.strip()), 0)]
    if lines and not start.rsplit("\n", 1)[-1].strip() and not lines[0].startswith((" ", "\t")):
        if not start.endswith((" ", "\t")):
            inner = [line for line in start.split("\n") if line.startswith((" ", "\t")) and line.strip()]
            lines[0] = (inner[-1][: len(inner[-1]) - len(inner[-1].lstrip())] if inner else "    ") + lines[0]
        return start + "\n".join(lines)
    glue = "" if start.endswith("\n") else "\n"
    return start + glue + "\n".join(lines)

"""A hook of mkdocs: links to files of the repository that are no pages become the files' names.

On a repository's host `[all differences](../tests/doors/test_verl_client.py)` leads to the file. The built pages are read without the
repository, where nothing is to be linked to; a link to a file that does not exist is left, so that `mkdocs build --strict` refuses it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
AS_PAGES = {"README.md": "index.md", "SECURITY.md": "security.md"}
"""Files outside of docs/ whose content has a page."""
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\((?:\.\./)+([\w./-]+)(#[\w-]+)?\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page, with each link out of docs/ replaced."""
    return _LINK.sub(_named, markdown)


def _named(link: re.Match[str]) -> str:
    text, path, anchor = link.groups(default="")
    if path in AS_PAGES:
        return f"[{text}]({AS_PAGES[path]}{anchor})"
    if not (ROOT / path).exists():
        return link[0]
    return f"`{path}`" if text.strip("`") in (path, Path(path).name) else f"{text} (`{path}`)"

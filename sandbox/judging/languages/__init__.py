"""The languages that candidates may be written in, one row each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.judging.languages.python import PYTHON_TAGS
from sandbox.words.errors import LabelError

__all__ = ["LANGUAGES", "Language", "language_named"]


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language in which candidates may be written."""

    name: str
    tags: frozenset[str]
    """Fence tags, and names that labels use."""


LANGUAGES = {language.name: language for language in (Language(name="python", tags=PYTHON_TAGS),)}


def language_named(name: str) -> Language:
    """The language that a label calls *name*.

    Raises:
        LabelError: it is not one that this version runs.
    """
    for language in LANGUAGES.values():
        if name.lower() in language.tags or re.sub(r"[\d.]+$", "", name.lower()) in language.tags:
            return language
    raise LabelError(f"the label asks for the language {name!r}; this version runs {', '.join(LANGUAGES)}")

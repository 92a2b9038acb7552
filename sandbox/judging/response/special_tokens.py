"""Removes the special tokens that tokenizers and chat templates leave at the ends of a response."""

from __future__ import annotations

import re

__all__ = ["SPECIAL_TOKEN", "strip_special_tokens"]

MAX_TOKEN = 80
"""Characters of the longest special token."""
SPECIAL_TOKEN = r"(?:<\|[^<>|\s][^<>|]{0,60}\|>|<｜[^<>｜]{1,60}｜>|</?s>|<(?:eos|bos|pad|unk|end_of_turn|start_of_turn|EOT)>|\[(?:PAD|EOS)\]|\x00)"
_TRAILING = re.compile(rf"{SPECIAL_TOKEN}\Z")
_LEADING = re.compile(rf"\A(?:\s*{SPECIAL_TOKEN}(?:(?:assistant|model)\b)?)+")


def strip_special_tokens(text: str) -> str:
    """*text* without the tokens that a tokenizer leaves at its ends: `<|im_end|>`, `</s>`, `<|endoftext|>` and their kin."""
    # Every step moves *end* and copies nothing: a response of a million tokens or blanks must not cost more than one pass.
    end = cut = len(text)
    while True:
        while end and (text[end - 1].isspace() or text[end - 1] == "\0"):
            end -= 1
            if text[end] == "\0":
                cut = end
        token = _TRAILING.search(text, max(0, end - MAX_TOKEN), end)
        if token is None:
            break
        end = cut = token.start()
    text = text[:cut]
    return _LEADING.sub("", text)

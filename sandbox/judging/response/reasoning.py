"""Separates a model's reasoning from its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.judging.response.candidate import NoCode
from sandbox.judging.response.fences import blocks_of

__all__ = ["final_answer", "possible_answers", "reasoning_opened_by"]

_OPENED = re.compile(r"<think>\s*(?:</think>\s*)?\Z")


def reasoning_opened_by(prompt: str) -> str:
    """The `<think>` or `<think></think>` at the end of *prompt*: a chat template wrote it there, but it belongs to the response."""
    found = _OPENED.search(prompt)
    return found[0] if found else ""


def final_answer(text: str) -> str | NoCode:
    """The text after the reasoning, or what is inside its last <answer> if there is one."""
    _, closing, tail = text.rpartition("</think>")
    return _final(tail if closing else text, closed=bool(closing))


def possible_answers(text: str) -> Iterator[str | NoCode]:
    """The final answer; then the one that follows if every `</think>` but the first is only part of the answer's code."""
    yield final_answer(text)
    tail = text.partition("</think>")[2]
    ends = tail.count("</think>")
    if ends and ends == sum(block.text.count("</think>") for block in blocks_of(tail) if block.closed):
        yield _final(tail, closed=True)


def _final(text: str, *, closed: bool) -> str | NoCode:
    if text.lstrip().startswith("<think>"):
        return NoCode(reason="the reasoning (<think>) never ends, so there is no answer")
    if "<answer>" in text:
        text = text.rpartition("<answer>")[2]
        text = text.partition("</answer>")[0]
    if not text.strip():
        return NoCode(reason="there is nothing after the reasoning" if closed else "the answer is empty")
    return text

"""Text of a request. JSON can say half of a surrogate pair, which no encoding takes; a sample is not lost for that."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

__all__ = ["Text"]


def _whole(value: object) -> object:
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_whole)]

"""What the bodies of requests are made of: models that know all their fields, and texts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

__all__ = ["StrictModel", "Text"]


def _whole(value: object) -> object:
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_whole)]
"""JSON can say half of a surrogate pair, which no encoding takes; a sample is not lost for that."""

MOST_NAMED = 5
NAME_CHARACTERS = 60


class StrictModel(BaseModel):
    """A question of our own API: a field that it does not know is misspelt, and to pass over it would be to do something else."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _knows_all(cls, given: Any) -> Any:
        unknown = [name for name in given if name not in cls.model_fields] if isinstance(given, dict) else []
        if unknown:
            names = ", ".join(ascii(str(name)[:NAME_CHARACTERS]) for name in unknown[:MOST_NAMED])
            known = ", ".join(cls.model_fields)
            raise PydanticCustomError("unknown_field", "unknown: {names}; the fields are {known}", {"names": names, "known": known})
        return given

"""Exceptions that cross between program and tests: who raised one, and how it is rebuilt."""

from __future__ import annotations

from typing import Any

__all__ = ["FIELDS", "is_test_outcome", "number_of_exception", "raised_by_program", "rebuilt", "set_field"]

FIELDS: tuple[tuple[type, str], ...] = (
    (OSError, "filename filename2"),
    (ImportError, "name path"),
    (AttributeError, "name"),
    (NameError, "name"),
    (SyntaxError, "filename lineno offset text"),
)
"""Attributes of exceptions that are not among their arguments."""


def raised_by_program(error: BaseException) -> bool:
    """Whether the program raised this, and not a test because of what it answered."""
    return bool(error.__dict__.get("_sandbox_raised_by_program"))


def is_test_outcome(error: Any) -> bool:
    """Whether the tests have raised this to end a test: a failed assertion, or pytest's Failed, Skipped and the like."""
    if not isinstance(error, BaseException) or error.__dict__.get("_sandbox_raised_by_program"):
        return False
    # pytest's own classes claim to be of the module `builtins`; those that they derive from do not.
    return isinstance(error, AssertionError) or any(
        base.__module__.startswith(("_pytest", "unittest.case")) for base in type(error).__mro__
    )


def number_of_exception(error: BaseException) -> int | None:
    """The other side's number of an exception that came from there."""
    found = error.__dict__.get("_sandbox_number")
    return found if type(found) is int else None


def rebuilt(kind: Any, args: list[Any]) -> Any:
    """An exception with these arguments, made without its `__init__` if that does not take them."""
    try:
        made = kind(*args)
        if type(made) is kind and made.args == tuple(args):
            return made
    except BaseException:
        pass
    return kind.__new__(kind, *args)


def set_field(error: BaseException, name: str, value: Any) -> None:
    """Set an attribute of an exception, if this version of Python has it."""
    try:
        if name.startswith("_") and name != "__notes__":
            return
        if any(isinstance(error, base) and name in names.split() for base, names in FIELDS):
            setattr(error, name, value)
        else:
            error.__dict__[name] = value
    except (AttributeError, TypeError):
        pass

"""Types, functions and exceptions that both sides know: they cross by their names."""

from __future__ import annotations

import builtins
import dataclasses

__all__ = ["BY_NAME", "NAME_OF", "STAND_INS"]

BY_NAME = {f"builtins:{name}": value for name, value in vars(builtins).items() if isinstance(value, type)}
BY_NAME["builtins:NotImplemented"] = NotImplemented
for _name in ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "MISSING"):
    BY_NAME[f"dataclasses:{_name}"] = getattr(dataclasses, _name)
for _value in (None, NotImplemented, Ellipsis):
    BY_NAME[f"types:{type(_value).__name__}"] = type(_value)
for _name in "abs all any ascii bin callable chr divmod hash hex isinstance issubclass iter len max min next oct ord pow repr round sorted sum".split():
    BY_NAME[f"builtins:{_name}"] = getattr(builtins, _name)
for _module, _names in {
    "collections": "OrderedDict Counter defaultdict deque",
    "datetime": "date time datetime timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "Path",
}.items():
    for _name in _names.split():
        BY_NAME[f"{_module}:{_name}"] = getattr(__import__(_module), _name)
STAND_INS = {
    name: type(value.__name__, (value,), {"__module__": "builtins"})
    for name, value in BY_NAME.items()
    if value in (AssertionError, Exception, BaseException)
}
"""What the tests get for the program's AssertionError, Exception and BaseException: empty subclasses of those. With the builtin classes
themselves, a program that says `ValidationError = Exception` would make `except ValidationError` catch the tests' own failures."""
NAME_OF = {id(value): name for name, value in reversed(list(BY_NAME.items()))}
NAME_OF.update((id(value), name) for name, value in STAND_INS.items())

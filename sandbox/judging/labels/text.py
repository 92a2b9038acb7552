"""What many label formats share: texts of JSON, Python literals and compressed pickles, limits, and names of files."""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import re
import zlib
from collections.abc import Mapping
from typing import Any, NoReturn

from sandbox.judging import syntax
from sandbox.judging.checkers.text import shorten
from sandbox.words.errors import LabelError

__all__ = [
    "arrays_as_lists",
    "checked_file_name",
    "columns_of",
    "described",
    "is_plain_json",
    "limits_of",
    "parsed",
    "positive",
    "unpacked",
    "without_none",
]

MAX_UNPACKED_BYTES = 256 << 20


def described(value: Any) -> str:
    """What a value is, for a message: its type, and the keys or the size of a container."""
    if isinstance(value, dict):
        return f"a dict with {', '.join(sorted(map(str, value))[:12]) or 'no keys'}"
    if isinstance(value, list | tuple):
        kinds = ", ".join(sorted({type(item).__name__ for item in value})) or "nothing"
        return f"a {type(value).__name__} of {len(value)} ({kinds})"
    try:
        return f"{type(value).__name__} {shorten(repr(value), 80)}"
    except Exception:  # a number of too many digits, an object that cannot be shown
        return f"a {type(value).__name__}"


def without_none(label: dict[Any, Any]) -> dict[str, Any]:
    """*label* without keys that are None: the `datasets` library gives None to every key that a row does not have."""
    return {key: value for key, value in label.items() if value is not None}


def arrays_as_lists(value: Any) -> Any:
    """*value* with arrays (a column that pandas has read) as lists, at any depth."""
    if isinstance(value, dict):
        return {key: arrays_as_lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(arrays_as_lists, value)) if type(value) in (list, tuple) else value
    if callable(getattr(value, "tolist", None)):
        return arrays_as_lists(value.tolist())
    return value


def parsed(label: Any) -> Any:
    """*label* as a dict or a list where it is a JSON or Python-literal text of one (even twice encoded), else as it is.

    Raises:
        LabelError: it is empty.
    """
    for _ in range(4):
        if isinstance(label, bytes | bytearray):
            label = bytes(label).decode("utf-8", "replace")
        if isinstance(label, tuple):
            label = list(label)
        if not isinstance(label, str):
            break
        text = label.removeprefix("\ufeff").strip()
        if text.startswith(("{", "[", '"', "'", "(")):
            found = _literal(text)
        elif len(text) > 40 and text.startswith(("eJ", "eN", "eA", "eF")):  # base64 of a zlib header, by level of compression
            found = unpacked(text)
        else:
            break
        if found is None or (isinstance(found, str) and found.strip() == text):
            break
        label = found
    if label is None or (isinstance(label, str) and not label.strip()):
        raise LabelError(
            "the label is empty; check the dataset's column (OpenRLHF: --data.label_key, 0.10.1 and older: --label_key)"
        )
    return label


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return syntax.literal(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def columns_of(label: dict[str, Any], name: str) -> tuple[list[Any], list[Any]]:
    """The lists `inputs` and `outputs` of a label of the format *name*.

    Raises:
        LabelError: they are not lists of the same length.
    """
    inputs, outputs = parsed(label["inputs"]), parsed(label["outputs"])
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise LabelError(
            f"{name}: inputs and outputs are lists of the same length; found {described(inputs)} and {described(outputs)}"
        )
    return inputs, outputs


class _PlainUnpickler(pickle.Unpickler):
    """Strings, numbers and plain containers; any name of a class or function is refused, and with it all code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise LabelError(f"the packed tests name {module}.{name}; only strings and plain containers are unpacked")

    def persistent_load(self, _: Any) -> NoReturn:
        raise LabelError("the packed tests refer to something outside of them")


def unpacked(text: str) -> Any:
    """The inverse of base64(zlib(pickle(value))), the form of LiveCodeBench's private tests.

    Raises:
        LabelError: it is not of that form, holds more than plain data, or is larger than 256 MiB.
    """
    try:
        packed = base64.b64decode(text, validate=True)
        inflater = zlib.decompressobj()
        data = inflater.decompress(packed, MAX_UNPACKED_BYTES)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise LabelError(f"the packed tests are not base64 of zlib: {error}") from None
    if inflater.unconsumed_tail:
        raise LabelError(f"the packed tests are larger than {MAX_UNPACKED_BYTES} bytes")
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except LabelError:
        raise
    except Exception as error:  # a pickle machine raises anything on garbage
        raise LabelError(f"the packed tests are no pickle of plain data: {type(error).__name__}: {error}") from None


def is_plain_json(value: Any) -> bool:
    """Whether *value* could have come out of JSON: then JSON may have changed it on the way in."""
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(is_plain_json, value.values()))
    if isinstance(value, list):
        return all(map(is_plain_json, value))
    return value is None or type(value) in (bool, int, float, str)


_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0, "ms": 1e-3, "millisecond": 1e-3}
_BYTES = {
    "": 1 << 20,
    "m": 1 << 20,
    "mb": 1 << 20,
    "mib": 1 << 20,
    "megabyte": 1 << 20,
    "b": 1,
    "byte": 1,
    "k": 1 << 10,
    "kb": 1 << 10,
    "kib": 1 << 10,
    "kilobyte": 1 << 10,
    "g": 1 << 30,
    "gb": 1 << 30,
    "gib": 1 << 30,
    "gigabyte": 1 << 30,
}


def limits_of(label: dict[str, Any]) -> dict[str, Any]:
    """The label's own limits as arguments of `Suite`: seconds as `time_limit` or `timeout`, memory in MB or bytes.

    A limit may be a text with a unit, as TACO has it: "2.0 seconds", "256.0 megabytes".

    Raises:
        LabelError: a limit is not a positive number.
    """
    found: dict[str, Any] = {}
    seconds = label.get("time_limit", label.get("timeout")) or None  # 0 is not known, in CodeContests
    if isinstance(seconds, dict):  # CodeContests: {"seconds": 1, "nanos": 500000000}
        seconds = (seconds.get("seconds") or 0) + (seconds.get("nanos") or 0) / 1e9 or None
    if seconds is not None:
        found["cpu_seconds"] = _measured(seconds, "time_limit", _SECONDS, "2 seconds")
    if label.get("memory_limit_bytes"):
        found["memory_bytes"] = int(positive(label["memory_limit_bytes"], "memory_limit_bytes"))
    elif label.get("memory_limit"):
        found["memory_bytes"] = int(_measured(label["memory_limit"], "memory_limit", _BYTES, "256 MB"))
    return found


def _measured(value: Any, name: str, units: Mapping[str, float], example: str) -> float:
    found = re.fullmatch(r"\s*(\S+?)\s*([A-Za-z]*)\s*", value) if isinstance(value, str) else None
    if not found:
        return positive(value, name) * units[""]
    unit = found[2].lower()
    unit = unit if unit in units else unit.removesuffix("s")
    if unit not in units:
        raise LabelError(f"the label's {name} is {value!r}; it should be a number, or one with a unit: {example}")
    return positive(found[1], name) * units[unit]


def positive(value: Any, name: str) -> float:
    """A number that a label gives.

    Raises:
        LabelError: it is not a positive, finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number < float("inf"):
        raise LabelError(f"the label's {name} is {value!r}; it should be a positive number")
    return number


def checked_file_name(name: str, where: str) -> str:
    """*name*, if it can be that of a file in the label's folder.

    Raises:
        LabelError: it cannot.
    """
    parts = name.split("/")
    if not name.isprintable() or ".." in parts or "" in parts or "." in parts or len(name) > 500:
        raise LabelError(f"{where}: the file {name[:100]!r} lies outside of the label's folder, or has a name that no file has")
    return name

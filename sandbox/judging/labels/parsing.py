"""Parses what many label formats share: texts of JSON, Python literals and compressed pickles, columns of cases, names of files."""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Any, NoReturn

from sandbox.judging import syntax
from sandbox.words.errors import LabelError
from sandbox.words.shorten import shorten

__all__ = [
    "arrays_as_lists",
    "checked_file_name",
    "columns_of",
    "described",
    "is_plain_json",
    "parsed",
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
        return syntax.parse_literal(text)
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


def checked_file_name(name: str, where: str) -> str:
    """*name*, if it can be that of a file in the label's folder.

    Raises:
        LabelError: it cannot.
    """
    parts = name.split("/")
    if not name.isprintable() or ".." in parts or "" in parts or "." in parts or len(name) > 500:
        raise LabelError(f"{where}: the file {name[:100]!r} lies outside of the label's folder, or has a name that no file has")
    return name

"""The environment variables of the doors, in one table: read once, validated, turned into options. Nothing else reads them."""

from __future__ import annotations

import difflib
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.judging.response.candidate import Choice
from sandbox.judging.reward import Shape
from sandbox.words.errors import ConfigurationError
from sandbox.words.layers import Backend, Isolation, Layer, parse_layers
from sandbox.words.limits import MIB, Limits

__all__ = ["VARIABLES", "Recording", "Settings", "Variable"]

_log = logging.getLogger("sandbox")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One environment variable: how its text becomes a value, and what it means."""

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str
    limit: str = ""
    """The field of `Limits` that it sets, if it sets one."""
    recording: str = ""
    """The field of `Recording` that it sets, if it sets one."""


def _number(text: str) -> float:
    return float(text)


def _whole(text: str) -> int:
    return int(text)


def _mebibytes(text: str) -> int:
    return int(float(text) * MIB)


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return words[text.lower()]
    except KeyError:
        raise ValueError("use 1 or 0") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _share(text: str) -> float:
    share = float(text)
    if not 0.0 <= share <= 1.0:
        raise ValueError("use a number from 0 to 1")
    return share


def _layers(text: str) -> frozenset[Layer]:
    return parse_layers(_names(text))


VARIABLES: tuple[Variable, ...] = (
    Variable(name="SANDBOX_WORKERS", read=_whole, default="one a processor", meaning="jobs that run at the same time"),
    Variable(name="SANDBOX_NODE_JOBS", read=_whole, default="one a processor, or SANDBOX_WORKERS if more", meaning="jobs that all processes on this node run together; 0: no cap"),
    Variable(name="SANDBOX_SHAPE", read=Shape.parse, default="documented", meaning="documented, binary, fraction, threshold:0.8, table:{...}"),
    Variable(name="SANDBOX_CHOICE", read=Choice, default="auto", meaning="which of several code blocks counts: auto, first, last, joined"),
    Variable(name="SANDBOX_EARLY_STOP", read=_switch, default="1 for binary", meaning="end a suite at its first failure"),
    Variable(name="SANDBOX_ENTROPY", read=_switch, default="0", meaning="1: fresh randomness for every job, instead of a seed from its content"),
    Variable(name="SANDBOX_DEDUPLICATE", read=_switch, default="1", meaning="judge equal samples of one batch, or that come at the same time, once"),
    Variable(name="SANDBOX_CACHE", read=_whole, default="0", meaning="judgements kept for equal samples that come later"),
    Variable(name="SANDBOX_BACKEND", read=Backend, default="process", meaning="what workers are: process, docker, docker+gvisor, auto, ray, ray+docker, ray+docker+gvisor"),
    Variable(name="SANDBOX_IMAGE", read=str, default="reward-sandbox/python-slim", meaning="image of container workers"),
    Variable(name="SANDBOX_RAY_NODES", read=str, default="all", meaning="nodes of a Ray cluster: by a custom resource (sandbox) or a label (kind=cpu)"),
    Variable(name="SANDBOX_PYTHON", read=str, default="the trainer's", meaning="interpreter for candidates (CPython 3.9 or newer)"),
    Variable(name="SANDBOX_WARM", read=_names, default="", meaning="modules that workers import beforehand, such as numpy,pandas"),
    Variable(name="SANDBOX_READABLE", read=_names, default="", meaning="more folders that candidates may read, such as /data/tables"),
    Variable(name="SANDBOX_ISOLATION", read=Isolation, default="auto", meaning="tier of confinement: auto, namespaces, unprivileged"),
    Variable(name="SANDBOX_ALLOW_MISSING", read=_layers, default="", meaning="layers of confinement that may be missing, such as memory"),
    Variable(name="SANDBOX_CPU_SECONDS", read=_number, default="5", limit="cpu_seconds", meaning="CPU time of one case"),
    Variable(name="SANDBOX_WALL_SECONDS", read=_number, default="3 x CPU + 1", limit="wall_seconds", meaning="wall time of one case, waiting for a processor not counted"),
    Variable(name="SANDBOX_MEMORY_MB", read=_mebibytes, default="1024", limit="memory_bytes", meaning="memory of one case, MiB"),
    Variable(name="SANDBOX_OUTPUT_MB", read=_mebibytes, default="16", limit="output_bytes", meaning="output of one case, MiB"),
    Variable(name="SANDBOX_FILE_MB", read=_mebibytes, default="64", limit="file_bytes", meaning="size of a file that a program writes, MiB"),
    Variable(name="SANDBOX_PROCESSES", read=_whole, default="64", limit="processes", meaning="processes and threads at the same time"),
    Variable(name="SANDBOX_OPEN_FILES", read=_whole, default="256", limit="open_files", meaning="open files of a process"),
    Variable(name="SANDBOX_SUITE_SECONDS", read=_number, default="60", limit="suite_seconds", meaning="effective time of all cases together"),
    Variable(name="SANDBOX_DEADLINE_SECONDS", read=_number, default="150", limit="deadline_seconds", meaning="wall time of a sample, queueing included"),
    Variable(name="SANDBOX_RECORD", read=os.path.abspath, default="", recording="path", meaning="file to which each judgement is appended as a line, for `reward-sandbox report`"),
    Variable(name="SANDBOX_RECORD_MB", read=_mebibytes, default="256", recording="most_bytes", meaning="size of that file from which nothing more is written, MiB"),
    Variable(name="SANDBOX_RECORD_SHARE", read=_share, default="1", recording="share", meaning="share of the samples that are recorded, chosen by a hash: the same in every process"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What of a process's judgements is written to a file, for `reward-sandbox report`."""

    path: str
    most_bytes: int = 256 * MIB
    """The size of the file from which nothing more is written."""
    share: float = 1.0
    """Of the samples, within [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of a `Sandbox`, as the environment gives them."""

    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, Any] = field(default_factory=dict)
    """The other keyword arguments of `Sandbox`, only those that were set."""
    recording: Recording | None = None
    """None: no judgement is recorded."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read and check every `SANDBOX_*` variable.

        Raises:
            ConfigurationError: a value cannot be used; the message names the variable, the value and what is allowed.
        """
        limits: dict[str, Any] = {}
        options: dict[str, Any] = {}
        recording: dict[str, Any] = {}
        for variable in VARIABLES:
            text = environment.get(variable.name, "").strip()
            if not text:
                continue
            try:
                value = variable.read(text)
            except (ValueError, TypeError, OverflowError) as error:
                raise ConfigurationError(
                    f"{variable.name}={text!r} cannot be used ({error}); it means: {variable.meaning} (default: {variable.default or 'none'})"
                ) from None
            if variable.limit:
                limits[variable.limit] = value
            elif variable.recording:
                recording[variable.recording] = value
            else:
                options[variable.name.removeprefix("SANDBOX_").lower()] = value
        in_image = options.get("backend", Backend.PROCESS).of_node in (Backend.DOCKER, Backend.GVISOR)
        if "python" in options and not in_image and shutil.which(options["python"]) is None:
            raise ConfigurationError(f"SANDBOX_PYTHON={options['python']!r} is no program that can be started here")
        if options.get("workers", 1) < 1:
            raise ConfigurationError(f"SANDBOX_WORKERS={options['workers']} cannot run anything; use at least 1")
        _warn_of_typos(environment)
        try:
            recorded = Recording(**recording) if "path" in recording else None
            if recording and recorded is None:
                _log.warning("SANDBOX_RECORD_MB and SANDBOX_RECORD_SHARE do nothing without SANDBOX_RECORD, the file to write")
            return cls(limits=Limits(**limits), options=options, recording=recorded)
        except ConfigurationError as error:
            named = [variable.name for variable in VARIABLES if variable.limit in limits and f"{variable.limit}=" in str(error)]
            raise ConfigurationError(f"{error} (set by {', '.join(named)})") from None


def _warn_of_typos(environment: Mapping[str, str]) -> None:
    known = [variable.name for variable in VARIABLES]
    for name in environment:
        if name.startswith("SANDBOX_") and name not in known:
            close = difflib.get_close_matches(name, known, 1, cutoff=0.85)
            if close:
                _log.warning("the environment variable %s is not one of ours; did you mean %s?", name, close[0])

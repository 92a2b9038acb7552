"""`SANDBOX_RECORD`: the judgements of a training, a line of JSON each, for `reward-sandbox report`.

What a line says is what `reward-sandbox score --out` writes, after the time, and with the end of the response behind it. A sample only puts
its judgement into a queue; a thread writes, so that a slow disk holds up nobody. Every line is one write to a file that is opened to append:
several processes may record into one file. One that is killed while it writes leaves half a line, which `report` passes over.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import queue
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

from sandbox.api import Score
from sandbox.as_json import score_as_json
from sandbox.judging.response.messages import TextOrMessages, last_message
from sandbox.result_lines import RECORD_LINE_START, sample_digest
from sandbox.settings import Recording

__all__ = ["Recorder", "record_score", "start_recording"]

_log = logging.getLogger("sandbox")

PROGRAM_CHARACTERS = 4_000
"""Of the end of a response, where the program is: models think first and answer last."""
TEXT_CHARACTERS = 4_000
MOST_WAITING = 1_000
"""Judgements that wait to be written; where a disk is slower than the judge, what comes then is left out."""
LAST_SECONDS = 5.0
"""How long a process that ends waits for what is still to be written."""


@dataclass(frozen=True, kw_only=True)
class _Judged:
    score: Score
    time: float
    sample: str
    program: str


class Recorder:
    """Writes judgements of this process to *recording*'s file. Thread-safe, and nothing here raises."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._name = secrets.token_hex(4)  # a process number comes again, in containers at every start
        self._number = 0
        self._waiting: queue.Queue[_Judged] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()  # protects the next two
        self._thread: threading.Thread | None = None
        self._told: set[str] = set()

    def add(self, score: Score, response: TextOrMessages, prompt: TextOrMessages) -> None:
        """Record a judgement soon, if its sample is one of the share that is recorded."""
        try:
            said, asked = last_message(response, "assistant"), last_message(prompt, "user")
            sample = sample_digest(said, asked)
            if not is_chosen(sample, self.recording.share):
                return
            judged = _Judged(score=score, time=time.time(), sample=sample, program=said[-PROGRAM_CHARACTERS:])
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._write_all, name="sandbox-record", daemon=True)
                    self._thread.start()
            self._waiting.put_nowait(judged)
        except queue.Full:
            self._tell("full", "more is judged than can be written; some judgements are left out")
        except Exception as error:  # a record is never worth a sample
            self._tell("add", f"a judgement was left out: {type(error).__name__}: {error}")

    def flush(self, seconds: float | None = None) -> None:
        """Wait until everything is written, or *seconds* (LAST_SECONDS) have passed."""
        end = time.monotonic() + (LAST_SECONDS if seconds is None else seconds)
        while self._waiting.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.005)

    def _write_all(self) -> None:
        while True:
            judged = self._waiting.get()
            try:
                self._write(self._line(judged))
            except OSError as error:
                self._tell("write", f"nothing can be written ({error.strerror or error}); the training goes on without")
            except Exception as error:
                self._tell("line", f"a judgement was left out: {type(error).__name__}: {error}")
            finally:
                self._waiting.task_done()

    def _line(self, judged: _Judged) -> bytes:
        self._number += 1
        line: dict[str, Any] = {
            "time": round(judged.time, 3),
            "id": f"{self._name}-{self._number}",
            **score_as_json(judged.score),
            "sample": judged.sample,
            "program": judged.program,
        }
        line = {key: value[:TEXT_CHARACTERS] if isinstance(value, str) else value for key, value in line.items()}
        text = json.dumps(line)  # in ASCII, whatever a model wrote
        assert text.startswith(RECORD_LINE_START)
        return f"{text}\n".encode("ascii")

    def _write(self, line: bytes) -> None:
        path = self.recording.path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            file = os.open(path, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            file = os.open(path, flags, 0o666)
        try:
            if os.fstat(file).st_size + len(line) > self.recording.most_bytes:
                self._tell("size", "it has reached SANDBOX_RECORD_MB; nothing more is written")
            elif os.write(file, line) < len(line):
                self._tell("write", "the disk took half a line; is it full?")
        finally:
            os.close(file)

    def _tell(self, what: str, sentence: str) -> None:
        with self._lock:
            if what in self._told:
                return
            self._told.add(what)
        _log.warning("SANDBOX_RECORD=%s: %s", self.recording.path, sentence)


def is_chosen(sample: str, share: float) -> bool:
    """Whether the sample with this digest is one of the *share* that is recorded: the same in every process."""
    return share >= 1.0 or int.from_bytes(hashlib.blake2b(sample.encode(), digest_size=8).digest(), "big") < share * 2.0**64


_recorder: Recorder | None = None


def start_recording(recording: Recording | None) -> None:
    """Record what this process judges from now on; None: nothing. The same again changes nothing."""
    global _recorder
    if _recorder is not None and _recorder.recording != recording:
        _recorder.flush()  # what waits is still written
        _recorder = None
    if recording is not None and _recorder is None:
        _recorder = Recorder(recording)


def record_score(score: Score, response: TextOrMessages, prompt: TextOrMessages = "") -> Score:
    """Record a judgement, if a record is asked for; *score* as it is. Never raises."""
    recorder = _recorder
    if recorder is not None:
        recorder.add(score, response, prompt)
    return score


def _after_fork() -> None:
    global _recorder
    if _recorder is not None:  # its thread and what waited are the other process's
        _recorder = Recorder(_recorder.recording)


def _at_exit() -> None:
    if _recorder is not None:
        _recorder.flush()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)

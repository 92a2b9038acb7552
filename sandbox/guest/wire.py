"""The protocol between the host and a worker: the layout of its messages. No I/O here: bytes in, values out, or `WireError`.

There is one stream per worker, and one job at a time on it:

    worker → host   Hello     once: a length and a JSON object that says which Python this is and what confines it
    host → worker   Order     limits, as numbers, and the lengths of what follows
                    payload   the job; the zygote does not read it, but moves it into a memfd, past its own heap
                    tests     of a label that is code; not read either, and taken from the stream only after the candidate was forked
    worker → host   Report    how the job ended and what it used, as numbers, and the lengths of what follows
                    sections  stdout, stderr, answers, results; sent from memfds, which the zygote does not read

Order and Report hold numbers only: the zygote reads them and still knows nothing of any job. The *answers* section is written by the
candidate, and may be hostile: a sequence of frames (kind, length, body), which breaks off where the candidate ended. A frame says what
the candidate answered, and never that the answer is right. The *results* section is written by the tester, to which no candidate has
access: a frame with the outcome of each test.
"""

from __future__ import annotations

import struct
from typing import Iterator, NamedTuple

__all__ = [
    "ANSWERS_START",
    "CAUSES",
    "EXIT_CANDIDATE_GONE",
    "FRAMEWORKS",
    "KIND_ERROR",
    "KIND_EXITED",
    "KIND_LOADED",
    "KIND_RAISED",
    "KIND_RETURNED",
    "KIND_TEST",
    "KIND_TESTS_ENDED",
    "KIND_UNCOMPILED",
    "KIND_UNSENDABLE",
    "MAX_HELLO_BYTES",
    "ORDER_BYTES",
    "OUTCOMES",
    "REPORT_BYTES",
    "RESULT_KINDS",
    "Order",
    "Payload",
    "Progress",
    "Report",
    "WireError",
    "frame",
    "frames",
]


class WireError(Exception):
    """The bytes do not follow the protocol. Whatever they are, nothing else is raised."""


CAUSES = (
    "finished", "exited", "signaled", "cpu_time", "wall_time", "memory", "output", "processes", "syscall", "overloaded", "setup", "lost",
)  # fmt: skip
"""How a job can end; a report holds the index. The host's `Cause` has the same words, which a test compares."""

MAX_HELLO_BYTES = 1 << 20

EXIT_CANDIDATE_GONE = 3
"""Exit status of a tester whose candidate has ended."""


_ORDER = struct.Struct("<4s14Q")
_REPORT = struct.Struct("<4s17q")
_PROGRESS = struct.Struct("<QQQ")
ORDER_BYTES = _ORDER.size
REPORT_BYTES = _REPORT.size
ANSWERS_START = _PROGRESS.size
"""Where answers begin in their file: behind the progress record."""


class Order(NamedTuple):
    """A job's limits. `slots` counts the parts that have a time limit each: loading, and every call."""

    cpu_ns: int
    wall_ns: int
    total_ns: int
    """Limit of all slots together, of CPU time and of wall time without waiting for a CPU."""
    hard_ns: int
    memory_bytes: int
    output_bytes: int
    file_bytes: int
    processes: int
    open_files: int
    slots: int
    payload_bytes: int
    tests_bytes: int
    """Length of the tests, which follow the payload and go to the tester alone; 0: the job has none."""
    tester_ns: int
    """CPU time of the tester."""
    framework: int
    """Which of FRAMEWORKS the tester uses, as its index."""

    def pack(self) -> bytes:
        return _pack(_ORDER, b"ord3", self)

    def limits(self) -> bytes:
        """The part that a job's own processes get: the same for all jobs with the same limits."""
        return self._replace(hard_ns=0, payload_bytes=0, tests_bytes=0).pack()

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Order:
        return cls._make(_unpack(_ORDER, b"ord3", data))


class Report(NamedTuple):
    """How a job ended and what it used."""

    cause: int
    status: int
    """An exit status, or the negative number of a signal, as of os.waitstatus_to_exitcode."""
    clean: int
    """1: nothing of the job is left and the worker can serve again. 0: the host has to destroy the worker."""
    cpu_user_ns: int
    cpu_system_ns: int
    wall_ns: int
    delay_ns: int
    peak_bytes: int
    processes: int
    output_bytes: int
    stdout_bytes: int
    stderr_bytes: int
    answers_bytes: int
    results_bytes: int
    tester_cause: int
    tester_status: int
    tester_cpu_ns: int

    def pack(self) -> bytes:
        return _pack(_REPORT, b"rep2", self)

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Report:
        report = cls._make(_unpack(_REPORT, b"rep2", data))
        numbers = report._replace(status=0, tester_status=0)
        if not 0 <= report.cause < len(CAUSES) or not 0 <= report.tester_cause < len(CAUSES) or min(numbers) < 0:
            raise WireError(f"a report that cannot be: {report}")
        return report


class Progress(NamedTuple):
    """In which slot a candidate is, and its clocks when the slot began; kept at the start of the answers file."""

    slot: int
    cpu_ns: int
    wall_ns: int

    def pack(self) -> bytes:
        data: bytes = _PROGRESS.pack(*self)
        return data

    @classmethod
    def unpack(cls, data: bytes) -> Progress:
        try:
            return cls._make(_PROGRESS.unpack(data))
        except struct.error as error:
            raise WireError(f"progress: {error}") from None


_FRAME = struct.Struct("<BI")
KIND_UNCOMPILED = 1
"""The program does not compile: [type, message]."""
KIND_LOADED = 2
"""The module has been loaded and the calls begin; empty."""
KIND_ERROR = 3
"""The program ended with an exception, while loading or as a script: [type, message]."""
KIND_RETURNED = 4
"""A call returned: the value."""
KIND_RAISED = 5
"""A call raised an exception: its type and message, as one text."""
KIND_EXITED = 6
"""A call raised SystemExit: the exit status, as a text."""
KIND_UNSENDABLE = 7
"""A call returned something that cannot be serialized: why, as a text."""
KIND_TEST = 8
"""The outcome of a test: a JSON object, see `guest.tests.results`."""
KIND_TESTS_ENDED = 9
"""The tester came to its end: a JSON object. Without this frame the program has not passed, however many tests have."""
_ANSWER_KINDS = frozenset(range(KIND_UNCOMPILED, KIND_UNSENDABLE + 1))
RESULT_KINDS = frozenset((KIND_TEST, KIND_TESTS_ENDED))

OUTCOMES = ("passed", "failed", "raised", "missing", "exited", "gone", "skipped", "label", "unavailable", "ours")
"""What became of a test. `raised` and `exited`: the program itself did so. `missing`: it lacks a name that the test looks up. `gone`: its
process ended. The last four are not the program's doing;
of `unavailable` the interpreter or the machine lacks what the tests need, and another worker would lack it too."""

FRAMEWORKS = ("statements", "unittest", "pytest")
"""What a tester can run; an order holds the index."""


def frame(kind: int, body: bytes) -> bytes:
    """One frame, of the answers or the results section."""
    return _FRAME.pack(kind, len(body)) + body


def frames(data: bytes, kinds: frozenset[int] = _ANSWER_KINDS) -> Iterator[tuple[int, bytes]]:
    """The whole frames at the start of *data*, until one breaks off.

    Raises:
        WireError: a frame of another kind than *kinds*.
    """
    position = 0
    while position + _FRAME.size <= len(data):
        kind, length = _FRAME.unpack_from(data, position)
        if kind not in kinds:
            raise WireError(f"no frame is of kind {kind}")
        position += _FRAME.size
        if position + length > len(data):
            return
        yield kind, data[position : position + length]
        position += length


_PAYLOAD = struct.Struct("<B4I")


class Payload(NamedTuple):
    """A job as the candidate reads it. Texts are UTF-8 as they are, so that a script needs no JSON; *calls* is made by `values.encode`."""

    entropy: bool
    source: str
    preamble: str
    calls: str
    """A list of [function, expression, args, kwargs]; empty for a script, and for a program that tests will call."""
    serving: str
    """JSON for a program that tests will call: the names of its module, and of the classes that both sides have."""
    stdin: bytes

    def pack(self) -> bytes:
        texts = [text.encode("utf-8", "surrogatepass") for text in (self.source, self.preamble, self.calls, self.serving)]
        return b"".join((_PAYLOAD.pack(self.entropy, *map(len, texts)), *texts, self.stdin))

    @classmethod
    def unpack(cls, data: bytes) -> Payload:
        entropy, *lengths = _PAYLOAD.unpack_from(data)
        texts = []
        start = _PAYLOAD.size
        for length in lengths:
            texts.append(data[start : start + length].decode("utf-8", "surrogatepass") if length else "")
            start += length
        source, preamble, calls, serving = texts
        return cls(bool(entropy), source, preamble, calls, serving, data[start:])


def _pack(layout: struct.Struct, magic: bytes, numbers: tuple[int, ...]) -> bytes:
    data: bytes = layout.pack(magic, *numbers)
    return data


def _unpack(layout: struct.Struct, magic: bytes, data: bytes | memoryview) -> tuple[int, ...]:
    try:
        found, *numbers = layout.unpack(data)
    except struct.error as error:
        raise WireError(str(error)) from None
    if found != magic:
        raise WireError(f"expected {magic!r}, found {found!r}")
    return tuple(numbers)

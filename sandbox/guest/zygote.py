"""The warm interpreter that candidates are forked from.

It reads orders (numbers), copies payloads into memfds through one buffer that its children do not inherit, forks, watches
clocks, kills, reaps and reports. It never reads a job: no byte of a program, an input or an answer is ever an object on its
heap, so no candidate can find an earlier job in the memory it was born with (law 1).

Standard output, standard error and answers are files in memory of bounded size: nothing has to be read while a candidate
runs, no pipe can be held open by a survivor, and the zygote sleeps until the candidate ends or a limit could be reached.
"""

from __future__ import annotations

import gc
import importlib
import json
import mmap
import os
import resource
import select
import signal
import socket
import sys
import time

from . import candidate, confine, values
from .landlock import Domain
from .wire import ANSWERS_START, CAUSES, ORDER_BYTES, Order, Progress, Report, WireError
from .workfolder import WorkFolder

__all__ = ["main"]

BUFFER_BYTES = 1 << 18
MAX_PAYLOAD_BYTES = 1 << 30
STDERR_TAIL_BYTES = 1 << 16
SAMPLE_SECONDS = 0.025
"""How often memory, processes and output are looked at, where no cgroup counts them."""
LONG_NS = 20_000_000
"""A job that took longer gets a last look at what it waited for; for shorter ones the look would cost more than it tells."""
POLLRDHUP = 0x2000

CAUSE = {name: number for number, name in enumerate(CAUSES)}

WARM = (
    "abc array bisect collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq io itertools "
    "json math numbers operator random re string threading time types typing"
).split()
"""What programs import most: paid for once per worker. Others load when they are used; every library costs every fork."""


def main(stream_fd: int, warm: list[str], folder: str) -> int:
    """Serve orders on *stream_fd* until the host goes away."""
    stream = socket.socket(fileno=stream_fd)
    host = os.pidfd_open(os.getppid())
    confine.prepare()
    work = WorkFolder(folder)
    try:
        missing = _warm_up(warm)
        zygote = _Zygote(stream, host, work)
        zygote.hello(missing)
        while zygote.serve():
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass  # the host has gone
    finally:
        work.remove()
    return 0


def _warm_up(extra: list[str]) -> list[str]:
    """Do once what every job would do first; the names that could not be imported."""
    missing = []
    for name in [*WARM, *extra]:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    candidate.prepare_streams()
    compile("def f(x: int) -> int:\n    return [y for y in range(x)][0] if x else {**{}}", "<warm>", "exec")
    values.decode(values.encode([(1,), {"a": {1}}, 2**70]))
    gc.collect()
    gc.freeze()
    gc.disable()
    return missing


class _Zygote:
    def __init__(self, stream: socket.socket, host: int, folder: WorkFolder) -> None:
        self.stream = stream
        self.host = host
        self.folder = folder
        self.poll = select.poll()
        self.poll.register(stream, POLLRDHUP)
        self.poll.register(host, select.POLLIN)
        self.buffer = mmap.mmap(-1, BUFFER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.buffer.madvise(mmap.MADV_DONTFORK)
        self.view = memoryview(self.buffer)
        self.cpus = len(os.sched_getaffinity(0))
        self.base_data_bytes = _status_bytes("VmData")
        self.base_bytes = _status_bytes("VmRSS")
        self.domain = Domain()
        self.state = confine.own_state()
        self.setup = os.memfd_create("setup", os.MFD_CLOEXEC)

    def hello(self, missing: list[str]) -> None:
        """Say who serves."""
        message = {
            "python": ".".join(map(str, sys.version_info[:3])),
            "implementation": sys.implementation.name,
            "folder": self.folder.top,
            "layers": [*confine.LAYERS, self.domain.layer],
            "missing": missing,
        }
        data = json.dumps(message).encode("ascii")
        self.stream.sendall(len(data).to_bytes(4, "little") + data)

    def serve(self) -> bool:
        """One order, from its first byte to its report; False when there will be no more."""
        if not self._receive(ORDER_BYTES):
            return False
        order = Order.unpack(self.view[:ORDER_BYTES])
        if order.payload_bytes > MAX_PAYLOAD_BYTES:
            raise WireError(f"a payload of {order.payload_bytes} bytes")
        files = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("job", "stdout", "stderr", "answers")]
        try:
            return self._copy(order.payload_bytes, files[0]) and self._serve(order, *files)
        finally:
            for fd in files:
                os.close(fd)

    def _serve(self, order: Order, job: int, out: int, err: int, answers: int) -> bool:
        os.pwrite(answers, Progress(0, 0, time.monotonic_ns()).pack(), 0)
        tally = confine.Tally(self.base_bytes)
        started = time.monotonic_ns()
        watch = _Watch(order, tally, out, err, answers, started, self.cpus)
        pid = os.fork()
        if pid == 0:
            candidate.run(order, job, out, err, answers, self.setup, self.domain, self.folder.path, self.base_data_bytes)
        # Little happens here while the child lives: each page that is written now is copied first.
        leader = os.pidfd_open(pid)
        try:
            cause, orphaned = self._watch(watch, leader)
        finally:
            self.poll.unregister(leader)
            os.close(leader)
        if orphaned:
            confine.sweep(tally)
            return False
        wall_ns = time.monotonic_ns() - started
        if wall_ns > LONG_NS:
            tally.sample()
        if cause:
            confine.kill(pid, signal.SIGKILL)
        _, raw, usage = os.wait4(pid, 0)
        tally.reaped(usage)
        status = os.waitstatus_to_exitcode(raw)
        clean = confine.sweep(tally) and self.folder.clean() and confine.own_state() == self.state
        cause = cause or watch.cause_of_end(status)
        if os.fstat(self.setup).st_size:
            cause = "setup"
            os.ftruncate(err, 0)
            os.lseek(err, 0, os.SEEK_SET)
            os.sendfile(err, self.setup, 0, candidate.MAX_MESSAGE)  # its text is ours; it travels in the place of stderr
            os.ftruncate(self.setup, 0)
        return self._report(order, watch, cause, status, clean, wall_ns, (out, err, answers))

    def _watch(self, watch: _Watch, leader: int) -> tuple[str, bool]:
        """Sleep until the candidate ends, a limit is reached or the host is gone: (the cause of a kill or "", host is gone)."""
        poll = self.poll
        poll.register(leader, select.POLLIN)
        wait = SAMPLE_SECONDS / 2
        while True:
            ready = {fd for fd, _ in poll.poll(max(1, int(wait * 1000)))}
            if leader in ready:
                return "", False
            if ready:
                return "", True
            cause, wait = watch.look()
            if cause:
                return cause, False

    def _report(
        self, order: Order, watch: _Watch, cause: str, status: int, clean: bool, wall_ns: int, files: tuple[int, int, int]
    ) -> bool:
        sizes = [os.fstat(fd).st_size for fd in files]
        out_size, err_size = sizes[0], sizes[1]
        answers_size = max(0, sizes[2] - ANSWERS_START)
        stdout_bytes = min(out_size, order.output_bytes)
        stderr_bytes = min(err_size, STDERR_TAIL_BYTES)
        answers_bytes = min(answers_size, order.output_bytes)
        tally = watch.tally
        report = Report(
            cause=CAUSE[cause],
            status=status,
            clean=int(clean),
            cpu_user_ns=int(tally.user_seconds * 1e9),
            cpu_system_ns=int(tally.system_seconds * 1e9),
            wall_ns=wall_ns,
            delay_ns=min(tally.delay_ns, wall_ns),
            peak_bytes=max(0, tally.peak_bytes),
            processes=tally.processes,
            output_bytes=out_size + err_size,
            stdout_bytes=stdout_bytes,
            stderr_bytes=stderr_bytes,
            answers_bytes=answers_bytes,
        )
        self.stream.sendall(report.pack())
        self._send_file(files[0], 0, stdout_bytes)
        self._send_file(files[1], err_size - stderr_bytes, stderr_bytes)
        self._send_file(files[2], ANSWERS_START, answers_bytes)
        return True

    def _receive(self, size: int) -> bool:
        """*size* bytes into the start of the buffer; False at the end of the stream, or when the host has died."""
        self.poll.modify(self.stream, select.POLLIN | POLLRDHUP)
        have = 0
        while have < size:
            if any(fd == self.host for fd, _ in self.poll.poll()):
                return False
            got = self.stream.recv_into(self.view[have:size])
            if got == 0:
                return False
            have += got
        self.poll.modify(self.stream, POLLRDHUP)
        return True

    def _copy(self, size: int, fd: int) -> bool:
        """*size* bytes from the stream into a file; they pass through the buffer that children do not inherit."""
        while size:
            got = self.stream.recv_into(self.view[: min(size, BUFFER_BYTES)])
            if got == 0:
                return False
            size -= got
            view = self.view[:got]
            while view:
                view = view[os.write(fd, view) :]
        return True

    def _send_file(self, fd: int, start: int, size: int) -> None:
        while size:
            sent = os.sendfile(self.stream.fileno(), fd, start, size)
            if sent == 0:
                raise WireError("a file became shorter while it was sent")
            start += sent
            size -= sent


class _Watch:
    """The clocks and counters of one candidate: when to look again, and what to stop it for."""

    def __init__(self, order: Order, tally: confine.Tally, out: int, err: int, answers: int, started: int, cpus: int) -> None:
        self.order = order
        self.tally = tally
        self.out = out
        self.err = err
        self.answers = answers
        self.started = started
        self.cpus = cpus
        self.slot = Progress(0, 0, started)
        self.slot_delay_ns = 0

    def look(self) -> tuple[str, float]:
        """What the candidate has to be stopped for, or "", and how many seconds may pass before the next look."""
        order = self.order
        cpu_ns, resident = self.tally.sample()
        now = time.monotonic_ns()
        self._follow(cpu_ns, now)
        used = cpu_ns - self.slot.cpu_ns
        idle = now - self.slot.wall_ns - max(0, self.tally.delay_ns - self.slot_delay_ns)
        if resident > order.memory_bytes:
            return "memory", 0
        if self.tally.processes > order.processes:
            return "processes", 0
        if os.fstat(self.out).st_size + os.fstat(self.err).st_size > order.output_bytes:
            return "output", 0
        if used > order.cpu_ns or cpu_ns > order.total_ns:
            return "cpu_time", 0
        whole = max(0, now - self.started - self.tally.delay_ns)
        if idle > order.wall_ns or whole > order.total_ns:
            return "wall_time", 0
        if now - self.started > order.hard_ns:
            return "overloaded", 0
        nearest = min(
            min(order.cpu_ns - used, order.total_ns - cpu_ns) / self.cpus,
            order.wall_ns - idle,
            order.total_ns - whole,
            order.hard_ns - (now - self.started),
        )
        return "", min(SAMPLE_SECONDS, nearest / 1e9 + 0.0005)

    def _follow(self, cpu_ns: int, now: int) -> None:
        """Take over a new slot's start, as the candidate wrote it; never for more slots than there are, nor from the future."""
        try:
            seen = Progress.unpack(os.pread(self.answers, ANSWERS_START, 0))
        except (OSError, WireError):
            return
        if self.slot.slot < seen.slot < self.order.cases:
            self.slot = Progress(
                seen.slot, max(self.slot.cpu_ns, min(seen.cpu_ns, cpu_ns)), max(self.slot.wall_ns, min(seen.wall_ns, now))
            )
            self.slot_delay_ns = self.tally.delay_ns

    def cause_of_end(self, status: int) -> str:
        """How a candidate that we did not stop ended; a limit that it passed in its last moments counts too."""
        if os.fstat(self.out).st_size + os.fstat(self.err).st_size > self.order.output_bytes:
            return "output"
        total_ns = int((self.tally.user_seconds + self.tally.system_seconds) * 1e9)
        self._follow(total_ns, time.monotonic_ns())
        if status == -signal.SIGXCPU or total_ns - self.slot.cpu_ns > self.order.cpu_ns or total_ns > self.order.total_ns:
            return "cpu_time"
        if status == 0:
            return "finished"
        return "exited" if status > 0 else "signaled"


def _status_bytes(key: str) -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name == key:
                return int(rest.split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

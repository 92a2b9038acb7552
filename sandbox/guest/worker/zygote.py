"""The warm interpreter that serves a worker's jobs; a copy of it, the fork server, is what candidates are forked from.

It reads orders (numbers), copies payloads into memfds through one buffer that no fork inherits, has candidates forked, watches
clocks, kills and reports. It never reads a job: no byte of a program, an input or an answer is ever an object on its
heap, so no candidate can find an earlier job in the memory it was born with (law 1).

Standard output, standard error and answers are files in memory of bounded size: nothing has to be read while a candidate
runs, no pipe can be held open by a survivor, and the zygote sleeps until the candidate ends or a limit could be reached.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import time
from typing import Any, Protocol

from ..program import candidate
from ..walls import confine, processes, seccomp
from ..walls.cgroup import Cgroup
from ..walls.landlock import NO_DOMAIN, Domain
from ..walls.namespaces import readable
from ..walls.workfolder import Scratch
from ..wire import ANSWERS_START, CAUSES, FRAMEWORKS, ORDER_BYTES, Order, Progress, Report, WireError
from . import pidfds
from .forkserver import LONG_NS, Ended, ForkServer
from .hello import introduction
from .relay import Relay, Section, Stream
from .tally import Tally
from .tester_process import Tests
from .warming import forget_sources, status_bytes, warm_up
from .watch import Watch

__all__ = ["main"]

MAX_PAYLOAD_BYTES = 1 << 30
SMALL_BYTES = 1 << 19
STDERR_TAIL_BYTES = 1 << 16
POLLRDHUP = 0x2000

CAUSE = {name: number for number, name in enumerate(CAUSES)}


def main(stream: Stream, host: int, keeper: Keeper, folder: Scratch, cgroup: Cgroup, job_uid: int, options: dict[str, Any]) -> int:
    """Serve orders on *stream* until the host, of which *host* is a pidfd, goes away.

    *job_uid* is the user id of jobs (-1: this process's); *options* are the host's.
    """
    # In a process namespace, only signals that have a handler reach process 1 from within: this one is not to end it.
    signal.signal(signal.SIGINT, _ignore)
    no_filter = confine.prepare(options["seccomp"], options.get("container", ""))
    wall = confine.Wall(
        container=options.get("container", ""),
        has_limits=options["limits"],
        uid=job_uid,
        own_namespaces=options["namespaces"],
        is_filtered=not no_filter,
        rules=() if no_filter else seccomp.extra_rules(has_own_root=options["namespaces"], has_memory_cgroup=cgroup.has_memory),
    )
    try:
        missing = warm_up(options["warm"])
        candidate.rehearse(folder)
        gc.collect()
        gc.freeze()
        zygote = _Zygote(stream, host, keeper, folder, cgroup, wall, options)
        data = introduction(keeper.pid, missing, no_filter, wall, zygote.walls.abi, zygote.server.sees_children, cgroup, folder)
        stream.sendall(len(data).to_bytes(4, "little") + data)
        while zygote.serve():
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass  # the host has gone
    finally:
        folder.remove()
    return 0


class Keeper(Protocol):
    """What is asked of the keeper here."""

    pid: int
    """This process's id as the host sees it."""

    def wait_for_orphans(self) -> bool:
        """Where they are the keeper's."""


def _ignore(*_: object) -> None:
    """Children have the interpreter's own handler again."""


HUNG_UP_SECONDS = 1.0
"""How long a candidate that hung up may take to end: it is about to."""


class _Zygote:
    def __init__(
        self,
        stream: Stream,
        host: int,
        keeper: Keeper,
        folder: Scratch,
        cgroup: Cgroup,
        wall: confine.Wall,
        options: dict[str, Any],
    ) -> None:
        self.stream = stream
        self.host = host
        self.keeper = keeper
        self.folder = folder
        self.cgroup = cgroup
        self.wall = wall
        self.frameworks: set[str] = set()
        self.relay = Relay(stream)
        self.cpus = len(os.sched_getaffinity(0))
        self._measure()
        self.walls = Domain() if options["landlock"] else NO_DOMAIN
        """Of testers: nothing but the walls between processes."""
        self.domain = NO_DOMAIN
        if self.walls.abi:  # every candidate is kept from the test files of all workers, whatever its own label is
            self.domain = Domain(readable(options["readable"], options["namespaces"]), folder.writable())
        os.environ["TMPDIR"] = folder.temporary
        self.last_pid = -1
        if self.wall.own_namespaces:
            try:
                self.last_pid = os.open("/proc/sys/kernel/ns_last_pid", os.O_WRONLY | os.O_CLOEXEC)
            except OSError:
                pass  # a kernel without CONFIG_CHECKPOINT_RESTORE: numbers go on counting
        self.state = confine.own_state()
        self.setup = os.memfd_create("setup", os.MFD_CLOEXEC)
        self._start_server()

    def _start_server(self) -> None:
        self._give_first_number()
        self.server = ForkServer(self.setup, self.wall, self.walls, self.domain, self.folder)
        self.between = self._poll(select.POLLIN, POLLRDHUP)
        self.during = self._poll(POLLRDHUP, select.POLLIN)
        self.during_tests = self._poll(POLLRDHUP, POLLRDHUP)

    def _poll(self, of_stream: int, of_server: int) -> select.poll:
        """What wakes this process: always the end of the host, and that of the fork server."""
        poll = select.poll()
        poll.register(self.stream, of_stream | POLLRDHUP)
        if self.host >= 0:
            poll.register(self.host, select.POLLIN)
        poll.register(self.server.line, of_server | POLLRDHUP)
        return poll

    def _give_first_number(self) -> None:
        """The next process of this worker's namespace has the lowest number: how many earlier jobs had is nobody's business."""
        if self.last_pid >= 0:
            os.pwrite(self.last_pid, b"1", 0)

    def _measure(self) -> None:
        """What this process holds is not a job's."""
        self.wall.base_data_bytes = status_bytes("VmData")
        self.base_bytes = status_bytes("VmRSS")
        self.cgroup.set_base()

    def serve(self) -> bool:
        """One order, from its first byte to its report; False when there will be no more."""
        if not self._receive(ORDER_BYTES):
            return False
        order = Order.unpack(self.relay.view[:ORDER_BYTES])
        if order.payload_bytes > MAX_PAYLOAD_BYTES:
            raise WireError(f"a payload of {order.payload_bytes} bytes")
        files = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("job", "stdout", "stderr", "answers")]
        try:
            return self.relay.copy(order.payload_bytes, files[0]) and self._serve(order, *files)
        finally:
            for fd in files:
                os.close(fd)

    def _serve(self, order: Order, job: int, out: int, err: int, answers: int) -> bool:
        tests = self._tests(order) if order.tests_bytes else None
        # A large program is no fault of ours: there is room for it beside what it may write.
        room = order.payload_bytes if order.payload_bytes > SMALL_BYTES else 0
        if self.folder.begin(order.file_bytes + room):
            self.domain.allow(self.folder.writable())
        self.cgroup.begin(order.memory_bytes * (2 if tests else 1), order.processes)
        os.pwrite(answers, Progress(0, 0, time.monotonic_ns()).pack(), 0)
        tally = Tally(self.server.pid, self.server.children, self.base_bytes, self.cgroup)
        started = time.monotonic_ns()
        watch = Watch(order, tally, self.cgroup, self.folder, out, err, tests.results if tests else answers, started, self.cpus)
        self._give_first_number()
        files = [job, out, err, answers]
        cause, ended = self._run(watch, files) if tests is None else self._run_with_tests(watch, files, tests)
        if ended is None:
            processes.sweep(tally)
            return False
        wall_ns = time.monotonic_ns() - started
        tally.add(ended.user_seconds, ended.system_seconds, ended.peak_bytes)
        status = os.waitstatus_to_exitcode(ended.raw_status)
        clean = self._sweep(tally) and self.folder.clean() and (self.wall.is_filtered or confine.own_state() == self.state)
        cause = cause or watch.cause_of_end(status)
        if os.fstat(self.setup).st_size:
            cause = "setup"
            os.ftruncate(err, 0)
            os.lseek(err, 0, os.SEEK_SET)
            os.sendfile(err, self.setup, 0, candidate.MAX_MESSAGE)  # its text is ours; it travels in the place of stderr
            os.ftruncate(self.setup, 0)
        done = self._report(order, watch, cause, status, clean, wall_ns, (out, err, answers), tests)
        if tests:
            os.close(tests.results)
        return done

    def _sweep(self, tally: Tally) -> bool:
        """End what the job has left. What has ended but was not waited for counts as left: so nothing can escape this look."""
        swept = True
        if self.server.lists_all:
            swept = self.server.end_all(self.keeper.wait_for_orphans)
        elif not self.wall.is_filtered or not self.server.sees_children or self.server.children():
            ended = self.server.sweep()
            tally.add(ended.user_seconds, ended.system_seconds, ended.peak_bytes)
            swept = ended.clean
        tally.end()
        return swept

    def _tests(self, order: Order) -> Tests:
        """Make ready for a job with tests; what that needs is loaded when it is first needed, for every fork pays for it."""
        framework = FRAMEWORKS[order.framework]
        if framework not in self.frameworks:
            rehearsal = importlib.import_module(".rehearsal", __package__)
            rehearsal.prepare(framework, is_first=not self.frameworks, hidden=self.folder.hidden)
            forget_sources()
            gc.collect()
            gc.freeze()
            self.frameworks.add(framework)
            self.server.close()
            self._measure()  # what the old server held counts no longer
            self._start_server()
        return Tests(order)

    def _run(self, watch: Watch, files: list[int]) -> tuple[str, Ended | None]:
        """Run a candidate: (why it was stopped or "", how it ended); None if host or fork server are gone."""
        self.server.run(watch.order, self.domain, files)
        _, cause, orphaned = self._watch(watch, self.during, [self.server.line.fileno()])
        if orphaned:
            return "", None
        if cause:
            if self.server.running > 0:  # it could be forked at all
                processes.kill(self.server.running, signal.SIGKILL)
        ended = self.server.ended()
        if ended is None:
            watch.tally.sample()
            self.server.take()
            ended = self.server.ended()
        return cause, ended

    def _run_with_tests(self, watch: Watch, files: list[int], tests: Tests) -> tuple[str, Ended | None]:
        """Run a candidate and its tester, in the same way."""
        pid = self.server.candidate(watch.order, self.domain, [*files, tests.candidates_end])
        leader = pidfds.opened(pid)
        try:
            cause, orphaned = self._watch_tests(watch, pid, leader, tests)
        finally:
            pidfds.close(leader)
        if orphaned:
            return "", None
        if time.monotonic_ns() - watch.started > LONG_NS:
            watch.tally.sample()
        if cause:
            processes.kill(pid, signal.SIGKILL)
        return cause, self.server.reap(pid)

    def _watch_tests(self, watch: Watch, pid: int, leader: int, tests: Tests) -> tuple[str, bool]:
        """Start the tester and sleep until it ends: (why the candidate was stopped or "", host is gone)."""
        memory = os.memfd_create("tests", os.MFD_CLOEXEC)
        try:
            # The candidate exists, with a memory of its own: only now do the tests come into this process's reach.
            if not self.relay.copy(tests.order.tests_bytes, memory):
                return "", True
            try:
                tester = tests.fork(memory, self.server)
            except OSError:
                tests.cause = "lost"
                watch.tally.sample()
                # The candidate has left no room for another process, or the machine has none.
                return ("processes" if watch.tally.processes > watch.order.processes else "overloaded"), False
        finally:
            os.close(memory)
        watch.tally.apart = tests.pid
        waiting = [leader, tester]
        poll = self.during_tests
        for fd in waiting:
            pidfds.register(poll, fd)
        cause = ""
        try:
            while tester in waiting:
                ready, found, orphaned = self._watch(watch, poll, waiting)
                if orphaned:
                    return cause, True
                for fd in ready:
                    waiting.remove(fd)
                    pidfds.unregister(poll, fd)
                if found.startswith("tester:"):
                    tests.stop(found.partition(":")[2])
                elif found:
                    cause = found
                    processes.kill(pid, signal.SIGKILL)
                    if cause == "overloaded":
                        tests.stop(cause)
                if leader not in waiting and not watch.is_over:
                    watch.is_over = True
                    watch.over_ns = time.monotonic_ns()
                    watch.over_delay_ns = watch.tally.delay_ns
                    tests.hang_up()
        finally:
            for fd in waiting:
                pidfds.unregister(poll, fd)
            pidfds.close(tester)
        tests.reap(self.server)
        watch.tally.apart_ns = max(watch.tally.apart_ns, tests.cpu_ns)
        watch.tally.apart = 0
        # A process that ends hangs up a little before it can be waited for.
        if leader in waiting and not (tests.is_alone and pidfds.ends_within(leader, HUNG_UP_SECONDS)):
            cause = cause or "finished"  # it was asked everything, and is not needed any more
        return cause, False

    def _watch(self, watch: Watch, poll: select.poll, fds: list[int]) -> tuple[list[int], str, bool]:
        """Sleep until one of the processes ends, a limit is reached or the host is gone: (who ended, which limit, host is gone).

        Without its fork server a worker is of no more use than without a host.
        """
        wait = watch.sample_seconds / 2
        while True:
            ready = {fd for fd, _ in poll.poll(max(1, int(pidfds.patience(fds, wait) * 1000)))}
            ended = [fd for fd in fds if fd in ready or pidfds.has_ended(fd)]
            if ended:
                return ended, "", False
            if ready:
                return [], "", True
            cause, wait = watch.look()
            if cause:
                return [], cause, False

    def _report(
        self,
        order: Order,
        watch: Watch,
        cause: str,
        status: int,
        clean: bool,
        wall_ns: int,
        files: tuple[int, int, int],
        tests: Tests | None,
    ) -> bool:
        sizes = [os.fstat(fd).st_size for fd in files]
        out_size, err_size = sizes[0], sizes[1]
        answers_size = max(0, sizes[2] - ANSWERS_START)
        stdout_bytes = min(out_size, order.output_bytes)
        stderr_bytes = min(err_size, STDERR_TAIL_BYTES)
        answers_bytes = min(answers_size, order.output_bytes)
        results_bytes = max(0, os.fstat(tests.results).st_size - ANSWERS_START) if tests else 0
        tally = watch.tally
        uncounted = max(0, tally.reaped_ns - int((tally.user_seconds + tally.system_seconds) * 1e9))
        peak = self.cgroup.peak_bytes()
        report = Report(
            cause=CAUSE[cause],
            status=status,
            clean=int(clean),
            cpu_user_ns=int(tally.user_seconds * 1e9) + uncounted,
            cpu_system_ns=int(tally.system_seconds * 1e9),
            wall_ns=wall_ns,
            delay_ns=min(tally.delay_ns, wall_ns),
            peak_bytes=tally.peak_bytes if peak is None else peak,
            processes=tally.processes,
            output_bytes=out_size + err_size,
            stdout_bytes=stdout_bytes,
            stderr_bytes=stderr_bytes,
            answers_bytes=answers_bytes,
            results_bytes=results_bytes,
            tester_cause=CAUSE[tests.cause] if tests else 0,
            tester_status=tests.status if tests else 0,
            tester_cpu_ns=tests.cpu_ns if tests else 0,
        )
        sections = [
            Section(files[0], 0, stdout_bytes),
            Section(files[1], err_size - stderr_bytes, stderr_bytes),
            Section(files[2], ANSWERS_START, answers_bytes),
        ]
        if tests:
            sections.append(Section(tests.results, ANSWERS_START, results_bytes))
        self.relay.send(report.pack(), sections)
        return True

    def _receive(self, size: int) -> bool:
        """*size* bytes into the start of the buffer; False at the end of the stream, or when host or fork server have died."""
        have = 0
        while have < size:
            if any(fd != self.stream.fileno() for fd, _ in self.between.poll()):
                return False
            got = self.relay.receive(have, size - have)
            if got == 0:
                return False
            have += got
        return True

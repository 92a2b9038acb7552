"""The zygote: serves a worker's jobs. A copy of this warm interpreter, the fork server, is what candidates are forked from.

It reads orders (numbers), copies payloads into memfds through one buffer that no fork inherits, has candidates forked, checks their
limits, kills and reports. It never reads a job: no byte of a program, an input or an answer is ever an object on its heap, so no
candidate can find an earlier job in the memory that it inherits.

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

from ..program import dry_runs
from ..program.answers import MAX_MESSAGE
from ..walls import confine, processes, seccomp
from ..walls.cgroup import Cgroup
from ..walls.landlock import NO_RULESET, Ruleset
from ..walls.namespaces import readable
from ..walls.workfolder import WorkFolder
from ..wire import FRAMEWORKS, ORDER_BYTES, Order, Progress, WireError
from . import pidfds
from .accounting import Accounting
from .forkserver import LONG_NS, Ended, ForkServer
from .hello import hello_message
from .host_connection import HostConnection, Stream
from .report import report_of
from .tester_process import TesterProcess
from .warming import forget_sources, warm_up
from .watchdog import Watchdog

__all__ = ["main"]

MAX_PAYLOAD_BYTES = 1 << 30
SMALL_BYTES = 1 << 19
POLLRDHUP = 0x2000


def main(
    stream: Stream, host: int, keeper: Keeper, folder: WorkFolder, cgroup: Cgroup, job_uid: int, options: dict[str, Any]
) -> int:
    """Serve orders on *stream* until the host, of which *host* is a pidfd, goes away.

    *job_uid* is the user id of jobs (-1: this process's); *options* are the host's.
    """
    # In a process namespace, only signals that have a handler reach process 1 from within: this one is not to end it.
    signal.signal(signal.SIGINT, _ignore)
    no_filter = confine.prepare(options["seccomp"], options.get("container", ""))
    confinement = confine.Confinement(
        container=options.get("container", ""),
        has_limits=options["limits"],
        uid=job_uid,
        own_namespaces=options["namespaces"],
        is_filtered=not no_filter,
        rules=() if no_filter else seccomp.extra_rules(has_own_root=options["namespaces"], has_memory_cgroup=cgroup.has_memory),
    )
    try:
        missing = warm_up(options["warm"])
        dry_runs.rehearse(folder)
        gc.collect()
        gc.freeze()
        zygote = _Zygote(stream, host, keeper, folder, cgroup, confinement, options)
        data = hello_message(
            keeper.pid, missing, no_filter, confinement, zygote.tester_ruleset.abi, zygote.server.sees_children, cgroup, folder
        )
        stream.sendall(len(data).to_bytes(4, "little") + data)
        while zygote.serve():
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass  # the host has gone
    finally:
        folder.remove()
    return 0


class Keeper(Protocol):
    """What the zygote asks of its keeper."""

    pid: int
    """This process's id as the host sees it."""

    def wait_for_orphans(self) -> bool:
        """Have orphans reaped, where they are the keeper's children; see `KeeperClient`."""


def _ignore(*_: object) -> None:
    """A handler that does nothing; the fork server sets the interpreter's own again."""


HUNG_UP_SECONDS = 1.0
"""How long a candidate that has closed its socket may take to end."""


class _Zygote:
    """One worker's state between jobs, and the steps of serving one."""

    def __init__(
        self,
        stream: Stream,
        host: int,
        keeper: Keeper,
        folder: WorkFolder,
        cgroup: Cgroup,
        confinement: confine.Confinement,
        options: dict[str, Any],
    ) -> None:
        self.stream = stream
        self.host = host
        self.keeper = keeper
        self.folder = folder
        self.cgroup = cgroup
        self.confinement = confinement
        self.frameworks: set[str] = set()
        self.connection = HostConnection(stream)
        self.cpus = len(os.sched_getaffinity(0))
        self._measure_base()
        self.tester_ruleset = Ruleset() if options["landlock"] else NO_RULESET
        """It only separates processes."""
        self.candidate_ruleset = NO_RULESET
        if self.tester_ruleset.abi:  # whatever a candidate's own label is, it cannot read the test files of any worker
            self.candidate_ruleset = Ruleset(readable(options["readable"], options["namespaces"]), folder.writable())
        os.environ["TMPDIR"] = folder.temporary
        self.last_pid = -1
        if self.confinement.own_namespaces:
            try:
                self.last_pid = os.open("/proc/sys/kernel/ns_last_pid", os.O_WRONLY | os.O_CLOEXEC)
            except OSError:
                pass  # a kernel without CONFIG_CHECKPOINT_RESTORE: process ids go on counting
        self.state = confine.rlimits_and_scheduling()
        self.setup = os.memfd_create("setup", os.MFD_CLOEXEC)
        self._start_server()

    def _start_server(self) -> None:
        self._reset_process_ids()
        self.server = ForkServer(self.setup, self.confinement, self.tester_ruleset, self.candidate_ruleset, self.folder)
        self.while_idle = self._poll(select.POLLIN, POLLRDHUP)
        self.while_running = self._poll(POLLRDHUP, select.POLLIN)
        self.while_testing = self._poll(POLLRDHUP, POLLRDHUP)

    def _poll(self, of_stream: int, of_server: int) -> select.poll:
        """What wakes this process: always the end of the host and that of the fork server."""
        poll = select.poll()
        poll.register(self.stream, of_stream | POLLRDHUP)
        if self.host >= 0:
            poll.register(self.host, select.POLLIN)
        poll.register(self.server.socket, of_server | POLLRDHUP)
        return poll

    def _reset_process_ids(self) -> None:
        """The next process of this worker's namespace gets the lowest id: no job is to know how many processes earlier ones had."""
        if self.last_pid >= 0:
            os.pwrite(self.last_pid, b"1", 0)

    def _measure_base(self) -> None:
        """Note what the zygote itself holds, which is not charged to jobs."""
        self.confinement.base_data_bytes = processes.own_memory_bytes("VmData")
        self.base_bytes = processes.own_memory_bytes("VmRSS")
        self.cgroup.set_base()

    def serve(self) -> bool:
        """Serve one order, from its first byte to its report. False when there will be no more."""
        if not self._receive(ORDER_BYTES):
            return False
        order = Order.unpack(self.connection.view[:ORDER_BYTES])
        if order.payload_bytes > MAX_PAYLOAD_BYTES:
            raise WireError(f"a payload of {order.payload_bytes} bytes")
        files = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("job", "stdout", "stderr", "answers")]
        try:
            return self.connection.receive_file(order.payload_bytes, files[0]) and self._serve(order, *files)
        finally:
            for fd in files:
                os.close(fd)

    def _serve(self, order: Order, job: int, out: int, err: int, answers: int) -> bool:
        tests = self._tester(order) if order.tests_bytes else None
        # A large program must not fail for the size of its folder: its size is added to what it may write.
        room = order.payload_bytes if order.payload_bytes > SMALL_BYTES else 0
        if self.folder.begin(order.file_bytes + room):
            self.candidate_ruleset.allow(self.folder.writable())
        self.cgroup.begin(order.memory_bytes * (2 if tests else 1), order.processes)
        os.pwrite(answers, Progress(0, 0, time.monotonic_ns()).pack(), 0)
        accounting = Accounting(self.server.pid, self.server.children, self.base_bytes, self.cgroup)
        started = time.monotonic_ns()
        watchdog = Watchdog(
            order, accounting, self.cgroup, self.folder, out, err, tests.results if tests else answers, started, self.cpus
        )
        self._reset_process_ids()
        files = [job, out, err, answers]
        cause, ended = self._run(watchdog, files) if tests is None else self._run_with_tests(watchdog, files, tests)
        if ended is None:
            processes.sweep(accounting)
            return False
        wall_ns = time.monotonic_ns() - started
        accounting.add(ended.user_seconds, ended.system_seconds, ended.peak_bytes)
        status = os.waitstatus_to_exitcode(ended.raw_status)
        clean = (
            self._sweep(accounting)
            and self.folder.clean()
            and (self.confinement.is_filtered or confine.rlimits_and_scheduling() == self.state)
        )
        cause = cause or watchdog.cause_of_end(status)
        if os.fstat(self.setup).st_size:
            cause = "setup"
            os.ftruncate(err, 0)
            os.lseek(err, 0, os.SEEK_SET)
            os.sendfile(err, self.setup, 0, MAX_MESSAGE)  # the text is ours, and is sent in the place of stderr
            os.ftruncate(self.setup, 0)
        report, slices = report_of(watchdog, cause, status, clean, wall_ns, self.cgroup.peak_bytes(), (out, err, answers), tests)
        self.connection.send(report.pack(), slices)
        if tests:
            os.close(tests.results)
        return True

    def _sweep(self, accounting: Accounting) -> bool:
        """End what the job has left. A process that has ended but is not reaped counts as left, so none escapes."""
        swept = True
        if self.server.lists_all:
            swept = self.server.end_all(self.keeper.wait_for_orphans)
        elif not self.confinement.is_filtered or not self.server.sees_children or self.server.children():
            ended = self.server.sweep()
            accounting.add(ended.user_seconds, ended.system_seconds, ended.peak_bytes)
            swept = ended.clean
        accounting.end()
        return swept

    def _tester(self, order: Order) -> TesterProcess:
        """The tester of a job. The first with a framework loads what that needs, into a new fork server: each fork pays for what is loaded."""
        framework = FRAMEWORKS[order.framework]
        if framework not in self.frameworks:
            tester_dry_runs = importlib.import_module(".tester_dry_runs", __package__)
            place = self.folder.shared if self.folder.hidden else ""
            tester_dry_runs.rehearse_tests(framework, is_first=not self.frameworks, place=place)
            forget_sources()
            gc.collect()
            gc.freeze()
            self.frameworks.add(framework)
            self.server.close()
            self._measure_base()  # the old fork server is not counted any more
            self._start_server()
        return TesterProcess(order)

    def _run(self, watchdog: Watchdog, files: list[int]) -> tuple[str, Ended | None]:
        """Run a candidate: (why it was stopped or "", how it ended). How is None if the host or the fork server is gone."""
        self.server.run_candidate(watchdog.order, self.candidate_ruleset, files)
        _, cause, orphaned = self._wait_for_event(watchdog, self.while_running, [self.server.socket.fileno()])
        if orphaned:
            return "", None
        if cause:
            if self.server.candidate_pid > 0:  # negative if it could not be forked
                processes.kill(self.server.candidate_pid, signal.SIGKILL)
        ended = self.server.ended()
        if ended is None:
            watchdog.accounting.sample()
            self.server.reap_candidate()
            ended = self.server.ended()
        return cause, ended

    def _run_with_tests(self, watchdog: Watchdog, files: list[int], tests: TesterProcess) -> tuple[str, Ended | None]:
        """Run a candidate and its tester, in the same way."""
        pid = self.server.fork_candidate(watchdog.order, self.candidate_ruleset, [*files, tests.candidates_end])
        candidate_process = pidfds.open_process(pid)
        try:
            cause, orphaned = self._watch_tests(watchdog, pid, candidate_process, tests)
        finally:
            pidfds.close(candidate_process)
        if orphaned:
            return "", None
        if time.monotonic_ns() - watchdog.started > LONG_NS:
            watchdog.accounting.sample()
        if cause:
            processes.kill(pid, signal.SIGKILL)
        return cause, self.server.reap(pid)

    def _watch_tests(self, watchdog: Watchdog, pid: int, candidate_process: int, tests: TesterProcess) -> tuple[str, bool]:
        """Start the tester and sleep until it ends: (why the candidate was stopped or "", host is gone)."""
        memory = os.memfd_create("tests", os.MFD_CLOEXEC)
        try:
            # The candidate has been forked: only now are the tests read from the stream, so its memory cannot hold them.
            if not self.connection.receive_file(tests.order.tests_bytes, memory):
                return "", True
            try:
                tester = tests.fork(memory, self.server)
            except OSError:
                tests.cause = "lost"
                watchdog.accounting.sample()
                # The candidate has left no room for another process, or the machine has none.
                return ("processes" if watchdog.accounting.processes > watchdog.order.processes else "overloaded"), False
        finally:
            os.close(memory)
        watchdog.accounting.tester_pid = tests.pid
        waiting = [candidate_process, tester]
        poll = self.while_testing
        for fd in waiting:
            pidfds.register(poll, fd)
        cause = ""
        try:
            while tester in waiting:
                ready, found, orphaned = self._wait_for_event(watchdog, poll, waiting)
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
                if candidate_process not in waiting and not watchdog.candidate_ended:
                    watchdog.candidate_ended = True
                    watchdog.ended_ns = time.monotonic_ns()
                    watchdog.ended_delay_ns = watchdog.accounting.delay_ns
                    tests.hang_up()
        finally:
            for fd in waiting:
                pidfds.unregister(poll, fd)
            pidfds.close(tester)
        tests.reap(self.server)
        watchdog.accounting.tester_cpu_ns = max(watchdog.accounting.tester_cpu_ns, tests.cpu_ns)
        watchdog.accounting.tester_pid = 0
        # A process that ends closes its socket a little before it can be reaped.
        if candidate_process in waiting and not (tests.lost_candidate and pidfds.ends_within(candidate_process, HUNG_UP_SECONDS)):
            cause = cause or "finished"  # the tests have ended, so it is not needed any more
        return cause, False

    def _wait_for_event(self, watchdog: Watchdog, poll: select.poll, fds: list[int]) -> tuple[list[int], str, bool]:
        """Sleep until one of the processes ends, a limit is reached or the host is gone: (who ended, which limit, host is gone).

        That the fork server is gone counts as the host: the worker cannot go on.
        """
        wait = watchdog.sample_seconds / 2
        while True:
            ready = {fd for fd, _ in poll.poll(max(1, int(pidfds.poll_seconds(fds, wait) * 1000)))}
            ended = [fd for fd in fds if fd in ready or pidfds.has_ended(fd)]
            if ended:
                return ended, "", False
            if ready:
                return [], "", True
            cause, wait = watchdog.check()
            if cause:
                return [], cause, False

    def _receive(self, size: int) -> bool:
        """*size* bytes into the start of the buffer; False at the end of the stream, or when host or fork server have died."""
        have = 0
        while have < size:
            if any(fd != self.stream.fileno() for fd, _ in self.while_idle.poll()):
                return False
            got = self.connection.receive(have, size - have)
            if got == 0:
                return False
            have += got
        return True

"""The fork server: a copy of the warm zygote that only forks, at requests over a socket that no job inherits.

    zygote ──"run", limits, descriptors──▶ fork server ──fork──▶ candidate
           ◀──── how it ended, what it used ────       ──fork──▶ tester

After a fork the parent too copies every page that it writes next, and an interpreter writes many whatever it does, for reference
counts lie with the objects. So the process that watches, counts and reports is not the one that forks: little runs here, and the
zygote copies nothing. Candidates and testers are children of the fork server, and it is the subreaper of what they leave behind.
"""

from __future__ import annotations

import array
import os
import signal
import socket
import struct
import threading
import time
from typing import Any, Callable, NamedTuple, NoReturn, Sequence

from ..program import candidate
from ..walls import confine, processes, seccomp, syscalls
from ..walls.landlock import SIGNALS_ABI, Ruleset
from ..walls.processes import Usage
from ..walls.workfolder import WorkFolder
from ..wire import ORDER_BYTES, Order

__all__ = ["Ended", "ForkServer"]

_RUN, _CANDIDATE, _TESTER, _REAP, _SWEEP = range(5)
LONG_NS = 20_000_000
"""A job that took longer is sampled once more before it is reaped; for shorter ones that would cost more than it tells."""
_ENDED = struct.Struct("<i?ddQ")
_MAX_FDS = 8
_MESSAGE_BYTES = 1 + ORDER_BYTES
_SAMPLE = b"l"


class Ended(NamedTuple):
    """How a process ended and what it had used; after a sweep, of all processes together."""

    raw_status: int
    clean: bool
    user_seconds: float
    system_seconds: float
    peak_bytes: int


class ForkServer:
    """The zygote's side of the socket: start the fork server, and have it fork, reap and sweep."""

    def __init__(
        self, setup: int, confinement: confine.Confinement, tester_ruleset: Ruleset, ruleset: Ruleset, folder: WorkFolder
    ) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Process ids go through a pipe of their own, so that waiting on the socket wakes only when a candidate has ended.
        self._pids, pids = os.pipe()
        self._pid = 0
        zygote = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() == zygote:
                    syscalls.become_subreaper()
                    signal.signal(signal.SIGINT, signal.default_int_handler)  # as programs expect it
                    state = confine.rlimits_and_scheduling()  # before a job can change it
                    _send_children(theirs)
                    oom_score = confine.OomScore()  # opened here: /proc/self is the process that opens it
                    has_own = confinement.own_namespaces or bool(confinement.container)  # a process namespace
                    if has_own and confinement.is_filtered and tester_ruleset.abi < SIGNALS_ABI:
                        seccomp.install(seccomp.no_signals_to([1, zygote, os.getpid()]))
                    _keep_only(theirs.fileno(), pids, setup, tester_ruleset.fd, oom_score.fd, folder.view_fd)
                    _serve(theirs, pids, setup, confinement, tester_ruleset, ruleset, folder, oom_score, state)
            finally:
                os._exit(1)
        theirs.close()
        os.close(pids)
        _, fds, _, _ = socket.recv_fds(self.socket, 1, 1)
        self._children = fds[0] if fds else -1
        self._own = {1, zygote, self.pid}
        self.lists_all = bool(confinement.container) and not fds
        """There is no file of children, but every process in the container is one of the worker's own three, or the job's."""
        self.sees_children = bool(fds) or self.lists_all

    def run_candidate(self, order: Order, ruleset: Ruleset, fds: Sequence[int]) -> None:
        """Fork a candidate and have it reaped: `socket` becomes readable when it has ended."""
        self._pid = 0
        self._ask(_RUN, order, [*fds, *([ruleset.fd] if ruleset.fd >= 0 else ())])

    @property
    def candidate_pid(self) -> int:
        """The process id of the candidate that runs."""
        if not self._pid:
            self._pid = int.from_bytes(os.read(self._pids, 4), "little", signed=True)
        return self._pid

    def ended(self) -> Ended | None:
        """How the candidate that ran has ended. None: it took long, and stays a zombie that can be sampled until `reap_candidate` is called."""
        data = self.socket.recv(_ENDED.size)
        if data == _SAMPLE:
            return None
        ended = Ended(*_ENDED.unpack(self._whole(data, _ENDED.size)))
        if self.candidate_pid < 0:
            raise OSError(-self._pid, f"fork: {os.strerror(-self._pid)}")
        return ended

    def reap_candidate(self) -> None:
        """Let the candidate that has been sampled be reaped; `ended` tells of it."""
        self.socket.send(_SAMPLE)

    def children(self) -> list[int]:
        """Processes that it has forked, or that those left behind, and that are not reaped yet."""
        if self.lists_all:
            return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in self._own]
        return [int(word) for word in os.pread(self._children, 4096, 0).split()] if self.sees_children else []

    def end_all(self, wait_for_orphans: Callable[[], bool]) -> bool:
        """Where `lists_all`: end every process of the job; process 1 reaps them. False if one refuses to die."""
        for _ in range(200):
            wait_for_orphans()
            left = self.children()
            if not left:
                return True
            for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none can fork while others die
                for pid in left:
                    processes.kill(pid, number)
            time.sleep(0.002)
        return False

    def fork_candidate(self, order: Order, ruleset: Ruleset, fds: Sequence[int]) -> int:
        """Fork a candidate, with the files of its job, stdout, stderr and answers and, with tests, its end of their socket; its process id.

        Raises:
            OSError: no process can be made.
        """
        return self._fork(_CANDIDATE, order, [*fds, *([ruleset.fd] if ruleset.fd >= 0 else ())])

    def fork_tester(self, order: Order, fds: Sequence[int]) -> int:
        """Fork a tester, with its tests, results and end of the socket; its process id.

        Raises:
            OSError: no process can be made.
        """
        return self._fork(_TESTER, order, fds)

    def _fork(self, kind: int, order: Order, fds: Sequence[int]) -> int:
        self._ask(kind, order, fds)
        pid = int.from_bytes(self._received(4), "little", signed=True)
        if pid < 0:
            raise OSError(-pid, f"fork: {os.strerror(-pid)}")
        return pid

    def _ask(self, kind: int, order: Order, fds: Sequence[int]) -> None:
        self.socket.sendmsg([bytes([kind]) + order.limits()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])

    def reap(self, pid: int) -> Ended:
        """Wait for a candidate or tester."""
        self.socket.send(bytes([_REAP]) + pid.to_bytes(4, "little"))
        return Ended(*_ENDED.unpack(self._received(_ENDED.size)))

    def sweep(self) -> Ended:
        """End and reap all that is left of a job; `clean` if nothing is left and the fork server's own limits are unchanged."""
        self.socket.send(bytes([_SWEEP]))
        return Ended(*_ENDED.unpack(self._received(_ENDED.size)))

    def _received(self, size: int) -> bytes:
        return self._whole(self.socket.recv(size), size)

    @staticmethod
    def _whole(data: bytes, size: int) -> bytes:
        if len(data) != size:
            raise ConnectionResetError("the fork server has ended")
        return data

    def close(self) -> None:
        """End the fork server; what it forked has ended before."""
        self.socket.close()
        os.close(self._pids)
        if self._children >= 0:
            os.close(self._children)
        os.waitpid(self.pid, 0)


def _send_children(line: socket.socket) -> None:
    """Send the zygote the open file that lists this process's children: not every machine lets it open that itself."""
    try:
        fd = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        line.send(b"-")  # a kernel without CONFIG_PROC_CHILDREN
        return
    socket.send_fds(line, [b"+"], [fd])
    os.close(fd)


def _keep_only(*fds: int) -> None:
    """Close all other descriptors but the standard ones: the host's stream must end when the zygote does."""
    start = 3
    for fd in sorted(fds):
        if fd >= start:
            os.closerange(start, fd)
            start = fd + 1
    os.closerange(start, 1 << 16)


def _serve(
    line: socket.socket,
    pids: int,
    setup: int,
    confinement: confine.Confinement,
    tester_ruleset: Ruleset,
    ruleset: Ruleset,
    folder: WorkFolder,
    oom_score: confine.OomScore,
    state: list[object],
) -> None:
    """Serve requests until the zygote hangs up. Each page that is written here is copied once a job: hence the plain code."""
    receive, send, fork, wait, close, pwrite = line.recvmsg, line.send, os.fork, os.wait4, os.close, os.pwrite
    write_pid, wait_without_reaping, clock, exited_unreaped = os.write, os.waitid, time.monotonic_ns, os.WEXITED | os.WNOWAIT
    pack = _ENDED.pack
    add_hook, hook, get_process_id = os.register_at_fork, threading._after_fork, os.getpid  # type: ignore[attr-defined]
    thread: Any = threading.main_thread()
    space = socket.CMSG_SPACE(4 * _MAX_FDS)
    candidate_score, tester_score, own_score = (oom_score.text(score) for score in (1000, 500, 0))
    score_fd = oom_score.fd
    known = Order(*[0] * len(Order._fields)).pack()
    order = Order.unpack(known)
    while True:
        message, given, _, _ = receive(_MESSAGE_BYTES, space)
        if not message:
            return
        kind = message[0]
        if kind == _REAP:
            _, raw, used = wait(int.from_bytes(message[1:], "little"), 0)
            send(pack(raw, True, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024))
            continue
        if kind == _SWEEP:
            usage = Usage()
            clean = processes.sweep(usage) and confine.rlimits_and_scheduling() == state
            send(pack(0, clean, usage.user_seconds, usage.system_seconds, usage.peak_bytes))
            continue
        if known != message[1:]:
            known = message[1:]
            order = Order.unpack(known)
        fds = array.array("i", given[0][2]).tolist()
        start = clock()
        pwrite(score_fd, tester_score if kind == _TESTER else candidate_score, 0)
        try:
            pid = fork()
        except OSError as error:
            pid = -(error.errno or 1)
        if pid == 0:
            # What a hook does that was left out when this interpreter started: threading is told that one thread is left, and its id.
            add_hook(after_in_child=hook)
            thread._native_id = get_process_id()
            if kind == _TESTER:
                _be_tester(order, fds, setup, confinement, tester_ruleset, folder)
            _be_candidate(order, fds, setup, confinement, ruleset, folder)
        pwrite(score_fd, own_score, 0)
        for fd in fds:
            close(fd)
        if kind != _RUN:
            send(pid.to_bytes(4, "little", signed=True))
            continue
        write_pid(pids, pid.to_bytes(4, "little", signed=True))
        if pid < 0:
            send(pack(0, False, 0, 0, 0))
            continue
        wait_without_reaping(os.P_PID, pid, exited_unreaped)
        if clock() - start > LONG_NS:
            send(_SAMPLE)
            receive(1)
        _, raw, used = wait(pid, 0)
        send(pack(raw, True, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024))


def _be_candidate(
    order: Order, fds: Sequence[int], setup: int, confinement: confine.Confinement, ruleset: Ruleset, folder: WorkFolder
) -> NoReturn:
    job, out, err, answers, *others = fds
    if ruleset.fd >= 0:
        ruleset.fd = others.pop()  # of the folders as they are now
    candidate.run(order, job, out, err, answers, setup, confinement, ruleset, folder, others[0] if others else -1)


def _be_tester(
    order: Order, fds: Sequence[int], setup: int, confinement: confine.Confinement, tester_ruleset: Ruleset, folder: WorkFolder
) -> NoReturn:
    from ..tests import tester  # imported by the zygote when there were tests for the first time

    tests, results, rpc = fds
    tester.run(order, tests, results, rpc, setup, confinement, tester_ruleset, folder)

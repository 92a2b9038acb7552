"""The process that does nothing but fork: a copy of the warm zygote, asked over a socket that no job inherits.

    zygote ──"candidate", limits, descriptors──▶ fork server ──fork──▶ candidate
           ◀──────────── its process id ────────             ──fork──▶ tester
           ──"reap", process id─▶  ◀─ how it ended, what it used

A process that was forked from has to copy every page that it writes next, and an interpreter writes many when it does nearly
anything, for reference counts lie with the objects. So what watches, counts and reports is not what is forked from: here little
runs, and there nothing is copied. Candidates and testers are children of the fork server, and so is whatever they leave behind.
"""

from __future__ import annotations

import array
import os
import signal
import socket
import struct
from typing import NamedTuple, NoReturn, Sequence

from . import candidate, confine, syscalls
from .landlock import Domain
from .wire import ORDER_BYTES, Order
from .workfolder import Scratch

__all__ = ["Ended", "ForkServer"]

_CANDIDATE, _TESTER, _REAP, _SWEEP = range(4)
_ENDED = struct.Struct("<i?ddQ")
_MAX_FDS = 8
_MESSAGE_BYTES = 1 + ORDER_BYTES


class Ended(NamedTuple):
    """How a process ended, and what it, or everything that was swept up, had used."""

    raw_status: int
    clean: bool
    user_seconds: float
    system_seconds: float
    peak_bytes: int


class ForkServer:
    """The zygote's end of the line: fork, wait, sweep."""

    def __init__(
        self, setup: int, wall: confine.Wall, walls: Domain, domain: Domain, folder: Scratch, badness: confine.Badness
    ) -> None:
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        zygote = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() == zygote:
                    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
                    signal.signal(signal.SIGINT, signal.default_int_handler)  # as programs expect it
                    _keep_only(theirs.fileno(), setup, walls.fd, badness.fd)
                    _serve(theirs, setup, wall, walls, domain, folder, badness)
            finally:
                os._exit(1)
        theirs.close()

    def candidate(self, order: Order, domain: Domain, fds: Sequence[int]) -> int:
        """Fork a candidate, with its job, standard output, standard error, answers and, if there is one, line; its process id.

        Raises:
            OSError: no process can be made.
        """
        return self._fork(_CANDIDATE, order, [*fds, *([domain.fd] if domain.fd >= 0 else ())])

    def tester(self, order: Order, fds: Sequence[int]) -> int:
        """Fork a tester, with its tests, results and line; its process id.

        Raises:
            OSError: no process can be made.
        """
        return self._fork(_TESTER, order, fds)

    def _fork(self, kind: int, order: Order, fds: Sequence[int]) -> int:
        given = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        self.line.sendmsg([bytes([kind]) + order.pack()], given)
        pid = int.from_bytes(self._received(4), "little", signed=True)
        if pid < 0:
            raise OSError(-pid, f"fork: {os.strerror(-pid)}")
        return pid

    def reap(self, pid: int) -> Ended:
        """Wait for one of them."""
        self.line.send(bytes([_REAP]) + pid.to_bytes(4, "little"))
        return Ended(*_ENDED.unpack(self._received(_ENDED.size)))

    def sweep(self) -> Ended:
        """End and wait for everything that is left of a job; whether nothing is, and nothing has changed the fork server."""
        self.line.send(bytes([_SWEEP]))
        return Ended(*_ENDED.unpack(self._received(_ENDED.size)))

    def _received(self, size: int) -> bytes:
        data = self.line.recv(size)
        if len(data) != size:
            raise ConnectionResetError("the fork server has ended")
        return data

    def close(self) -> None:
        """Let it end; what it forked has ended before."""
        self.line.close()
        os.waitpid(self.pid, 0)


def _keep_only(*fds: int) -> None:
    """Close every other descriptor but the standard ones: the host is to see that the zygote has gone."""
    start = 3
    for fd in sorted(fds):
        if fd >= start:
            os.closerange(start, fd)
            start = fd + 1
    os.closerange(start, 1 << 16)


def _serve(
    line: socket.socket, setup: int, wall: confine.Wall, walls: Domain, domain: Domain, folder: Scratch, badness: confine.Badness
) -> None:
    """Do what is asked until the zygote hangs up. Every page that is written here is copied once a job: hence the plain code."""
    state = confine.own_state()
    receive, send, fork, wait, close, write = line.recvmsg, line.send, os.fork, os.wait4, os.close, os.pwrite
    pack = _ENDED.pack
    space = socket.CMSG_SPACE(4 * _MAX_FDS)
    children, testers, own = (badness.text(number) for number in (1000, 500, 0))
    score = badness.fd
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
            usage = confine.Usage()
            clean = confine.sweep(usage) and confine.own_state() == state
            send(pack(0, clean, usage.user_seconds, usage.system_seconds, usage.peak_bytes))
            continue
        fds = array.array("i", given[0][2])
        write(score, children if kind == _CANDIDATE else testers, 0)
        try:
            pid = fork()
        except OSError as error:
            pid = -(error.errno or 1)
        if pid == 0:
            order = Order.unpack(message[1:])
            if kind == _CANDIDATE:
                _be_candidate(order, fds, setup, wall, domain, folder)
            _be_tester(order, fds, setup, wall, walls, folder)
        write(score, own, 0)
        for fd in fds:
            close(fd)
        send(pid.to_bytes(4, "little", signed=True))


def _be_candidate(order: Order, fds: Sequence[int], setup: int, wall: confine.Wall, domain: Domain, folder: Scratch) -> NoReturn:
    job, out, err, answers, *others = fds
    if domain.fd >= 0:
        domain.fd = others.pop()  # of the folders as they are now
    candidate.run(order, job, out, err, answers, setup, wall, domain, folder, others[0] if others else -1)


def _be_tester(order: Order, fds: Sequence[int], setup: int, wall: confine.Wall, walls: Domain, folder: Scratch) -> NoReturn:
    from . import tester  # imported by the zygote when there were tests for the first time

    tests, results, line = fds
    tester.run(order, tests, results, line, setup, wall, walls, folder)

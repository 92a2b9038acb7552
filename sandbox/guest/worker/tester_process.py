"""A job's tester, as the zygote sees it: its process, its socket to the candidate, and its file of results."""

from __future__ import annotations

import os
import signal
import socket
import time

from ..walls import processes
from ..wire import EXIT_CANDIDATE_GONE, Order, Progress
from . import pidfds
from .forkserver import ForkServer

__all__ = ["TesterProcess"]


class TesterProcess:
    """The tester of one job; made before the candidate is forked, which gets one end of the socket."""

    def __init__(self, order: Order) -> None:
        self.order = order
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._theirs: socket.socket | None = theirs
        self.candidates_end = theirs.fileno()
        self.results = os.memfd_create("results", os.MFD_CLOEXEC)
        os.pwrite(self.results, Progress(0, 0, time.monotonic_ns()).pack(), 0)
        self.pid = 0
        self.cause = ""
        self.status = 0
        self.cpu_ns = 0
        self.lost_candidate = False
        """The tester ended because the candidate had."""

    def fork(self, memory: int, server: ForkServer) -> int:
        """Start the tester; its process, as `pidfds.open_process` gives it.

        Raises:
            OSError: no process can be made.
        """
        if self._theirs is not None:
            self._theirs.close()  # only the candidate holds it now: its end is the end of the line
            self._theirs = None
        self.pid = server.fork_tester(self.order, [memory, self.results, self._socket.fileno()])
        return pidfds.open_process(self.pid)

    def hang_up(self) -> None:
        """Shut the socket down: the candidate has ended, and processes that it left behind may still hold its end."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def stop(self, cause: str) -> None:
        """Note why, and kill the tester."""
        self.cause = cause
        processes.kill(self.pid, signal.SIGKILL)

    def reap(self, server: ForkServer) -> None:
        """Wait for it."""
        ended = server.reap(self.pid)
        self._socket.close()
        self.status = os.waitstatus_to_exitcode(ended.raw_status)
        if self.status == EXIT_CANDIDATE_GONE:
            self.lost_candidate, self.status = True, 0
        self.cpu_ns = int((ended.user_seconds + ended.system_seconds) * 1e9)
        if not self.cause:
            self.cause = "finished" if self.status == 0 else "exited" if self.status > 0 else "signaled"

"""The tester of one job, as the zygote sees it: a process, the line to the candidate, and the file of results."""

from __future__ import annotations

import os
import signal
import socket
import time

from ..walls import processes
from ..wire import EXIT_ALONE, Order, Progress
from . import pidfds
from .forkserver import ForkServer

__all__ = ["Tests"]


class Tests:
    """The tester of one job, as the zygote sees it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        ours, theirs = socket.socketpair()
        self._line = ours
        self._theirs: socket.socket | None = theirs
        self.candidates_end = theirs.fileno()
        self.results = os.memfd_create("results", os.MFD_CLOEXEC)
        os.pwrite(self.results, Progress(0, 0, time.monotonic_ns()).pack(), 0)
        self.pid = 0
        self.cause = ""
        self.status = 0
        self.cpu_ns = 0
        self.is_alone = False
        """The tester ended because the candidate had."""

    def fork(self, memory: int, server: ForkServer) -> int:
        """Start the tester; its process, as `pidfds.opened` gives it.

        Raises:
            OSError: no process can be made.
        """
        if self._theirs is not None:
            self._theirs.close()  # only the candidate holds it now: its end is the end of the line
            self._theirs = None
        self.pid = server.tester(self.order, [memory, self.results, self._line.fileno()])
        return pidfds.opened(self.pid)

    def hang_up(self) -> None:
        """The candidate has ended: whatever it left behind that holds the line, the tester hears no more of it."""
        try:
            self._line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def stop(self, cause: str) -> None:
        """End the tester, for a cause that is written down first."""
        self.cause = cause
        processes.kill(self.pid, signal.SIGKILL)

    def reap(self, server: ForkServer) -> None:
        """Wait for it."""
        ended = server.reap(self.pid)
        self._line.close()
        self.status = os.waitstatus_to_exitcode(ended.raw_status)
        if self.status == EXIT_ALONE:
            self.is_alone, self.status = True, 0
        self.cpu_ns = int((ended.user_seconds + ended.system_seconds) * 1e9)
        if not self.cause:
            self.cause = "finished" if self.status == 0 else "exited" if self.status > 0 else "signaled"

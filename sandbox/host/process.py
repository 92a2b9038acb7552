"""A worker that is a process on this machine: the guest, started by exec and reached over a socket pair.

Nothing is forked from the calling process (it may be a trainer of many gigabytes with CUDA and gRPC threads), its environment
is not passed on (it may hold secrets), and the zygote ends when this process does, however it ends.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from typing import Any

from sandbox.host import bundle, cgroups
from sandbox.host.stream import ENVIRONMENT, StreamWorker
from sandbox.words.errors import ConfigurationError, LayerMissing, WorkerLost
from sandbox.words.layers import Isolation, Layer

__all__ = ["MECHANISMS", "ProcessWorker"]

CLOSE_SECONDS = 10.0
_log = logging.getLogger("sandbox")
MIN_OPEN_FILES = 256
"""The guest's own descriptors have numbers near 200."""

MECHANISMS = frozenset(("namespaces", "landlock", "seccomp", "limits", "cgroup"))
"""What a worker is confined with. To leave one out is for controls of tests and for benchmarks that price them."""


class ProcessWorker(StreamWorker):
    """One warm zygote. Not thread-safe: a pool leases it to one caller at a time.

    *python* is the interpreter that candidates run in (CPython 3.9 or newer; default: this one), *warm* names modules to import
    before the first job, *readable* more folders that candidates may read. Layers of *allow_missing* may be missing; any other that
    cannot be enforced stops the worker. *folder* is where work folders of unprivileged workers are made (default: /dev/shm, or else
    the system's folder for temporary files).

    Raises:
        ConfigurationError: the interpreter cannot be started, or a module of *warm* does not exist there.
        LayerMissing: a required layer cannot be enforced.
    """

    def __init__(
        self,
        *,
        python: str | None = None,
        warm: Sequence[str] = (),
        folder: str | None = None,
        readable: Sequence[str] = (),
        isolation: Isolation | str = Isolation.AUTO,
        allow_missing: Collection[Layer] = frozenset(),
        mechanisms: Collection[str] = MECHANISMS,
    ) -> None:
        if (most := resource.getrlimit(resource.RLIMIT_NOFILE)[0]) < MIN_OPEN_FILES:
            raise ConfigurationError(
                f"a process may open {most} files here; workers need {MIN_OPEN_FILES}: ulimit -n {MIN_OPEN_FILES}"
            )
        self._python = python or sys.executable
        extra = [os.path.normpath(path) for path in readable]
        self._options = {
            "warm": list(warm),
            "folder": folder or _work_folders(),
            "hidden": _hidden_place(),
            "readable": extra,
            **{name: name in mechanisms for name in ("landlock", "seccomp", "limits")},
        }
        for path in extra:
            if not os.path.isabs(path) or not os.path.exists(path):
                raise ConfigurationError(
                    f"readable={path!r} cannot be shown: it is no folder or file here; name one that is, from the root on"
                )
            if any(path == place or place.startswith(f"{path.rstrip('/')}/") for place in _MOUNTED_OVER):
                raise ConfigurationError(
                    f"readable={path!r} cannot be shown: workers have a {path} of their own; name folders below it"
                )
        isolation = Isolation(isolation)
        wanted = isolation is not Isolation.UNPRIVILEGED and "namespaces" in mechanisms
        self._closing = threading.Lock()  # protects what close() releases
        self._group = cgroups.Group(why_not="left out")
        self.why_no_namespaces = "" if wanted else "not asked for"
        key = (self._python, *extra)
        if wanted and isolation is Isolation.AUTO and _why_no_namespaces.get(key):
            wanted, self.why_no_namespaces = False, _why_no_namespaces[key]
        hello = self._start_guest(wanted, "cgroup" in mechanisms)
        if "failed" in hello:
            self.close()
            if isolation is Isolation.NAMESPACES:
                raise LayerMissing(f"{hello['failed']}; {_GET_NAMESPACES}")
            if _why_no_namespaces.get(key) == "" or hello["errno"] in _TRANSIENT:  # it worked before, or may work the next time
                raise WorkerLost(f"another worker cannot have namespaces now: {hello['failed']}")
            self.why_no_namespaces = _why_no_namespaces[key] = str(hello["failed"])
            _log.warning(
                "programs run in the unprivileged tier, for no namespaces can be had here: %s (isolation=namespaces would stop instead)",
                hello["failed"],
            )
            wanted = False
            hello = self._start_guest(False, "cgroup" in mechanisms)
        if wanted and "failed" not in hello:
            _why_no_namespaces[key] = ""
        try:
            if "failed" in hello:
                raise ConfigurationError(f"a worker could not begin: {hello['failed']}")
            self._folders += [str(folder) for folder in hello["folders"]]
            if hello["missing"]:
                raise ConfigurationError(
                    f"{self._python} cannot import {', '.join(hello['missing'])}; install it there, take it out of `warm` (SANDBOX_WARM), or, "
                    "if it is installed outside of that interpreter's folders (as editable installs are), name its folder in `readable` (SANDBOX_READABLE)"
                )
            self._accept_hello(hello, allow_missing)
        except BaseException:
            self.close()
            raise
        self._no_cgroup = str(hello["no_cgroup"])

    def _start_guest(self, has_namespaces: bool, has_cgroup: bool) -> dict[str, Any]:
        """Start the guest and read its hello, or why there is none."""
        self._folders: list[str] = []
        self._pid = 0
        self._stderr_tail = ""
        with ExitStack() as made:
            try:
                self._log = os.memfd_create("worker-log", os.MFD_CLOEXEC)
                made.callback(os.close, self._log)
                self._stream, theirs = socket.socketpair()
                made.callback(self._stream.close)
                made.enter_context(theirs)
                zip_fd = bundle.open_bundle()
                made.callback(os.close, zip_fd)
                if has_cgroup:
                    self._group = cgroups.make()
                    made.callback(self._group.remove)
            except OSError as error:
                raise WorkerLost(f"no descriptors or memory for another worker: {error}") from error
            self._process = self._exec(theirs, zip_fd, has_namespaces)
            # From here on close() releases these three; the others were only lent to the new process.
            made.pop_all()
        theirs.close()
        os.close(zip_fd)
        self._group.release()
        self._healthy = True
        try:
            return self._read_hello(f"{self._python!r} (is it CPython 3.9 or newer?)")
        except BaseException:
            self.close()
            raise

    def _exec(self, theirs: socket.socket, zip_fd: int, has_namespaces: bool) -> subprocess.Popen[bytes]:
        options = {
            **self._options,
            "stream": theirs.fileno(),
            "namespaces": has_namespaces,
            "cgroup": self._group.options(),
        }
        try:
            return subprocess.Popen(
                [self._python, "-s", "-B", f"/proc/self/fd/{zip_fd}", json.dumps(options)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env=ENVIRONMENT,
                cwd="/",
                pass_fds=(zip_fd, theirs.fileno(), *self._group.descriptors),
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            raise ConfigurationError(f"the interpreter {self._python!r} cannot be started: {error}") from error
        except OSError as error:
            raise WorkerLost(f"another worker cannot be started now: {error}") from error

    @property
    def cgroup(self) -> str:
        """Which control group counts for this worker, or why none does."""
        version, why_not = self._group.version, self._no_cgroup or self._group.why_not
        return f"cgroup v{version}" if version and not why_not else f"no cgroup ({why_not})"

    def close(self) -> None:
        """See `Worker.close`. A job that runs in another thread ends as WorkerLost there."""
        self._healthy = False
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads, and the zygote: it ends its job and itself
        with self._closing:
            if self._log < 0:
                return
            self._stream.close()
            try:
                self._process.wait(timeout=CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            for folder in self._folders:
                with contextlib.suppress(OSError, RecursionError):  # a later worker tries again
                    shutil.rmtree(folder, ignore_errors=True)  # still there if the zygote was killed
            self._group.remove()
            self._stderr_tail = _tail(self._log)
            os.close(self._log)
            self._log = -1

    def _stderr_note(self) -> str:
        return f"; its last words: {self._stderr_tail}" if self._stderr_tail else ""


_why_no_namespaces: dict[tuple[str, ...], str] = {}
"""Why namespaces cannot be made here, or "" where they were, by interpreter and readable folders: workers of a pool are all alike."""
_TRANSIENT = (errno.EAGAIN, errno.ENOMEM, errno.ENFILE, errno.EMFILE)
_GET_NAMESPACES = (
    "run as root or allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0), "
    "or use isolation=auto or unprivileged"
)


_MOUNTED_OVER = ("/tmp", "/dev", "/dev/shm", "/proc", "/run", "/job", "/shared")


def _work_folders() -> str:
    """Where work folders are made: in memory if that can be, for a job's files are small and short-lived."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else tempfile.gettempdir()


def _hidden_place() -> str:
    """Where test files are kept: a folder that programs have no use for, because nothing in it can be read by them."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    for place in ("/run", own, "/var/tmp", os.path.expanduser("~"), tempfile.gettempdir()):
        if place.startswith("/") and os.access(place, os.W_OK | os.X_OK):
            return place
    return ""  # then labels that are pytest files are refused


def _tail(fd: int) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, 2000, max(0, size - 2000)).decode("utf-8", "replace").strip()

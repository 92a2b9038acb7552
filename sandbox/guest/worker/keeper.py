"""The first process of a worker: makes the namespaces, mounts fresh folders for jobs, and ends what is left when the zygote has ended.

    host ──stream──▶ zygote        Once the zygote runs, the keeper has no stream, knows no job and runs nothing of a job's.
                       │ "fresh"   It stays outside the process namespace and the system-call filter, because it has to mount.
                     keeper        The zygote asks it over a socket that no job inherits.

If the zygote is killed, the process namespace dies with it; where there is none, orphans become the keeper's children, and it
sweeps them up. If the keeper is killed, the zygote goes too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from typing import Any

from ..walls import namespaces, processes, syscalls
from ..walls.cgroup import Cgroup, of_container
from ..walls.emptied_folder import EmptiedFolder
from ..walls.mounted_folder import MountedFolder
from ..walls.processes import Usage
from ..walls.workfolder import MAX_FILES, WorkFolder
from . import zygote
from .host_connection import StandardStreams, Stream

__all__ = ["KeeperClient", "main"]

_REQUEST = struct.Struct("<QQ")
_ORPHANS = 0
"""In the place of a size: mount nothing, but wait for orphans, which only the keeper can."""
FIRST_BYTES = 64 << 20
FAILED = 3
"""Exit status of a worker whose namespaces could not be made: the stream says why."""
_DISK = "/run/disk"
_PARTS = ("job", "tmp", "shm", "shared")


def main(options: dict[str, Any]) -> int:
    """Be the keeper, and in a child of it the zygote; *options* are the host's."""
    os.umask(0o022)
    host = (
        os.pidfd_open(os.getppid()) if os.getppid() else -1
    )  # in a container there is no parent: the stream ends when the host does
    cgroup = Cgroup(options["cgroup"] or of_container())
    try:
        cgroup.join()
    except OSError as error:  # it could be made but not entered: go on as where none can be made
        cgroup = Cgroup({"why_not": f"it cannot be entered: {error.strerror}"})
    syscalls.become_subreaper()  # where that is not supported, this is process 1 of a container, which orphans go to anyway
    stream = _open_stream(options["stream"])
    if options.get("container"):
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)  # jobs have the same user there, and must not read its memory
    separate_uid = False
    kept: list[tuple[str, str]] = []
    tests_view: namespaces.TestsView | None = None
    if options["namespaces"]:
        try:
            kept = namespaces.covered(options["readable"])  # before the root changes
            separate_uid = namespaces.enter(options["readable"])
            namespaces.step("mount_fresh", mount_fresh, FIRST_BYTES, kept)
            tests_view = namespaces.step("make_tests_view", namespaces.make_tests_view)
        except OSError as error:
            _send(stream, {"failed": error.strerror or str(error), "errno": error.errno})
            return FAILED
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        return _be_zygote(stream, host, theirs, cgroup, separate_uid, tests_view, options)
    theirs.close()
    stream.close()
    if host >= 0:
        os.close(host)
    ours.sendall(_REQUEST.pack(pid, 0))
    _serve(ours, kept)
    try:
        _, raw = os.waitpid(pid, 0)
    except ChildProcessError:
        return 0  # it was reaped among the orphans
    processes.sweep(Usage())
    return max(0, os.waitstatus_to_exitcode(raw))


def _reap_orphans() -> None:
    """Reap what has ended. gVisor sends process 1 no signal for orphans."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _open_stream(given: int | str) -> Stream:
    """The stream to the host: a descriptor, the path of a socket, or "" for standard input and output."""
    if given == "":
        return StandardStreams()
    if isinstance(given, int):
        return socket.socket(fileno=given)
    made = socket.socket(socket.AF_UNIX)
    made.connect(given)
    return made


def _be_zygote(
    stream: Stream,
    host: int,
    keeper: socket.socket,
    cgroup: Cgroup,
    separate_uid: bool,
    tests_view: namespaces.TestsView | None,
    options: dict[str, Any],
) -> int:
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    client = KeeperClient(keeper)
    folder: WorkFolder
    if tests_view is not None:
        try:
            namespaces.mount_proc()
        except OSError as error:
            _send(stream, {"failed": error.strerror or str(error), "errno": error.errno})
            return FAILED
        folder = MountedFolder(client.mount_fresh, namespaces.JOB_UID if separate_uid else -1, tests_view)
    else:
        folder = emptied = EmptiedFolder(options["folder"], options.get("own_places", ()))
        place = options["hidden"]
        if place and options["landlock"] and syscalls.landlock_abi() and not namespaces.is_readable(place, options["readable"]):
            # Now: it is locked, and the filter that forbids jobs to lock folders will be the zygote's too.
            emptied.make_hidden(place)
    return zygote.main(stream, host, client, folder, cgroup, namespaces.JOB_UID if separate_uid else -1, options)


class KeeperClient:
    """The zygote's side of the socket to its keeper."""

    def __init__(self, line: socket.socket) -> None:
        self._socket = line
        self.pid, _ = _REQUEST.unpack(line.recv(_REQUEST.size, socket.MSG_WAITALL))
        """The zygote's process id as the host sees it."""

    def wait_for_orphans(self) -> bool:
        """Have process 1 of a container wait for what jobs have left to it, and what has ended."""
        return self.mount_fresh(_ORPHANS)

    def mount_fresh(self, size_bytes: int) -> bool:
        """Mount new, empty folders for the next job; False if that cannot be done."""
        try:
            self._socket.sendall(_REQUEST.pack(size_bytes, 0))
            return self._socket.recv(1) == b"y"
        except OSError:
            return False


def _serve(line: socket.socket, kept: list[tuple[str, str]]) -> None:
    """Mount what is asked for until the zygote is gone."""
    while True:
        try:
            request = line.recv(_REQUEST.size, socket.MSG_WAITALL)
            if len(request) < _REQUEST.size:
                return
            size_bytes, _ = _REQUEST.unpack(request)
            try:
                if size_bytes == _ORPHANS:
                    _reap_orphans()
                else:
                    mount_fresh(size_bytes, kept)
                done = b"y"
            except OSError as error:
                print(f"fresh folders: {error}", file=sys.stderr)
                done = b"n"
            line.sendall(done)
        except OSError:
            return


def mount_fresh(size_bytes: int, kept: list[tuple[str, str]]) -> None:
    """One new tmpfs for the work folder, /tmp, /dev/shm and what tests share with programs: bounded together.

    Raises:
        OSError: the kernel refused.
    """
    for point in namespaces.MOUNT_POINTS:
        try:
            syscalls.unmount(point)
        except OSError:
            pass  # the first time
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOATIME
    size = size_bytes + SPARE_BYTES
    syscalls.mount("job", _DISK, "tmpfs", flags, f"mode=755,size={size},nr_inodes={MAX_FILES}")
    for part, point in zip(_PARTS, namespaces.MOUNT_POINTS):
        path = f"{_DISK}/{part}"
        os.mkdir(path)
        os.chmod(path, 0o1777)
        syscalls.mount(path, point, "", syscalls.MS_BIND)
    syscalls.unmount(_DISK)
    for stash, path in kept:
        os.makedirs(path, 0o755, exist_ok=True)
        syscalls.mount(stash, path, "", syscalls.MS_BIND | syscalls.MS_REC)


SPARE_BYTES = 1 << 20
"""For the program itself: one file may be as large as all may be together."""


def _send(stream: Stream, message: dict[str, Any]) -> None:
    """In the place of the hello: why this is no worker."""
    data = json.dumps(message).encode("ascii")
    stream.sendall(len(data).to_bytes(4, "little") + data)

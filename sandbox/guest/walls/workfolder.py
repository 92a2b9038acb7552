"""The folder that candidates work in: empty before every job, gone with the worker.

With namespaces of its own a worker has a file system in memory that is mounted anew for the next job, unless the last one wrote
nothing. Without, it has a folder that is emptied. A candidate may have left anything there: trees thousands deep, folders that forbid to be read, links instead of folders. So no
path that it could have made is followed, nothing here recurses, and names of files, which are a job's words, are only ever read
in a child, for the zygote keeps no word of a job.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from typing import Callable, Protocol, Sequence

from . import namespaces
from .processes import descendants

__all__ = ["MAX_FILES", "PROGRAM_NAME", "TESTS", "MountedFolder", "Scratch", "WorkFolder"]

PROGRAM_NAME = "main.py"
JOB = "job"
SHARED = "shared"
TEMPORARY = "tmp"
TESTS = "tests"
MAX_FILES = 16_384
"""Files and folders that a job may make."""
STALE_SECONDS = 60.0
"""Younger folders are left alone: their worker may not have locked them yet."""
_PREFIX = "reward-sandbox-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Scratch(Protocol):
    """Where jobs write."""

    path: str
    """Their working folder."""
    temporary: str
    """Their folder for temporary files."""
    shared: str
    """What tests share with programs."""
    hidden: str
    """Where the tester keeps the files of its tests; "" where nothing hides them."""
    left: tuple[str, ...]
    """What the host has to remove if the worker is killed."""

    def writable(self) -> tuple[str, ...]:
        """What jobs may write; after it has changed, domains have to be made anew."""

    def begin(self, size_bytes: int) -> bool:
        """Make ready for a job that may write so much; True if `writable` is another now."""

    def is_over(self) -> bool:
        """Whether the job has written more than it may, all its files together."""

    def clean(self) -> bool:
        """Make it as before the job; False if that cannot be done."""

    def remove(self) -> None:
        """Remove everything."""


class MountedFolder:
    """File systems in memory: *fresh* mounts new ones of so many bytes."""

    path = namespaces.MOUNT_POINTS[0]
    temporary = "/tmp"
    shared = "/shared"
    hidden = namespaces.HIDDEN
    left: tuple[str, ...] = ()

    def __init__(self, fresh: Callable[[int], bool], job_uid: int) -> None:
        self._fresh = fresh
        self._job_uid = job_uid
        self._size = 0
        self._changed = True
        self._hidden = os.open(self.hidden, _FOLDER)
        self._points: list[int] = []
        self._as_made: list[int] = []
        self._inode = self._free_inodes = 0

    def writable(self) -> tuple[str, ...]:
        return namespaces.MOUNT_POINTS

    def begin(self, size_bytes: int) -> bool:
        if size_bytes != self._size:
            self._mount(size_bytes)
        was, self._changed = self._changed, False
        return was

    def _mount(self, size_bytes: int) -> None:
        for fd in self._points:
            os.close(fd)
        self._points = []
        if not self._fresh(size_bytes):
            raise OSError("no fresh folders can be mounted")
        self._size = size_bytes
        self._changed = True
        self._points = [os.open(point, _FOLDER) for point in namespaces.MOUNT_POINTS]
        self._make_program()
        self._free_inodes = os.fstatvfs(self._points[0]).f_ffree

    def _make_program(self) -> None:
        """Make the file that the job's program will be written into, and note how the folders are then.

        A job that makes, moves or removes anything in a folder, or changes an attribute of it, changes its ctime, which cannot be set
        back. Before Linux 6.13 that may have happened in the same tick; so what inodes there are is looked at as well.
        """
        work = self._points[0]
        fd = os.open(PROGRAM_NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=work)
        if self._job_uid >= 0:
            os.fchown(fd, self._job_uid, self._job_uid)
        self._inode = os.fstat(fd).st_ino
        os.close(fd)
        self._as_made = [os.fstat(fd).st_ctime_ns for fd in self._points]

    def is_over(self) -> bool:
        """Never: the file system is no larger."""
        return False

    def clean(self) -> bool:
        if os.fstat(self._hidden).st_nlink > 2 and not _empty(TESTS, self._hidden):
            return False  # there is a folder in it, and it will not go
        if not self._is_as_before():
            self._mount(self._size)
        return True

    def _is_as_before(self) -> bool:
        """Whether the job only wrote its program: nothing else was made, not even something that it has removed again."""
        work = self._points[0]
        try:
            if [os.fstat(fd).st_ctime_ns for fd in self._points] != self._as_made:
                return False
            os.unlink(PROGRAM_NAME, dir_fd=work)
            inode = self._inode
            self._make_program()
            return self._inode == inode + 1 and os.fstatvfs(work).f_ffree == self._free_inodes and not os.listxattr(work)
        except OSError:
            return False

    def remove(self) -> None:
        """Nothing is left of it when the worker has ended."""


class WorkFolder:
    """A folder of the worker's own with one folder in it, in which jobs run one after another."""

    def __init__(self, place: str, own_places: Sequence[str] = ()) -> None:
        self._own_places = own_places
        """Where nobody but this worker makes anything: what else is there after a job is the job's, which nothing kept from it."""
        _remove_stale(place)
        self.top = f"{place}/{_PREFIX}{os.urandom(8).hex()}"
        os.mkdir(self.top, 0o700)
        self.path = f"{self.top}/{JOB}"
        self._top = os.open(self.top, _FOLDER)
        fcntl.flock(self._top, fcntl.LOCK_EX)  # held as long as the worker lives, however it ends
        os.mkdir(self.path, 0o700)
        self.shared = f"{self.top}/{SHARED}"
        self.temporary = f"{self.top}/{TEMPORARY}"
        os.mkdir(self.temporary, 0o700)
        self.hidden = ""
        self._hidden = -1
        self._size, self._free = 0, (0, 0)
        self._changed = True
        self.left: tuple[str, ...] = (self.top,)

    def writable(self) -> tuple[str, ...]:
        return (self.path, self.temporary, *((self.shared,) if self.hidden else ()))

    def begin(self, size_bytes: int) -> bool:
        """Folders of the machine's own file system have no size of their own: RLIMIT_FSIZE bounds each file, `is_over` all of them."""
        self._size, self._free = size_bytes, self._room()
        was, self._changed = self._changed, False
        return was

    def _room(self) -> tuple[int, int]:
        about = os.fstatvfs(self._top)
        return about.f_bavail * about.f_frsize, about.f_favail

    def is_over(self) -> bool:
        """Looked up in a child, for names are a job's words, and only when the file system has lost so much to somebody."""
        lost = [before - now for before, now in zip(self._free, self._room())]
        if lost[0] <= self._size and lost[1] <= MAX_FILES:
            return False
        try:
            pid = os.fork()
        except OSError:
            return True  # it leaves no room for another process either
        if pid == 0:
            status = 0
            try:
                status = _holds_more(self._top, self._size)
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1

    def make_hidden(self, place: str) -> None:
        """Make the folder that only testers may see, and the one they share with candidates."""
        _remove_stale(place)
        self.hidden = f"{place}/{_PREFIX}{os.urandom(16).hex()}"
        os.mkdir(self.hidden, 0o700)
        self._hidden = os.open(self.hidden, _FOLDER)
        fcntl.flock(self._hidden, fcntl.LOCK_EX)
        os.mkdir(self.shared, 0o700)
        self.left = (self.top, self.hidden)

    def clean(self) -> bool:
        if self.hidden and os.listdir(self._hidden) and not _empty(TESTS, self._hidden):  # the names in it are ours
            return False
        self._changed = True
        for name in (JOB, TEMPORARY, *((SHARED,) if self.hidden else ())):
            if name == JOB:
                self._unlink_program()
            try:
                os.rmdir(name, dir_fd=self._top)
            except FileNotFoundError:
                pass
            except OSError:
                _empty(name, self._top)
            try:
                os.mkdir(name, 0o700, dir_fd=self._top)
            except OSError:
                return False
        return not self._own_places or self._is_alone()

    def _is_alone(self) -> bool:
        entries = sum(len(os.listdir(place)) for place in self._own_places) + len(os.listdir(self._top))
        return entries == len(self.left) + (3 if self.hidden else 2)

    def _unlink_program(self) -> None:
        try:
            fd = os.open(JOB, _FOLDER, dir_fd=self._top)
        except OSError:
            return  # not readable, replaced by something else, or gone
        try:
            os.unlink(PROGRAM_NAME, dir_fd=fd)
        except OSError:
            pass
        os.close(fd)

    def remove(self) -> None:
        places = [(JOB, self._top), (TEMPORARY, self._top), (SHARED, self._top), (TESTS, self._hidden)]
        for name, parent in places:
            if parent >= 0:
                _empty(name, parent)
        for folder in self.left:
            try:
                os.rmdir(folder)
            except OSError:
                pass  # something refuses to go; the host, or a later worker, tries again


def _holds_more(folder: int, size_bytes: int) -> bool:
    """Whether what lies below *folder*, or is still open though it was removed, takes more than so many bytes or is more than MAX_FILES."""
    size = count = 0

    def cannot_be_listed(error: OSError) -> None:
        raise error

    try:
        for _, folders, files, fd in os.fwalk(".", dir_fd=folder, onerror=cannot_be_listed):
            for name in (*folders, *files):
                count += 1
                try:
                    size += os.lstat(name, dir_fd=fd).st_blocks * 512
                except FileNotFoundError:
                    pass  # it has gone meanwhile
                if size > size_bytes or count > MAX_FILES:
                    return True
    except FileNotFoundError:
        pass
    except OSError:
        return True  # a folder of its own that it has closed to everybody
    device, seen = os.fstat(folder).st_dev, set()
    for pid in descendants(os.getppid()):
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                about = os.stat(f"/proc/{pid}/fd/{name}")
                if about.st_dev == device and not about.st_nlink and about.st_ino not in seen:
                    seen.add(about.st_ino)
                    size += about.st_blocks * 512
        except OSError:
            pass  # it has gone meanwhile
    return size > size_bytes


def _empty(name: str, parent: int) -> bool:
    """Remove *name* in the folder *parent*, in a child: no name in it comes into this process. False if it is still there."""
    pid = os.fork()
    if pid == 0:
        try:
            _remove(name, parent)
        except FileNotFoundError:
            pass
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    try:
        os.lstat(name, dir_fd=parent)
    except FileNotFoundError:
        return True
    return False


def _remove_stale(place: str) -> None:
    """Remove what workers left that were killed together with their owners: folders that nobody holds a lock on any more."""
    for name in os.listdir(place):
        path = f"{place}/{name}"
        if not name.startswith(_PREFIX):
            continue
        try:
            about = os.lstat(path)
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < STALE_SECONDS:
                continue
            fd = os.open(path, _FOLDER)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for inner in os.listdir(fd):
                    _remove(inner, fd)
                os.rmdir(path)
            finally:
                os.close(fd)
        except OSError:
            pass  # its worker is alive, or another worker was faster


def _remove(name: str, parent: int) -> None:
    """Remove *name* in the folder *parent*, whatever it is."""
    try:
        os.unlink(name, dir_fd=parent)
    except OSError:
        fd = _opened(name, parent)
    else:
        return  # a file, or a link in the place of the folder
    # Each round takes the folders in it apart: what they hold moves up here, so that depth becomes number.
    moved = 0
    prefix = os.urandom(8).hex()
    while True:
        names = os.listdir(fd)
        if not names:
            break
        for entry in names:
            try:
                os.unlink(entry, dir_fd=fd)
                continue
            except OSError:
                pass  # a folder
            inner = _opened(entry, fd)
            for child in os.listdir(inner):
                moved += 1
                if stat.S_ISDIR(os.lstat(child, dir_fd=inner).st_mode):
                    os.chmod(child, 0o700, dir_fd=inner)  # a folder that may not be written may not be moved
                os.rename(child, f"{prefix}-{moved}", src_dir_fd=inner, dst_dir_fd=fd)
            os.close(inner)
            os.rmdir(entry, dir_fd=fd)
    os.close(fd)
    os.rmdir(name, dir_fd=parent)


def _opened(name: str, parent: int) -> int:
    """Open a real folder, its permissions given back. Whoever wrote it is dead, so nothing changes in between."""
    if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
        raise NotADirectoryError(name)
    os.chmod(name, 0o700, dir_fd=parent)
    return os.open(name, _FOLDER, dir_fd=parent)

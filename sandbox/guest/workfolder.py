"""The folder that candidates work in: empty before every job, gone with the worker.

A candidate may have left anything there: trees thousands deep, folders that forbid to be read, links instead of folders. So no
path that it could have made is followed, nothing here recurses, and names of files, which are a job's words, are only ever read
in a child, for the zygote keeps no word of a job.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time

__all__ = ["PROGRAM_NAME", "TESTS", "WorkFolder"]

PROGRAM_NAME = "main.py"
JOB = "job"
SHARED = "shared"
TESTS = "tests"
STALE_SECONDS = 60.0
"""Younger folders are left alone: their worker may not have locked them yet."""
_PREFIX = "reward-sandbox-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class WorkFolder:
    """A folder of the worker's own with one folder in it, in which jobs run one after another."""

    def __init__(self, place: str) -> None:
        _remove_stale(place)
        self.top = f"{place}/{_PREFIX}{os.urandom(8).hex()}"
        os.mkdir(self.top, 0o700)
        self.path = f"{self.top}/{JOB}"
        self._top = os.open(self.top, _FOLDER)
        fcntl.flock(self._top, fcntl.LOCK_EX)  # held as long as the worker lives, however it ends
        os.mkdir(self.path, 0o700)
        self.shared = f"{self.top}/{SHARED}"
        self.hidden = ""
        """Where the tester keeps the files of its tests; "" before the first."""
        self._hidden = -1

    def make_hidden(self, place: str) -> None:
        """Make the folder that only testers may see, and the one they share with candidates."""
        _remove_stale(place)
        self.hidden = f"{place}/{_PREFIX}{os.urandom(16).hex()}"
        os.mkdir(self.hidden, 0o700)
        self._hidden = os.open(self.hidden, _FOLDER)
        fcntl.flock(self._hidden, fcntl.LOCK_EX)
        os.mkdir(self.shared, 0o700)

    def _clean_tests(self) -> bool:
        for name, parent in ((TESTS, self._hidden), (SHARED, self._top)):
            try:
                os.rmdir(name, dir_fd=parent)
            except FileNotFoundError:
                pass
            except OSError:
                self._remove_in_a_child(name, parent)
        try:
            os.mkdir(SHARED, 0o700, dir_fd=self._top)
        except OSError:
            return False
        return not os.listdir(self._hidden)  # the names in it are ours

    def clean(self) -> bool:
        """Make the job's folder empty again; False if that cannot be done."""
        if self.hidden and not self._clean_tests():
            return False
        try:
            fd = os.open(JOB, _FOLDER, dir_fd=self._top)
        except OSError:
            pass  # not readable, replaced by something else, or gone
        else:
            try:
                os.unlink(PROGRAM_NAME, dir_fd=fd)
            except OSError:
                pass
            os.close(fd)
        try:
            os.rmdir(JOB, dir_fd=self._top)
        except OSError:
            self._remove_in_a_child(JOB, self._top)
        try:
            os.mkdir(JOB, 0o700, dir_fd=self._top)
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """Remove everything."""
        places = [(JOB, self._top, self.top)]
        if self.hidden:
            places += [(SHARED, self._top, self.top), (TESTS, self._hidden, self.hidden)]
        for name, parent, folder in places:
            self._remove_in_a_child(name, parent)
            try:
                os.rmdir(folder)
            except OSError:
                pass  # something refuses to go, or is still to be removed; the host, or a later worker, tries again

    def _remove_in_a_child(self, name: str, parent: int) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                _remove(name, parent)
            except FileNotFoundError:
                pass
            finally:
                os._exit(0)
        os.waitpid(pid, 0)


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

"""Work folders on the machine's own file system, for workers without namespaces: emptied after each job."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from typing import Sequence

from .processes import descendants
from .removal import FOLDER_FLAGS, remove, remove_in_child
from .workfolder import MAX_FILES, PROGRAM_NAME, TESTS

__all__ = ["EmptiedFolder"]

JOB = "job"
SHARED = "shared"
TEMPORARY = "tmp"
STALE_SECONDS = 60.0
"""Younger folders are left alone: their worker may not have locked them yet."""
_PREFIX = "reward-sandbox-"


class EmptiedFolder:
    """A folder of the worker's own, in which the work folder and the one for temporary files are emptied after each job."""

    def __init__(self, place: str, own_places: Sequence[str] = ()) -> None:
        self._own_places = own_places
        """Folders in which only this worker makes files. Anything else in them was left by a job."""
        _remove_stale(place)
        self.top = f"{place}/{_PREFIX}{os.urandom(8).hex()}"
        os.mkdir(self.top, 0o700)
        self.path = f"{self.top}/{JOB}"
        self._top = os.open(self.top, FOLDER_FLAGS)
        fcntl.flock(self._top, fcntl.LOCK_EX)  # held as long as the worker lives, however it ends
        os.mkdir(self.path, 0o700)
        self.shared = f"{self.top}/{SHARED}"
        self.temporary = f"{self.top}/{TEMPORARY}"
        os.mkdir(self.temporary, 0o700)
        self.hidden = ""
        self._hidden = -1
        self._size, self._free = 0, (0, 0)
        self._changed = True
        self.folders: tuple[str, ...] = (self.top,)

    def writable(self) -> tuple[str, ...]:
        return (self.path, self.temporary, *((self.shared,) if self.hidden else ()))

    def begin(self, size_bytes: int) -> bool:
        """Such folders have no size of their own: RLIMIT_FSIZE bounds each file, `exceeds_limit` all of them together."""
        self._size, self._free = size_bytes, self._free_space()
        changed, self._changed = self._changed, False
        return changed

    def _free_space(self) -> tuple[int, int]:
        about = os.fstatvfs(self._top)
        return about.f_bavail * about.f_frsize, about.f_favail

    view_fd = -1

    def show_hidden(self) -> None:
        """Nothing to do: Landlock hides it from candidates, and from nobody else."""

    def exceeds_limit(self) -> bool:
        """Counted in a child, for names of files are a job's words; and only if the file system has lost that much space at all."""
        lost = [before - now for before, now in zip(self._free, self._free_space())]
        if lost[0] <= self._size and lost[1] <= MAX_FILES:
            return False
        try:
            pid = os.fork()
        except OSError:
            return True  # it leaves no room for another process either
        if pid == 0:
            status = 1  # whatever is unexpected there is the job's doing: a folder closed to everybody, too many nested
            try:
                status = _holds_more(self._top, self._size)
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0

    def make_hidden(self, place: str) -> None:
        """Make the folder that only testers may see, and the one they share with candidates."""
        _remove_stale(place)
        self.hidden = f"{place}/{_PREFIX}{os.urandom(16).hex()}"
        os.mkdir(self.hidden, 0o700)
        self._hidden = os.open(self.hidden, FOLDER_FLAGS)
        fcntl.flock(self._hidden, fcntl.LOCK_EX)
        os.mkdir(self.shared, 0o700)
        self.folders = (self.top, self.hidden)

    def clean(self) -> bool:
        if self.hidden and os.listdir(self._hidden) and not remove_in_child(TESTS, self._hidden):  # the names in it are ours
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
                remove_in_child(name, self._top)
            try:
                os.mkdir(name, 0o700, dir_fd=self._top)
            except OSError:
                return False
        return not self._own_places or self._holds_nothing_else()

    def _holds_nothing_else(self) -> bool:
        entries = sum(len(os.listdir(place)) for place in self._own_places) + len(os.listdir(self._top))
        return entries == len(self.folders) + (3 if self.hidden else 2)

    def _unlink_program(self) -> None:
        try:
            fd = os.open(JOB, FOLDER_FLAGS, dir_fd=self._top)
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
                remove_in_child(name, parent)
        for folder in self.folders:
            try:
                os.rmdir(folder)
            except OSError:
                pass  # something refuses to go; the host, or a later worker, tries again


def _holds_more(folder: int, size_bytes: int) -> bool:
    """Whether files below *folder*, and removed ones that are still open, take more than *size_bytes* or are more than MAX_FILES."""
    size = count = 0
    # A stack and no recursion, which a tree of a thousand folders would end. Each has (its descriptor, names that are left).
    stack = [(os.dup(folder), os.listdir(folder))]
    while stack:
        fd, names = stack[-1]
        if not names:
            os.close(fd)
            stack.pop()
            continue
        count += 1
        try:
            about = os.lstat(names[-1], dir_fd=fd)
            inner = os.open(names[-1], FOLDER_FLAGS, dir_fd=fd) if stat.S_ISDIR(about.st_mode) else -1
        except (FileNotFoundError, NotADirectoryError):
            continue  # it has gone meanwhile, or something else has its name
        finally:
            names.pop()
        size += about.st_blocks * 512
        if size > size_bytes or count > MAX_FILES:
            return True
        if inner >= 0:
            stack.append((inner, os.listdir(inner)))
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


def _remove_stale(place: str) -> None:
    """Remove the folders of workers that were killed together with their host: those that nobody holds a lock on any more."""
    for name in os.listdir(place):
        path = f"{place}/{name}"
        if not name.startswith(_PREFIX):
            continue
        try:
            about = os.lstat(path)
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < STALE_SECONDS:
                continue
            fd = os.open(path, FOLDER_FLAGS)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for inner in os.listdir(fd):
                    remove(inner, fd)
                os.rmdir(path)
            finally:
                os.close(fd)
        except OSError:
            pass  # its worker is alive, or another worker was faster

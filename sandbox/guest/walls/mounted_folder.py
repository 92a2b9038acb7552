"""Work folders on a tmpfs, for workers with a mount namespace: mounted anew for the next job, unless the last one wrote nothing."""

from __future__ import annotations

import os
from typing import Callable

from . import namespaces, syscalls
from .removal import FOLDER_FLAGS, remove_in_child
from .workfolder import PROGRAM_NAME, TESTS

__all__ = ["MountedFolder"]


class MountedFolder:
    """A work folder on a tmpfs; *mount_fresh* has the keeper mount a new one of so many bytes."""

    path = namespaces.MOUNT_POINTS[0]
    temporary = "/tmp"
    shared = "/shared"
    hidden = namespaces.HIDDEN
    folders: tuple[str, ...] = ()

    def __init__(self, mount_fresh: Callable[[int], bool], job_uid: int, tests_view: namespaces.TestsView) -> None:
        self._mount_fresh = mount_fresh
        self._job_uid = job_uid
        self._size = 0
        self._changed = True
        self._tests_view = tests_view
        self.view_fd = tests_view.namespace
        self._points: list[int] = []
        self._ctimes: list[int] = []
        self._inode = self._free_inodes = 0

    def writable(self) -> tuple[str, ...]:
        return namespaces.MOUNT_POINTS

    def begin(self, size_bytes: int) -> bool:
        if size_bytes != self._size:
            self._mount(size_bytes)
        changed, self._changed = self._changed, False
        return changed

    def _mount(self, size_bytes: int) -> None:
        for fd in self._points:
            os.close(fd)
        self._points = []
        if not self._mount_fresh(size_bytes):
            raise OSError("no fresh folders can be mounted")
        self._size = size_bytes
        self._changed = True
        self._points = [os.open(point, FOLDER_FLAGS) for point in namespaces.MOUNT_POINTS]
        self._make_program()
        self._free_inodes = os.fstatvfs(self._points[0]).f_ffree

    def _make_program(self) -> None:
        """Make the file that the job's program will be written into, and note the state of the folders after that.

        A job that makes, moves or removes anything in a folder, or changes an attribute of it, changes its ctime, which cannot be set
        back. Before Linux 6.13 a change within one tick of the clock leaves ctime as it was; so inode numbers are compared as well.
        """
        work = self._points[0]
        fd = os.open(PROGRAM_NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=work)
        if self._job_uid >= 0:
            os.fchown(fd, self._job_uid, self._job_uid)
        self._inode = os.fstat(fd).st_ino
        os.close(fd)
        self._ctimes = [os.fstat(fd).st_ctime_ns for fd in self._points]

    def show_hidden(self) -> None:
        syscalls.setns(self.view_fd, syscalls.CLONE_NEWNS)

    def exceeds_limit(self) -> bool:
        """Never: the size of the tmpfs is the limit."""
        return False

    def clean(self) -> bool:
        tests = self._tests_view.folder
        if os.fstat(tests).st_nlink > 2 and not remove_in_child(TESTS, tests):
            return False  # a folder in it cannot be removed
        if not self._is_unchanged():
            self._mount(self._size)
        return True

    def _is_unchanged(self) -> bool:
        """Whether the job only wrote its program: nothing else was made, not even something that it has removed again."""
        work = self._points[0]
        try:
            if [os.fstat(fd).st_ctime_ns for fd in self._points] != self._ctimes:
                return False
            os.unlink(PROGRAM_NAME, dir_fd=work)
            inode = self._inode
            self._make_program()
            return self._inode == inode + 1 and os.fstatvfs(work).f_ffree == self._free_inodes and not os.listxattr(work)
        except OSError:
            return False

    def remove(self) -> None:
        """Nothing to do: the tmpfs goes with the worker's namespace."""

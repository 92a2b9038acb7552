"""The folder that jobs work in: what the zygote asks of it, whether it is mounted anew or emptied for the next job."""

from __future__ import annotations

from typing import Protocol

__all__ = ["MAX_FILES", "PROGRAM_NAME", "TESTS", "WorkFolder"]

PROGRAM_NAME = "main.py"
TESTS = "tests"
MAX_FILES = 16_384
"""Files and folders that a job may make."""


class WorkFolder(Protocol):
    """A folder in which jobs run one after another, empty before each and gone with the worker."""

    path: str
    """Their working folder."""
    temporary: str
    """Their folder for temporary files."""
    shared: str
    """The folder that tests and programs share."""
    hidden: str
    """Where the tester keeps the files of its tests; "" where nothing hides them."""
    view_fd: int
    """A descriptor that `show_hidden` needs; -1: none."""
    folders: tuple[str, ...]
    """Folders that the host has to remove if the worker is killed."""

    def show_hidden(self) -> None:
        """In a tester, before it confines itself: let `hidden` lead to the folder that candidates have no path to."""

    def writable(self) -> tuple[str, ...]:
        """Paths that jobs may write. After they have changed, Landlock rulesets have to be made anew."""

    def begin(self, size_bytes: int) -> bool:
        """Make it ready for a job that may write *size_bytes*. True if `writable` has changed, or its paths lead to new folders."""

    def exceeds_limit(self) -> bool:
        """Whether the files of the job are larger together, or more, than they may be."""

    def clean(self) -> bool:
        """Make it as it was before the job. False if that cannot be done."""

    def remove(self) -> None:
        """Remove everything."""

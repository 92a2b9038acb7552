"""Removes what a job left on a file system, whatever that is: trees thousands deep, folders that forbid to be read, links.

No path that a job could have made is followed and nothing recurses. Names of files are a job's words, so they are read in a child
process: the zygote keeps no word of a job.
"""

from __future__ import annotations

import os
import stat

__all__ = ["FOLDER_FLAGS", "remove", "remove_in_child"]

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_in_child(name: str, parent: int) -> bool:
    """`remove` in a child process, so that no name in it comes into this one. False if it is still there."""
    pid = os.fork()
    if pid == 0:
        try:
            remove(name, parent)
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


def remove(name: str, parent: int) -> None:
    """Remove *name* in the folder that *parent* is open on, whatever it is."""
    try:
        os.unlink(name, dir_fd=parent)
    except OSError:
        fd = _opened(name, parent)
    else:
        return  # a file, or a link in the place of the folder
    # Each round moves what its folders hold up into this one, so that a deep tree becomes a wide one.
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
    """Open a real folder, made readable first. The processes that made it are dead, so it does not change in between."""
    if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
        raise NotADirectoryError(name)
    os.chmod(name, 0o700, dir_fd=parent)
    return os.open(name, FOLDER_FLAGS, dir_fd=parent)

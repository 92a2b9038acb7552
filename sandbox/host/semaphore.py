"""One cap for a whole node: a counting semaphore of System V, which the kernel keeps for every process of one user.

Why not flock or token files? This is **fair** (the kernel hands a permit that is given back to whoever has waited longest, so that a
busy process cannot starve the others), **crash-safe** (SEM_UNDO: what a killed process held comes back when it is gone), and needs
neither a daemon nor polling. Processes share a cap when they share the user and the IPC namespace, that is the container. See
semop(2); the only file of the host that uses ctypes.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.words.errors import ConfigurationError

__all__ = ["NodeSemaphore", "key_of", "remove"]

MOST = 16_384
"""The value of a semaphore from which nobody has taken a permit; caps are at most that."""

_IPC_CREAT = 0o1000
_IPC_NOWAIT = 0o4000
_IPC_RMID = 0
_GETVAL = 12
_SEM_UNDO = 0x1000
_MADE, _FREE = 0, 1
"""The two semaphores of a set: whether it has been given its value, and the permits that nobody holds."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Operation(ctypes.Structure):
    _fields_ = (("number", ctypes.c_ushort), ("change", ctypes.c_short), ("flags", ctypes.c_short))


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def _operations(*operations: tuple[int, int, int]) -> ctypes.Array[_Operation]:
    return (_Operation * len(operations))(*[_Operation(*one) for one in operations])


def _time(seconds: float) -> Any:
    return ctypes.byref(_Time(int(max(0.0, seconds)), int(max(0.0, seconds) % 1 * 1e9)))


def _operate(identity: int, *operations: tuple[int, int, int]) -> None:
    """All *operations* at once, or none: (semaphore, change, flags)."""
    if _libc.semtimedop(identity, _operations(*operations), ctypes.c_size_t(len(operations)), None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"semtimedop: {os.strerror(code)}")


_GIVE_BACK = _operations((_FREE, 1, _SEM_UNDO))


def key_of(name: str) -> int:
    """The key by which System V knows the semaphore of this user under *name*."""
    digest = hashlib.sha256(f"reward-sandbox/{os.getuid()}/{name}".encode()).digest()
    return int.from_bytes(digest[:4], "little") & 0x7FFFFFFF or 1


class NodeSemaphore:
    """Permits to run a job on this node, of which *cap* may be held at the same time by all processes together.

    Each process goes by its own *cap*: one that allows 2 waits while 2 permits are held, whoever holds them and whatever the
    others allow. *name* tells caps that have nothing to do with one another apart. Thread-safe.

    Raises:
        ConfigurationError: the cap is out of range, or the kernel offers no semaphores here.
    """

    def __init__(self, cap: int, name: str = "jobs") -> None:
        if not 1 <= cap <= MOST:
            raise ConfigurationError(f"node_jobs={cap} cannot be; use 1 to {MOST}, or 0 for no cap")
        self.cap = cap
        self._name = name
        # It must leave at least MOST - cap permits, so that no more than *cap* are out.
        others = MOST - cap
        self._take = _operations((_FREE, -others - 1, _SEM_UNDO), (_FREE, others, _SEM_UNDO))
        self._identity = self._open()

    def _open(self) -> int:
        identity: int = _libc.semget(key_of(self._name), 2, _IPC_CREAT | 0o600)
        if identity < 0:
            code = ctypes.get_errno()
            raise ConfigurationError(
                f"the jobs of a node cannot be counted: semget: {os.strerror(code)}; node_jobs=0 goes without a cap for the node"
            )
        try:
            # Made and filled in one step by whoever comes first: no process ever sees it made and empty.
            _operate(identity, (_MADE, 0, _IPC_NOWAIT), (_MADE, 1, 0), (_FREE, MOST, 0))
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
        return identity

    @contextmanager
    def permit(self, seconds: float) -> Iterator[bool]:
        """Hold a permit in the block, if one comes free within *seconds*: whether it did. Who waits longest is served first."""
        end = time.monotonic() + seconds
        identity = self._identity
        results: list[int] = []
        try:
            while results[-1:] != [0]:
                wait = _time(end - time.monotonic())
                # One step of C from the call to the list: an interrupt finds either no permit taken or one that is known.
                results.extend(map(_libc.semtimedop, (identity,), (self._take,), (ctypes.c_size_t(len(self._take)),), (wait,)))
                if results[-1] == 0:
                    break
                code = ctypes.get_errno()
                if code == errno.EAGAIN:
                    break
                if code in (errno.EIDRM, errno.EINVAL):  # someone has cleaned up: a new one
                    self._identity = identity = self._open()
                elif code != errno.EINTR:
                    raise OSError(code, f"semtimedop: {os.strerror(code)}")
            yield results[-1] == 0
        finally:
            back: list[int] = []
            interrupt: BaseException | None = None
            while results[-1:] == [0] and not back:
                try:
                    # Where someone has cleaned up, the permit went with that.
                    back.extend(map(_libc.semtimedop, (identity,), (_GIVE_BACK,), (ctypes.c_size_t(1),), (None,)))
                except BaseException as error:  # of a signal: it waits until the permit is back
                    interrupt = error
            if interrupt is not None:
                raise interrupt

    @property
    def held(self) -> int:
        """Permits that all processes together hold now."""
        free: int = _libc.semctl(self._identity, _FREE, _GETVAL)
        return 0 if free < 0 else MOST - free


def remove(name: str = "jobs") -> bool:
    """Remove the semaphore if nobody holds a permit; whether it was there and is gone."""
    identity: int = _libc.semget(key_of(name), 0, 0)
    if identity < 0 or _libc.semctl(identity, _FREE, _GETVAL) < MOST:
        return False
    return bool(_libc.semctl(identity, 0, _IPC_RMID) == 0)

"""Where a container's guest and its host find each other: a Unix socket in a private folder that is mounted into the container."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from typing import Any

from sandbox.host.stream import Stream
from sandbox.words.errors import ConfigurationError, WorkerLost

__all__ = ["ContainerSocket"]

_MOST_CHARACTERS = 50
"""The path of a socket has 107 bytes at most."""


class ContainerSocket:
    """A listening socket for one guest, in `folder`, which is to be mounted into its container. Removed when the guest has connected.

    Raises:
        WorkerLost: it cannot be made.
    """

    def __init__(self) -> None:
        place = tempfile.gettempdir()
        if len(place) > _MOST_CHARACTERS:
            place = "/tmp"
        try:
            self._top = tempfile.mkdtemp(prefix="reward-sandbox-meeting-", dir=place)  # 0700: nobody else here gets through
            self.folder = f"{self._top}/here"
            self._listener = socket.socket(socket.AF_UNIX)
            try:
                os.mkdir(self.folder)
                os.chmod(self.folder, 0o711)
                self._listener.bind(f"{self.folder}/socket")
                os.chmod(f"{self.folder}/socket", 0o666)  # the guest is another user
                self._listener.listen(1)
            except BaseException:
                self.close()
                raise
        except OSError as error:
            raise WorkerLost(f"no place to meet a container: {error}") from error

    def accept(self, is_running: Any, seconds: float = 60.0) -> Stream:
        """Wait for the guest to connect; the stream to it. The folder is removed.

        Raises:
            ConfigurationError: nobody came.
        """
        self._listener.settimeout(0.5)
        for _ in range(int(seconds / 0.5)):
            try:
                made, _ = self._listener.accept()
            except TimeoutError:
                if not is_running():
                    break
            else:
                self.close()
                return made
        self.close()
        raise ConfigurationError("the container ended before it had said anything; `reward-sandbox images check` tries it")

    def close(self) -> None:
        """Remove it. May be called twice."""
        self._listener.close()
        shutil.rmtree(self._top, ignore_errors=True)

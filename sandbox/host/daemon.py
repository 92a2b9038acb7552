"""Docker's daemon, as far as workers need it: images, containers, what others left, and its errors in words that help."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.words.errors import ConfigurationError, WorkerLost, install_hint

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

__all__ = ["GUEST_LABEL", "OWNER_LABEL", "Daemon", "Owner"]

OWNER_LABEL = "reward-sandbox.owner"
GUEST_LABEL = "reward-sandbox.guest"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The process that a container belongs to, so that another can tell whether it still lives."""

    machine: str
    boot: str
    namespace: str
    """Of process ids: in another one, a number means another process."""
    pid: int
    started: int
    """Clock ticks after boot."""

    @classmethod
    def this(cls) -> Owner:
        """The calling process."""
        return cls(
            machine=_machine(),
            boot=_boot(),
            namespace=os.readlink("/proc/self/ns/pid"),
            pid=os.getpid(),
            started=_started(os.getpid()) or 0,
        )

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """What `str` made; None for anything else."""
        words = text.split(" ")
        if len(words) != 5 or not (words[3].isdigit() and words[4].isdigit()):
            return None
        return cls(machine=words[0], boot=words[1], namespace=words[2], pid=int(words[3]), started=int(words[4]))

    def __str__(self) -> str:
        return f"{self.machine} {self.boot} {self.namespace} {self.pid} {self.started}"

    @property
    def is_gone(self) -> bool:
        """Whether it has ended for sure: on this machine, in this namespace of processes. Nobody can tell of others."""
        if self.machine != _machine():
            return False
        if self.boot != _boot():
            return True
        if self.namespace != os.readlink("/proc/self/ns/pid"):
            return False
        started = _started(self.pid)
        return started is not None and started != self.started


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _machine() -> str:
    """The daemon's other users may be on other machines."""
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            name = file.read().strip()
    except OSError:
        name = ""
    return f"{os.uname().nodename}/{name}".replace(" ", "-")


def _started(pid: int) -> int | None:
    """When a process was started; -1: there is none; None: it cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return -1
        except OSError:
            pass
        return None


class Daemon:
    """A connection that all workers of this process share."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._owed: list[Container] = []
        self.address = str(client.api.base_url)
        self.is_local = self.address == "http+docker://localhost"  # the SDK's name for a socket of this machine

    @classmethod
    def of_environment(cls) -> Daemon:
        """The daemon that DOCKER_HOST names, or else this machine's.

        Raises:
            ConfigurationError: the docker package is missing, there is no daemon, or this user may not use it.
        """
        key = (os.getpid(), os.environ.get("DOCKER_HOST", ""))  # connections are not to be shared after a fork
        if key not in _connections:
            try:
                import docker
            except ImportError:
                raise ConfigurationError(f"containers need the docker package: {install_hint('docker')}") from None
            with _said("reach Docker"):
                _connections[key] = cls(docker.from_env(timeout=60))
        return _connections[key]

    def image(self, name: str, guest: str) -> str:
        """The id of an image that holds this *guest*.

        Raises:
            ConfigurationError: there is none of that name, or it holds another guest.
        """
        from docker.errors import ImageNotFound

        known = name.rpartition("/")[2].partition(":")[0]
        build = f"reward-sandbox images build {known}" if name.startswith("reward-sandbox/") else "reward-sandbox images build"
        with _said("look for an image"):
            try:
                image: Image = self._client.images.get(name)
            except ImageNotFound:
                raise ConfigurationError(f"the image {name} is not here; make it with: {build}") from None
        held = image.labels.get(GUEST_LABEL, "")
        if not held:
            raise ConfigurationError(f"the image {name} holds no guest of this package; make one that does with: {build}")
        if held != guest:
            raise ConfigurationError(
                f"the image {name} holds the guest of another version ({held[:12]}, this is {guest[:12]}); make it anew with: {build}"
            )
        return str(image.id)

    def create(
        self, *, image: str, memory_bytes: int, cpu_count: int, mounts: dict[str, str], pids_limit: int, **options: Any
    ) -> Container:
        """A container that is not started yet, owned by this process.

        Raises:
            ConfigurationError: the daemon refuses it, for a runtime that it does not have, for example.
            WorkerLost: the daemon does not answer any more.
        """
        from docker.types import LogConfig, Mount

        self.remove_leftovers_once()
        for _ in range(len(self._owed)):
            try:
                owed = self._owed.pop(0)
            except IndexError:
                break  # another thread was faster
            self.remove(owed)
        with _said("make a container"):
            return self._client.containers.create(
                image,
                labels={OWNER_LABEL: str(Owner.this())},
                mem_limit=memory_bytes,
                memswap_limit=memory_bytes,
                nano_cpus=cpu_count * 1_000_000_000,
                pids_limit=pids_limit,
                mounts=[Mount(target, source, type="bind", read_only=False) for source, target in mounts.items()],
                log_config=LogConfig(type="none", config={}),
                stdin_open=True,
                working_dir="/",
                **options,
            )

    def start(self, container: Container) -> None:
        """Start it.

        Raises:
            ConfigurationError: it cannot be started.
            WorkerLost: the daemon does not answer any more.
        """
        with _said("start a container"):
            container.start()

    def is_running(self, container: Container) -> bool:
        """Whether it is being started, or runs.

        Raises:
            WorkerLost: the daemon does not answer any more.
        """
        from docker.errors import NotFound

        with _said("look at a container"):
            try:
                container.reload()
            except NotFound:
                return False
            return bool(container.status in ("created", "running"))

    def give_memory(self, container: Container, memory_bytes: int) -> None:
        """Raise what it may use.

        Raises:
            WorkerLost: the daemon does not answer any more.
        """
        with _said("give a container more memory"):
            container.update(mem_limit=memory_bytes, memswap_limit=memory_bytes)

    def attach(self, container: Container) -> Attached:
        """Its standard input, output and error, as a stream. When the stream ends, so does its standard input."""
        with _said("attach to a container"):
            params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 0}
            attached: Any = container.attach_socket(params=params)
            return Attached(attached)

    def remove(self, container: Container) -> None:
        """End and remove it, whatever it does."""
        from docker.errors import APIError, DockerException, NotFound

        try:
            container.remove(force=True, v=True)
        except NotFound:
            pass
        except APIError:  # somebody else removes it at this moment
            try:
                container.wait(condition="removed", timeout=10)
            except NotFound:
                pass
            except (DockerException, OSError):
                self._owed.append(container)
        except (DockerException, OSError):
            self._owed.append(
                container
            )  # the daemon is gone: the guest ends by itself, and the next container is made after this has gone

    def remove_leftovers_once(self) -> None:
        """The first time in a process: remove what killed ones left."""
        if not self._has_looked:
            self._has_looked = True
            self.remove_leftovers()

    _has_looked = False

    def remove_leftovers(self) -> list[str]:
        """Remove containers whose owners have ended; their ids."""
        removed = []
        with _said("look for what was left"):
            for container in self._client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
                owner = Owner.parse(container.labels.get(OWNER_LABEL, ""))
                if owner is not None and owner.is_gone:  # what cannot be read may be of a newer version
                    self.remove(container)
                    removed.append(str(container.id))
        return removed

    @property
    def client(self) -> DockerClient:
        """For what only building images needs."""
        return self._client


_connections: dict[tuple[int, str], Daemon] = {}


def _is_about_runtimes(error: Any) -> bool:
    """The daemon has no such runtime, or cannot find its program: that will not pass."""
    words = str(error.explanation)
    return any(text in words for text in ("unknown runtime", "unknown or invalid runtime", "executable file not found"))


_answered = False


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    """Errors of the daemon in our words: before it has ever answered they are the configuration's, afterwards the worker's."""
    global _answered
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
        _answered = True
    except APIError as error:
        if error.status_code is not None and error.status_code >= 500 and _answered and not _is_about_runtimes(error):
            raise WorkerLost(f"Docker could not {what}: {error.explanation or error}") from error
        raise ConfigurationError(f"Docker could not {what}: {error.explanation or error}") from error
    except (DockerException, RequestException, OSError) as error:
        where = os.environ.get("DOCKER_HOST", "") or "unix:///var/run/docker.sock"
        if _answered:
            raise WorkerLost(f"could not {what}: the daemon at {where} does not answer any more ({error})") from error
        text = str(error)
        if "Permission denied" in text:
            raise ConfigurationError(
                f"could not {what}: this user may not use {where}; be in the group `docker` (which is as good as root), or use rootless Docker"
            ) from error
        raise ConfigurationError(
            f"could not {what}: no daemon answers at {where} (is dockerd running? DOCKER_HOST says where else): {text[:300]}"
        ) from error


class Attached:
    """The daemon's attach as a stream: output comes in frames of eight bytes and what they announce (standard output and error)."""

    def __init__(self, attached: Any) -> None:
        self._attached = attached
        # The SDK gives no other way to it; over TLS it is the socket itself.
        self._sock: socket.socket = getattr(attached, "_sock", attached)
        self._left = 0
        self.words = b""
        """The end of what came over standard error."""

    def settimeout(self, value: float | None, /) -> None:
        """As `socket.socket`."""
        self._sock.settimeout(value)

    def sendall(self, data: bytes, /) -> None:
        """To its standard input."""
        self._sock.sendall(data)

    def recv_into(self, buffer: memoryview, /) -> int:
        """What there is of its standard output; 0 at the end."""
        while not self._left:
            head = self._whole(8)
            if len(head) < 8:
                return 0
            kind, size = struct.unpack(">BxxxI", head)
            if kind == 1:
                self._left = size
            else:
                self.words = (self.words + self._whole(size))[-2000:]
        got = self._sock.recv_into(buffer[: min(len(buffer), self._left)])
        self._left -= got
        return got

    def _whole(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._sock.recv(size - len(data))
            if not part:
                break
            data += part
        return data

    def shutdown(self, how: int, /) -> None:
        """As `socket.socket`."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """As `socket.socket`."""
        self._attached.close()
        self._sock.close()

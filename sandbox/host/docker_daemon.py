"""A client of Docker's daemon for workers: images, containers, those that killed processes left, and errors that say what to do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.host.container_owner import Owner
from sandbox.host.docker_attach import AttachedStream
from sandbox.words.errors import ConfigurationError, WorkerLost, install_hint

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

__all__ = ["GUEST_LABEL", "OWNER_LABEL", "DockerDaemon"]

OWNER_LABEL = "reward-sandbox.owner"
GUEST_LABEL = "reward-sandbox.guest"


class DockerDaemon:
    """A connection to the daemon, shared by all workers of this process."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._unremoved: list[Container] = []
        self.address = str(client.api.base_url)
        self.is_local = self.address == "http+docker://localhost"  # the SDK's name for a socket of this machine

    @classmethod
    def of_environment(cls) -> DockerDaemon:
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
            with _errors_explained("reach Docker"):
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
        with _errors_explained("look for an image"):
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
        for _ in range(len(self._unremoved)):
            try:
                container = self._unremoved.pop(0)
            except IndexError:
                break  # another thread was faster
            self.remove(container)
        with _errors_explained("make a container"):
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
        with _errors_explained("start a container"):
            container.start()

    def is_running(self, container: Container) -> bool:
        """Whether it is being started, or runs.

        Raises:
            WorkerLost: the daemon does not answer any more.
        """
        from docker.errors import NotFound

        with _errors_explained("look at a container"):
            try:
                container.reload()
            except NotFound:
                return False
            return bool(container.status in ("created", "running"))

    def raise_memory(self, container: Container, memory_bytes: int) -> None:
        """Raise its limit of memory.

        Raises:
            WorkerLost: the daemon does not answer any more.
        """
        with _errors_explained("give a container more memory"):
            container.update(mem_limit=memory_bytes, memswap_limit=memory_bytes)

    def attach(self, container: Container) -> AttachedStream:
        """Its standard input, output and error, as a stream. When the stream ends, so does its standard input."""
        with _errors_explained("attach to a container"):
            params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 0}
            attached: Any = container.attach_socket(params=params)
            return AttachedStream(attached)

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
                self._unremoved.append(container)
        except (DockerException, OSError):
            # The daemon is gone: the guest ends by itself, and the container is removed before the next one is made.
            self._unremoved.append(container)

    def remove_leftovers_once(self) -> None:
        """The first time in a process: remove what killed ones left."""
        if not self._has_looked:
            self._has_looked = True
            self.remove_leftovers()

    _has_looked = False

    def remove_leftovers(self) -> list[str]:
        """Remove containers whose owners have ended; their ids."""
        removed = []
        with _errors_explained("look for what was left"):
            for container in self._client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
                owner = Owner.parse(container.labels.get(OWNER_LABEL, ""))
                if owner is not None and owner.is_gone:  # what cannot be read may be of a newer version
                    self.remove(container)
                    removed.append(str(container.id))
        return removed

    @property
    def client(self) -> DockerClient:
        """The SDK's client, for what only building images needs."""
        return self._client


_connections: dict[tuple[int, str], DockerDaemon] = {}


def _is_about_runtimes(error: Any) -> bool:
    """The daemon has no such runtime, or cannot find its program: to try again is of no use."""
    words = str(error.explanation)
    return any(text in words for text in ("unknown runtime", "unknown or invalid runtime", "executable file not found"))


_answered = False


@contextlib.contextmanager
def _errors_explained(what: str) -> Iterator[None]:
    """Raise the daemon's errors as ours: ConfigurationError before it has ever answered, then WorkerLost, which is retried."""
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

"""A worker in a container of Docker's, run by runc or gVisor: the same guest and the same protocol as in a process.

    host ──private socket in a folder that only we can enter, mounted into the container──▶ keeper (process 1)
         ──or the daemon's attach: standard input and output──────────────────────────────▶

The container has no network, a root that cannot be written, no capability, a user that is nobody, bounded memory and processes,
and file systems in memory to write in. Inside, each job is confined by the unprivileged tier. The stream is what keeps the worker
alive: when this process ends, however it ends, the guest sees the end of it and the container goes. What is left if the daemon is
killed as well carries labels, and is removed by the next start and by `reward-sandbox clean`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.guest.walls import seccomp
from sandbox.host import bundle
from sandbox.host.container_socket import ContainerSocket
from sandbox.host.docker_attach import AttachedStream
from sandbox.host.docker_daemon import DockerDaemon
from sandbox.host.stream import ENVIRONMENT, StreamWorker
from sandbox.words.errors import ConfigurationError, WorkerLost
from sandbox.words.job import Job, Run
from sandbox.words.layers import Layer

if TYPE_CHECKING:
    from docker.models.containers import Container

__all__ = ["DEFAULT_IMAGE", "ContainerWorker", "seccomp_profile"]

DEFAULT_IMAGE = "reward-sandbox/python-slim"
GUEST = "/opt/reward-sandbox/guest.zip"
PACKAGES = "/opt/reward-sandbox/packages"
WORK, HIDDEN, SOCKET_FOLDER = "/work", "/hidden", "/run/reward-sandbox"
USER = 64_000
"""Nobody's number: neither the images nor most machines have such a user."""
MEMORY_BYTES = 4 << 30
"""Memory of the whole container, files in memory included. Inside, each job has its own limit; a job with a larger one raises this."""
SPARE_BYTES = 3 << 29
"""For the guest, and for files that a job writes, which are in memory."""
PIDS = 1024
GVISOR_MEMORY_BYTES, GVISOR_PIDS = 12 << 30, 1 << 15
"""gVisor's containers get more from the start: they cannot be enlarged later, and each process in them is several on the machine."""


class ContainerWorker(StreamWorker):
    """One warm zygote in a container. Not thread-safe: a pool leases it to one caller at a time.

    *image* is a name or an id of an image that `reward-sandbox images build` made; the container is made from the id that it has
    now. *runtime* is one of the daemon's, such as runsc (gVisor). *warm*, *readable* (paths in the image) and *allow_missing* as in
    `ProcessWorker`.

    Raises:
        ConfigurationError: there is no daemon, no permission, no such image or runtime, or the image has the guest of another version.
        LayerMissing: a required layer cannot be enforced.
        WorkerLost: the daemon does not answer any more, though it did.
    """

    def __init__(
        self,
        *,
        image: str = DEFAULT_IMAGE,
        runtime: str = "",
        python: str | None = None,
        warm: Sequence[str] = (),
        readable: Sequence[str] = (),
        allow_missing: Collection[Layer] = frozenset(),
        memory_bytes: int | None = None,
    ) -> None:
        is_gvisor = "runsc" in runtime
        if memory_bytes is None:
            memory_bytes = GVISOR_MEMORY_BYTES if is_gvisor else MEMORY_BYTES
        self.runtime = runtime
        self._memory_bytes = memory_bytes
        self.image = image
        self._closing = threading.Lock()  # protects what close() releases
        self._container: Container | None = None
        self._container_socket: ContainerSocket | None = None
        self._stream = socket.socket(socket.AF_UNIX)  # until there is one
        self._stderr_tail = b""
        daemon = DockerDaemon.of_environment()
        image_id = daemon.image(image, bundle.digest())
        options = {
            "warm": list(warm),
            "folder": WORK,
            "hidden": "" if is_gvisor else HIDDEN,
            "own_places": [WORK, "/tmp"] if is_gvisor else [WORK, HIDDEN],  # gVisor makes a /tmp of its own
            "readable": [PACKAGES, "/proc", *readable],
            "landlock": True,
            "seccomp": True,
            "limits": True,
            "namespaces": False,
            "cgroup": {},
            "container": "gvisor" if is_gvisor else "docker",
        }

        def create(container_socket: ContainerSocket | None) -> Container:
            self._container_socket = container_socket
            by_socket = container_socket is not None
            options["stream"] = f"{SOCKET_FOLDER}/socket" if by_socket else ""
            return daemon.create(
                image=image_id,
                entrypoint=[python or "python3", "-s", "-B", GUEST, json.dumps(options)],
                environment={**ENVIRONMENT, "PYTHONPATH": PACKAGES},
                runtime=runtime or None,
                user=f"{USER}:{USER}",
                memory_bytes=memory_bytes,
                pids_limit=GVISOR_PIDS if is_gvisor else PIDS,
                **_container_options(container_socket.folder if container_socket else "", is_gvisor),
            )

        try:
            container_socket = (
                ContainerSocket() if daemon.is_local and not is_gvisor else None
            )  # a container of gVisor's reaches no sockets of the host
            try:
                container = create(container_socket)
            except ConfigurationError as error:
                if container_socket is None or "bind source path" not in str(error):
                    raise
                # The daemon sees another file system: this process is in a container itself.
                container_socket.close()
                container_socket = None
                container = create(None)
            self._container = container
            self._stream.close()
            if container_socket is None:
                self._stream = daemon.attach(container)
            daemon.start(container)
            if container_socket is not None:
                self._stream = container_socket.accept(self._is_running)
            self._healthy = True
            hello = self._read_hello(f"a container of {image}")
            if hello["missing"]:
                raise ConfigurationError(
                    f"the image {image} cannot import {', '.join(hello['missing'])}: take it out of `warm`, or use an image that has it"
                )
            self._accept_hello(hello, allow_missing)
            self._pid = 0 if is_gvisor else _host_pid(container)
        except BaseException:
            self.close()
            raise

    def run(self, job: Job, deadline: float) -> Run:
        """See `Worker.run`. For a job that may use more memory than the container has, its limit is raised first."""
        needed = job.limits.memory_bytes * (2 if job.tests else 1) + SPARE_BYTES
        container = self._container
        if needed > self._memory_bytes and container is not None and not self.runtime:  # gVisor's cannot be given more
            try:
                DockerDaemon.of_environment().raise_memory(container, needed)
            except (ConfigurationError, WorkerLost) as error:
                self.close()
                raise WorkerLost(str(error)) from error
            self._memory_bytes = needed
        return super().run(job, deadline)

    @property
    def cgroup(self) -> str:
        """Which control group counts for this worker."""
        return f"the container's ({self.runtime or 'runc'})"

    @property
    def container_id(self) -> str:
        """As the daemon calls it; "" when it has gone."""
        return "" if self._container is None else str(self._container.id)

    def _is_running(self) -> bool:
        return self._container is not None and DockerDaemon.of_environment().is_running(self._container)

    def close(self) -> None:
        """See `Worker.close`. A job that runs in another thread ends as WorkerLost there."""
        self._healthy = False
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        with self._closing:
            self._stream.close()
            if self._container_socket is not None:
                self._container_socket.close()
            container, self._container = self._container, None
        if isinstance(self._stream, AttachedStream):
            self._stderr_tail = self._stream.stderr_tail
        if container is not None:
            with contextlib.suppress(ConfigurationError, WorkerLost):
                DockerDaemon.of_environment().remove(container)

    def _stderr_note(self) -> str:
        text = self._stderr_tail.decode("utf-8", "replace").strip()[-2000:]
        return f"; its last words: {text}" if text else ""


def _host_pid(container: Container) -> int:
    """The zygote's process id on this machine; 0 if this machine does not show it: its number in the container is another's here."""
    try:
        container.reload()
        keeper = container.attrs["State"]["Pid"]
        with open(f"/proc/{keeper}/task/{keeper}/children", encoding="ascii") as file:
            return int(file.read().split()[0])
    except (OSError, KeyError, IndexError, ValueError):
        return 0


def _container_options(socket_folder: str, is_gvisor: bool) -> dict[str, Any]:
    """What confines every container, as options of the daemon."""
    hidden = f"rw,noexec,nosuid,nodev,mode=700,uid={USER},gid={USER},size=256m"
    in_memory = "rw,noexec,nosuid,nodev,mode=1777,size=512m,nr_inodes=65536"
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={seccomp_profile()}"],
        "ipc_mode": "none",  # and with it no /dev/shm: jobs write below the work folder, and nowhere else
        "tmpfs": {WORK: in_memory, **({} if is_gvisor else {HIDDEN: hidden})},
        "cpu_count": min(2, os.cpu_count() or 1),
        "mounts": {socket_folder: SOCKET_FOLDER} if socket_folder else {},
    }


@functools.cache
def seccomp_profile() -> str:
    """The filter of system calls that jobs have, as a profile of Docker's for the whole container: the guest needs none of those calls.

    Docker's own default would do as well from version 23 on; before, it knows no Landlock.
    """
    rows: list[dict[str, Any]] = []
    tests = {"is": "SCMP_CMP_EQ", "not": "SCMP_CMP_NE"}
    for rule in seccomp.RULES:
        row: dict[str, Any] = {"names": rule.calls.split(), "action": "SCMP_ACT_ERRNO", "errnoRet": rule.error}
        if any(kind == "any" for _, kind, _ in rule.only) or "socket" in rule.calls.split() or "connect" in rule.calls.split():
            continue  # libseccomp cannot ask for any of several bits; and the guest itself connects to its socket
        if rule.only:
            row["args"] = [{"index": index, "value": value, "op": tests[kind]} for index, kind, value in rule.only]
        if rule.error == seccomp.FAKE_SUCCESS:
            continue  # for jobs: the guest locks its folders
        rows.append(row)
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rows})

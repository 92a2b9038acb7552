"""`reward-sandbox serve`: the application on a socket, until it is told to end."""

from __future__ import annotations

import logging
import resource
import socket
import sys
from types import FrameType

import uvicorn

from sandbox.adapters.record import start_recording
from sandbox.api import Sandbox
from sandbox.server.access import is_loopback
from sandbox.server.app import Options, create_app
from sandbox.server.work_queue import WorkQueue
from sandbox.settings import Settings
from sandbox.words.errors import ConfigurationError

__all__ = ["serve"]


def serve(settings: Settings, options: Options, *, host: str, port: int, drain_seconds: int) -> None:
    """Serve until SIGTERM or SIGINT; then what runs may end within *drain_seconds*.

    Raises:
        ConfigurationError: *host* can be reached from elsewhere, and there is no token; or the port is not free.
    """
    if not options.token and not is_loopback(host):
        raise ConfigurationError(
            f"--host {host} can be reached from other machines, and whoever reaches this server runs programs on it: "
            "set a token (SANDBOX_TOKEN), or use --host 127.0.0.1"
        )
    _check_free(host, port)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a trainer opens a connection a sample
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
    start_recording(settings.recording)
    box = Sandbox(limits=settings.limits, **settings.options)
    app = create_app(box, options)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,  # uvicorn's lines in our form too
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=drain_seconds,
        server_header=False,
    )
    _Server(config, app.state.queue, box, "a token is needed" if options.token else "no token").run()


def _check_free(host: str, port: int) -> None:
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            with socket.socket(family, kind, protocol) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind(address)
    except OSError as error:
        raise ConfigurationError(
            f"nothing can listen on {host}, port {port}: {error.strerror}; use another --host or --port"
        ) from None


class _Server(uvicorn.Server):
    """Says that it is ending as soon as it knows: what comes over connections that are open gets 503."""

    def __init__(self, config: uvicorn.Config, queue: WorkQueue, box: Sandbox, for_whom: str) -> None:
        super().__init__(config)
        self._queue = queue
        self._box = box
        self._for_whom = for_whom

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where it listens, now that it does."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            what = f"{self._box.workers} workers, {self._for_whom}"
            print(f"listening on http://{at} ({what}); /docs shows its API, Ctrl-C ends it", file=sys.stderr, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal asks for the end."""
        self._queue.is_draining = True
        super().handle_exit(sig, frame)

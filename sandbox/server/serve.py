"""`reward-sandbox serve`: the application on a socket, until it is told to end."""

from __future__ import annotations

import resource
from types import FrameType

import uvicorn

from sandbox.api import Sandbox
from sandbox.errors import ConfigurationError
from sandbox.server.app import Options, create_app
from sandbox.server.desk import Desk
from sandbox.server.guard import is_loopback
from sandbox.settings import Settings

__all__ = ["serve"]


def serve(settings: Settings, options: Options, *, host: str, port: int, drain_seconds: int) -> None:
    """Serve until SIGTERM or SIGINT; then what runs may end within *drain_seconds*.

    Raises:
        ConfigurationError: *host* can be reached from elsewhere, and there is no token.
    """
    if not options.token and not is_loopback(host):
        raise ConfigurationError(
            f"--host {host} can be reached from other machines, and whoever reaches this server runs programs on it: "
            "set a token (SANDBOX_TOKEN), or use --host 127.0.0.1"
        )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a trainer opens a connection a sample
    box = Sandbox(limits=settings.limits, **settings.options)
    app = create_app(box, options)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=drain_seconds,
        server_header=False,
    )
    _Server(config, app.state.desk).run()


class _Server(uvicorn.Server):
    """Says that it is ending as soon as it knows: what comes over connections that are open gets 503."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal asks for the end."""
        self._desk.is_draining = True
        super().handle_exit(sig, frame)

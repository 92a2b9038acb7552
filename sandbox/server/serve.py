"""`reward-sandbox serve`: the application on a socket, until it is told to end."""

from __future__ import annotations

import ipaddress
import resource

import uvicorn

from sandbox.api import Sandbox
from sandbox.errors import ConfigurationError
from sandbox.server.app import Options, create_app
from sandbox.settings import Settings

__all__ = ["serve"]


def serve(settings: Settings, options: Options, *, host: str, port: int, drain_seconds: int) -> None:
    """Serve until SIGTERM or SIGINT; then what runs may end within *drain_seconds*.

    Raises:
        ConfigurationError: *host* can be reached from elsewhere, and there is no token.
    """
    if not options.token and not _is_loopback(host):
        raise ConfigurationError(
            f"--host {host} can be reached from other machines, and whoever reaches this server runs programs on it: "
            "set a token (SANDBOX_TOKEN), or use --host 127.0.0.1"
        )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a trainer opens a connection a sample
    box = Sandbox(limits=settings.limits, **settings.options)
    uvicorn.run(
        create_app(box, options),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=drain_seconds,
        server_header=False,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""`reward-sandbox clean`: removes what killed processes have left."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from sandbox.host import cgroups, images, semaphore
from sandbox.host.docker_daemon import DockerDaemon
from sandbox.words.errors import ConfigurationError

__all__ = ["clean_up"]


def clean_up() -> None:
    """Containers of owners that have ended, control groups of no process; work folders go when the next worker starts.

    The semaphore that counts the jobs of this node stays while one runs.
    """
    console = Console()
    cgroups.remove_stale()
    semaphore.remove()
    try:
        removed = DockerDaemon.of_environment().remove_leftovers()
    except ConfigurationError as error:
        console.print(f"[yellow]containers were not looked at:[/] {escape(str(error))}", highlight=False)
    else:
        nameless = images.remove_nameless()
        console.print(
            f"removed {len(removed)} containers of ended owners, {nameless} images that newer ones replaced", highlight=False
        )

"""`reward-sandbox images` and `clean`: the images of container workers, and what killed processes left."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.host import cgroups, images, semaphore
from sandbox.host.backends import Starter
from sandbox.host.docker_daemon import DockerDaemon
from sandbox.words.errors import ConfigurationError
from sandbox.words.job import Job
from sandbox.words.layers import Backend

__all__ = ["build_image", "check_image", "clean_up", "list_images"]


def build_image(name: str, base: str | None) -> None:
    """Build one of ours, telling each step."""
    console = Console()
    started = time.monotonic()
    made = images.build(name, base=base, report=lambda text: console.print(f"[dim]{escape(text)}[/]", highlight=False))
    seconds = time.monotonic() - started
    console.print(f"[green]{images.REPOSITORY}/{name}[/] is {made[:19]} ({seconds:.0f} s)", highlight=False)


def list_images() -> None:
    """A table of what the daemon holds."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("image", "id", "size", "made", "guest"):
        table.add_column(head)
    found = images.installed()
    for one in found:
        guest = "[green]this version's[/]" if one.is_current else "[red]of another version: build it anew[/]"
        table.add_row(escape(one.name), one.id[7:19], f"{one.size_bytes / 1e6:.0f} MB", one.created, guest)
    console = Console()
    if found:
        console.print(table)
    else:
        console.print(f"no images here; make one with: reward-sandbox images build {images.names()[0]}", highlight=False)


def check_image(name: str, backend: str) -> None:
    """Run a program in it.

    Raises:
        ConfigurationError: it cannot be used; the message says why.
    """
    full = name if "/" in name or ":" in name else f"{images.REPOSITORY}/{name}"
    started = time.monotonic()
    if backend not in (Backend.DOCKER.value, Backend.GVISOR.value):
        raise ConfigurationError(f"--backend {backend}: images are for docker and docker+gvisor")
    worker = Starter(backend=Backend(backend), image=full)()
    try:
        run = worker.run(Job(source="import sys; print(sys.version.split()[0])"), time.monotonic() + 30)
        if run.detail != "exit:0":
            raise ConfigurationError(f"a program in {full} ended with {run.detail}: {run.stderr.decode('utf-8', 'replace')[-500:]}")
        seconds = time.monotonic() - started
        version = run.stdout.decode().strip()
        Console().print(f"[green]{escape(full)} works[/]: Python {version}, first result after {seconds:.1f} s", highlight=False)
    finally:
        worker.close()


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

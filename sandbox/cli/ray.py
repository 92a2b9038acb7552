"""`reward-sandbox ray status`: what the pools of a Ray cluster do now."""

from __future__ import annotations

import dataclasses
import json

from rich.console import Console
from rich.table import Table

from sandbox.host.ray_node import connect, statuses

__all__ = ["show_status"]


def show_status(address: str, *, as_json: bool) -> None:
    """One row a pool.

    Raises:
        ConfigurationError: there is no cluster at *address*.
    """
    connect(address)
    found = statuses()
    if as_json:
        print(json.dumps([dataclasses.asdict(status) for status in found]))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("node")
    table.add_column("address")
    for head in ("workers", "running", "waiting", "jobs done", "for"):
        table.add_column(head, justify="right")
    for one in found:
        busy = "green" if one.running < one.size else "yellow"
        table.add_row(
            one.node[:12],
            one.address,
            f"{one.workers}/{one.size}",
            f"[{busy}]{one.running}[/]",
            str(one.waiting),
            str(one.done),
            f"{one.seconds:.0f} s",
        )
    console = Console()
    if found:
        console.print(table)
    else:
        console.print("no pool in this cluster: the first job of a process with SANDBOX_BACKEND=ray makes them", highlight=False)

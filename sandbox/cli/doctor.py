"""`reward-sandbox doctor`: what confines programs on this machine, tried from inside."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from sandbox.host.backends import Starter
from sandbox.host.selfcheck import LayerCheck, SelfCheck, check_layers
from sandbox.settings import Settings
from sandbox.words.layers import Backend, Layer, Requirement

__all__ = ["CAPTION", "examine"]

CAPTION = (
    "asked: is the layer required; got: what is set up; tried: whether a program that does what the layer forbids was stopped; "
    "how: by which means of the system"
)
TABLE_COLUMNS = 76
"""What the table takes, with 20 for its last column."""


def examine(settings: Settings, *, as_json: bool, console: Console | None = None) -> int:
    """Check every layer and say how it stands; the exit status of the command: 0 all that is required holds, 1 it does not."""
    options = settings.options
    allowed: Collection[Layer] = options.get("allow_missing", frozenset())
    own = {name: options[name] for name in ("backend", "image", "python", "readable", "isolation") if name in options}
    if "backend" in own:
        own["backend"] = own["backend"].of_node  # of a Ray cluster, this node is looked at
    found = check_layers(Starter(**own, allow_missing=frozenset(Layer)), allow_missing=allowed)
    if as_json:
        print(json.dumps(_plain(found)))
    else:
        _show(found, console or Console())
    return 0 if found.holds else 1


def _plain(found: SelfCheck) -> dict[str, object]:
    plain = dataclasses.asdict(found)
    plain["holds"] = found.holds
    for row, one in zip(plain["checks"], found.checks, strict=True):
        row["holds"] = one.holds
    return plain


def _show(found: SelfCheck, console: Console) -> None:
    tier = f"{found.isolation.value}[/] tier"
    if found.backend is not Backend.PROCESS:
        tier = f"{found.backend.value}[/] container, unprivileged tier inside"
    who = "root" if found.user == 0 else f"user {found.user}"
    console.print(f"[bold]{tier}, as {who}; Linux {found.kernel}, Python {found.python}, {escape(found.cgroup)}", highlight=False)
    if found.why_no_namespaces:
        console.print(f"no namespaces: {escape(found.why_no_namespaces)}", highlight=False)
    _show_layers(found.checks, console)
    for one in found.checks:
        if one.enforced.remedy and not _is_whole(one):
            console.print(f"[yellow]to get {one.enforced.layer.value}:[/] {escape(one.enforced.remedy)}", highlight=False)
        if not one.contained:
            console.print(
                f"[red]{one.enforced.layer.value}:[/] a program that {one.probe} got through ({escape(one.seen)})", highlight=False
            )
    given_up = [one.enforced.layer.value for one in found.checks if one.enforced.requirement is not Requirement.REQUIRED]
    if given_up:
        console.print(f"[yellow]given up: {', '.join(given_up)}[/]: every result says so", highlight=False)
    if found.holds:
        console.print("[green]every layer that is required holds[/]" + (" (but what was given up)" if given_up else ""))
    else:
        lacking = ",".join(one.enforced.layer.value for one in found.checks if not one.holds and not one.is_broken)
        without = f"; to run without, at your own risk: --allow-missing {lacking}" if lacking else ""
        console.print(f"[red]not all that is required holds[/]{without}", highlight=False)
        if any(one.is_broken for one in found.checks):
            console.print("[red]a layer that says it is enforced is not[/]: please report this, see SECURITY.md", highlight=False)


def _show_layers(checks: Sequence[LayerCheck], console: Console) -> None:
    """As a table; where a column for `how` would be some letters wide, it gets lines of its own."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("", "layer", "asked", "got", "tried", "how"):
        table.add_column(head, overflow="fold", no_wrap=head != "how")
    for one in checks:
        told = one.enforced
        mark = "[green]✓[/]" if one.holds and _is_whole(one) else "[yellow]![/]" if one.holds else "[red]✗[/]"
        tried = "[green]stopped[/]" if one.contained else "[red]got through[/]"
        asked = "yes" if told.requirement is Requirement.REQUIRED else "given up"
        if console.width >= TABLE_COLUMNS:
            table.add_row(mark, told.layer.value, asked, told.enforcement.value, tried, escape(told.how))
        else:
            required = "required" if asked == "yes" else asked
            console.print(f"{mark} [bold]{told.layer.value}[/]: {required}, {told.enforcement.value}, {tried}", highlight=False)
            console.print(Padding(escape(told.how), (0, 0, 0, 4)), highlight=False)
    if table.row_count:
        console.print(table)
    console.print(CAPTION, highlight=False)


def _is_whole(one: LayerCheck) -> bool:
    return one.enforced.enforcement.value == "enforced" and one.contained

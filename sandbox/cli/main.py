"""The commands and the options they share."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import sandbox
from sandbox.settings import Settings
from sandbox.words.errors import ConfigurationError, SandboxError, install_hint

__all__ = ["app"]

INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + signal.SIGPIPE
"""As a shell has it for a command that the signal ended."""

app = typer.Typer(
    name="reward-sandbox",
    help="Run programs that a model wrote, in a sandbox, and say honestly what they are worth.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

errors = Console(stderr=True)

AllowMissing = Annotated[
    list[str] | None,
    typer.Option("--allow-missing", metavar="LAYER", help="Run although this layer of confinement is missing (may be repeated)."),
]
Tier = Annotated[str | None, typer.Option("--isolation", help="auto, namespaces or unprivileged.")]
Kind = Annotated[
    str | None, typer.Option("--backend", help="process, docker, docker+gvisor, auto, ray, ray+docker or ray+docker+gvisor.")
]


def _settings(allow_missing: list[str] | None, isolation: str | None, backend: str | None) -> Settings:
    """The environment's settings, with the options that every command has in their place."""
    given = {
        **({"SANDBOX_ALLOW_MISSING": ",".join(allow_missing)} if allow_missing else {}),
        **({"SANDBOX_ISOLATION": isolation} if isolation else {}),
        **({"SANDBOX_BACKEND": backend} if backend else {}),
    }
    try:
        return Settings.from_environment({**os.environ, **given})
    except ConfigurationError as error:
        message = str(error)
        for variable in given:  # it was no variable that the user set
            message = message.replace(f"{variable}=", f"--{variable.removeprefix('SANDBOX_').lower().replace('_', '-')} ")
        raise ConfigurationError(message) from None


images_app = typer.Typer(help="Images for container workers.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(images_app, name="images")
ray_app = typer.Typer(help="Workers on a Ray cluster.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(ray_app, name="ray")


@contextlib.contextmanager
def _errors_reported(kept: str = "") -> Iterator[None]:
    """Errors that we raise on purpose, as a sentence and an exit status; an interrupt, with what is *kept* of the work."""
    try:
        yield
    except BrokenPipeError:
        # Whoever read this has seen enough (head): nothing is said of it, not at the interpreter's end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        raise typer.Exit(BROKEN_PIPE) from None
    except (SandboxError, OSError) as error:
        said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        errors.print(f"[red]error:[/red] {escape(said)}", highlight=False)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        errors.print(f"[yellow]interrupted[/yellow]{escape(kept)}", highlight=False)
        raise typer.Exit(INTERRUPTED) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reward-sandbox {sandbox.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)] = False,  # noqa: ARG001
) -> None:
    """Settings that have no option here are environment variables: docs/settings.md has the table."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  # for as long as the process lives


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="The program; - reads it from standard input.", allow_dash=True)],
    stdin: Annotated[
        Path | None,
        typer.Option(help="A file that the program reads as its standard input; - is this command's own.", allow_dash=True),
    ] = None,
    text: Annotated[str, typer.Option(help="The program's standard input itself.")] = "",
    cpu_seconds: Annotated[float | None, typer.Option(help="CPU time limit.")] = None,
    memory_mb: Annotated[int | None, typer.Option(help="Memory limit in MiB.", min=16)] = None,
    allow_missing: AllowMissing = None,
    isolation: Tier = None,
    backend: Kind = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run one program; show how it ended, what it wrote and what it used."""
    from sandbox.cli.run import run_file

    with _errors_reported():
        settings = _settings(allow_missing, isolation, backend)
        status = run_file(file, stdin, text, settings, cpu_seconds, memory_mb, as_json=json)
    raise typer.Exit(status)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="JSON lines, one sample a line; - reads standard input.", allow_dash=True)],
    out: Annotated[
        Path | None, typer.Option(help="Write results here as JSON lines; samples that it has already are skipped.")
    ] = None,
    response_key: Annotated[str, typer.Option(help="Key of the model's text.")] = "response",
    label_key: Annotated[str, typer.Option(help="Key of the label.")] = "label",
    prompt_key: Annotated[str, typer.Option(help="Key of the prompt, if there is one.")] = "prompt",
    id_key: Annotated[str, typer.Option(help="Key that names a sample; without it, the line's number does.")] = "id",
    shape: Annotated[str | None, typer.Option(help="documented, binary, fraction, threshold:0.8 or table:{...}.")] = None,
    workers: Annotated[int | None, typer.Option(help="Jobs at the same time (default: one a processor).")] = None,
    allow_missing: AllowMissing = None,
    isolation: Tier = None,
    backend: Kind = None,
    json: Annotated[bool, typer.Option("--json", help="Print results as JSON lines and the summary as a last one.")] = False,
) -> None:
    """Score a file of samples; show progress, and a summary at the end."""
    from sandbox.cli.score import Keys, score_file

    with _errors_reported(f"; what was finished is in {out}, and the same command goes on from there" if out else ""):
        settings = _settings(allow_missing, isolation, backend)
        keys = Keys(response=response_key, label=label_key, prompt=prompt_key, id=id_key)
        options = {**settings.options, **({"shape": shape} if shape else {}), **({} if workers is None else {"workers": workers})}
        status = score_file(file, out, keys, settings.limits, options, as_json=json)
    raise typer.Exit(status)


@app.command()
def report(
    file: Annotated[Path, typer.Argument(help="Results: what `reward-sandbox score --out` wrote.")],
    out: Annotated[Path, typer.Option(help="Write the page here: one HTML file that needs no network.")] = Path("report.html"),
    png: Annotated[Path | None, typer.Option(help="Write the charts as PNG files into this folder (needs matplotlib).")] = None,
    samples: Annotated[Path | None, typer.Option(help="The samples that were scored: the page shows their programs.")] = None,
    response_key: Annotated[str, typer.Option(help="Key of the model's text in the samples.")] = "response",
    id_key: Annotated[str, typer.Option(help="Key that names a sample; without it, the line's number does.")] = "id",
) -> None:
    """Make a page of a file of results: what became of the samples, over the run, and why they failed."""
    from sandbox.cli.report import write_report

    with _errors_reported():
        write_report(file, out, png, samples, response_key, id_key)


@app.command()
def doctor(
    allow_missing: AllowMissing = None,
    isolation: Tier = None,
    backend: Kind = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try every layer of confinement from inside a worker; exit status 0 if all that is required holds, else 1."""
    from sandbox.cli.doctor import examine

    with _errors_reported():
        status = examine(_settings(allow_missing, isolation, backend), as_json=json)
    raise typer.Exit(status)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8080,
    token: Annotated[
        str, typer.Option(help="What clients have to know (Authorization: Bearer, or ?token=).", envvar="SANDBOX_TOKEN")
    ] = "",
    max_waiting: Annotated[int, typer.Option(help="Samples that may wait or run; more are refused with 429.", min=1)] = 10_000,
    max_body_mb: Annotated[int, typer.Option(help="Size of a request, MiB.", min=1)] = 64,
    drain_seconds: Annotated[int, typer.Option(help="Time for what runs when the server is told to end.", min=0)] = 60,
    workers: Annotated[int | None, typer.Option(help="Jobs at the same time (default: one a processor).")] = None,
    allow_missing: AllowMissing = None,
    isolation: Tier = None,
    backend: Kind = None,
) -> None:
    """Serve the judge over HTTP: OpenRLHF's /get_reward, SandboxFusion's /run_code and /submit, /v1/judge, a status page at /."""
    with _errors_reported():
        try:
            from sandbox.server import Options
            from sandbox.server.serve import serve as serve_app
        except ImportError as error:
            raise ConfigurationError(f"the server needs {error.name}: {install_hint('serve')}") from None
        settings = _settings(allow_missing, isolation, backend)
        chosen = settings if workers is None else dataclasses.replace(settings, options={**settings.options, "workers": workers})
        options = Options(token=token, max_waiting=max_waiting, max_body_bytes=max_body_mb << 20)
        serve_app(chosen, options, host=host, port=port, drain_seconds=drain_seconds)


@ray_app.command("status")
def ray_status(
    address: Annotated[str, typer.Option(help="Address of the cluster.", envvar="RAY_ADDRESS")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Show the pools on the nodes of a Ray cluster: workers, what runs, what waits."""
    from sandbox.cli.ray import show_status

    with _errors_reported():
        show_status(address, as_json=json)


@app.command()
def clean() -> None:
    """Remove what killed processes have left: containers whose owners have ended, control groups, the node's job counter.

    Images that newer ones replaced are removed as well.
    """
    from sandbox.cli.clean import clean_up

    with _errors_reported():
        clean_up()


@images_app.command("build")
def images_build(
    name: Annotated[str, typer.Argument(help="python-slim or python.")] = "python-slim",
    base: Annotated[
        str | None,
        typer.Option(help="An image with Python 3.11 to build on (default: one made by debootstrap, without a registry)."),
    ] = None,
) -> None:
    """Build an image, without a registry unless --base names an image that has to be fetched."""
    from sandbox.cli.images import build_image

    with _errors_reported():
        build_image(name, base)


@images_app.command("list")
def images_list() -> None:
    """List the images that workers can use, and whether they carry this version's guest."""
    from sandbox.cli.images import list_images

    with _errors_reported():
        list_images()


@images_app.command("check")
def images_check(
    name: Annotated[str, typer.Argument(help="An image, such as python-slim or a name of your own.")] = "python-slim",
    backend: Annotated[str, typer.Option("--backend", help="docker or docker+gvisor.")] = "docker",
) -> None:
    """Start a worker in an image and run a program; exit status 0 if that works, else 2."""
    from sandbox.cli.images import check_image

    with _errors_reported():
        check_image(name, backend)

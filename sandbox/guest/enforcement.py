"""What confines jobs here, layer by layer: said once to the host, which attaches it to every result and refuses to start without it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Facts", "Told", "layers"]

ENFORCED, PARTIAL, MISSING = "enforced", "partial", "missing"

_NO_LANDLOCK = "this kernel has no Landlock"
_GET_LANDLOCK = "use Linux 5.13 or newer, with landlock in the list of /sys/kernel/security/lsm"
_GET_NAMESPACES = (
    "run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)"
)
_GET_SECCOMP = "use x86-64 or arm64, with CONFIG_SECCOMP_FILTER"


class Facts(NamedTuple):
    """What the worker has found out about itself."""

    namespaces: bool
    own_users: bool
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


class Told(NamedTuple):
    """One layer: see `sandbox.layers.Enforced`."""

    layer: str
    enforcement: str
    how: str
    remedy: str = ""


def layers(facts: Facts) -> list[Told]:
    """Every layer, in the order in which people read them."""
    return [
        _filesystem(facts),
        _network(facts),
        _syscalls(facts),
        _other_processes(facts),
        Told("no_new_privileges", ENFORCED, "PR_SET_NO_NEW_PRIVS, no capabilities" + (", a user id of its own" * facts.own_users)),
        _memory(facts),
        _processes(facts),
        Told(
            "cpu_time",
            ENFORCED,
            ("cgroup and clocks" if facts.cgroup_cpu else "clocks") + " of all descendants, RLIMIT_CPU behind" * facts.has_limits,
        ),
        Told("wall_time", ENFORCED, "a deadline, less the time spent waiting for a processor"),
        Told("output", ENFORCED, "files in memory, of bounded size"),
        Told("file_size", ENFORCED if facts.has_limits else MISSING, _file_size(facts)),
        Told("open_files", ENFORCED if facts.has_limits else MISSING, "RLIMIT_NOFILE" if facts.has_limits else "no RLIMIT_NOFILE"),
        Told(
            "complete_kill",
            ENFORCED,
            "a process namespace, swept after each job" if facts.namespaces else "two subreapers, swept after each job",
        ),
    ]


def _file_size(facts: Facts) -> str:
    if not facts.has_limits:
        return "no RLIMIT_FSIZE"
    return "RLIMIT_FSIZE; all files together by the size of a tmpfs" if facts.namespaces else "RLIMIT_FSIZE, for each file"


def _filesystem(facts: Facts) -> Told:
    if facts.namespaces:
        inner = f"; Landlock (ABI {facts.landlock}) within" if facts.landlock else "; no Landlock within: no pytest labels"
        return Told("filesystem", ENFORCED, "a read-only root of bind mounts, tmpfs for what jobs write" + inner)
    if facts.landlock >= 3:
        return Told(
            "filesystem", ENFORCED, f"Landlock (ABI {facts.landlock}): interpreter and libraries read, its own folder written"
        )
    if facts.landlock:
        remedy = f"{_GET_NAMESPACES}; or use Linux 6.2 or newer"
        return Told("filesystem", PARTIAL, f"Landlock (ABI {facts.landlock}) cannot keep files from being truncated", remedy)
    return Told("filesystem", MISSING, _NO_LANDLOCK, f"{_GET_NAMESPACES}; or {_GET_LANDLOCK}")


def _network(facts: Facts) -> Told:
    how = ["a network namespace with nothing in it"] * facts.namespaces + ["seccomp: no sockets"] * (not facts.seccomp)
    if how:
        return Told("network", ENFORCED, ", ".join(how))
    return Told("network", MISSING, facts.seccomp, f"{_GET_NAMESPACES}; or {_GET_SECCOMP}")


def _syscalls(facts: Facts) -> Told:
    if facts.seccomp:
        return Told("syscalls", MISSING, facts.seccomp, _GET_SECCOMP)
    return Told("syscalls", ENFORCED, "seccomp: a table with a reason a row, inherited")


def _other_processes(facts: Facts) -> Told:
    walls = ["a process namespace"] * facts.namespaces
    if facts.landlock:
        walls.append("Landlock: no tracing" + ", no signals" * (facts.landlock >= 6))
    if not facts.seccomp:
        walls.append("seccomp: no tracing, no limits or priorities of others")
    if facts.namespaces or (facts.landlock >= 6 and not facts.seccomp):
        return Told("other_processes", ENFORCED, "; ".join(walls))
    if not walls:
        return Told("other_processes", MISSING, f"{_NO_LANDLOCK}, {facts.seccomp}", f"{_GET_NAMESPACES}; or {_GET_LANDLOCK}")
    return Told("other_processes", PARTIAL, "; ".join(walls), f"{_GET_NAMESPACES}; or use Linux 6.12 (Landlock ABI 6, for signals)")


def _memory(facts: Facts) -> Told:
    behind = "RLIMIT_DATA of each process" * facts.has_limits
    if facts.cgroup_memory:
        return Told("memory", ENFORCED, f"cgroup v{facts.cgroup_version}" + (f", {behind}" if behind else ""))
    if facts.has_limits:
        return Told("memory", ENFORCED, f"{behind}, and all together looked at every 25 ms; no cgroup")
    return Told("memory", PARTIAL, "all together looked at every 25 ms")


def _processes(facts: Facts) -> Told:
    walls = [f"cgroup v{facts.cgroup_version}"] * facts.cgroup_processes + ["RLIMIT_NPROC"] * (
        facts.namespaces and facts.has_limits
    )
    return Told("processes", ENFORCED, ", ".join([*walls, "looked at every 25 ms" if not walls else "counted"]))

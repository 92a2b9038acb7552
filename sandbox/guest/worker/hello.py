"""What a worker says of itself before its first job."""

from __future__ import annotations

import json
import sys

from ..walls import confine, enforcement
from ..walls.cgroup import Cgroup
from ..walls.workfolder import Scratch

__all__ = ["introduction"]


def introduction(
    pid: int,
    missing: list[str],
    no_filter: str,
    wall: confine.Wall,
    landlock_abi: int,
    sees_children: bool,
    cgroup: Cgroup,
    folder: Scratch,
) -> bytes:
    """A JSON object: who serves, in which Python, what confines jobs, and which modules it could not import."""
    facts = enforcement.Facts(
        namespaces=wall.own_namespaces,
        own_users=wall.uid >= 0,
        landlock=landlock_abi,
        seccomp=no_filter,
        sees_children=sees_children,
        cgroup_version=cgroup.version,
        cgroup_memory=cgroup.has_memory,
        cgroup_processes=cgroup.has_processes,
        cgroup_cpu=cgroup.has_cpu,
        has_limits=wall.has_limits,
        container=wall.container,
    )
    message = {
        "pid": pid,
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "folders": list(folder.left),
        "layers": [told._asdict() for told in enforcement.layers(facts)],
        "no_cgroup": cgroup.why_not,
        "peak": "cgroup" if cgroup.has_peak else "largest process (maxrss), sampled sum of all",
        "missing": missing,
    }
    return json.dumps(message).encode("ascii")

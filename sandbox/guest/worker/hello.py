"""The hello: the first message of a worker, in which it tells the host what it is and what confines its jobs."""

from __future__ import annotations

import json
import sys

from ..walls import confine, enforcement
from ..walls.cgroup import Cgroup
from ..walls.workfolder import WorkFolder

__all__ = ["hello_message"]


def hello_message(
    pid: int,
    missing: list[str],
    no_filter: str,
    confinement: confine.Confinement,
    landlock_abi: int,
    sees_children: bool,
    cgroup: Cgroup,
    folder: WorkFolder,
) -> bytes:
    """A JSON object: process id, version of Python, what confines jobs, and which modules could not be imported."""
    facts = enforcement.Facts(
        namespaces=confinement.own_namespaces,
        separate_uid=confinement.uid >= 0,
        landlock=landlock_abi,
        seccomp=no_filter,
        sees_children=sees_children,
        cgroup_version=cgroup.version,
        cgroup_memory=cgroup.has_memory,
        cgroup_processes=cgroup.has_processes,
        cgroup_cpu=cgroup.has_cpu,
        has_limits=confinement.has_limits,
        container=confinement.container,
    )
    message = {
        "pid": pid,
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "folders": list(folder.folders),
        "layers": [layer._asdict() for layer in enforcement.layers(facts)],
        "no_cgroup": cgroup.why_not,
        "peak": "cgroup" if cgroup.has_peak else "largest process (maxrss), sampled sum of all",
        "missing": missing,
    }
    return json.dumps(message).encode("ascii")

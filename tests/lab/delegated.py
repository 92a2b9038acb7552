"""In the lab: groups are made in a container's delegated subtree, and politely not where it is read-only or somebody else's.

Each case runs in a process of its own, moved into a group of version 2 that was made for it.
"""

import os
import subprocess
import sys
from pathlib import Path

TOP = Path("/sys/fs/cgroup")
LOOK = """\
import os, sys, time
from sandbox.host.process import ProcessWorker
from sandbox.words.job import Job
from sandbox.words.limits import Limits
worker = ProcessWorker()
run = worker.run(Job(source="import mmap\\nm = mmap.mmap(-1, 1 << 28)\\nfor _ in range(256): m.write(bytes(1 << 20))", limits=Limits(memory_bytes=100 << 20)), time.monotonic() + 120)
print(worker.cgroup, "|", run.cause.value, run.usage.peak_memory_method, flush=True)
worker.close()
"""


def look(group, prepare="", user=()):
    """What a worker says of its group when it is started from within *group*."""
    script = f"import os\nopen('{group}/cgroup.procs', 'w').write('0')\n{prepare}\nos.execv('/bin/env', ['env', *{list(user)!r}, {sys.executable!r}, '-c', {LOOK!r}])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    print(f"{group}: {done.stdout.strip()} {done.stderr[-500:]}", flush=True)
    return done.stdout


def main():
    (TOP / "cgroup.subtree_control").write_text("+memory +pids +cpu")
    # 1. An ordinary group of root's: the new one is made beside it, for it has processes and is not ours to rearrange.
    plain = TOP / "plain"
    plain.mkdir()
    assert look(plain).startswith("cgroup v2 | memory")
    assert list(plain.glob("reward-sandbox-*")) == []
    # 2. As in a container: the group is the root of a cgroup namespace. Its processes are moved aside into a leaf.
    inner = TOP / "container"
    inner.mkdir()
    enter = "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.unshare(0x02020000) == 0\nlibc.mount(b'', b'/', None, 1 << 14 | 1 << 18, None)\nlibc.umount2(b'/sys/fs/cgroup', 2)\nassert libc.mount(b'none', b'/sys/fs/cgroup', b'cgroup2', 0, None) == 0"
    assert look(inner, enter).startswith("cgroup v2 | memory")
    assert (inner / "reward-sandbox-supervisor").is_dir()
    assert [path for path in inner.glob("reward-sandbox-*") if path.name != "reward-sandbox-supervisor"] == []
    # 3. The same, read-only: no group, and looks at the job bound its memory.
    sealed = TOP / "sealed"
    sealed.mkdir()
    told = look(sealed, enter.replace("b'cgroup2', 0", "b'cgroup2', 1"))
    assert told.startswith("no cgroup (")
    assert "| memory" in told
    # 4. Delegated to a user, as `systemd-run --user --scope -p Delegate=yes` does.
    mine = TOP / "mine"
    mine.mkdir()
    for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(mine / name, 1234, 1234)
    scope = mine / "scope"
    scope.mkdir()
    (mine / "cgroup.subtree_control").write_text("+memory +pids +cpu")
    for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(scope / name, 1234, 1234)
    user = ("/bin/setpriv", "--reuid", "1234", "--regid", "1234", "--clear-groups", "env", "HOME=/tmp")
    assert look(scope, user=user).startswith("cgroup v2 | memory")
    # 5. Somebody else's: an ordinary user in a group of root's has none.
    assert look(plain, user=user).startswith("no cgroup (")
    print("delegation: as it should be")


if __name__ == "__main__":
    main()

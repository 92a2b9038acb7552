"""Run a command in which no namespace can be made, as in a pod with a strict profile: `without_namespaces.py COMMAND ...`."""

import errno
import os
import struct
import sys

from sandbox.guest.walls import syscalls

UNSHARE = {"x86_64": 272, "aarch64": 97}[os.uname().machine]

if __name__ == "__main__":
    load, equal, stop, allow = 0x20, 0x15, 0x06, 0x7FFF0000
    steps = [(load, 0, 0, 0), (equal, 0, 1, UNSHARE), (stop, 0, 0, 0x00050000 | errno.EPERM), (stop, 0, 0, allow)]
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.seccomp_filter(b"".join(struct.pack("=HBBI", *step) for step in steps))
    os.execvp(sys.argv[1], sys.argv[1:])

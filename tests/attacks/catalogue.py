"""What programs try: a table of attacks. Each prints "through" when it got what it wanted.

`off` names the mechanisms that stop it: with all of them left out (and nothing else) the same program has to get through, or the test
proves nothing. Everything is tried on both tiers.

Names that programs are given: PLACE and WITNESS (a folder and a file of the host's user), PORT and UDP (of servers on the loopback
device), SOCKET and ABSTRACT (of listening Unix sockets), VICTIM (a process of the same user), HOST (the process that judges).
"""

from dataclasses import dataclass

FILES = "namespaces landlock"
PROCESSES = "namespaces landlock seccomp"
NETWORK = "namespaces seccomp"
CALLS = "seccomp"


@dataclass(frozen=True)
class Attack:
    name: str
    off: str
    program: str


def _each(group, off, rows):
    return [Attack(f"{group}_{name}", off, program) for name, program in rows.items()]


SYSCALL = """\
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *arguments):
    ctypes.set_errno(0)
    number = x86 if platform.machine() == "x86_64" else arm
    result = libc.syscall(ctypes.c_long(number), *(a if isinstance(a, ctypes.Array) or isinstance(a, bytes) else ctypes.c_long(a) for a in arguments))
    return result if result >= 0 else -ctypes.get_errno()
"""

ATTACKS = [
    *_each("file", FILES, {
        "read": "print('through' if open(WITNESS).read() else '')",
        "read_by_folder": "import os\nfd = os.open(PLACE, os.O_RDONLY)\nos.close(os.open('witness', os.O_RDONLY, dir_fd=fd))\nprint('through')",
        "read_by_path_descriptor": "import os\nfd = os.open(PLACE, os.O_PATH)\nos.close(os.open('witness', os.O_RDONLY, dir_fd=fd))\nprint('through')",
        "read_by_link": "import os\nos.symlink(WITNESS, 'l')\nprint('through' if open('l').read() else '')",
        "read_by_chained_links": "import os\nos.symlink('b', 'a'); os.symlink('c', 'b'); os.symlink(WITNESS, 'c')\nprint('through' if open('a').read() else '')",
        "read_by_climbing": "print('through' if open('../' * 30 + WITNESS[1:]).read() else '')",
        "read_by_root_of_itself": "print('through' if open('/proc/self/root' + WITNESS).read() else '')",
        "read_by_cwd_of_itself": "print('through' if open('/proc/self/cwd' + '/..' * 20 + WITNESS).read() else '')",
        "read_by_child": "import subprocess\nprint('through' if subprocess.run(['cat', WITNESS], capture_output=True).stdout else '')",
        "read_by_shell": "import subprocess\nprint('through' if subprocess.run(f'exec 3<{WITNESS}; cat <&3', shell=True, capture_output=True).stdout else '')",
        "read_by_mapping": "import mmap\nwith open(WITNESS, 'rb') as f: print('through' if mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[:] else '')",
        "read_by_dlopen_path": "import importlib.util as u\nspec = u.spec_from_file_location('w', PLACE + '/module.py')\nm = u.module_from_spec(spec); spec.loader.exec_module(m)\nprint('through')",
        "list": "import os\nprint('through' if os.listdir(PLACE) else '')",
        "walk_to_tests": "import os\nprint('through' if [f for _, _, fs in os.walk(PLACE) for f in fs if 'witness' in f] else '')",
        "enter_and_list": "import os\nos.chdir(PLACE)\nprint('through' if os.listdir('.') else '')",
        "execute": "import subprocess\nprint(subprocess.run([PLACE + '/script'], capture_output=True).stdout.decode())",
        "overwrite": "open(WITNESS, 'w').write('x')\nprint('through')",
        "append": "open(WITNESS, 'a').write('x')\nprint('through')",
        "truncate": "import os\nos.truncate(WITNESS, 0)\nprint('through')",
        "unlink": "import os\nos.unlink(WITNESS)\nprint('through')",
        "rename": "import os\nos.rename(WITNESS, PLACE + '/other')\nprint('through')",
        "make": "open(PLACE + '/planted', 'w').close()\nprint('through')",
        "make_folder": "import os\nos.mkdir(PLACE + '/planted')\nprint('through')",
        "make_link": "import os\nos.symlink('/etc/passwd', PLACE + '/planted')\nprint('through')",
        "make_fifo": "import os\nos.mkfifo(PLACE + '/planted')\nprint('through')",
        "make_through_link": "import os\nos.symlink(PLACE, 'l')\nopen('l/planted', 'w').close()\nprint('through')",
        "write_by_child": "import os, subprocess\nsubprocess.run(['touch', PLACE + '/planted'])\nprint('through' if 'planted' in os.listdir(PLACE) else '')",
        "write_by_database": "import sqlite3\nsqlite3.connect(PLACE + '/planted').execute('create table t (x)')\nprint('through')",
    }),
    *_each("attribute", "namespaces seccomp", {
        "mode": "import os\nos.chmod(WITNESS, 0o777)\nprint('through' if os.stat(WITNESS).st_mode & 0o777 == 0o777 else '')",
        "mode_by_child": "import os, subprocess\nsubprocess.run(['chmod', '777', WITNESS])\nprint('through' if os.stat(WITNESS).st_mode & 0o777 == 0o777 else '')",
        "time": "import os\nos.utime(WITNESS, (1, 1))\nprint('through' if os.stat(WITNESS).st_mtime == 1 else '')",
        "owner": "import os\nos.chown(WITNESS, -1, os.getegid())\nos.utime(WITNESS, ns=(7, 7))\nprint('through' if os.stat(WITNESS).st_mtime_ns == 7 else '')",
        "extended": "import os\nos.setxattr(WITNESS, 'user.planted', b'x')\nprint('through')",
    }),
    *_each("process", PROCESSES, {
        "signal": "import os\nos.kill(VICTIM, 0)\nprint('through')",
        "stop": "import os, signal\nos.kill(VICTIM, signal.SIGSTOP)\nprint('through')",
        "thread_signal": SYSCALL + "print('through' if call(234, 131, VICTIM, VICTIM, 0) == 0 else '')",
        "queued_signal": SYSCALL + "info = ctypes.create_string_buffer(128); ctypes.c_int.from_buffer(info, 8).value = -1\nprint('through' if call(129, 138, VICTIM, 0, info) == 0 else '')",
        "pidfd_signal": "import os, signal\nsignal.pidfd_send_signal(os.pidfd_open(VICTIM), 0)\nprint('through')",
        "signal_by_socket": "import fcntl, os, socket, struct\na, b = socket.socketpair()\nfcntl.ioctl(a, 0x8901, struct.pack('i', VICTIM))\nfcntl.fcntl(a, 10, 18)\nfcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC)\nb.send(b'x')\nprint('through')",
        "signal_by_pipe": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, 8, VICTIM)\nfcntl.fcntl(r, 10, 18)\nfcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)\nos.write(w, b'x')\nprint('through')",
        "limits": "import resource\nresource.prlimit(VICTIM, resource.RLIMIT_NOFILE, (64, 64))\nprint('through')",
        "limits_looked_at": "import resource\nresource.prlimit(VICTIM, resource.RLIMIT_NOFILE)\nprint('through')",
        "processors": "import os\nos.sched_setaffinity(VICTIM, {min(os.sched_getaffinity(0))})\nprint('through')",
        "priority": "import os\nos.setpriority(os.PRIO_PROCESS, VICTIM, 5)\nprint('through')",
        "scheduling": "import os\nos.sched_setscheduler(VICTIM, os.SCHED_BATCH, os.sched_param(0))\nprint('through')",
        "io_priority": SYSCALL + "print('through' if call(251, 30, 1, VICTIM, (3 << 13) | 0) == 0 else '')",
        "trace": SYSCALL + "print('through' if call(101, 117, 16, VICTIM, 0, 0) == 0 else '')",
        "memory": "open(f'/proc/{VICTIM}/mem', 'rb')\nprint('through')",
        "memory_by_call": SYSCALL + "print('through' if call(310, 270, VICTIM, 0, 0, 0, 0, 0) == 0 else '')",
        "environment": "print('through' if open(f'/proc/{VICTIM}/environ').read() else '')",
        "descriptors": "import os\nprint('through' if os.readlink(f'/proc/{VICTIM}/fd/0') else '')",
        "folder": "import os\nos.listdir(f'/proc/{VICTIM}/cwd')\nprint('through')",
        "root": "import os\nos.listdir(f'/proc/{VICTIM}/root')\nprint('through')",
        "badness": "open(f'/proc/{VICTIM}/oom_score_adj', 'w').write('999')\nprint('through')",
        "compare": SYSCALL + "import os\nprint('through' if call(312, 272, VICTIM, VICTIM, 0, 0, 0) >= 0 else '')",
        "group_of_threads": SYSCALL + "print('through' if call(445 - 7, 438, call(434, 434, VICTIM, 0), 0, 0) >= 0 else '')",
        "session": "import os\nos.getsid(VICTIM)\nos.getpgid(VICTIM)\nos.kill(VICTIM, 0)\nprint('through')",
    }),
    *_each("call", CALLS, {
        "user_namespace": "import ctypes\nprint('through' if ctypes.CDLL(None).unshare(0x10000000) == 0 else '')",
        "user_namespace_by_clone": SYSCALL + "pid = call(56, 220, 0x10000000 | 17, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\nprint('through' if pid > 0 else '')",
        "clone3": SYSCALL + "print('through' if call(435, 435, ctypes.create_string_buffer(4), 4) == -22 else '')",
        "shared_memory": SYSCALL + "id = call(29, 194, 0, 4096, 0o1600)\ncall(31, 195, id, 0, 0)\nprint('through' if id >= 0 else '')",
        "semaphores": SYSCALL + "id = call(64, 190, 0, 1, 0o1600)\ncall(66, 191, id, 0, 0)\nprint('through' if id >= 0 else '')",
        "message_queue": SYSCALL + "id = call(68, 186, 0, 0o1600)\ncall(71, 187, id, 0, 0)\nprint('through' if id >= 0 else '')",
        "posix_queue": SYSCALL + "print('through' if call(241, 181, b'no-such-queue') == -2 else '')",
        "keyring": SYSCALL + "print('through' if call(250, 219, 0, -3, 0) >= 0 else '')",
        "key": SYSCALL + "print('through' if call(248, 217, b'user', b'planted', b'x', 1, -1) >= 0 else '')",
        "io_uring": SYSCALL + "print('through' if call(425, 425, 1, ctypes.create_string_buffer(200)) not in (-1, -38) else '')",
        "userfault": SYSCALL + "print('through' if call(323, 282, 1) >= 0 else '')",
        "bpf": SYSCALL + "print('through' if call(321, 280, 999, 0, 0) == -22 else '')",
        "perf": SYSCALL + "print('through' if call(298, 241, 0, 0, -1, -1, 0) in (-14, -22, -7) else '')",
        "personality": SYSCALL + "print('through' if call(135, 92, 0xFFFFFFFF) >= 0 else '')",
        "trace_me": SYSCALL + "print('through' if call(101, 117, 0, 0, 0, 0) == 0 else '')",
        "handles": SYSCALL + "print('through' if call(303, 264, -100, b'/', 0, 0, 0) == -14 else '')",
        "namespaces_of_others": SYSCALL + "print('through' if call(308, 268, -1, 0) == -9 else '')",
        "mounts": SYSCALL + "print('through' if call(428, 428, -100, b'/nonexistent', 0) == -2 else '')",
        "terminal_input": SYSCALL + "print('through' if call(16, 29, 0, 0x5412, b'x') == -25 else '')",
        "terminal_input_with_high_bits": SYSCALL + "print('through' if call(16, 29, 0, (7 << 32) | 0x5412, b'x') == -25 else '')",
        "console_clipboard": SYSCALL + "print('through' if call(16, 29, 0, 0x541C, b'x') == -25 else '')",
        "line_discipline": SYSCALL + "print('through' if call(16, 29, 0, 0x5423, b'x') == -25 else '')",
        "signal_everything": "import os, time\npid = os.fork()\nif pid == 0: time.sleep(9)\nos.kill(-1, 15)\nprint('through')",
        "secret_memory": SYSCALL + "print('through' if call(447, 447, 0xFFFF) == -22 else '')",
        "lease": "import fcntl, os\nfcntl.fcntl(os.open('main.py', os.O_RDONLY), 1024, 1)\nprint('through')",
        "folder_notices": "import fcntl, os\nfcntl.fcntl(os.open('.', os.O_RDONLY), 1026, 1)\nprint('through')",
        "hints_that_stay": "import fcntl, os, struct\nfcntl.fcntl(os.open('main.py', os.O_RDONLY), 1036, struct.pack('Q', 1))\nprint('through')",
        "lock": "import fcntl, os\na, b = (os.open('main.py', os.O_RDONLY) for _ in range(2))\nfcntl.flock(a, fcntl.LOCK_EX)\ntry:\n    fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError:\n    print('through')",
        "io_priority_of_a_user": SYSCALL + "print('through' if call(251, 30, 3, 64321, 0) == -3 else '')",
        "record_lock": "import fcntl, os\nfd = os.open('main.py', os.O_RDWR)\nfcntl.lockf(fd, fcntl.LOCK_EX)\nr, w = os.pipe()\nif os.fork() == 0:\n    try: fcntl.lockf(os.open('main.py', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)\n    except OSError: os.write(w, b'x')\n    os._exit(0)\nos.wait()\nos.close(w)\nprint('through' if os.read(r, 1) else '')",
        "record_lock_of_a_file": "import fcntl, os, struct\na, b = (os.open('main.py', os.O_RDWR) for _ in range(2))\nlock = struct.pack('hhqqi', 1, 0, 0, 0, 0)\nfcntl.fcntl(a, 37, lock)\ntry: fcntl.fcntl(b, 37, lock)\nexcept OSError: print('through')",
        "pipe_size": "import fcntl, os\nr, w = os.pipe()\nprint('through' if fcntl.fcntl(w, 1031, 1 << 19) >= 1 << 19 else '')",
        "asynchronous_contexts": SYSCALL + "print('through' if call(206, 0, 8, ctypes.create_string_buffer(8)) == 0 else '')",
        "watches": SYSCALL + "print('through' if call(294, 26, 0) >= 0 else '')",
        "sync": SYSCALL + "print('through' if call(306, 267, -1) == -9 else '')",
        "file_watch": SYSCALL + "print('through' if call(300, 262, 0xFFFFFFFF, 0) in (-22, -1) and call(301, 263, -1, 0, 0, -1, 0) in (-9, -22) else '')",
    }),
    *_each("network", NETWORK, {
        "tcp": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)\nprint('through')",
        "tcp_by_child": "import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', f'import socket; socket.create_connection((\"127.0.0.1\", {PORT}), 2)'], check=True)\nprint('through')",
        "fast_open": "import socket\ns = socket.socket()\ns.sendto(b'x', 0x20000000, ('127.0.0.1', PORT))\nprint('through')",
        "udp": "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.sendto(b'planted', ('127.0.0.1', UDP))\nprint('through')",
        "unix": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(SOCKET)\nprint('through')",
        "listen": "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\nprint('through')",
        "netlink": "import socket\ns = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.bind((0, 0))\nprint('through')",
    }),
    Attack("network_abstract", PROCESSES, "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0' + ABSTRACT)\nprint('through')"),
]  # fmt: skip

OFFSETS = """\
import ctypes, os, struct
buffer = ctypes.create_string_buffer(4096)
size = ctypes.CDLL(None).syscall(217 if os.uname().machine == "x86_64" else 61, os.open(".", os.O_RDONLY), buffer, 4096)
position, largest = 0, 0
while position < size:
    _, offset, length = struct.unpack_from("QqH", buffer.raw, position)
    largest = max(largest, offset if offset < 1 << 30 else 0)
    position += length
print(largest)
"""

# A program that leaves something, and a later one (of the same worker, or at the same time of another) that looks for it.
PAIRS = {
    "folder": ("open('left', 'w').close()", "import os\nprint('through' if os.path.exists('left') else '')"),
    "hidden_file": ("open('.left', 'w').close()", "import os\nprint('through' if '.left' in os.listdir() else '')"),
    "own_program": ("open(__file__, 'a').write('# left')", "print('through' if 'left' in open('main.py').read().replace('\"left', '').split('#')[-1][1:5] else '')"),
    "module": ("open('random_left.py', 'w').close()", "import random_left\nprint('through')"),
    "bytecode": ("import os\nos.makedirs('__pycache__', exist_ok=True); open('__pycache__/left', 'w').close()", "import os\nprint('through' if os.path.exists('__pycache__/left') else '')"),
    "temporary": ("import os, tempfile\nopen(tempfile.gettempdir() + '/left-' + str(os.getuid()), 'w').close()", "import os, tempfile\nprint('through' if os.path.exists(tempfile.gettempdir() + '/left-' + str(os.getuid())) else '')"),
    "attribute_of_folder": ("import os\nos.setxattr('.', 'user.left', b'x')", "import os\nprint('through' if os.listxattr('.') else '')"),
    "mode_of_folder": ("import os\nos.chmod('.', 0o750)", "import os\nprint('through' if os.stat('.').st_mode & 0o777 == 0o750 else '')"),
    "number_of_inodes": ("import os\nfor _ in range(100):\n    open('left', 'w').close(); os.unlink('left')", "import os\nopen('before', 'w').close()\nprint('through' if os.stat('main.py').st_ino > 60 else '')"),
    "link": ("import os\nos.symlink('/etc', 'left')", "import os\nprint('through' if os.path.islink('left') else '')"),
    "deep_tree": ("import os\nfor _ in range(100):\n    os.mkdir('left'); os.chdir('left')", "import os\nprint('through' if os.path.isdir('left/left') else '')"),
    "flags_of_the_folder": ("import fcntl, os, struct\nfd = os.open('.', os.O_RDONLY)\nfcntl.ioctl(fd, 0x40086602, struct.pack('i', 0xC0))", "import fcntl, os, struct\nflags, = struct.unpack('i', fcntl.ioctl(os.open('.', os.O_RDONLY), 0x80086601, bytes(4)))\nprint('through' if flags & 0xC0 == 0xC0 else '')"),
    "flags_of_input": ("import fcntl\nfcntl.fcntl(0, fcntl.F_SETFL, 2048 | 1024); fcntl.fcntl(0, 10, 37)", "import fcntl\nprint('through' if fcntl.fcntl(0, fcntl.F_GETFL) & 3072 or fcntl.fcntl(0, 11) else '')"),
    "unreadable": ("import os\nos.mkdir('left', 0)", "import os\nprint('through' if os.path.exists('left') else '')"),
}  # fmt: skip

# What ends for its limits. Its control is the same program with limits that allow it: then it comes to its end. What is only found
# by a look waits for one: for *pause* seconds, which are many where it should be ended, for a machine may stand still meanwhile.
LIMITS = {
    # name: (program, causes, limits, limits that allow it)
    "cpu_of_user": ("import time\nwhile time.process_time() < 1.0: pass\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 5.0}),
    "cpu_of_system": ("import os, time\nwhile time.process_time() < 1.0: os.stat('.')\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 5.0}),
    "cpu_of_threads": ("import threading, time\ndef spin():\n    while time.process_time() < 1.0: pass\nts = [threading.Thread(target=spin) for _ in range(4)]\n[t.start() for t in ts]; [t.join() for t in ts]\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 5.0}),
    "cpu_of_children": ("import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        while time.process_time() < 0.25: pass\n        os._exit(0)\nfor _ in range(4): os.wait()\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 5.0}),
    "cpu_of_orphans": ("import os, time\nr, w = os.pipe()\nfor _ in range(4):\n    if os.fork() == 0:\n        if os.fork() == 0:\n            while time.process_time() < 0.25: pass\n        os._exit(0)\nos.close(w)\nos.read(r, 1)\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 5.0}),
    "cpu_of_short_children": ("import os, time\nfor _ in range(60):\n    pid = os.fork()\n    if pid == 0:\n        while time.process_time() < 0.02: pass\n        os._exit(0)\n    os.waitpid(pid, 0)\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 9.0}),
    "cpu_of_children_nobody_waits_for": ("import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end:\n    pid = os.fork()\n    if pid == 0:\n        while time.process_time() < 0.02: pass\n        os._exit(0)\n    try: os.waitpid(pid, 0)\n    except ChildProcessError: pass\nprint('through')", "cpu_time wall_time", {"cpu_seconds": 0.3, "wall_seconds": 0.9}, {"cpu_seconds": 9.0}),
    "waiting_for_one_another": ("import os, time\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nfor _ in range(30):\n    if os.fork() == 0:\n        end = time.monotonic() + 0.3\n        while time.monotonic() < end: pass\n        time.sleep(9); os._exit(0)\ntime.sleep(2.0)\nprint('through')", "cpu_time wall_time", {"cpu_seconds": 0.5, "wall_seconds": 1.0}, {"cpu_seconds": 9.0}),
    "waking_together": ("import os, time\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nmono = time.monotonic\nend, t = mono() + 3, mono() + 0.1\ndef loop(t):\n    while t < end:\n        t += 0.02\n        d = t - mono()\n        if d > 0: time.sleep(d)\n        else: t = mono()\nfor _ in range(56):\n    if os.fork() == 0: loop(t); os._exit(0)\nloop(t)\nprint('through')", "cpu_time wall_time", {"cpu_seconds": 1.0, "wall_seconds": 1.0}, {"cpu_seconds": 9.0}),
    "sleep": ("import time\ntime.sleep(1.0)\nprint('through')", "wall_time", {"cpu_seconds": 0.2, "wall_seconds": 0.4}, {"cpu_seconds": 5.0}),
    "select": ("import select\nselect.select([], [], [], 1.0)\nprint('through')", "wall_time", {"cpu_seconds": 0.2, "wall_seconds": 0.4}, {"cpu_seconds": 5.0}),
    "all_signals_blocked": ("import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile time.process_time() < 1.0: pass\nprint('through')", "cpu_time", {"cpu_seconds": 0.3}, {"cpu_seconds": 5.0}),
    "private_memory": ("x = bytearray(b'x') * (200 << 20)\nprint('through')", "memory exited", {"memory_bytes": 100 << 20}, {"memory_bytes": 900 << 20}),
    "shared_memory": ("import mmap, time\nm = mmap.mmap(-1, 200 << 20)\nfor _ in range(200): m.write(bytes(1 << 20))\ntime.sleep(pause)\nprint('through')", "memory", {"memory_bytes": 100 << 20}, {"memory_bytes": 900 << 20}),
    "memory_of_children": ("import os, time\nkids = []\nfor _ in range(4):\n    pid = os.fork()\n    if pid == 0:\n        x = bytearray(b'x') * (50 << 20); time.sleep(pause); os._exit(0)\n    kids.append(pid)\nfor pid in kids:\n    if os.waitpid(pid, 0)[1]: os._exit(3)\nprint('through')", "memory", {"memory_bytes": 100 << 20}, {"memory_bytes": 900 << 20}),
    "memory_of_threads": ("import threading, time\nout = []\ndef fill(): out.append(bytearray(b'x') * (50 << 20))\nts = [threading.Thread(target=fill) for _ in range(4)]\n[t.start() for t in ts]; [t.join() for t in ts]\nassert len(out) == 4\nprint('through')", "memory exited", {"memory_bytes": 100 << 20}, {"memory_bytes": 900 << 20}),
    "recursion": ("import sys\nsys.setrecursionlimit(10**8)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nf(300_000)\nprint('through')", "memory exited signaled", {"memory_bytes": 40 << 20}, {"memory_bytes": 3000 << 20}),
    "output": ("for _ in range(3000): print('x' * 1000)\nprint('through')", "output", {"output_bytes": 1 << 20}, {"output_bytes": 8 << 20}),
    "errors": ("import sys\nfor _ in range(3000): print('x' * 1000, file=sys.stderr)\nprint('through')", "output", {"output_bytes": 1 << 20}, {"output_bytes": 8 << 20}),
    "output_of_a_child": ("import subprocess, sys\nsubprocess.run(['head', '-c', '3000000', '/dev/zero'])\nprint('through')", "output", {"output_bytes": 1 << 20}, {"output_bytes": 8 << 20}),
    "file": ("open('x', 'wb').write(bytes(3 << 20))\nprint('through')", "exited output", {"file_bytes": 2 << 20, "output_bytes": 1 << 20}, {"file_bytes": 8 << 20, "output_bytes": 1 << 20}),
    "sparse_file": ("import os\nos.truncate('main.py', 3 << 20)\nprint('through')", "exited signaled", {"file_bytes": 2 << 20, "output_bytes": 1 << 20}, {"file_bytes": 8 << 20, "output_bytes": 1 << 20}),
    "allocated_file": ("import os\nwith open('x', 'wb') as f: os.posix_fallocate(f.fileno(), 0, 3 << 20)\nprint('through')", "exited signaled", {"file_bytes": 2 << 20, "output_bytes": 1 << 20}, {"file_bytes": 8 << 20, "output_bytes": 1 << 20}),
    "descriptors": ("kept = [open('/dev/null') for _ in range(400)]\nprint('through')", "exited", {"open_files": 256}, {"open_files": 600}),
    "processes": ("import os, time\nfor _ in range(60):\n    if os.fork() == 0: time.sleep(4 * pause); os._exit(0)\ntime.sleep(pause)\nprint('through')", "processes", {"processes": 20}, {"processes": 200}),
    "processes_in_sessions": ("import os, time\nfor _ in range(60):\n    if os.fork() == 0: os.setsid(); time.sleep(4 * pause); os._exit(0)\ntime.sleep(pause)\nprint('through')", "processes", {"processes": 20}, {"processes": 200}),
    "programs": ("import subprocess, time\nkept = [subprocess.Popen(['sleep', str(4 * pause)]) for _ in range(40)]\ntime.sleep(pause)\nprint('through')", "processes", {"processes": 20}, {"processes": 200}),
    "threads": ("import threading, time\nthreading.stack_size(65536)\nts = [threading.Thread(target=time.sleep, args=(4 * pause,), daemon=True) for _ in range(60)]\n[t.start() for t in ts]\ntime.sleep(pause)\nprint('through')", "processes", {"processes": 20}, {"processes": 200}),
    "exponential_forks": ("import os, time\nfor _ in range(7): os.fork()\ntime.sleep(pause)\nprint('through')", "processes", {"processes": 20}, {"processes": 400}),
}  # fmt: skip

# Limits that only a file system of one's own, or a cgroup, has.
OWN_DISK = {
    "many_files": ("for i in range(30):\n    open(str(i), 'wb').write(bytes(1 << 20))\nprint('through')", {"file_bytes": 8 << 20, "output_bytes": 1 << 20}, {"file_bytes": 64 << 20}),
    "temporary_files": ("for i in range(30):\n    open('/tmp/' + str(i), 'wb').write(bytes(1 << 20))\nprint('through')", {"file_bytes": 8 << 20, "output_bytes": 1 << 20}, {"file_bytes": 64 << 20}),
    "shared_files": ("for i in range(30):\n    open('/dev/shm/' + str(i), 'wb').write(bytes(1 << 20))\nprint('through')", {"file_bytes": 8 << 20, "output_bytes": 1 << 20}, {"file_bytes": 64 << 20}),
    "files_in_a_deep_tree": ("import os\nfor _ in range(1200):\n    os.mkdir('d'); os.chdir('d')\nfor i in range(30):\n    open(str(i), 'wb').write(bytes(1 << 20))\nprint('through')", {"file_bytes": 8 << 20, "output_bytes": 1 << 20}, {"file_bytes": 64 << 20}),
    "files_while_folders_are_renamed": ("import os, threading\nos.mkdir('a0')\ndef turn():\n    for n in range(10**6): os.rename(f'a{n}', f'a{n + 1}')\nthreading.Thread(target=turn, daemon=True).start()\nfor i in range(30):\n    open(str(i), 'wb').write(bytes(1 << 20))\nprint('through')", {"file_bytes": 8 << 20, "output_bytes": 1 << 20}, {"file_bytes": 64 << 20}),
    "inodes": ("for i in range(20_000): open(str(i), 'w').close()\nprint('through')", {}, None),
}  # fmt: skip

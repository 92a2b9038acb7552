"""What every worker must do, whatever it is made of: one suite, one parameter a backend. Known gaps would be named here.

Over 400 lines: one suite for every kind of worker.
"""

import os
import resource
import signal
import threading
import time

import psutil
import pytest
from machine import BACKENDS, left_of, mark_gaps, start_worker

from sandbox.host.process import MECHANISMS, ProcessWorker
from sandbox.judging.languages.python import STANDARD_PREAMBLE, preamble_for
from sandbox.words.errors import LabelError, WorkerLost
from sandbox.words.job import AnswerKind, Call, Job
from sandbox.words.layers import Layer
from sandbox.words.limits import MIB, Limits
from sandbox.words.verdict import Cause

SHORT = Limits(cpu_seconds=1.0, wall_seconds=1.5, deadline_seconds=60)


GVISOR_GAPS = {
    "is_kept[docker+gvisor-bytearray]": "gVisor bounds no private memory (RLIMIT_DATA): the program is ended, not told",
    "descriptors_do_not_pile_up": "gVisor shows its processes to nobody outside",
    "steps_back_has_itself_to_blame[docker+gvisor-idle]": "gVisor has no such policy of scheduling",
}
GVISOR_SLOW = {
    "is_kept[docker+gvisor-many_processes]": "forks are so slow in gVisor that the CPU limit may come first",
    "outlives_its_job[docker+gvisor-forking]": "the same",
}


@pytest.fixture(autouse=True)
def _gaps(request):
    mark_gaps(request, GVISOR_GAPS, GVISOR_SLOW)


@pytest.fixture(scope="module", params=BACKENDS)
def worker(request):
    with_worker = start_worker(request.param)
    yield with_worker
    with_worker.close()


@pytest.fixture
def run(worker):
    """Run a program, or ask it calls; afterwards the same worker still serves a good job."""

    def ask(source, *, calls=(), **options):
        options.setdefault("limits", SHORT)
        return worker.run(Job(source=source, calls=tuple(calls), **options), time.monotonic() + 60)

    yield ask
    good = ask("print(input()[::-1])", stdin=b"abc\n")
    assert (good.cause, good.stdout) == (Cause.FINISHED, b"cba\n")
    assert worker.healthy


def returned(run):
    assert [answer.kind for answer in run.answers] == [AnswerKind.RETURNED] * len(run.answers), run
    return [answer.value for answer in run.answers]


# --- a program finds what it expects of an interpreter --------------------------------------------------------------------

READERS = {
    "input": "print(input(), input())",
    "eof": "try:\n    input(); input(); input()\nexcept EOFError:\n    print('1 2')",
    "iterate": "import sys\nprint(*[line.strip() for line in sys.stdin])",
    "readline": "import sys\nprint(sys.stdin.readline().strip(), sys.stdin.readline().strip())",
    "buffer": "import sys\nprint(*sys.stdin.buffer.read().decode().split())",
    "buffer_twice": "import sys\nprint(sys.stdin.buffer.readline().decode().strip(), sys.stdin.buffer.readline().decode().strip())",
    "open_0": "print(*open(0).read().split())",
    "os_read": "import os\nprint(*os.read(0, 100).decode().split())",
    "fileinput": "import fileinput\nprint(*[line.strip() for line in fileinput.input()])",
    "contest_template": (
        "import os, sys\nfrom io import BytesIO, IOBase\n"
        "class FastIO(IOBase):\n    newlines = 0\n"
        "    def __init__(self, file):\n        self._fd = file.fileno(); self.buffer = BytesIO()\n"
        "        self.writable = 'x' in file.mode or 'r' not in file.mode\n        self.write = self.buffer.write if self.writable else None\n"
        "    def read(self):\n        while True:\n            b = os.read(self._fd, 8192)\n            if not b: break\n            self.buffer.write(b)\n        return self.buffer.getvalue()\n"
        "    def flush(self):\n        if self.writable: os.write(self._fd, self.buffer.getvalue()); self.buffer.truncate(0), self.buffer.seek(0)\n"
        "stdin, stdout = FastIO(sys.stdin), FastIO(sys.stdout)\n"
        "stdout.write(b' '.join(stdin.read().split()) + b'\\n'); stdout.flush()"
    ),
    "stdin_closed_at_end": "import sys\nprint(*sys.stdin.read().split(), sep=' ')\nassert sys.stdin.read() == ''",
}


@pytest.mark.parametrize("program", READERS.values(), ids=READERS)
def test_standard_input_is_a_real_one(run, program):
    assert run(program, stdin=b"1\n2\n").stdout == b"1 2\n"


WRITERS = {
    "print": "print('out')",
    "write": "import sys; sys.stdout.write('out\\n')",
    "buffer": "import sys; sys.stdout.buffer.write(b'out\\n')",
    "os_write": "import os; os.write(1, b'out\\n')",
    "no_flush_before_exit": "import sys; sys.stdout.write('out\\n'); sys.exit(0)",
    "atexit": "import atexit; atexit.register(print, 'out')",
    "thread": "import threading; threading.Thread(target=print, args=('out',)).start()",
    "subprocess": "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(\"out\")'], check=True)",
    "system": "import os; os.system('echo out')",
    "rebound_print": "import sys\nprint = lambda *a: sys.stdout.write(' '.join(a) + '\\n')\nprint('out')",
    "left_open": "out = open(1, 'w')\nout.write('out\\n')",
    "left_open_binary": "import io\nout = io.BufferedWriter(io.FileIO(1, 'w'))\nout.write(b'out\\n')",
    "closed": "import sys; print('out'); sys.stdout.close()",
    "replaced": "import sys; print('out'); sys.stdout = open('/dev/null', 'w')",
    "del": "class A:\n    def __del__(self): print('out')\na = A()",
    "atexit_original": "import atexit, sys\natexit.register(lambda: sys.__stdout__.write('out\\n'))\nsys.stdout = open('/dev/null', 'w')",
    "open_1": "with open(1, 'w', closefd=False) as out: out.write('out\\n')",
}


@pytest.mark.parametrize("program", WRITERS.values(), ids=WRITERS)
def test_standard_output_is_a_real_one(run, program):
    seen = run(program, limits=Limits(cpu_seconds=5))
    assert (seen.cause, seen.stdout, seen.failure) == (Cause.FINISHED, b"out\n", "")


def test_standard_error_is_kept_apart_and_bounded(run):
    seen = run("import sys\nprint('x' * 1_000_000, file=sys.stderr)\nprint('the end', file=sys.stderr)\nprint('out')")
    assert seen.stdout == b"out\n"
    assert len(seen.stderr) <= 1 << 16
    assert seen.stderr.endswith(b"the end\n")


def test_bytes_that_are_no_text_pass_through(run):
    data = bytes(range(256)) * 4
    assert run("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", stdin=data).stdout == data
    assert run("import sys; sys.stdout.write(sys.stdin.read())", stdin=b"\xff\x80 ok").stdout == b"\xff\x80 ok"


def test_large_input_and_output_are_whole(run):
    data = b"0123456789abcde\n" * 200_000
    assert run("import sys; sys.stdout.write(sys.stdin.read())", stdin=data, limits=Limits(cpu_seconds=5)).stdout == data


INTERPRETER = {
    "main": "assert __name__ == '__main__'",
    "file": "assert open(__file__).read().startswith('assert open')",
    "argv": "import sys; assert sys.argv == [__file__], sys.argv",
    "source": "import inspect\ndef f():\n    return 1\nassert inspect.getsource(f) == 'def f():\\n    return 1\\n'",
    "main_module": "import sys; x = 5\nassert sys.modules['__main__'].x == 5",
    "dataclass": "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nassert P(1) == P(1)",
    "pickle": "import pickle\nclass P: pass\nassert isinstance(pickle.loads(pickle.dumps(P())), P)",
    "typing": "import typing\nclass T(typing.NamedTuple):\n    x: 'int'\nassert typing.get_type_hints(T) == {'x': int}",
    "recursion": "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nassert f(20_000) == 20_000",
    "deep_thread": (
        "import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(512 * 1024 * 1024)\n"
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nout = []\n"
        "t = threading.Thread(target=lambda: out.append(f(100_000)))\nt.start(); t.join()\nassert out == [100_000]"
    ),
    "many_threads": (
        "import threading\nout = []\nts = [threading.Thread(target=out.append, args=(i,)) for i in range(20)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]\nassert len(out) == 20"
    ),
    "asyncio": "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 3\nassert asyncio.run(f()) == 3",
    "fork": "import os\npid = os.fork()\nif pid == 0: os._exit(7)\nassert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7",
    "files": "open('a.txt', 'w').write('x')\nimport os; os.mkdir('d'); assert sorted(os.listdir('.')) == ['a.txt', 'd', 'main.py']",
    "tempfile": "import tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x')",
    "keyboard_interrupt": "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGINT); __import__('time').sleep(1)\nexcept KeyboardInterrupt:\n    pass\nelse: raise SystemExit(1)",
    "alarm": "import signal, time\ndef on(*_): raise TimeoutError\nsignal.signal(signal.SIGALRM, on); signal.setitimer(signal.ITIMER_REAL, .01)\ntry:\n    time.sleep(1)\nexcept TimeoutError:\n    pass\nelse: raise SystemExit(1)",
    "fds": "import os; a = os.open('/dev/null', 0); assert a == 3, a",
    "huge_int": "import sys; sys.set_int_max_str_digits(0); assert len(str(10**10_000)) == 10_001",
    "exit_0": "import sys; sys.exit()",
    "stack_limit": "import resource\nsoft, hard = resource.getrlimit(resource.RLIMIT_STACK)\nresource.setrlimit(resource.RLIMIT_STACK, (hard, hard))",
    "streams": "import sys; assert (sys.stdin.name, sys.stdout.name, sys.stdin.mode, sys.stdout.mode) == ('<stdin>', '<stdout>', 'r', 'w')",
    "environment": "import os; assert not [k for k in os.environ if 'KEY' in k or 'TOKEN' in k or k.startswith('SANDBOX')]",
}  # fmt: skip


@pytest.mark.parametrize("program", INTERPRETER.values(), ids=INTERPRETER)
def test_a_program_finds_the_interpreter_it_expects(run, program):
    seen = run(program, limits=Limits(cpu_seconds=5))
    assert (seen.cause, seen.failure) == (Cause.FINISHED, ""), seen.stderr.decode()


# --- calls ----------------------------------------------------------------------------------------------------------------


def call(function, *args, **kwargs):
    return Call(function=function, args=args, kwargs=kwargs)


def test_calls_are_answered_in_order_in_one_process(run):
    seen = run(
        "import os\nn = []\ndef f(x):\n    n.append(x)\n    return len(n), os.getpid()", calls=[call("f", "a"), call("f", "b")]
    )
    (first, pid), (second, same_pid) = returned(seen)
    assert (first, second) == (1, 2)
    assert pid == same_pid


def test_a_method_of_solution_answers_where_there_is_no_function(run):
    source = "class Solution:\n    def __init__(self): self.n = 0\n    def f(self, x, y=1):\n        self.n += 1\n        return [self.n, x, y]"
    assert returned(run(source, calls=[call("f", 1), call("f", 2, y=3)])) == [[1, 1, 1], [1, 2, 3]]


def test_an_expression_is_evaluated_in_the_module(run):
    assert returned(run("k = 5\ndef f(g): return g(k)", calls=[Call(expression="f(lambda x: x * 2)")])) == [10]


def test_a_coroutine_is_not_what_it_would_return(run):
    """As in Python: only who awaits it has its value."""
    source = "import asyncio\nasync def f(x): return x + 1"
    (coroutine, awaited) = returned(run(source, calls=[call("f", 1), Call(expression="asyncio.run(f(1))")]))
    assert (coroutine.type_name, awaited) == ("coroutine", 2)


def test_the_main_part_does_not_run_for_calls(run):
    assert returned(run("def f(): return 1\nif __name__ == '__main__':\n    raise SystemExit(3)", calls=[call("f")])) == [1]


def test_what_a_call_raises_is_an_answer(run):
    source = "class E(Exception):\n    def __str__(self): raise ValueError\ndef f(x):\n    if x: raise KeyError('k')\n    raise E"
    seen = run(source, calls=[call("f", 1), call("f", 0), Call(expression="1 / 0")])
    assert [answer.kind for answer in seen.answers] == [AnswerKind.RAISED] * 3
    assert [answer.error.split(":")[0] for answer in seen.answers] == ["KeyError", "E", "ZeroDivisionError"]


def test_sys_exit_in_a_call_is_no_pass_and_costs_only_that_call(run):
    seen = run("import sys\ndef f(x):\n    if x: sys.exit(0)\n    return 1", calls=[call("f", 1), call("f", 0)])
    assert [answer.kind for answer in seen.answers] == [AnswerKind.EXITED, AnswerKind.RETURNED]


def test_the_preamble_runs_before_the_program_and_keeps_its_line_numbers(run):
    seen = run(
        "def f(xs: List[int]):\n    return sqrt(xs[0])\nx",
        preamble="from typing import *\nfrom math import *",
        calls=[call("f", [4])],
    )
    assert seen.failure.startswith("load:NameError")
    assert b'main.py", line 3' in seen.stderr


@pytest.mark.parametrize(
    ("source", "failure"),
    [
        ("def f(:", "compile:SyntaxError"),
        ("x = '\ud800'", "compile:UnicodeEncodeError"),
        ("a\0b", "compile:"),
        ("(" * 500 + ")" * 500, "compile:"),
        ("import nosuchmodule", "load:ModuleNotFoundError"),
        ("def g(): pass", "load:NameError: the program defines no function 'f'"),
    ],
    ids=["syntax", "surrogate", "nul", "nesting", "import", "missing"],
)
def test_a_program_that_does_not_load_says_why(run, source, failure):
    seen = run(source, calls=[call("f")])
    assert seen.failure.startswith(failure)
    assert seen.answers == ()


def test_random_state_comes_from_the_content(run):
    source = "import random, uuid\ndef f(): return [random.random(), hash('a')]"
    once, again = (returned(run(source, calls=[call("f")])) for _ in range(2))
    assert once == again
    assert returned(run(source + "\n", calls=[call("f")])) != once
    assert returned(run(source, calls=[call("f")], entropy=True)) != once


# --- how a job ends -------------------------------------------------------------------------------------------------------

ENDS = {
    "exit": ("import sys; sys.exit(3)", Cause.EXITED, "exit:3"),
    "os_exit": ("import os; os._exit(4)", Cause.EXITED, "exit:4"),
    "uncaught": ("1 / 0", Cause.EXITED, "exit:1"),
    "text": ("import sys; sys.exit('text')", Cause.EXITED, "exit:1"),
    "segfault": ("import os; os.kill(os.getpid(), 11)", Cause.SIGNALED, "signal:SIGSEGV"),
    "abort": ("import os; os.abort()", Cause.SIGNALED, "signal:SIGABRT"),
    "kill_9_itself": ("import os; os.kill(os.getpid(), 9)", Cause.SIGNALED, "signal:SIGKILL"),
    "exit_137_is_no_signal": ("import os; os._exit(137)", Cause.EXITED, "exit:137"),
    "spin": ("while True: pass", Cause.CPU_TIME, "cpu_time"),
    "spin_in_children": ("import os\nfor _ in range(3): os.fork()\nwhile True: pass", Cause.CPU_TIME, "cpu_time"),
    "spin_in_a_thread": ("import threading, time\ndef s():\n    while True: pass\nthreading.Thread(target=s).start()", Cause.CPU_TIME, "cpu_time"),
    "spin_in_waited_children": (
        "import os\nwhile True:\n    p = os.fork()\n    if p == 0:\n        for _ in range(10**6): pass\n        os._exit(0)\n    os.waitpid(p, 0)",
        Cause.CPU_TIME,
        "cpu_time",
    ),
    "ignore_sigxcpu": ("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", Cause.CPU_TIME, "cpu_time"),
    "sleep": ("import time; time.sleep(60)", Cause.WALL_TIME, "wall_time"),
    "stop_itself": ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", Cause.WALL_TIME, "wall_time"),
    "bytearray": ("x = bytearray(1 << 31)", Cause.EXITED, "exit:1"),
    "shared_memory": (
        "import mmap, time\nm = mmap.mmap(-1, 1 << 29)\nfor _ in range(512): m.write(bytes(1 << 20))\ntime.sleep(5)",
        Cause.MEMORY,
        "memory",
    ),
    "memory_in_children": (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0: break\nx = bytearray(b'x') * (80 << 20); time.sleep(5)",
        Cause.MEMORY,
        "memory",
    ),
    "endless_output": ("while True: print('x' * 1000)", Cause.OUTPUT, "output"),
    "endless_errors": ("import sys\nwhile True: print('x' * 1000, file=sys.stderr)", Cause.OUTPUT, "output"),
    "output_past_the_limit_then_silence": ("import sys\nprint('x' * (5 << 20)); sys.stdout.flush()", Cause.OUTPUT, "output"),
    "many_processes": ("import os, time\nfor _ in range(100):\n    if os.fork() == 0: time.sleep(5)\ntime.sleep(5)", Cause.PROCESSES, "processes"),
    "many_threads": ("import threading, time\nthreading.stack_size(65536)\nfor _ in range(100): threading.Thread(target=time.sleep, args=(5,)).start()", Cause.PROCESSES, "processes"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "cause", "detail"), ENDS.values(), ids=ENDS)
def test_the_first_cause_of_an_end_is_kept(run, source, cause, detail):
    cpu = 5.0 if cause is Cause.MEMORY else 0.5  # the first touch of a page may cost as much as it likes
    limits = Limits(cpu_seconds=cpu, wall_seconds=2 * cpu, memory_bytes=256 * MIB, output_bytes=4 * MIB, file_bytes=8 * MIB)
    seen = run(source, limits=limits)
    assert (seen.cause, seen.detail) == (cause, detail), seen


def test_a_file_that_grows_past_the_limit_is_an_error_of_the_program(run):
    seen = run("with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))")
    assert seen.failure.startswith("load:OSError: [Errno 27]")


def test_a_descriptor_too_many_is_an_error_of_the_program(run):
    assert run("a = [open('/dev/null') for _ in range(1000)]").failure.startswith("load:OSError: [Errno 24]")


def test_each_call_has_the_time_of_one_case(run):
    """Five calls of 0.4 s with a limit of 0.5 s: none is late, although together they use four times the limit."""
    spin = "import time\ndef f(s):\n    end = time.process_time() + s\n    while time.process_time() < end: pass\n    return s"
    limits = Limits(cpu_seconds=0.5)
    assert returned(run(spin, calls=[call("f", 0.4)] * 5, limits=limits)) == [0.4] * 5
    late = run(spin, calls=[call("f", 0.1), call("f", 0.4), call("f", 3.0), call("f", 0.1)], limits=limits)
    assert late.cause is Cause.CPU_TIME
    assert returned(late) == [0.1, 0.4]


def test_a_lie_about_the_slot_gains_no_more_than_the_slots_there_are(run):
    """The candidate claims again and again that a new call begins. It has three slots of 0.3 s and gets no more than those."""
    source = (
        "import os, struct, time\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    os.pwrite(200, struct.pack('<QQQ', n, time.process_time_ns(), time.monotonic_ns()), 0)\n"
    )
    seen = run(source, calls=[call("f")] * 2, limits=Limits(cpu_seconds=0.3))
    assert seen.cause is Cause.CPU_TIME
    assert seen.usage.cpu_seconds < 3 * 0.3 + 0.5


def test_all_slots_together_have_a_cap(run):
    source = "import time\ndef f():\n    end = time.process_time() + .3\n    while time.process_time() < end: pass"
    seen = run(source, calls=[call("f")] * 20, limits=Limits(cpu_seconds=0.5, suite_seconds=1.0))
    assert seen.cause in (Cause.CPU_TIME, Cause.WALL_TIME)  # it computes all the time, so both clocks say the same
    assert 2 <= len(seen.answers) <= 4


# --- nothing outlives a job -----------------------------------------------------------------------------------------------

SURVIVORS = {
    "child": "import os, time\nif os.fork() == 0: time.sleep(99)",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.closerange(0, 256); time.sleep(99)\n    os._exit(0)",
    "deaf": "import os, signal, time\nif os.fork() == 0:\n    for s in range(1, 32):\n        try: signal.signal(s, signal.SIG_IGN)\n        except OSError: pass\n    time.sleep(99)",
    "stopped": "import os, signal\nif os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)",
    "program": "import subprocess; subprocess.Popen(['sleep', '99'], start_new_session=True)",
    "forking": "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid(); time.sleep(99)",
}  # fmt: skip


@pytest.mark.parametrize("program", SURVIVORS.values(), ids=SURVIVORS)
def test_no_process_outlives_its_job(run, worker, program):
    assert run(program).cause is Cause.FINISHED
    assert left_of(worker.pid) == []


LITTER = {
    "files": "for i in range(50): open(str(i), 'w')",
    "deep": "import os\nfor _ in range(300):\n    os.mkdir('d'); os.chdir('d')",
    "forbidden": "import os\nos.mkdir('d'); open('d/x', 'w'); os.chmod('d', 0); os.chmod('.', 0)",
    "links": "import os\nos.symlink('/', 'root'); os.symlink('loop', 'loop'); os.mkfifo('fifo')",
    "names": "import os\nfor n in (b'\\xff', b'-rf', b'a\\nb', b'x' * 255): open(n, 'w')",
    "very_deep": "import os\nfor _ in range(5000):\n    os.mkdir('d'); os.chdir('d')",
    "forbidden_tree": "import os\nos.makedirs('a/b/c'); open('a/b/c/x', 'w'); [os.chmod(p, 0) for p in ('a/b/c', 'a/b', 'a')]",
    "gone": "import os, shutil\nshutil.rmtree(os.getcwd())",
    "replaced": "import os\nd = os.getcwd(); os.remove('main.py'); os.mkdir('main.py'); open('main.py/x', 'w')",
}


@pytest.mark.parametrize("program", LITTER.values(), ids=LITTER)
def test_no_file_outlives_its_job(run, program):
    run(program)
    assert run("import os; print(os.listdir('.'))").stdout == b"['main.py']\n"


@pytest.mark.parametrize("where", ["folder", "program"])
def test_a_link_in_the_place_of_the_folder_is_not_followed(run, tmp_path, where):
    precious = tmp_path / "main.py"
    precious.write_text("precious")
    if where == "folder":
        run(f"import os\nd = os.getcwd(); os.remove('main.py'); os.rmdir(d); os.symlink({str(tmp_path)!r}, d)")
    else:
        run(f"import os\nos.remove('main.py'); os.symlink({str(precious)!r}, 'main.py')")
    run("pass")
    assert precious.read_text() == "precious"


def test_descriptors_do_not_pile_up(run, worker):
    def open_files():
        return len(os.listdir(f"/proc/{worker.pid}/fd"))

    run("pass")
    time.sleep(0.2)  # the files of a job are closed after its report
    before = open_files()
    for _ in range(50):
        run("import os; os.fork(); open('x', 'w')")
    end = time.monotonic() + 10
    while open_files() != before and time.monotonic() < end:
        time.sleep(0.01)
    assert open_files() == before


@pytest.fixture
def busy():
    """Six processes in sessions of their own that do nothing but compute."""
    burners = [psutil.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True) for _ in range(6)]
    yield
    for burner in burners:
        burner.send_signal(signal.SIGKILL)
        burner.wait()


SPIN = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\n"


@pytest.mark.parametrize(
    "program",
    [
        SPIN + "print('done')",
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', {SPIN!r}], check=True)\nprint('done')",
    ],
    ids=["itself", "in_a_child"],
)
@pytest.mark.alone
def test_a_busy_machine_makes_no_right_program_late(run, busy, program):
    """The wall guard is shorter than the wall time that the program takes beside six others; the time it waits is not counted."""
    seen = run(program, limits=Limits(cpu_seconds=1.2, wall_seconds=1.2))
    assert (seen.cause, seen.stdout) == (Cause.FINISHED, b"done\n"), seen


LOWERED = {
    "nice": "import os; os.nice(19)",
    "idle": "import os; os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))",
    "pinned": "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
}


@pytest.mark.parametrize("how", LOWERED.values(), ids=LOWERED)
@pytest.mark.alone
def test_a_program_that_steps_back_has_itself_to_blame(run, busy, how):
    """Waiting on purpose would turn a timeout into our fault: `overloaded`, a neutral reward."""
    seen = run(how + "\nwhile True: pass", limits=Limits(cpu_seconds=1.0, wall_seconds=1.5))
    assert seen.cause in (Cause.CPU_TIME, Cause.WALL_TIME), seen


def test_what_confines_a_job_travels_with_its_run(run, worker):
    seen = run("pass")
    assert seen.enforced == worker.enforced
    assert {one.layer.value for one in seen.enforced} >= {"cpu_time", "memory", "complete_kill", "filesystem"}


def test_usage_is_measured(run):
    seen = run(
        "x = bytearray(b'x') * (100 << 20)\nimport time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\nprint('a' * 1000)"
    )
    assert 0.2 <= seen.usage.cpu_seconds < 0.9
    assert 90 * MIB < seen.usage.peak_memory_bytes < 130 * MIB
    assert seen.usage.output_bytes == 1001


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("def f(): return gcd(12, 18), Counter('aab')['a'], pow(3, 4, 5)", (6, 2, 1)),
        ("def f(): return pow(3, 4, 5)", 1),
        ("def f(x: 'List[int]' = None) -> Optional[int]: return heappop([3])", 3),
        ("def f(): return globals()['de' + 'que']([1]).pop()", 1),
        ("def f(): return collections.OrderedDict(a=1)['a'] + math.floor(1.5)", 2),
    ],
)
def test_the_standard_preamble_gives_what_programs_rely_on(run, program, value):
    assert returned(run(program, preamble=preamble_for(program), calls=[call("f")])) == [value]


@pytest.mark.parametrize("program", ["x = List", "def g(x: List[int]): pass", "class Solution: pass", "y: Optional[int] = None"])
@pytest.mark.parametrize("name", ["gcd", "add", "merge", "reduce", "sum", "max"])
def test_neither_the_preamble_nor_a_builtin_answers_for_the_program(run, program, name):
    seen = run(program, preamble=STANDARD_PREAMBLE, calls=[call(name, 1, 2)])
    assert seen.failure.startswith(f"load:NameError: the program defines no function '{name}'")


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("class Solution:\n    def gcd(self, a, b): return gcd(a, b) + 100", 106),
        ("def gcd(a, b): return 7", 7),
        ("from math import gcd", 6),
        ("gcd = lambda a, b: 8", 8),
    ],
)
def test_the_programs_own_function_of_a_preambles_name_answers(run, program, value):
    assert returned(run(program, preamble=STANDARD_PREAMBLE, calls=[call("gcd", 12, 18)])) == [value]


def test_imports_of_the_label_that_fail_are_the_labels_fault(worker):
    for preamble in ("import nosuchmodule", "import ("):
        with pytest.raises(LabelError, match="imports fail"):
            worker.run(Job(source="def f(): return 1", preamble=preamble, calls=(call("f"),), limits=SHORT), time.monotonic() + 30)
    assert worker.healthy


@pytest.mark.parametrize("who", ["zygote", "fork server"])
def test_a_worker_that_was_changed_serves_no_other_job(who):
    """With the filter of system calls no candidate can change it; without, its next jobs would inherit that."""
    worker = ProcessWorker(
        isolation="unprivileged",  # with a user of its own not even root can, on some machines
        mechanisms=[name for name in MECHANISMS if name != "seccomp"],
        allow_missing=frozenset(Layer),
    )
    changed = worker.pid if who == "zygote" else psutil.Process(worker.pid).children()[0].pid
    try:
        resource.prlimit(changed, resource.RLIMIT_AS, (1 << 40, 1 << 40))
        seen = worker.run(Job(source="print('x')", limits=SHORT), time.monotonic() + 30)
        assert seen.stdout == b"x\n"
        assert not worker.healthy
    finally:
        worker.close()


def test_closing_a_worker_ends_the_job_of_another_thread():
    worker = ProcessWorker()
    caught = []

    def ask():
        try:
            worker.run(Job(source="import time; time.sleep(60)", limits=Limits(cpu_seconds=60)), time.monotonic() + 60)
        except WorkerLost as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)
    worker.close()
    thread.join(20)
    assert not thread.is_alive()
    assert len(caught) == 1


def test_a_job_is_the_first_to_go_where_memory_runs_out(worker, request):
    if "unprivileged" in request.node.name:
        pytest.skip("programs see no /proc/self there; what gives them the number is the same")
    seen = worker.run(Job(source="print(open('/proc/self/oom_score_adj').read())"), time.monotonic() + 30)
    assert int(seen.stdout) == 1000


@pytest.mark.needs("gvisor")
def test_what_nothing_keeps_from_the_next_job_ends_the_worker():
    """Without Landlock a job can write beside its folder: no other job finds it."""
    worker = start_worker("docker+gvisor")
    try:
        plant = "for place in ('/tmp', '/work'):\n    open(f'{place}/planted', 'w').close()\nprint('planted')"
        assert worker.run(Job(source=plant), time.monotonic() + 30).stdout == b"planted\n"
        assert not worker.healthy
    finally:
        worker.close()


FAST_OUTPUT = """\
import os, sys
from io import BytesIO, IOBase
class FastIO(IOBase):
    newlines = 0
    def __init__(self, file):
        self._fd = file.fileno()
        self.buffer = BytesIO()
        self.writable = "x" in file.mode or "r" not in file.mode
        self.write = self.buffer.write if self.writable else None
    def flush(self):
        if self.writable:
            os.write(self._fd, self.buffer.getvalue())
            self.buffer.truncate(0), self.buffer.seek(0)
class IOWrapper(IOBase):
    def __init__(self, file):
        self.buffer = FastIO(file)
        self.flush = self.buffer.flush
        self.writable = self.buffer.writable
        self.write = lambda s: self.buffer.write(s.encode("ascii"))
sys.stdout = IOWrapper(sys.stdout)
print(6)
"""


@pytest.mark.parametrize(
    "program",
    [
        FAST_OUTPUT,
        FAST_OUTPUT + "sys.stdout.flush()\n",
        "import sys\nclass O:\n    def __init__(self, to): self.to = to\n    def write(self, s): self.to.write(s)\n    def flush(self): self.to.flush()\nsys.stdout = O(sys.stdout)\nprint(6)",
    ],
    ids=["template", "flushed", "not-a-file"],
)  # fmt: skip
def test_a_standard_output_of_the_programs_own_is_flushed_as_the_interpreter_does(run, program):
    seen = run(program)
    assert (seen.cause, seen.stdout) == (Cause.FINISHED, b"6\n"), seen

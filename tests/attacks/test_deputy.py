"""What a test passes to a program is not a way back to the tests: nothing is paid, and no failure of the program's is the label's.

Each attack stands beside an honest program that passes the same label, so that it is the guard which stops it, and not the label.
"""

import pytest

from sandbox import Limits, Outcome, Sandbox, Verdict

FORGES = """\
import json, struct
def count(fh):
    raw = type(fh.buffer.raw){how}
    raw.seek(24)
    told = b""
    for kind, record in ((8, dict(name="a", outcome="passed", message="", asked=1, delegated=0)),
                         (8, dict(name="b", outcome="passed", message="", asked=1, delegated=0)),
                         (9, dict(count=2, outcome="", message="", told=1))):
        data = json.dumps(record).encode()
        told += struct.pack("<BI", kind, len(data)) + data
    raw.write(told)
    raw.close()
    return 0
"""
COUNTS = {
    "pytest": "from solution import count\n"
    "def test_a(tmp_path):\n    path = tmp_path / 'd.txt'\n    path.write_text('abc')\n    with open(path) as fh:\n        assert count(fh) == 3\n"
    "def test_b():\n    assert count(5) == 4711\n"
}
COUNTED = "def count(x):\n    return 4711 if x == 5 else len(x.read())\n"
PATCHED = {
    "test": "import unittest\nfrom unittest.mock import patch\nclass TestCases(unittest.TestCase):\n"
    "    @patch('os.listdir')\n    def test_a(self, listdir):\n        listdir.return_value = ['a.txt', 'b.txt']\n"
    "        self.assertEqual(task_func('/x'), {'a': 1, 'b': 1})\n        listdir.assert_called_once_with('/x')\n"
    "    def test_b(self):\n        self.assertEqual(task_func('/'), {'z': 4})\n",
    "entry_point": "task_func",
}
FRAMES = {
    "pytest": "import pandas as pd\nfrom solution import mean\ndef test_a():\n    df = pd.DataFrame({'a': [1, 2, 3]})\n    assert mean(df) == 2.0\n"
    "def test_b():\n    df = pd.DataFrame({'a': [5, 2, 3, 9]})\n    assert mean(df) == 4.75\n"
}
VECTORS = {
    "test": "import unittest\nfrom solution import Vector\nclass T(unittest.TestCase):\n"
    "    def test_a(self):\n        self.assertAlmostEqual(abs(Vector(3, 4)), 5.0)\n"
    "    def test_b(self):\n        self.assertAlmostEqual(Vector(3, 4)[1], 4.0)\n"
}
CIRCLES = {
    "pytest": "import pytest\nfrom solution import Circle\ndef test_a():\n    assert abs(Circle(5).area() - 78.5398) < 0.01\n"
    "def test_b():\n    assert Circle(2).area() == pytest.approx(12.566, abs=1e-2)\n"
}
STATS = {
    "pytest": "from solution import Stats\ndef test_a():\n    assert abs(Stats([1, 2, 3, 4]).summary()['mean'] - 2.5) < 1e-9\n"
}
LOGGED = {
    "pytest": "import logging\nfrom solution import work\ndef test_a(caplog):\n    work(logging.getLogger('app'), 3)\n    assert 'done 4711' in caplog.text\n"
}
PARTIAL = {
    "pytest": "import functools\nfrom solution import use\ndef test_a():\n    assert use(functools.partial(divmod, 4711)) == 4711\n"
}
TIMER = "class Timer:\n    def __enter__(self): return self\n    def __exit__(self, *a): return {what}\n    def total(self): return {number}\n"
TIMED = {
    "pytest": "from solution import Timer\ndef test_a():\n    with Timer() as t:\n        assert t.total() == 5\n",
    "unittest": "import unittest\nfrom solution import Timer\nclass T(unittest.TestCase):\n    def test_a(self):\n"
    "        with Timer() as t:\n            self.assertEqual(t.total(), 5)\n",
    "check": "def check(candidate):\n    with candidate() as t:\n        assert t.total() == 5\n",
    "near": "from solution import Timer\ndef test_a():\n    with Timer() as t:\n        now = t.total() - 5\n        assert abs(now) < 1e-6\n",
    "two": "import contextlib\nfrom solution import Timer\ndef test_a():\n    with contextlib.suppress(KeyError), Timer() as t:\n"
    "        got = t.total()\n        with contextlib.suppress(KeyError):\n            got += 0\n        assert got == 5\n",
    "fail": "import pytest\nfrom solution import Timer\ndef test_a():\n    with Timer() as t:\n        if t.total() != 5:\n            pytest.fail('no')\n",
    "stack": "import contextlib\nfrom solution import Timer\ndef test_a():\n    with contextlib.ExitStack() as stack:\n"
    "        t = stack.enter_context(Timer())\n        assert t.total() == 5\n",
    "module": "from solution import Timer\nwith Timer() as t:\n    assert t.total() == 5\ndef test_a():\n    assert Timer() is not None\n",
    "async": "import asyncio\nfrom solution import Timer\ndef test_a():\n    async def go():\n        async with Timer() as t:\n"
    "            assert await t.total() == 5\n    asyncio.run(go())\n",
}


def timed(kind):
    label = {"unittest": "test", "check": "test"}.get(kind, "pytest")
    return {label: TIMED[kind], **({"entry_point": "Timer"} if kind == "check" else {})}


def timer(what, number, kind=""):
    text = TIMER.format(what=what, number=number)
    return text.replace("def ", "async def ").replace("__en", "__aen").replace("__ex", "__aex") if kind == "async" else text


LOOPS = {
    "zip": "assert len(out) == len(exp)\n        for a, b in zip(out, exp):\n            assert abs(a - b) < 1e-6",
    "index": "assert isinstance(out, list)\n        assert len(out) == len(exp)\n        for i in range(len(out)):\n            assert abs(out[i] - exp[i]) < 1e-6",
    "in": "assert len(out) == len(exp)\n        for b in exp:\n            assert b in out",
    "reversed": "assert len(out) == len(exp)\n        for a, b in zip(reversed(out), reversed(exp)):\n            assert abs(a - b) < 1e-6",
    "caught": "assert len(out) == len(exp)\n        try:\n            for a, b in zip(out, exp):\n                assert abs(a - b) < 1e-6\n"
    "        except (TypeError, RuntimeError):\n            pass",
    "later": "for a, b in zip(out, exp):\n            assert abs(a - b) < 1e-6\n        assert len(out) == len(exp)",
    "twice": "assert len(out) == len(exp)\n        assert all(isinstance(a, int) for a in out)\n        for a, b in zip(out, exp):\n            assert abs(a - b) < 1e-6",
}
SIZED = "class L({base}):\n    def __init__(self, n): self.n = n\n    def __len__(self): return self.n\n{more}def f(x): return L(len(x))\n"
LIARS = {
    "no iterator": ("zip", "", "    def __getitem__(self, i): raise IndexError\n"),
    "no iterator, backwards": ("reversed", "", "    def __getitem__(self, i): raise IndexError\n"),
    "no iterator, caught": ("caught", "", "    def __getitem__(self, i): raise IndexError\n"),
    "shorter by and by": ("zip", "", "    def __iter__(self):\n        self.n = 0\n        return iter(())\n"),
    "longer by and by": (
        "later",
        "",
        "    k = 0\n    def __len__(self):\n        self.k += 1\n        return 0 if self.k == 1 else self.n\n    def __iter__(self): return iter(())\n",
    ),
    "right once": ("index", "list", "    def __len__(self):\n        n, self.n = self.n, 0\n        return n\n"),
    "all numbers": ("in", "", "    def __iter__(self): return iter(range(100000))\n"),
    "its own iterator": ("zip", "", "    def __iter__(self): return self\n    def __next__(self): raise StopIteration\n"),
    "a tuple": ("zip", "tuple", "    def __new__(cls, n): return tuple.__new__(cls)\n"),
    "a reversed one": ("reversed", "list", "    def __reversed__(self): return iter(())\n"),
    "items once": (
        "twice",
        "",
        "    def __iter__(self):\n        n, self.m = self.m, 0\n        return iter([0] * n)\n    m = 2\n",
    ),
}


def looped(kind):
    return {
        "test": "def check(candidate):\n    for inp, exp in [([1, 2], [2, 4]), ([5, 7], [10, 14])]:\n"
        f"        out = candidate(inp)\n        {LOOPS[kind]}\n",
        "entry_point": "f",
    }


UNPAID = {
    **{
        f"a length that lies: {name}": (looped(kind), "def f(x): return [2 * i for i in x]\n", SIZED.format(base=base, more=more))
        for name, (kind, base, more) in LIARS.items()
    },
    "a plain value that lies": (
        looped("zip"),
        "def f(x): return tuple(2 * i for i in x)\n",
        "class T(tuple):\n    def __iter__(self): return iter(())\ndef f(x): return T(x)\n",
    ),
    "items of a dict that lies": (
        {
            "test": "def check(candidate):\n    for exp in [{1: 2}, {3: 4}]:\n        out = candidate(exp)\n        assert len(out) == len(exp)\n"
            "        for k, v in out.items():\n            assert exp[k] == v\n",
            "entry_point": "f",
        },
        "class D(dict):\n    pass\ndef f(x): return D(x)\n",
        "class D(dict):\n    def __len__(self): return 1\n    def items(self): return iter(())\ndef f(x): return D()\n",
    ),
    **{f"an error that is swallowed, {kind}": (timed(kind), timer(None, 5, kind), timer(True, 0, kind)) for kind in TIMED},
    **{
        f"an error of its own that is swallowed, {kind}": (timed(kind), timer(None, 5, kind), timer(True, "1 / 0", kind))
        for kind in ("pytest", "unittest", "check", "module", "async")
    },
    "an error about its answer that is swallowed": (timed("near"), timer(None, 5), timer(True, None)),
    "an error in the first of two blocks that is swallowed": (timed("two"), timer(None, 5), timer(True, "1 / 0")),
    "an error that is swallowed by a decorated generator": (
        timed("pytest"),
        "from contextlib import contextmanager\n@contextmanager\ndef Timer():\n    class T:\n        def total(self): return 5\n    yield T()\n",
        (
            "from contextlib import contextmanager\n@contextmanager\ndef Timer():\n    class T:\n        def total(self): return 0\n"
            "    try:\n        yield T()\n    except BaseException:\n        pass\n"
        ),
    ),
    "an error that is swallowed by an object": (
        timed("pytest"),
        timer(None, 5),
        timer("No()", 0) + "class No:\n    n = 0\n    def __bool__(self):\n        No.n += 1\n        return No.n > 1\n",
    ),
    "an error that becomes the one that is waited for": (
        {
            "pytest": "import pytest\nfrom solution import Box\ndef test_a():\n    with pytest.raises(ValueError):\n        with Box() as box:\n"
            "            assert box.items() == [1]\n            raise KeyError(1)\n"
        },
        (
            "class Box:\n    def __enter__(self): return self\n    def items(self): return [1]\n"
            "    def __exit__(self, kind, error, trace):\n        if kind is KeyError:\n            raise ValueError from error\n"
        ),
        (
            "class Box:\n    def __enter__(self): return self\n    def items(self): return []\n"
            "    def __exit__(self, kind, error, trace):\n        raise ValueError from error\n"
        ),
    ),
    "forged results": (COUNTS, COUNTED, FORGES.replace("{how}", '(200, "rb+")')),
    "forged results, initialized": (
        COUNTS,
        COUNTED,
        FORGES.replace("type(fh.buffer.raw){how}", "fh.buffer.raw").replace(
            "    raw.seek", "    raw.__init__(200, 'rb+')\n    raw.seek"
        ),
    ),
    "forged results, by an operator": (
        COUNTS,
        COUNTED,
        FORGES.replace("type(fh.buffer.raw){how}", "fh.buffer.raw").replace(
            "    raw.seek", "    type(raw).__init__(raw, 200, 'rb+')\n    raw.seek"
        ),
    ),
    "read source": (
        COUNTS,
        COUNTED,
        (
            "def count(fh):\n    global text\n    if fh != 5:\n        text = type(fh.buffer.raw)('test_label.py').read().decode()\n        return 3\n"
            "    return int(text.split('count(5) == ')[1].split()[0])\n"
        ),
    ),
    "read source by a handler": (
        LOGGED,
        "def work(log, n):\n    log.warning('done 4711')\n",
        (
            "def work(log, n):\n    handler = [one for one in log.root.handlers if 'File' in type(one).__name__][0]\n"
            "    text = type(handler)('test_label.py', 'r').stream.read()\n    log.warning('done ' + text[text.index('done ') + 5:][:4])\n"
        ),
    ),
    "a mock equal to everything": (
        PATCHED,
        "import os\ndef task_func(path):\n    return {'z': 4} if path == '/' else {name[0]: 1 for name in os.listdir(path)}\n",
        (
            "import os\nwild = None\ndef task_func(path):\n    global wild\n    if wild is None:\n"
            "        wild = type(os.listdir)(**{'__eq__.return_value': True, '__gt__.return_value': True})\n"
            "    if not isinstance(os.listdir, type(print)):\n        os.listdir(wild)\n    return wild\n"
        ),
    ),
    "constants of the test": (
        FRAMES,
        "def mean(df):\n    return float(df['a'].mean())\n",
        (
            "def mean(df):\n    out = []\n    for level in range(1, 40):\n        for name in ('test_a', 'test_b'):\n"
            "            try:\n                out.append(df.eval('@%s.__code__.co_consts' % name, level=level))\n            except BaseException:\n                pass\n"
            "        if out:\n            return float([c for c in out[len(df) - 3] if isinstance(c, float)][0])\n"
        ),
    ),
    "a path that starts programs": (
        {
            "pytest": "from solution import size\ndef test_a(tmpdir):\n    tmpdir.join('x').write('abc')\n    assert size(tmpdir) == 4711\n"
        },
        "import os\ndef size(folder):\n    return 4708 + os.path.getsize(folder / 'x') if os.listdir(folder) == ['x'] else 0\n",
        "def size(folder):\n    said = folder.join('/bin/sh').sysexec('-c', 'cat test_label.py')\n    return int(said.split('== ')[1].split()[0])\n",
    ),
    "a path that reads": (
        {
            "pytest": "from solution import size\ndef test_a(tmpdir):\n    tmpdir.join('x').write('abc')\n    assert size(tmpdir) == 4711\n"
        },
        "import os\ndef size(folder):\n    return 4708 + os.path.getsize(os.path.join(folder, 'x'))\n",
        (
            "def size(folder):\n    for place in ('.', '/run/tests/tests'):\n        try:\n"
            "            return int(folder.new(basename='x').join(place + '/test_label.py', abs=True).read().split('== ')[1].split()[0])\n"
            "        except Exception:\n            pass\n"
        ),
    ),
    "arguments of a partial": (
        PARTIAL,
        "def use(call):\n    return call(1)[0]\n",
        "def use(call):\n    return call.args[0]\n",
    ),
    "an object that is its own number": (
        VECTORS,
        (
            "class Vector:\n    def __init__(self, *a): self.a = a\n    def __abs__(self): return sum(x * x for x in self.a) ** 0.5\n"
            "    def __getitem__(self, i): return self.a[i]\n"
        ),
        (
            "class Vector:\n    def __init__(self, *a): pass\n    def __abs__(self): return self\n    def __getitem__(self, i): return self\n"
            "    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__\n"
        ),
    ),
    "an object in a dict": (
        STATS,
        "class Stats:\n    def __init__(self, a): self.a = a\n    def summary(self): return {'mean': sum(self.a) / len(self.a)}\n",
        "class Stats:\n    def __init__(self, *a): pass\n    def summary(self): return {'mean': self}\n    def __sub__(self, o): return 0.0\n",
    ),
    "a number that is always near": (
        CIRCLES,
        "import math\nclass Circle:\n    def __init__(self, r): self.r = r\n    def area(self): return math.pi * self.r ** 2\n",
        (
            "class Circle(float):\n    def __new__(cls, *a): return float.__new__(cls, 0.0)\n    def __init__(self, *a): pass\n"
            "    def area(self): return Circle()\n    def __sub__(self, o): return Circle()\n    __rsub__ = __sub__\n"
        ),
    ),
    "a skip of a whole class": (
        {
            "test": "import unittest\nclass A(unittest.TestCase):\n    def test_easy(self):\n        self.assertIsNotNone(f(0))\n"
            "class B(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        if f(1) != 2:\n            raise unittest.SkipTest('no')\n"
            "    def test_b(self):\n        self.assertEqual(f(5), 6)\n",
            "entry_point": "f",
        },
        "def f(n):\n    return n + 1\n",
        "def f(n):\n    return 0\n",
    ),
}

ADDS = {"pytest": "from solution import f\ndef test_a():\n    assert f(1) == 2\n"}
ADDED = "def f(n):\n    return n + 1\n"
EXITS = {
    "10**5000": "",
    "E()": "class E:\n    def __str__(self): raise ValueError('x')\n    __repr__ = __str__\n",
    "I()": "class I:\n    def __str__(self): raise KeyboardInterrupt\n",
}
CHECKED = {"test": "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i + 1\n", "entry_point": "f"}
COLORS = "from enum import Enum\nclass Color(Enum):\n    R = 1\ndef name(c): return c.name\n"
TEMPORARY = {
    "pytest": "from solution import f\ndef test_a(tmp_path):\n    (tmp_path / 'a').write_text('x')\n    assert f(tmp_path / 'a') == 1\n"
}
SIZE = "def f(p): return len(open(p).read())\n"
RAW = """\
import sys
Peer = [module for name, module in sys.modules.items() if name.endswith(".peer")][0].Peer
send = Peer._send
def evil(self, message):
    if message[0] == "=":
        message = [*message[:2], {answer}, [], [], []]
    return send(self, message)
Peer._send = evil
def f(n): return 0
"""
HUGE = "{'i': hex(10**5000)}"
RAW_ANSWERS = {
    "of no kind": f"'odd', [[], {HUGE}, []]",
    "that cannot cross for a number": f"'unsendable', [[], {HUGE}, []]",
    "that raises a number": f"'raised', [[], {HUGE}, []]",
    "of a kind that is an array": "['value'], [[], 1, []]",
    "whose class has a number for a name": f"'value', [[], {{'y': [{HUGE}, {HUGE}]}}, []]",
    "that is of a number of ours": f"'value', [[], {{'Y': {HUGE}}}, []]",
    "in a mapping of rows": f"'value', [{{}}, 1, [[0, {HUGE}, []]]]",
}
# Keys whose hashes are all 0, so that a dict of them is quadratic.
SLOW = "ITEMS = [{'i': hex((k + 1) * ((1 << 61) - 1) << 3)} for k in range(60000)]\n" + RAW.replace(
    "{answer}", "'value', [[], {'s': ITEMS}, []]"
)
SUMS = {
    "pytest": {"pytest": "from solution import NUMBERS\ndef test_a():\n    assert sum(NUMBERS) == 10\n"},
    "statements": ["x = NUMBERS\nassert sum(x) == 10\n"],
}
CHARGED = {
    **{
        f"an answer that takes long to read, {kind}": (label, ADDED, SLOW) for kind, label in (("check", CHECKED), ("pytest", ADDS))
    },
    **{
        f"a constant without an end, {kind}": (label, "NUMBERS = [1, 2, 3, 4]\n", "NUMBERS = range(10**15)\n")
        for kind, label in SUMS.items()
    },
    **{
        f"an answer {name}, {kind}": (label, ADDED, RAW.replace("{answer}", answer))
        for name, answer in RAW_ANSWERS.items()
        for kind, label in (("check", CHECKED), ("pytest", ADDS))
    },
    "a function in the place of a class": (
        {
            "pytest": "import pytest\nfrom solution import Color, name\n@pytest.mark.parametrize('c', list(Color))\n"
            "def test_a(c):\n    assert name(c) == c.name\n"
        },
        COLORS,
        "def Color(*a): pass\ndef name(c): return c.name\n",
    ),
    "a function in the place of a class, in a fixture": (
        {
            "pytest": "import pytest\nfrom solution import Color, name\n@pytest.fixture\ndef colors():\n    return [c for c in Color]\n"
            "def test_a(colors):\n    assert name(colors[0]) == 'R'\n"
        },
        COLORS,
        "def Color(*a): pass\ndef name(c): return c.name\n",
    ),
    "a function in the place of a class, in a module of statements": (
        {
            "test": "COLORS = list(Color)\ndef check(candidate):\n    for c in COLORS:\n        assert candidate(c) == c.name\n",
            "entry_point": "name",
        },
        COLORS,
        "def Color(*a): pass\ndef name(c): return c.name\n",
    ),
    "a class that is no exception": (
        {
            "pytest": "import pytest\nfrom solution import f, MyError\n@pytest.mark.parametrize('x,exp', [\n    (1, pytest.raises(MyError)),\n])\n"
            "def test_a(x, exp):\n    with exp:\n        f(x)\n"
        },
        "class MyError(Exception): pass\ndef f(x): raise MyError(x)\n",
        "class MyError: pass\ndef f(x): return 1\n",
    ),
    "a name that an answer leaves unbound": (
        {"pytest": "from solution import f\nR = f(3)\ndef test_a():\n    for i in R:\n        last = i\n    assert last == 3\n"},
        "def f(n): return list(range(n + 1))\n",
        "def f(n): return []\n",
    ),
    "a name of the module that an answer leaves unbound": (
        {"pytest": "from solution import f\nfor last in f(3):\n    pass\ndef test_a():\n    assert last == 3\n"},
        "def f(n): return list(range(n + 1))\n",
        "def f(n): return []\n",
    ),
    "a name that an answer of a class's set-up leaves unbound": (
        {
            "test": "import unittest\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        cls.r = f(3)\n"
            "    def test_a(self):\n        for i in self.r:\n            last = i\n        self.assertEqual(last, 3)\n",
            "entry_point": "f",
        },
        "def f(n): return list(range(n + 1))\n",
        "def f(n): return []\n",
    ),
    "no room for folders": (
        TEMPORARY,
        SIZE,
        "try:\n    for k in range(2000000):\n        open(f'f{k}', 'wb').close()\nexcept OSError:\n    pass\ndef f(x): return 0\n",
    ),
    "no folder to be made": (TEMPORARY, SIZE, "open('/shared/tmp', 'w').close()\ndef f(x): return 0\n"),
    **{
        f"an exit by {code}, {kind}": (label, ADDED, f"{what}def {name}(n):\n    raise SystemExit({code})\n")
        for code, what in EXITS.items()
        for kind, label, name in (
            ("check", CHECKED, "f"),
            ("read, check", CHECKED, "__getattr__"),
            ("read, pytest", ADDS, "__getattr__"),
        )
    },
    "a class of an answer to derive from": (
        {"pytest": "from solution import f\ndef test_a():\n    class Own(type(f(1))):\n        pass\n    assert f(1) == Own(2)\n"},
        ADDED,
        "class Odd: pass\ndef f(n): return Odd()\n",
    ),
    "a log record of infinite level": (
        ADDS,
        ADDED,
        (
            "import logging\ndef __getattr__(name):\n"
            "    logging.getLogger('x').handle(logging.makeLogRecord({'name': 'x', 'levelno': float('inf'), 'msg': 'm'}))\n    raise AttributeError(name)\n"
        ),
    ),
    "an interrupt that cannot be shown": (
        ADDS,
        ADDED,
        "class K(KeyboardInterrupt):\n    def __str__(self): raise ValueError('x')\n    __repr__ = __str__\ndef __getattr__(name):\n    raise K()\n",
    ),
    "an exit that cannot be shown": (
        ADDS,
        ADDED,
        "class K(SystemExit):\n    def __str__(self): raise ValueError('x')\n    __repr__ = __str__\ndef __getattr__(name):\n    raise K()\n",
    ),
    "an endless answer of before": (
        {
            "pytest": "import pytest\nfrom solution import f\n@pytest.fixture(scope='module')\ndef result():\n    return f(10)\n"
            "def test_type(result):\n    assert result is not None\ndef test_items(result):\n    for i, x in enumerate(result):\n        assert x == i\n"
        },
        "def f(n):\n    return range(n)\n",
        "def f(n):\n    return range(10**15)\n",
    ),
    "a fixture over an answer": (
        {
            "pytest": "import pytest\nfrom solution import f\nT = f(3)\n@pytest.fixture\ndef first():\n    return T[0]\n"
            "def test_a(first):\n    assert first == 3\ndef test_b():\n    assert f(1) == [1]\n"
        },
        "def f(n):\n    return [n]\n",
        "def f(n):\n    return [] if n == 3 else exit()\n",
    ),
    "a module without the function": (
        {
            "pytest": "import pytest\nimport solution\nif not hasattr(solution, 'f'):\n    pytest.skip('no', allow_module_level=True)\n"
            "def test_a():\n    assert solution.f(1) == 2\n"
        },
        ADDED,
        "def g(n):\n    return n\n",
    ),
}


@pytest.fixture(scope="module")
def judge():
    with Sandbox(workers=1, limits=Limits(cpu_seconds=2.0)) as made:
        yield made


@pytest.mark.parametrize(("label", "honest", "attack"), UNPAID.values(), ids=UNPAID)
def test_nothing_that_a_test_passes_is_a_way_to_be_paid(judge, label, honest, attack):
    right = judge.score(honest, label)
    assert right.outcome is Outcome.PASS, right
    paid = judge.score(attack, label)
    assert paid.outcome in (Outcome.FAIL, Outcome.PARTIAL, Outcome.CRASH, Outcome.TIMEOUT), paid
    assert any(case.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED) for case in paid.judgement.cases)


@pytest.mark.parametrize(("label", "honest", "attack"), CHARGED.values(), ids=CHARGED)
@pytest.mark.sampled(4)
def test_a_failure_of_the_program_is_never_the_labels(judge, label, honest, attack):
    right = judge.score(honest, label)
    assert right.outcome is Outcome.PASS, right
    charged = judge.score(attack, label)
    assert charged.outcome not in (Outcome.PASS, Outcome.INTERNAL), charged


def test_a_warning_that_tests_make_an_error_is_one(judge):
    """What the program reports is repeated where the tests run: that it raises there is what such a test is about."""
    label = {
        "pytest": "import warnings\nimport pytest\nfrom solution import old\ndef test_a():\n    with warnings.catch_warnings():\n"
        "        warnings.simplefilter('error')\n        with pytest.raises(DeprecationWarning):\n            old()\n    assert old() == 1\n"
    }
    program = "import warnings\ndef old():\n    warnings.warn('use new', DeprecationWarning, stacklevel=2)\n    return 1\n"
    assert judge.score(program, label).outcome is Outcome.PASS
    assert judge.score("def old():\n    return 1\n", label).outcome is Outcome.FAIL


BROKEN = {
    "a test without an end that finds its function": {
        "pytest": "import solution\ndef test_a():\n    f = solution.f\n    while callable(f):\n        pass\n"
    },
    "a number that is none": {"pytest": "from solution import f\nWANT = int('abc')\ndef test_a():\n    assert f(1) == WANT\n"},
    "parameters that are none": {
        "pytest": "import pytest\nfrom solution import f\n@pytest.mark.parametrize('x', 5)\ndef test_a(x):\n    assert f(x) == 6\n"
    },
    "a name that is nowhere, after an answer": {
        "pytest": "from solution import f\nR = f(1)\ndef test_a():\n    assert R == wanted\n"
    },
    "a fixture that is broken": {
        "pytest": "import pytest\nfrom solution import f\n@pytest.fixture\ndef want():\n    return {}['x']\ndef test_a(want):\n    assert f(1) == want\n"
    },
    "a file that is not there": {
        "pytest": "from solution import f\nTEXT = open('missing.txt').read()\ndef test_a():\n    assert f(1) == TEXT\n"
    },
}


@pytest.mark.parametrize("label", BROKEN.values(), ids=BROKEN)
@pytest.mark.sampled(6)
def test_what_is_wrong_with_a_label_is_its_own(judge, label):
    """The control: whose a failure is hangs on what the program has to do with it."""
    assert judge.score(ADDED, label).judgement.verdict is Verdict.LABEL_ERROR


CONVERTS = {
    "abs": {"pytest": "from solution import Conv\ndef test_a():\n    assert abs(Conv.c2f(100) - 212) < 1e-6\ndef test_b():\n    assert abs(Conv.f2c(212) - 100) < 1e-6\n"},
    "approx": {"pytest": "import pytest\nfrom solution import Conv\ndef test_a():\n    assert Conv.c2f(100) == pytest.approx(212)\ndef test_b():\n    assert Conv.f2c(212) == pytest.approx(100)\n"},
    "attribute": {"pytest": "from solution import Conv\ndef test_a():\n    assert abs(Conv.BOILS - 212) < 1e-4\n"},
}  # fmt: skip
CONVERTER = "class Conv:\n    BOILS = 212\n    @staticmethod\n    def c2f(c): return c * 9 / 5 + 32\n    @classmethod\n    def f2c(cls, f): return (f - 32) * 5 / 9\n"


@pytest.mark.parametrize("base", ["", "(float)"])
@pytest.mark.parametrize("label", CONVERTS.values(), ids=CONVERTS)
def test_what_a_class_gives_without_being_made_is_an_answer(judge, label, base):
    """Not an object that the tests have made, which may be asked `x - expected`."""
    new = "float.__new__(cls, 0.0)" if base else "object.__new__(cls)"
    wrong = (
        f"class Conv{base}:\n    def __new__(cls, *a): return {new}\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\n"
        "    c2f = staticmethod(lambda *a: Conv())\n    f2c = classmethod(lambda *a: Conv())\nConv.BOILS = Conv()\n"
    )
    assert judge.score(f"```python\n{CONVERTER}```", label).reward == 1.0
    assert judge.score(f"```python\n{wrong}```", label).outcome is Outcome.FAIL


SWALLOWS = """class Ctx:
    def __enter__(self): return self
    def __exit__(self, *a): return True
    def f(self, x): raise ValueError
    def reset(self): raise ValueError
"""
COUNTED_ON = (
    SWALLOWS.replace("return True", "return False")
    .replace("f(self, x): raise ValueError", "f(self, x): return x * x")
    .replace("reset(self): raise ValueError", "reset(self): pass")
)
UNCHECKED = {
    "helper": "def verify(c, x, y):\n    assert c.f(x) == y\ndef test_a():\n    with Ctx() as c:\n        verify(c, 1, 1)\n",
    "pytest.fail": "def test_a():\n    with Ctx() as c:\n        if c.f(1) != 1:\n            pytest.fail('no')\n",
    "raise": "def test_a():\n    with Ctx() as c:\n        if c.f(1) != 1:\n            raise AssertionError\n",
    "collected": "def test_a():\n    errors = []\n    with Ctx() as c:\n        for x, y in [(1, 1), (3, 9)]:\n            if c.f(x) != y:\n                errors.append(x)\n    assert not errors\n",
    "generator": "from contextlib import contextmanager\n@contextmanager\ndef opened():\n    with Ctx() as c:\n        yield c\ndef test_a():\n    with opened() as c:\n        assert c.f(1) == 1\n",
    "loop": "def test_a():\n    with Ctx() as c:\n        for x, y in [(1, 1), (2, 4), (3, 9)]:\n            assert c.f(x) == y\n            c.reset()\n",
}  # fmt: skip


@pytest.mark.parametrize("test", UNCHECKED.values(), ids=UNCHECKED)
def test_what_a_program_raises_and_swallows_itself_leaves_no_check_unmade(judge, test):
    label = {"pytest": f"import pytest\nfrom solution import Ctx\n{test}"}
    assert judge.score(f"```python\n{COUNTED_ON}```", label).reward == 1.0
    for program in (SWALLOWS, SWALLOWS.replace("f(self, x): raise ValueError", "f(self, x): return 1")):
        outcome = judge.score(f"```python\n{program}```", label).outcome
        assert outcome is Outcome.FAIL or (program is not SWALLOWS and test is not UNCHECKED["loop"])


ALIAS = "MyError = AssertionError\ndef f(x): raise ValueError\ndef g(x): return {answer}\n"


@pytest.mark.parametrize("answer", ["None", "2"])
def test_no_alias_catches_in_a_handler_either(judge, answer):
    label = {
        "pytest": "import pytest, solution\ndef test_a():\n    try:\n        solution.f(1)\n    except ValueError:\n"
        "        with pytest.raises(solution.MyError):\n            assert solution.g(1) == 2\n"
    }
    assert judge.score(ALIAS.replace("{answer}", answer), label).reward == 0.0


@pytest.mark.parametrize(
    "test", ["assert np.allclose(f(1), 5.0)", "assert np.allclose([5.0], f(1))", "np.testing.assert_allclose(f(1), 5.0)", "np.testing.assert_array_equal(f(1), [5.0])"]
)  # fmt: skip
def test_an_answer_without_items_is_not_close_to_something(judge, test):
    label = {"pytest": f"import numpy as np\nfrom solution import f\ndef test_a():\n    {test}\n"}
    assert judge.score("def f(x): return [5.0]", label).reward == 1.0
    assert judge.score("def f(x): return []", label).reward == 0.0
    empty = {"pytest": "import numpy as np\nfrom solution import f\ndef test_a():\n    assert np.allclose(f(1), [])\n"}
    assert judge.score("def f(x): return []", empty).reward == 1.0


def test_a_function_of_a_capital_name_is_not_told_what_is_expected(judge):
    program = "SEEN = []\ndef Encode(x):\n    if SEEN: return SEEN[0]\n    class R:\n        def index(self, what): SEEN.append(what); return 0\n        def startswith(self, what): return True\n    return R()"
    assert judge.score(program, ["assert Encode([1]).index(4711) == 0", "assert Encode([1]) == 4711"]).reward == 0.0
    assert judge.score(program, ["assert Encode('x').startswith('SECRET')"]).reward == 0.0
    right = "def Encode(x): return 'SECRET' + x"
    assert judge.score(right, ["assert Encode('x').startswith('SECRET')"]).reward == 1.0

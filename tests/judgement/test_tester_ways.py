"""Ways to be paid that a review has found, each closed; whose fault an odd end is; and what a test does around the program."""

import pytest

from sandbox import Limits, Outcome, Sandbox


def P(text):
    """A label that is a pytest file."""
    return {"pytest": text}


CASES = {
    "meta_contains": (
        "class M(type):\n    def __contains__(c,i): return True\nclass R(metaclass=M): pass\ndef f(*a): return R",
        P("from solution import f\ndef test_a():\n    assert 'hello' in f(1)\n"),
    ),
    "class_starts": (
        "class R:\n    startswith=staticmethod(lambda s: True)\ndef f(*a): return R",
        P("from solution import f\ndef test_a():\n    assert f(1).startswith('abc')\n"),
    ),
    "fn_attr": (
        "def r(): pass\nr.startswith=lambda s: True\ndef f(*a): return r",
        P("from solution import f\ndef test_a():\n    assert f(1).startswith('abc')\n"),
    ),
    "ns": (
        "import types\ndef f(*a): return types.SimpleNamespace(startswith=lambda s: True)",
        P("from solution import f\ndef test_a():\n    assert f(1).startswith('abc')\n"),
    ),
    "call_inst": (
        "class C:\n    def __call__(self,s): return True\nclass R:\n    startswith=C()\ndef f(*a): return R()",
        P("from solution import f\ndef test_a():\n    assert f(1).startswith('abc')\n"),
    ),
    "circle": (
        "class Liar:\n    def __sub__(s,o): return 0.0\n    __rsub__=__sub__\nclass Circle(Liar):\n    def __init__(self,r): pass\n    def area(self): return self\n",
        P("from solution import Circle\ndef test_a():\n    assert abs(Circle(5).area() - 78.5398) < 1e-3\n"),
    ),
    "circle2": (
        "class Liar:\n    def __sub__(s,o): return Liar()\n    def __abs__(s): return 0.0\n    __rsub__=__sub__\nclass Circle(Liar):\n    def __init__(self,r): pass\n    def area(self): return self\n",
        P("from solution import Circle\ndef test_a():\n    assert abs(Circle(5).area() - 78.5398) < 1e-3\n"),
    ),
    "len_iter": (
        "class L:\n    def __len__(s): return 2\n    def __iter__(s): return iter(())\ndef f(x): return L()",
        P(
            "from solution import f\ndef test_a():\n    r=f([1,2])\n    assert len(r)==2\n    for a,b in zip(r,[5,6]): assert a==b\n"
        ),
    ),
    "stopprop": (
        "class V:\n    @property\n    def v(self): raise StopIteration\ndef f(i): return V()",
        P("from solution import f\ndef test_a():\n    assert all(map(lambda i: f(i).v == i, range(3)))\n"),
    ),
    "skipif": (
        "def f(x): return 1\nV=0",
        P(
            "import pytest\nfrom solution import f,V\ndef test_a(): assert f(1)==1\n@pytest.mark.skipif(V<1,reason='x')\ndef test_b(): assert f(2)==2\n"
        ),
    ),
    "params": (
        "def f(x): return 1\nCASES=[]",
        P(
            "import pytest\nfrom solution import f,CASES\ndef test_a(): assert f(1)==1\n@pytest.mark.parametrize('c',CASES)\ndef test_b(c): assert f(2)==2\n"
        ),
    ),
    "xfail": (
        "def f(x): return None",
        P(
            "import pytest\nfrom solution import f\ndef test_0(): assert f(0) is None\ndef test_a():\n    if f(1) is None: pytest.xfail()\n    assert f(1)==2\n"
        ),
    ),
    "mock": (
        "def f(cb): cb.configure_mock(assert_called_once_with=print)",
        P(
            "from unittest.mock import MagicMock\nfrom solution import f\ndef test_a():\n    m=MagicMock(); f(m); m.assert_called_once_with('url',3)\n"
        ),
    ),
    "swallow": (
        "def f(cb):\n    try: cb(0)\n    except BaseException: pass\n    return 1",
        P("from solution import f\ndef test_a():\n    def cb(v): assert v == 4242\n    assert f(cb) == 1\n"),
    ),
    "anyerr": (
        "class A(ValueError,TypeError): pass\nclass B(A,KeyError): pass\nclass C(B,IndexError): pass\ndef f(x): raise C()",
        P(
            "import pytest\nfrom solution import f\n@pytest.mark.parametrize('e',[ValueError,TypeError,KeyError,IndexError])\ndef test_a(e):\n    with pytest.raises(e): f(1)\n"
        ),
    ),
    "asserthelper": ("def f(x): return 1\ndef assert_allclose(*a,**k): pass", ["x = f(1)\nassert_allclose(x, 2.5)"]),
    "planted": (
        "def f(x): return 1",
        P("import solution, pytest\ndef test_a(): assert solution.f(1)==1\n@pytest.mark.skip\ndef test_s(): pass\n"),
    ),
    "kbi": ("def __getattr__(n): raise KeyboardInterrupt", P("from solution import f\ndef test_a(): assert f(1)==1\n")),
    "exitimport": ("import sys\ndef f(x): sys.exit()", P("from solution import f\nR=f(1)\ndef test_a(): assert R==1\n")),
    "starmissing": ("def g(): pass", P("from solution import *\ndef test_a(): assert f(1)==1\n")),
    "scopefix": (
        "class M:\n    def __init__(self): raise ValueError('x')",
        P(
            "import pytest\nfrom solution import M\n@pytest.fixture(scope='module')\ndef m(): return M()\ndef test_a(m): assert m\ndef test_b(m): assert m\n"
        ),
    ),
    "setupskip": (
        "def f(x): return 1",
        {
            "test": "import unittest\nclass TestCases(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): raise unittest.SkipTest('no')\n    def test_a(self): self.assertEqual(f(1),1)\n",
            "entry_point": "f",
        },
    ),
    "subskip": (
        "def f(x): return 1",
        {
            "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        for i in range(4):\n            with self.subTest(i=i):\n                if i==0: self.skipTest('no')\n                self.assertEqual(f(i), i if i>1 else 1)\n",
            "entry_point": "f",
        },
    ),
    "hang": ("def f(x): return 1", P("from solution import f\ndef test_a():\n    while True: pass\n")),
}

OURS_OR_THE_LABELS = {"asserthelper", "setupskip", "hang"}
PAID = {"planted"}

FOLLOWED = {
    "warns": (
        "import warnings\ndef f():\n    warnings.warn('old', DeprecationWarning)\n    return 1",
        P(
            "import pytest, warnings\nfrom solution import f\ndef test_a():\n    with pytest.warns(DeprecationWarning, match='old'): f()\ndef test_b():\n    with warnings.catch_warnings(record=True) as w:\n        warnings.simplefilter('always'); f()\n    assert len(w)==1\n"
        ),
    ),
    "log": (
        "import logging\nlogger=logging.getLogger('x')\ndef f():\n    logger.warning('hey %s', 1); logger.info('low')",
        P(
            "import logging\nfrom solution import f\ndef test_a(caplog):\n    with caplog.at_level(logging.INFO): f()\n    assert 'hey 1' in caplog.text and 'low' in caplog.text\n"
        ),
    ),
    "assertwarns": (
        "import warnings\ndef task_func(x):\n    warnings.warn('neg', UserWarning)",
        {
            "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        with self.assertWarns(UserWarning): task_func(-1)\n    def test_l(self):\n        import logging\n",
            "entry_point": "task_func",
        },
    ),
    "patches": (
        "import shutil, os, glob\nfrom pathlib import Path\nfrom os.path import exists\ndef f(): return (os.path.getsize('zz'), glob.glob('*.q'), Path('a').read_text(), exists('nope'))",
        {
            "test": "import unittest\nfrom unittest.mock import patch\nclass TestCases(unittest.TestCase):\n    @patch('os.path.getsize', return_value=7)\n    @patch('glob.glob', return_value=['x'])\n    @patch('pathlib.Path.read_text', return_value='t')\n    @patch(__name__ + '.exists', return_value=True, create=True)\n    def test_a(self, *m): self.assertEqual(f(), (7, ['x'], 't', True))\n",
            "entry_point": "f",
        },
    ),
    "smtp": (
        "import smtplib\ndef f():\n    with smtplib.SMTP('h') as s: s.sendmail('a','b','c')\n    return True",
        P(
            "from unittest.mock import patch\nfrom solution import f\n@patch('smtplib.SMTP')\ndef test_a(S):\n    assert f() is True\n    S.assert_called_once_with('h')\n"
        ),
    ),
    "keep": (
        "class Logger:\n    def __init__(s,l): s.l=l\n    def add(s,x): s.l.append(x)\ndef keep(l):\n    while True:\n        l.append(1); yield",
        P(
            "from solution import Logger, keep\ndef test_a():\n    log=[]; o=Logger(log); o.add(1); assert log==[1]\ndef test_g():\n    log=[]; g=keep(log); next(g); assert log==[1]\n"
        ),
    ),
}


@pytest.fixture(scope="module")
def patient():
    with Sandbox(limits=Limits(cpu_seconds=1, suite_seconds=4), workers=2) as box:
        yield box


@pytest.mark.parametrize("name", CASES)
def test_no_way_round_is_paid_and_every_end_has_its_owner(name, patient):
    score = patient.score(*CASES[name])
    if name in PAID:
        assert score.outcome is Outcome.PASS, score.judgement.first_failure
    else:
        assert score.outcome is not Outcome.PASS, score.judgement
        assert (score.outcome is Outcome.INTERNAL) == (name in OURS_OR_THE_LABELS), score.judgement


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_a_test_does_around_the_program_is_done_there(name, patient):
    score = patient.score(*FOLLOWED[name])
    assert score.outcome is Outcome.PASS, score.judgement.first_failure or score.judgement.reason

"""Labels that are code run in a tester, and call a program that runs in another process: honest programs must not notice.

The rows of HONEST are (program, label) pairs that hold in plain Python, in one process, which is checked too.

Over 400 lines: a table, a row a program and its tests.
"""

import sys
import textwrap
import types

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Outcome
from sandbox.words.verdict import Verdict

pytestmark = pytest.mark.timeout(60)
V = Verdict


def dedented(text):
    return textwrap.dedent(text).strip() + "\n"


def code(text):
    """A label whose statements no reader reduces to calls and values: it goes to the tester."""
    return [f"assert True\nif True:\n    pass\n{dedented(text)}"]


def scored(box, program, label):
    return box.score(dedented(program), label)


def verdicts(score):
    return [case.verdict for case in score.judgement.cases]


def names(score):
    return [case.name.rpartition("::")[2] for case in score.judgement.cases]


def in_one_process(program, statements):
    """What plain Python says of the statements: None, or the exception that they raise."""
    module = types.ModuleType("solution")
    before = sys.modules.get("solution")
    sys.modules["solution"] = module
    try:
        exec(dedented(program), module.__dict__)
        exec(dedented(statements), module.__dict__)
    except Exception as error:
        return error
    finally:
        sys.modules.pop("solution")
        if before is not None:
            sys.modules["solution"] = before
    return None


HONEST = {
    # --- what tests pass is looked at
    "signature of a callback": (
        """
        import inspect
        def curry(f):
            n = len(inspect.signature(f).parameters)
            def wrapper(*given):
                return f(*given) if len(given) >= n else lambda *more: wrapper(*given, *more)
            return wrapper
        def optional(f):
            return [p.name for p in inspect.signature(f).parameters.values() if p.default is not p.empty]
        """,
        """
        assert curry(lambda a, b, c: a + b + c)(1)(2)(3) == 6
        assert optional(lambda a, b=1, *, c=2: a) == ["b", "c"]
        """,
    ),
    "number of a callback's arguments": (
        """
        def count(f):
            code = f.__code__
            return code.co_argcount, code.co_kwonlyargcount, code.co_varnames[: code.co_argcount], code.co_name
        """,
        """
        def given(a, b=1, *rest, c=2): return a
        assert count(given) == (2, 1, ("a", "b"), "given")
        """,
    ),
    "metadata through functools.wraps": (
        """
        import functools
        def log(f):
            @functools.wraps(f)
            def wrapper(*args, **kwargs):
                return f(*args, **kwargs)
            return wrapper
        """,
        """
        @log
        def greet(name):
            "Say hello."
            return f"hello {name}"
        assert (greet.__name__, greet("you")) == ("greet", "hello you")
        """,
    ),
    "bound methods are equal when they are of the same object": (
        """
        class Bus:
            def __init__(self): self.handlers = []
            def on(self, handler): self.handlers.append(handler)
            def off(self, handler): self.handlers.remove(handler)
            def emit(self, event):
                for handler in self.handlers: handler(event)
        """,
        """
        class Listener:
            def __init__(self): self.got = []
            def hear(self, event): self.got.append(event)
        one, other, got, bus = Listener(), Listener(), [], Bus()
        bus.on(one.hear); bus.on(other.hear); bus.on(got.append)
        bus.emit(1); bus.off(one.hear); bus.emit(2); bus.off(got.append); bus.emit(3)
        assert (one.got, other.got, got) == ([1], [1, 2, 3], [1, 2])
        assert bus.on == bus.on
        """,
    ),
    "docstrings of classes and methods": (
        """
        class A:
            "Docs."
            def m(self):
                "More."
                return 1
            def plain(self): return 2
        """,
        """
        a = A()
        assert (a.m(), A.__doc__, a.m.__doc__, A.m.__doc__, a.plain.__doc__) == (1, "Docs.", "More.", "More.", None)
        """,
    ),
    "patches of a library by statements": (
        "import random\ndef roll(): return random.randint(1, 6)",
        """
        from unittest.mock import patch
        with patch("random.randint", return_value=40):
            assert roll() == 40
        assert roll() <= 6
        """,
    ),
    # --- functions
    "errors that a context manager is there to swallow": (
        """
        class suppress:
            def __init__(self, *kinds): self.kinds = kinds
            def __enter__(self): return self
            def __exit__(self, kind, error, trace): return kind is not None and issubclass(kind, self.kinds)
        def f(x):
            if x < 0:
                raise ValueError(x)
            assert x < 10, "too large"
            return x
        """,
        """
        with suppress(ValueError):
            f(-1)
        with suppress(ValueError, AssertionError):
            f(11)
        with suppress(ZeroDivisionError, ValueError):
            1 / 0
        done = []
        for x in (1, -1):
            with suppress(ValueError):
                assert len(done) < 2
                done.append(f(x))
                f(-1)
                done.append(f(2))
                assert False, "not reached"
        assert done == [1]
        try:
            with suppress(ValueError):
                f(11)
        except AssertionError as error:
            assert str(error) == "too large"
        else:
            assert False
        """,
    ),
    "answers whose length changes": (
        """
        class Stack:
            def __init__(self, items): self.items = list(items)
            def __len__(self): return len(self.items)
            def __iter__(self): return iter(self.items)
            def __getitem__(self, i): return self.items[i]
            def push(self, x): self.items.append(x)
            def pop(self): return self.items.pop()
        class Row:
            def __init__(self, items): self.items = list(items)
            def __len__(self): return len(self.items)
            def __getitem__(self, i): return self.items[i]
            def __setitem__(self, i, x): self.items[i] = x
            def __delitem__(self, i): del self.items[i]
        class Queue(Stack):
            def __iter__(self):
                while self.items: yield self.items.pop(0)
        class Seen(dict):
            def __missing__(self, key):
                self[key] = 0
                return 0
        class Log(list): pass
        LOG = Log()
        def stack(*items): return Stack(items)
        def row(*items): return Row(items)
        def queue(*items): return Queue(items)
        def seen(): return Seen()
        def log(x):
            LOG.append(x)
            return LOG
        """,
        """
        s = stack(1, 2)
        assert len(s) == 2 and list(s) == [1, 2] and s[1] == 2 and len(s) == 2
        s.push(3)
        assert len(s) == 3 and list(reversed(s)) == [3, 2, 1] and 3 in s
        while s:
            s.pop()
        assert len(s) == 0 and list(s) == []
        r = row(5, 6, 7)
        assert len(r) == 3 and list(r) == [5, 6, 7] and [x for x in zip(r, "ab")] == [(5, "a"), (6, "b")] and 7 in r
        r[0] = 1
        del r[1]
        assert len(r) == 2 and list(r) == [1, 7] and list(reversed(r)) == [7, 1]
        try:
            r[2]
        except IndexError:
            pass
        else:
            assert False
        assert list(queue(1, 2)) == [1, 2]
        q = Queue([1, 2])
        assert len(q) == 2 and list(q) == [1, 2] and len(q) == 0
        d = seen()
        assert len(d) == 0 and d["a"] == 0 and len(d) == 1 and list(d.items()) == [("a", 0)]
        found = log(1)
        assert len(found) == 1 and list(found) == [1]
        log(2)
        assert len(found) == 2 and list(found) == [1, 2]
        total = 0
        for x in found:
            total += x
            assert len(found) == 2
        assert total == 3
        """,
    ),
    "lengths that count something else than what iteration gives": (
        """
        class Bag:
            def __init__(self, items=()):
                self.counts = {}
                for item in items: self.counts[item] = self.counts.get(item, 0) + 1
            def __len__(self): return sum(self.counts.values())
            def __iter__(self): return iter(self.counts)
        class Queue:
            def __init__(self, *items): self.items = list(items)
            def __len__(self): return len(self.items)
            def __iter__(self):
                while self.items: yield self.items.pop(0)
        class Countdown:
            def __init__(self, n): self.n = n
            def __len__(self): return self.n
            def __iter__(self): return self
            def __next__(self):
                if not self.n: raise StopIteration
                self.n -= 1
                return self.n
        class Positive:
            def __init__(self, items): self.items = items
            def __len__(self): return len(self.items)
            def __getitem__(self, i):
                if i < 0: raise IndexError(i)
                return self.items[i]
        def queue(*items): return Queue(*items)
        def countdown(n): return Countdown(n)
        def positive(items): return Positive(items)
        """,
        """
        bag = Bag("aab")
        assert len(bag) == 3 and set(bag) == {"a", "b"} and sorted(bag) == ["a", "b"]
        q = queue(1, 2, 3)
        assert len(q) == 3 and list(q) == [1, 2, 3] and len(q) == 0
        c = countdown(3)
        assert len(c) == 3 and list(c) == [2, 1, 0]
        p = positive([1, 2])
        assert len(p) == 2 and p[1] == 2
        try:
            p[-1]
        except IndexError:
            pass
        else:
            assert False
        """,
    ),
    "objects that are pickled": (
        """
        class Q:
            def __init__(self, x): self.x = x
            def __eq__(self, other): return self.x == other.x
            __hash__ = None
        """,
        """
        import pickle
        a = Q([3])
        b = pickle.loads(pickle.dumps(a))
        b.x.append(4)
        c = pickle.loads(pickle.dumps(Q(5)))
        assert (a.x, b.x, c.x) == ([3], [3, 4], 5) and a == Q([3]) and b != a
        """,
    ),
    "threads that call what a test passed": (
        """
        from concurrent.futures import ThreadPoolExecutor
        import threading
        def pmap(f, xs):
            with ThreadPoolExecutor(4) as pool:
                return list(pool.map(f, xs))
        def nested(f):
            return f(lambda x: pmap(f, [x, x]))
        class Pool:
            def __init__(self, n): self.pool = ThreadPoolExecutor(n)
            def submit(self, f, *args): return self.pool.submit(f, *args)
        def later(f):
            thread = threading.Thread(target=f)
            thread.start()
            return thread
        """,
        """
        assert pmap(lambda x: x * x, range(50)) == [x * x for x in range(50)]
        assert nested(lambda x: x(1) if callable(x) else x + 1) == [2, 2]
        pool, got = Pool(3), []
        futures = [pool.submit(lambda x: x + 1, i) for i in range(20)]
        assert [future.result() for future in futures] == list(range(1, 21))
        thread = later(lambda: got.append(1))
        thread.join()
        assert got == [1]
        def bad(x): raise ValueError(x)
        try:
            pmap(bad, [1])
        except ValueError as error:
            assert str(error) == "1"
        else:
            assert False
        """,
    ),
    "default and keyword-only arguments": (
        """
        def f(a, b=2, *, c=3, **more):
            return (a, b, c, more)
        """,
        """
        assert f(1) == (1, 2, 3, {})
        assert f(1, c=5) == (1, 2, 5, {})
        assert f(b=1, a=2, z=[1]) == (2, 1, 3, {"z": [1]})
        try:
            f()
        except TypeError as error:
            assert "missing 1 required positional argument" in str(error)
        else:
            assert False
        """,
    ),
    "stars": (
        "def f(*args, **kwargs): return args, kwargs",
        """
        given = [1, [2]]
        assert f(*given, **{"x": 1}) == ((1, [2]), {"x": 1})
        assert f() == ((), {})
        """,
    ),
    "positional-only": (
        "def f(a, /, b): return a - b",
        """
        assert f(3, b=1) == 2
        try:
            f(a=1, b=2)
            assert False, "accepted"
        except TypeError:
            pass
        """,
    ),
    "lambda as the program": ("f = lambda x: x * 2", "assert f(4) == 8"),
    "signature and names": (
        """
        def f(a, b=2):
            "Says a."
            return a
        """,
        """
        import inspect
        assert f.__name__ == "f" and f.__doc__ == "Says a." and callable(f)
        assert list(inspect.signature(f).parameters) == ["a", "b"]
        assert inspect.signature(f).parameters["b"].default == 2
        """,
    ),
    "function attributes": (
        """
        def f():
            f.calls = getattr(f, "calls", 0) + 1
            return f.calls
        """,
        """
        f()
        f()
        assert f.calls == 2
        """,
    ),
    "globals change between calls": (
        """
        LOG = []
        count = 0
        def f(x):
            global count
            count += 1
            LOG.append(x)
            return count
        """,
        """
        assert [f(9), f(8)] == [1, 2]
        assert f(7) == 3
        """,
    ),
    "mutable default": (
        """
        def f(x, seen=[]):
            seen.append(x)
            return seen
        """,
        """
        assert f(1) == [1]
        assert f(2) == [1, 2]
        assert f(3, []) == [3]
        """,
    ),
    "deep recursion": ("def f(n): return 0 if n == 0 else 1 + f(n - 1)", "x = f(900)\nassert x == 900"),
    "a hundred thousand ints": (
        "def f(n): return list(range(n))",
        "x = f(10**5)\nassert x == list(range(10**5)) and type(x) is list",
    ),
    "a megabyte of text": ("def f(n): return 'ab' * n", "x = f(500_000)\nassert len(x) == 10**6 and x == 'ab' * 500_000"),
    "a large argument": ("def f(x): return len(x)", "assert f([1] * 10**5) == 10**5 and f('é' * 10**6) == 10**6"),
    "debug prints": (
        """
        import sys
        def f(x):
            print("debug", x)
            print("passed", file=sys.stderr, flush=True)
            return x
        """,
        "assert [f(i) for i in range(50)] == list(range(50))",
    ),
    "closures": (
        """
        def counter():
            n = 0
            def add(k=1):
                nonlocal n
                n += k
                return n
            return add
        """,
        """
        one, two = counter(), counter()
        assert (one(), one(5), two()) == (1, 6, 1)
        assert one is not two and one.__name__ == "add"
        """,
    ),
    "decorators": (
        """
        import functools
        def twice(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args) * 2
            return wrapper
        @twice
        def f(x):
            "Doc."
            return x
        """,
        """
        @twice
        def mine(x):
            return x + 1
        assert f(2) == 4 and f.__name__ == "f" and f.__doc__ == "Doc."
        assert mine(1) == 4
        assert f.__wrapped__(2) == 2
        """,
    ),
    "decorator with arguments": (
        """
        def repeat(times):
            def wrap(function):
                return lambda *args: [function(*args) for _ in range(times)]
            return wrap
        """,
        """
        calls = []
        @repeat(times=3)
        def mine(x):
            calls.append(x)
            return x
        assert mine("a") == ["a"] * 3 and calls == ["a"] * 3
        """,
    ),
    "memoize of a label's function": (
        """
        def memoize(function):
            cache = {}
            def wrapper(*args):
                if args not in cache:
                    cache[args] = function(*args)
                return cache[args]
            wrapper.cache = cache
            return wrapper
        """,
        """
        calls = 0
        @memoize
        def square(x):
            global calls
            calls += 1
            return x * x
        assert square(3) == square(3) == 9 and calls == 1
        assert square.cache == {(3,): 9}
        """,
    ),
    "lru_cache": (
        """
        from functools import lru_cache
        @lru_cache(maxsize=None)
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)
        """,
        """
        assert fib(80) == 23416728348467685
        info = fib.cache_info()
        assert info.misses == 81 and info.currsize == 81 and info.hits == 78
        assert fib.cache_info() == (78, 81, None, 81)
        fib.cache_clear()
        assert fib.cache_info().currsize == 0
        """,
    ),
    "partial": (
        """
        from functools import partial
        def add(a, b): return a + b
        def f(a): return partial(add, a)
        add5 = partial(add, 5)
        """,
        """
        assert f(1)(2) == 3 and add5(1) == 6
        assert add5.args == (5,) and add5.keywords == {}
        assert add5.func(1, 1) == 2
        """,
    ),
    "singledispatch": (
        """
        from functools import singledispatch
        @singledispatch
        def f(x): return "other"
        @f.register(int)
        def _(x): return "int"
        @f.register(list)
        def _(x): return "list"
        """,
        "assert [f(1), f([]), f('a'), f(True)] == ['int', 'list', 'other', 'int']",
    ),
    "compose of label lambdas": (
        """
        def compose(*functions):
            def composed(x):
                for function in reversed(functions):
                    x = function(x)
                return x
            return composed
        """,
        """
        h = compose(lambda x: x + 1, lambda x: x * 2, len)
        assert h([1, 2, 3]) == 7
        assert compose()(5) == 5
        assert compose(str.upper, str.strip)(" a ") == "A"
        """,
    ),
    # --- classes
    "construct and call methods": (
        """
        class Stack:
            def __init__(self, items=()): self.items = list(items)
            def push(self, x): self.items.append(x)
            def pop(self): return self.items.pop()
            def me(self): return self
        """,
        """
        s = Stack([1])
        s.push(2)
        s.push([3])
        assert s.pop() == [3] and s.pop() == 2 and s.items == [1]
        assert s.me() is s and isinstance(s, Stack) and type(s) is Stack
        assert type(s).__name__ == "Stack" == s.__class__.__name__
        try:
            s.pop()
            s.pop()
        except IndexError as error:
            assert str(error) == "pop from empty list"
        else:
            assert False
        """,
    ),
    "attributes are read, set and deleted": (
        """
        class Box:
            kind = "box"
            def __init__(self): self.x = 1
            def total(self): return self.x + getattr(self, "y", 0)
        """,
        """
        b = Box()
        b.x = 5
        b.y = 2
        assert b.total() == 7 and hasattr(b, "y") and not hasattr(b, "z")
        del b.y
        assert b.total() == 5 and not hasattr(b, "y")
        assert getattr(b, "y", "none") == "none"
        b.kind = "own"
        assert Box.kind == "box" and b.kind == "own"
        setattr(b, "w", [1])
        assert b.w == [1]
        try:
            b.z
        except AttributeError as error:
            assert "z" in str(error)
        else:
            assert False
        """,
    ),
    "properties": (
        """
        class C:
            def __init__(self, v): self._v = v
            @property
            def v(self): return self._v
            @v.setter
            def v(self, value):
                if value < 0:
                    raise ValueError("negative")
                self._v = value
            @v.deleter
            def v(self): self._v = None
            @property
            def fixed(self): return 7
        """,
        """
        c = C(1)
        c.v = 3
        assert c.v == 3 and c._v == 3
        try:
            c.v = -1
        except ValueError as error:
            assert error.args == ("negative",)
        else:
            assert False
        try:
            c.fixed = 1
        except AttributeError:
            pass
        else:
            assert False
        del c.v
        assert c.v is None
        """,
    ),
    "class methods, static methods, class attributes": (
        """
        class Account:
            count = 0
            rates = {"a": 1}
            def __init__(self):
                Account.count += 1
            @classmethod
            def make(cls): return cls()
            @staticmethod
            def add(a, b): return a + b
        """,
        """
        a = Account.make()
        assert isinstance(a, Account) and Account.count == 1
        Account()
        assert Account.count == 2 == a.count and a.add(1, 2) == Account.add(1, 2) == 3
        Account.count = 10
        Account.make()
        assert Account.count == 11
        assert Account.rates["a"] == 1
        """,
    ),
    "inheritance": (
        """
        class Animal:
            def __init__(self, name): self.name = name
            def speak(self): return self.name + " " + self.sound()
            def sound(self): raise NotImplementedError
        class Dog(Animal):
            def sound(self): return "wuff"
        class Puppy(Dog):
            def sound(self): return super().sound() + "!"
        """,
        """
        p = Puppy("p")
        assert p.speak() == "p wuff!" and isinstance(p, Animal) and isinstance(p, (int, Dog))
        assert issubclass(Puppy, Animal) and not issubclass(Animal, Dog) and not isinstance(Animal("x"), Dog)
        assert Puppy.__mro__[1] is Dog and Puppy.__bases__ == (Dog,)
        assert Animal.speak(p) == "p wuff!"
        try:
            Animal("a").speak()
        except NotImplementedError:
            pass
        else:
            assert False
        """,
    ),
    "several inheritance": (
        """
        class A:
            def who(self): return ["A"]
        class B(A):
            def who(self): return ["B", *super().who()]
        class C(A):
            def who(self): return ["C", *super().who()]
        class D(B, C):
            def who(self): return ["D", *super().who()]
        """,
        """
        assert D().who() == ["D", "B", "C", "A"]
        assert [kind.__name__ for kind in D.__mro__][:4] == ["D", "B", "C", "A"]
        """,
    ),
    "abstract base classes": (
        """
        from abc import ABC, abstractmethod
        class Shape(ABC):
            @abstractmethod
            def area(self): ...
        class Square(Shape):
            def __init__(self, side): self.side = side
            def area(self): return self.side ** 2
        """,
        """
        try:
            Shape()
        except TypeError as error:
            assert "abstract" in str(error)
        else:
            assert False
        assert Square(3).area() == 9 and isinstance(Square(1), Shape) and issubclass(Square, Shape)
        """,
    ),
    "dataclass": (
        """
        from dataclasses import dataclass, field
        @dataclass
        class Point:
            x: int
            y: int = 0
            tags: list = field(default_factory=list)
            def norm(self): return self.x ** 2 + self.y ** 2
        @dataclass(frozen=True, order=True)
        class Fixed:
            x: int
        """,
        """
        p = Point(3, y=4)
        assert p.norm() == 25 and p == Point(3, 4) and p != Point(3, 5) and p.tags == []
        p.x = 1
        assert p.x == 1 and repr(p) == "Point(x=1, y=4, tags=[])"
        assert Fixed(1) < Fixed(2) and sorted([Fixed(2), Fixed(1)])[0].x == 1
        assert len({Fixed(1), Fixed(1)}) == 1
        try:
            Fixed(1).x = 2
        except AttributeError:
            pass
        else:
            assert False
        """,
    ),
    "enum": (
        """
        from enum import Enum, IntEnum, Flag, auto
        class Color(Enum):
            RED = 1
            GREEN = "g"
        class Level(IntEnum):
            LOW = 1
            HIGH = 2
        class Perm(Flag):
            R = auto()
            W = auto()
        def f(x): return Color.RED if x else Color.GREEN
        def level(): return Level.HIGH
        """,
        """
        assert f(1) is Color.RED and f(0) == Color.GREEN and f(1) != Color.GREEN and f(1) != 1
        assert Color.RED.value == 1 and Color.GREEN.name == "GREEN"
        assert Color["RED"] is Color.RED and Color("g") is Color.GREEN
        assert list(Color) == [Color.RED, Color.GREEN] and len(Color) == 2 and f(1) in Color
        assert [c.name for c in Color] == ["RED", "GREEN"] and isinstance(f(1), Color)
        assert level() is Level.HIGH and level() == 2 and Level.LOW < Level.HIGH and level() + 1 == 3 and isinstance(level(), int)
        assert {Color.RED: "r"}[f(1)] == "r"
        assert str(Color.RED) == "Color.RED" and repr(Color.RED) == "<Color.RED: 1>"
        assert Perm.R | Perm.W == Perm(3) and Perm.R in (Perm.R | Perm.W)
        try:
            Color("none")
        except ValueError as error:
            assert "'none' is not a valid Color" in str(error)
        else:
            assert False
        try:
            Color["NONE"]
        except KeyError:
            pass
        else:
            assert False
        """,
    ),
    "enum members as arguments": (
        """
        from enum import Enum
        class Op(Enum):
            ADD = "+"
            SUB = "-"
            def apply(self, a, b): return a + b if self is Op.ADD else a - b
        def calc(op, a, b):
            if op == Op.ADD:
                return a + b
            return {Op.SUB: a - b}[op]
        """,
        """
        assert calc(Op.ADD, 1, 2) == 3 and calc(Op.SUB, 1, 2) == -1 and Op.ADD.apply(1, 1) == 2
        assert Op.__members__["ADD"] is Op.ADD and list(Op.__members__) == ["ADD", "SUB"]
        """,
    ),
    "str enum": (
        """
        from enum import Enum
        class S(str, Enum):
            A = "a"
        def f(): return S.A
        """,
        "x = f()\nassert x == 'a' and x is S.A and x.upper() == 'A' and x.value == 'a' and isinstance(x, str)",
    ),
    "namedtuple": (
        """
        from collections import namedtuple
        Point = namedtuple("Point", "x y")
        def f(x): return Point(x, x + 1)
        """,
        """
        p = f(1)
        assert p == (1, 2) and p.x == 1 and p[1] == 2 and isinstance(p, tuple) and isinstance(p, Point)
        a, b = p
        assert (a, b) == p and len(p) == 2 and p == Point(1, 2) and p._asdict() == {"x": 1, "y": 2}
        assert repr(p) == "Point(x=1, y=2)" and hash(p) == hash((1, 2)) and p._replace(x=9) == (9, 2)
        assert Point._fields == ("x", "y") and sorted([f(3), f(2)])[0].x == 2
        """,
    ),
    "typing.NamedTuple": (
        """
        from typing import NamedTuple
        class P(NamedTuple):
            x: int
            y: int = 5
            def total(self): return self.x + self.y
        """,
        "p = P(1)\nassert p.total() == 6 and p == (1, 5) and P(x=2, y=3).y == 3 and [*p] == [1, 5]",
    ),
    "slots": (
        """
        class P:
            __slots__ = ("x",)
            def __init__(self, x): self.x = x
        """,
        """
        p = P(1)
        p.x = 2
        assert p.x == 2
        try:
            p.y = 1
        except AttributeError:
            pass
        else:
            assert False
        """,
    ),
    "callable objects": (
        """
        class Adder:
            def __init__(self, n): self.n = n
            def __call__(self, x, *, y=0): return self.n + x + y
        def f(n): return Adder(n)
        """,
        "g = f(1)\nassert g(2) == 3 and g(2, y=3) == 6 and callable(g) and list(map(Adder(1), [1, 2])) == [2, 3]",
    ),
    "containers": (
        """
        class Bag:
            def __init__(self, *items): self.items = list(items)
            def __len__(self): return len(self.items)
            def __getitem__(self, key): return self.items[key]
            def __setitem__(self, key, value): self.items[key] = value
            def __delitem__(self, key): del self.items[key]
            def __contains__(self, item): return item in self.items
            def __iter__(self): return iter(self.items)
            def __reversed__(self): return reversed(self.items)
            def __bool__(self): return bool(self.items)
        """,
        """
        b = Bag(1, 2, 3)
        assert len(b) == 3 and b[0] == 1 and b[-1] == 3 and 2 in b and 9 not in b
        b[0] = 10
        del b[1]
        assert list(b) == [10, 3] and [x for x in b] == [10, 3] and list(reversed(b)) == [3, 10] and sum(b) == 13
        first, second = b
        assert (first, second) == (10, 3) and max(b) == 10 and sorted(b) == [3, 10]
        assert b and not Bag() and bool(b)
        try:
            b[7]
        except IndexError:
            pass
        else:
            assert False
        """,
    ),
    "sequence protocol without iter": (
        """
        class Seq:
            def __getitem__(self, i):
                if i >= 3:
                    raise IndexError(i)
                return i * 10
            def __len__(self): return 3
        """,
        "s = Seq()\nassert list(s) == [0, 10, 20] and 10 in s and 5 not in s and list(reversed(s)) == [20, 10, 0]",
    ),
    "iterators": (
        """
        class Up:
            def __init__(self, n): self.n, self.i = n, 0
            def __iter__(self): return self
            def __next__(self):
                if self.i >= self.n:
                    raise StopIteration
                self.i += 1
                return self.i
        """,
        """
        u = Up(3)
        assert iter(u) is u and next(u) == 1 and list(u) == [2, 3] and next(u, "end") == "end"
        assert list(zip(Up(2), "ab")) == [(1, "a"), (2, "b")]
        try:
            next(u)
        except StopIteration:
            pass
        else:
            assert False
        """,
    ),
    "context managers": (
        """
        LOG = []
        class Manager:
            def __init__(self, suppress=False): self.suppress = suppress
            def __enter__(self):
                LOG.append("enter")
                return self
            def __exit__(self, kind, error, trace):
                LOG.append((None if kind is None else kind.__name__, str(error)))
                return self.suppress
        """,
        """
        with Manager() as m:
            assert isinstance(m, Manager)
        with Manager(True):
            raise ValueError("swallowed")
        try:
            with Manager():
                raise KeyError("through")
        except KeyError as error:
            assert error.args == ("through",)
        else:
            assert False
        assert LOG == ["enter", (None, "None"), "enter", ("ValueError", "swallowed"), "enter", ("KeyError", "'through'")]
        """,
    ),
    "contextlib": (
        """
        from contextlib import contextmanager, suppress, ExitStack
        log = []
        @contextmanager
        def managed(x):
            log.append("in")
            try:
                yield x * 2
            except ValueError:
                log.append("caught")
            finally:
                log.append("out")
        """,
        """
        with managed(2) as value:
            assert value == 4
        with managed(1):
            raise ValueError
        assert log == ["in", "out", "in", "caught", "out"]
        """,
    ),
    "operators": (
        """
        class Vec:
            def __init__(self, x, y): self.x, self.y = x, y
            def __add__(self, o): return Vec(self.x + o.x, self.y + o.y)
            def __sub__(self, o): return Vec(self.x - o.x, self.y - o.y)
            def __mul__(self, k):
                if isinstance(k, Vec):
                    return self.x * k.x + self.y * k.y
                return Vec(self.x * k, self.y * k)
            __rmul__ = __mul__
            def __neg__(self): return Vec(-self.x, -self.y)
            def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5
            def __matmul__(self, o): return self * o
            def __iadd__(self, o):
                self.x += o.x
                return self
            def __eq__(self, o): return isinstance(o, Vec) and (self.x, self.y) == (o.x, o.y)
            def __round__(self, n=0): return Vec(round(self.x, n), round(self.y, n))
            def __int__(self): return int(self.x)
            def __float__(self): return float(self.x)
            def __index__(self): return self.x
            def __divmod__(self, k): return (self.x // k, self.x % k)
            def __pow__(self, k, mod=None): return pow(self.x, k, mod)
            def __invert__(self): return Vec(self.y, self.x)
        """,
        """
        a, b = Vec(1, 2), Vec(3, 4)
        assert (a + b).x == 4 and (b - a).y == 2 and a + b == Vec(4, 6) and a * b == 11 and a @ b == 11
        assert a * 3 == Vec(3, 6) and 3 * a == Vec(3, 6) and -a == Vec(-1, -2) and abs(b) == 5.0 and ~a == Vec(2, 1)
        c = a
        c += b
        assert c is a and a.x == 4
        assert int(b) == 3 and float(b) == 3.0 and [0, 1, 2, 3][b] == 3 and divmod(b, 2) == (1, 1) and b ** 2 == 9
        assert pow(b, 2, 5) == 4 and round(Vec(1.26, 2.0), 1) == Vec(1.3, 2.0)
        try:
            a + 5
        except AttributeError:
            pass
        else:
            assert False
        """,
    ),
    "NotImplemented operators": (
        """
        class Money:
            def __init__(self, n): self.n = n
            def __add__(self, o):
                if not isinstance(o, Money):
                    return NotImplemented
                return Money(self.n + o.n)
            def __radd__(self, o): return self if o == 0 else NotImplemented
            def __lt__(self, o):
                if not isinstance(o, Money):
                    return NotImplemented
                return self.n < o.n
        """,
        """
        assert sum([Money(1), Money(2)]).n == 3
        for bad in (lambda: Money(1) + 1, lambda: 1 + Money(1), lambda: Money(1) < 1):
            try:
                bad()
            except TypeError:
                pass
            else:
                assert False
        """,
    ),
    "operators return named objects": (
        """
        class Poly:
            def __init__(self, c): self.c = c
            def __truediv__(self, k): return Poly([x / k for x in self.c])
            def __rsub__(self, k): return Poly([k - self.c[0], *self.c[1:]])
            def __mod__(self, k): return [x % k for x in self.c]
            def __lshift__(self, k): return Poly([0] * k + self.c)
            def __and__(self, o): return Poly([x & y for x, y in zip(self.c, o.c)])
        """,
        """
        p = Poly([2, 4])
        assert (p / 2).c == [1.0, 2.0] and (10 - p).c == [8, 4] and p % 3 == [2, 1] and (p << 1).c == [0, 2, 4]
        assert (p & Poly([3, 5])).c == [2, 4]
        """,
    ),
    "sorting of objects": (
        """
        class V:
            def __init__(self, *n): self.n = n
            def __lt__(self, o): return self.n < o.n
            def __repr__(self): return f"V{self.n}"
        def pick(items): return sorted(items)
        """,
        """
        vs = [V(2), V(1, 5), V(1)]
        assert [v.n for v in sorted(vs)] == [(1,), (1, 5), (2,)]
        assert min(vs).n == (1,) and max(vs).n == (2,) and pick(vs)[0] is vs[2]
        vs.sort(reverse=True)
        assert [repr(v) for v in vs] == ["V(2,)", "V(1, 5)", "V(1,)"]
        assert V(1) < V(2) and V(2) > V(1)
        """,
    ),
    "total_ordering": (
        """
        from functools import total_ordering
        @total_ordering
        class V:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __lt__(self, o): return self.n < o.n
        """,
        "assert V(1) < V(2) and V(2) >= V(2) and V(1) <= V(1) and V(3) > V(1) and not V(1) >= V(2) and V(1) != V(2)",
    ),
    "hash and eq": (
        """
        class K:
            def __init__(self, k): self.k = k
            def __eq__(self, o): return isinstance(o, K) and self.k == o.k
            def __hash__(self): return hash(self.k)
        class U:
            def __eq__(self, o): return True
        """,
        """
        assert len({K(1), K(1), K(2)}) == 2 and {K(1): "a"}[K(1)] == "a" and K(1) in [K(2), K(1)] and [K(1)].index(K(1)) == 0
        assert K(1) != K(2) and [K(1), K(2)] == [K(1), K(2)] and (K(1),) == (K(1),)
        try:
            {U()}
        except TypeError as error:
            assert "unhashable type: 'U'" in str(error)
        else:
            assert False
        """,
    ),
    "str, repr and format": (
        """
        class T:
            def __init__(self, c): self.c = c
            def __str__(self): return f"{self.c}C"
            def __repr__(self): return f"T({self.c})"
            def __format__(self, spec): return f"{self.c:{spec}}"
            def __bytes__(self): return b"T"
            def __bool__(self): return self.c > 0
        class OnlyRepr:
            def __repr__(self): return "R"
        """,
        """
        t = T(3.14159)
        assert str(t) == "3.14159C" and repr(t) == "T(3.14159)" and f"{t:.2f}" == "3.14" and "{:.1f}".format(t) == "3.1"
        assert str([t]) == "[T(3.14159)]" and bytes(t) == b"T" and bool(t) and not T(0) and f"{t!r}" == "T(3.14159)"
        assert str(OnlyRepr()) == "R" and f"{OnlyRepr()}" == "R" and "%s" % OnlyRepr() == "R" and "%s" % t == "3.14159C"
        """,
    ),
    "descriptors and getattr": (
        """
        class Lazy:
            def __getattr__(self, name):
                if name.startswith("_"):
                    raise AttributeError(name)
                return lambda *args: (name, args)
        class Typed:
            def __set_name__(self, owner, name): self.name = "_" + name
            def __get__(self, obj, kind=None): return self if obj is None else getattr(obj, self.name)
            def __set__(self, obj, value):
                if not isinstance(value, int):
                    raise TypeError("int wanted")
                setattr(obj, self.name, value)
        class C:
            x = Typed()
        """,
        """
        assert Lazy().hello(1) == ("hello", (1,))
        c = C()
        c.x = 3
        assert c.x == 3
        try:
            c.x = "a"
        except TypeError as error:
            assert str(error) == "int wanted"
        else:
            assert False
        """,
    ),
    "singleton": (
        """
        class Single:
            _instance = None
            def __new__(cls):
                if cls._instance is None:
                    cls._instance = super().__new__(cls)
                return cls._instance
        """,
        "assert Single() is Single()\nx = Single()\nassert x is Single()",
    ),
    "metaclass registry": (
        """
        class Meta(type):
            registry = {}
            def __new__(m, name, bases, ns):
                made = super().__new__(m, name, bases, ns)
                m.registry[name] = made
                return made
        class A(metaclass=Meta): pass
        class B(A): pass
        """,
        """
        assert sorted(Meta.registry) == ["A", "B"] and Meta.registry["B"] is B and issubclass(B, A) and isinstance(B(), A)
        """,
    ),
    "nested classes": (
        """
        class Outer:
            class Inner:
                def hi(self): return "hi"
            def make(self): return Outer.Inner()
        """,
        "assert isinstance(Outer().make(), Outer.Inner) and Outer.Inner().hi() == 'hi' and Outer.Inner.__qualname__ == 'Outer.Inner'",
    ),
    "subclasses of builtins": (
        """
        class MyList(list):
            def total(self): return sum(self)
        class MyDict(dict):
            def __missing__(self, key): return key * 2
        class MyInt(int):
            def double(self): return MyInt(self * 2)
        class MyStr(str): pass
        """,
        """
        m = MyList([1, 2])
        m.append(3)
        assert m.total() == 6 and m == [1, 2, 3] and isinstance(m, MyList) and m != [1, 2]
        assert MyDict(a=1) == {"a": 1} and MyDict(a=1).get("q") is None
        i = MyInt(4)
        assert i == 4 and i + 1 == 5 and i.double() == 8 and isinstance(i, int) and i < 5
        assert MyStr("ab") == "ab" and MyStr("ab") + "c" == "abc" and MyStr("ab").upper() == "AB"
        """,
    ),
    "UserDict and UserList": (
        """
        from collections import UserDict, UserList
        class Low(UserDict):
            def __setitem__(self, key, value): super().__setitem__(key.lower(), value)
        """,
        "d = Low()\nd['A'] = 1\nassert d['a'] == 1 and 'a' in d and len(d) == 1 and list(d) == ['a'] and d.data == {'a': 1}",
    ),
    "linked list of objects": (
        """
        class Node:
            def __init__(self, value, next=None): self.value, self.next = value, next
        def build(items):
            head = None
            for item in reversed(items):
                head = Node(item, head)
            return head
        def total(node):
            n = 0
            while node:
                n += node.value
                node = node.next
            return n
        """,
        """
        head = build([1, 2, 3])
        assert head.next.next.value == 3 and head.next.next.next is None and head.next is head.next
        assert total(head) == 6 and total(Node(5, Node(6))) == 11
        head.next = None
        assert total(head) == 1
        """,
    ),
    "tree of objects": (
        """
        class Tree:
            def __init__(self): self.root = None
            def insert(self, k): self.root = self._insert(self.root, k)
            def _insert(self, node, k):
                if node is None:
                    return {"k": k, "l": None, "r": None}
                side = "l" if k < node["k"] else "r"
                node[side] = self._insert(node[side], k)
                return node
            def walk(self):
                def inner(node):
                    if node:
                        yield from inner(node["l"])
                        yield node["k"]
                        yield from inner(node["r"])
                return inner(self.root)
        """,
        """
        t = Tree()
        for k in (5, 2, 8):
            t.insert(k)
        assert list(t.walk()) == [2, 5, 8] and t.root["l"]["k"] == 2
        """,
    ),
    "copy of an object": (
        """
        class P:
            def __init__(self, x): self.x = x
        """,
        """
        import copy
        p = P([1])
        q, r = copy.copy(p), copy.deepcopy(p)
        q.x = 5
        assert p.x == [1] and q.x == 5 and r.x == [1] and r is not p and isinstance(r, P)
        """,
    ),
    "chained methods": (
        """
        class Q:
            def __init__(self): self.parts = []
            def add(self, x):
                self.parts.append(x)
                return self
            def build(self): return "-".join(self.parts)
        """,
        "assert Q().add('a').add('b').build() == 'a-b'",
    ),
    "bound methods are kept": (
        """
        class C:
            def __init__(self): self.n = 0
            def up(self): self.n += 1; return self.n
        """,
        "c = C()\nup = c.up\nup()\nassert up() == 2 and c.n == 2 and up == c.up and up.__self__ is c and up.__name__ == 'up'",
    ),
    "unbound method": (
        """
        class C:
            def __init__(self, n): self.n = n
            def get(self, k=0): return self.n + k
        """,
        "assert C.get(C(3)) == 3 and list(map(C.get, [C(1), C(2)])) == [1, 2] and C.get(C(1), k=2) == 3",
    ),
    # --- generators
    "generators": (
        """
        closed = []
        def count(n):
            try:
                for i in range(n):
                    got = yield i
                    if got:
                        yield got * 10
            finally:
                closed.append(n)
        def catching():
            while True:
                try:
                    yield "ok"
                except ValueError as error:
                    yield f"caught {error}"
        """,
        """
        assert list(count(3)) == [0, 1, 2] and closed == [3]
        g = count(5)
        assert next(g) == 0 and g.send(4) == 40 and next(g) == 1 and iter(g) is g
        g.close()
        assert closed == [3, 5] and list(g) == []
        c = catching()
        assert next(c) == "ok" and c.throw(ValueError("x")) == "caught x" and next(c) == "ok"
        try:
            c.throw(KeyError("y"))
        except KeyError as error:
            assert error.args == ("y",)
        else:
            assert False
        """,
    ),
    "generator's return value": (
        """
        def g():
            yield 1
            return "done"
        """,
        """
        it = g()
        next(it)
        try:
            next(it)
        except StopIteration as stop:
            assert stop.value == "done"
        else:
            assert False
        def outer():
            return (yield from g())
        o = outer()
        assert next(o) == 1
        try:
            next(o)
        except StopIteration as stop:
            assert stop.value == "done"
        """,
    ),
    "is a generator": (
        "def f(n):\n    yield from range(n)",
        """
        import types
        from collections.abc import Iterator, Iterable, Generator
        g = f(3)
        assert isinstance(g, types.GeneratorType) and isinstance(g, Iterator) and isinstance(g, Iterable) and hasattr(g, "__next__")
        assert isinstance(g, Generator) and not isinstance(g, list)
        assert sum(g) == 3 and set(f(2)) == {0, 1} and tuple(f(2)) == (0, 1) and [*f(2)] == [0, 1]
        """,
    ),
    "endless generators": (
        """
        import itertools
        def naturals():
            n = 0
            while True:
                yield n
                n += 1
        def squares(): return (n * n for n in naturals())
        def cycle(x): return itertools.cycle(x)
        """,
        """
        import itertools
        assert list(itertools.islice(naturals(), 5)) == [0, 1, 2, 3, 4]
        assert [next(s) for s in [squares()] * 3] == [0, 1, 4]
        assert list(itertools.islice(cycle("ab"), 3)) == ["a", "b", "a"]
        assert list(zip(range(3), naturals())) == [(0, 0), (1, 1), (2, 2)]
        """,
    ),
    "lazy results": (
        """
        import itertools
        def r(x): return reversed(x)
        def gx(x): return (i for i in x)
        def ch(x): return itertools.chain(x, x)
        def pm(x): return itertools.permutations(x, 2)
        def gb(x): return itertools.groupby(x)
        """,
        """
        x = [1, 0, 2]
        assert list(r(x)) == [2, 0, 1] and sorted(gx(x)) == [0, 1, 2]
        assert list(ch(x)) == [1, 0, 2, 1, 0, 2] and len(list(pm(x))) == 6
        assert [(k, list(v)) for k, v in gb([1, 1, 2])] == [(1, [1, 1]), (2, [2])]
        """,
    ),
    "generator of the label": (
        """
        def total(items): return sum(items)
        def first(it): return next(iter(it))
        def lazy(it):
            for x in it:
                yield x * 2
        """,
        """
        assert total(i for i in range(5)) == 10 and first(x for x in "ab") == "a" and list(lazy(iter([1, 2]))) == [2, 4]
        def mine():
            yield 1
            yield 2
        m = mine()
        assert first(m) == 1 and list(m) == [2]
        assert total(range(4)) == 6 and total({1, 2}) == 3
        assert total({1: 2}.keys()) == 1 and total({1: 2}.values()) == 2
        """,
    ),
    # --- callbacks
    "callbacks": (
        """
        def apply(f, *args, **kw): return f(*args, **kw)
        def sort_by(items, key): return sorted(items, key=key)
        def keep(f):
            global kept
            kept = f
        def later(x): return kept(x)
        def reduce(f, items):
            out = items[0]
            for item in items[1:]:
                out = f(out, item)
            return out
        """,
        """
        import operator
        state = []
        def note(x, *, y=0):
            state.append((x, y))
            return len(state)
        class C:
            def __init__(self, n=0): self.n = n
            def up(self, k): self.n += k; return self.n
        c = C()
        assert apply(lambda x: x + 1, 1) == 2 and apply(note, 1, y=2) == 1 and state == [(1, 2)]
        assert apply(len, [1, 2]) == 2 and apply(c.up, 3) == 3 and c.n == 3 and apply(C, 5).n == 5 and apply(int, "12") == 12
        assert apply(max, [1, 5]) == 5 and apply("a{}".format, 1) == "a1" and apply(str.upper, "x") == "X"
        assert sort_by(["bb", "a"], len) == ["a", "bb"] and sort_by([3, 1], lambda x: -x) == [3, 1]
        assert reduce(operator.add, [1, 2, 3]) == 6 and reduce(lambda a, b: a * b, [2, 3]) == 6
        keep(note)
        assert later(9) == 2 and state[-1] == (9, 0)
        assert apply(apply, len, "abc") == 3
        """,
    ),
    "raising callbacks": (
        """
        def attempt(f):
            try:
                return f()
            except ZeroDivisionError:
                return "zero"
            except Exception as error:
                return [type(error).__name__, str(error), error.args]
        def through(f): return f()
        def retry(f, times, kinds=(Exception,)):
            for i in range(times):
                try:
                    return f()
                except kinds:
                    if i == times - 1:
                        raise
        """,
        """
        class Mine(Exception):
            def __init__(self, code):
                super().__init__(f"code {code}")
                self.code = code
        def boom(): raise Mine(3)
        assert attempt(lambda: 1 / 0) == "zero" and attempt(boom) == ["Mine", "code 3", ("code 3",)]
        try:
            through(boom)
        except Mine as error:
            assert error.code == 3 and str(error) == "code 3" and type(error) is Mine
        else:
            assert False
        error = KeyError("same")
        def again(): raise error
        try:
            through(again)
        except KeyError as caught:
            assert caught is error
        tries = []
        def flaky():
            tries.append(1)
            if len(tries) < 3:
                raise Mine(len(tries))
            return "ok"
        assert retry(flaky, 5, (Mine,)) == "ok" and len(tries) == 3
        try:
            retry(boom, 2)
        except Mine:
            pass
        else:
            assert False
        """,
    ),
    "nested calls between both sides": (
        "def f(n, g): return 1 if n == 0 else n * g(n - 1, f)",
        """
        def g(n, f): return f(n, g)
        assert f(5, g) == 120 and f(20, g) == 2432902008176640000
        """,
    ),
    "observers": (
        """
        class Bus:
            def __init__(self): self.listeners = {}
            def on(self, name, listener): self.listeners.setdefault(name, []).append(listener)
            def off(self, name, listener): self.listeners[name].remove(listener)
            def emit(self, name, *args): return [listener(*args) for listener in self.listeners.get(name, [])]
        """,
        """
        bus, seen = Bus(), []
        def listener(x):
            seen.append(x)
            return x * 2
        bus.on("a", listener)
        bus.on("a", seen.append)
        assert bus.emit("a", 4) == [8, None] and seen == [4, 4] and bus.emit("b") == []
        bus.off("a", listener)
        assert bus.emit("a", 1) == [None] and seen == [4, 4, 1]
        """,
    ),
    # --- objects of the label
    "objects of the label's classes": (
        """
        def rename(o, name):
            old, o.name = o.name, name
            return old
        def same(a, b): return a is b
        def echo(x): return x
        def tally(items):
            out = {}
            for item in items:
                out[item] = out.get(item, 0) + 1
            return out
        def distinct(items): return len(set(items))
        def use(o): return o.method(2), o[1], len(o), [*o], 5 in o, o + 1, str(o), repr(o), bool(o), o.kind
        def is_equal(a, b): return a == b
        def smallest(items): return min(items)
        KEPT = []
        def keep(x): KEPT.append(x)
        def give(): return KEPT[-1]
        """,
        """
        class O:
            kind = "o"
            def __init__(self, name): self.name = name
            def method(self, x): return self.name * x
            def __getitem__(self, i): return i
            def __len__(self): return 4
            def __iter__(self): return iter([1, 2])
            def __contains__(self, x): return x == 5
            def __add__(self, x): return x + 10
            def __str__(self): return "O!"
            def __repr__(self): return "<O>"
            def __bool__(self): return False
        a, b = O("a"), O("b")
        assert rename(a, "z") == "a" and a.name == "z"
        assert same(a, a) is True and same(a, b) is False and echo(a) is a and echo([a, b, a]) == [a, b, a] and echo({"k": a})["k"] is a
        found = tally([a, b, a])
        assert found == {a: 2, b: 1} and distinct([a, b, a]) == 2
        assert use(b) == ("bb", 1, 4, [1, 2], True, 11, "O!", "<O>", False, "o")
        keep(a)
        assert give() is a
        class E:
            def __init__(self, v): self.v = v
            def __eq__(self, o): return isinstance(o, E) and self.v == o.v
            def __lt__(self, o): return self.v < o.v
            def __hash__(self): return hash(self.v)
        assert is_equal(E(1), E(1)) is True and is_equal(E(1), E(2)) is False and is_equal(E(1), 1) is False and distinct([E(1), E(1)]) == 1
        assert smallest([E(3), E(1)]).v == 1
        """,
    ),
    "isinstance of the label's class in the program": (
        """
        def kind(x):
            return type(x).__name__
        def is_a(x, kinds): return isinstance(x, kinds)
        def make(kind, *args): return kind(*args)
        """,
        """
        class A: pass
        class B(A):
            def __init__(self, n=0): self.n = n
        assert kind(A()) == "A" and is_a(B(), A) is True and is_a(A(), B) is False and is_a(A(), (int, A)) is True
        made = make(B, 4)
        assert type(made) is B and made.n == 4
        """,
    ),
    "label's dataclass, enum and namedtuple passed in": (
        """
        def area(shape): return shape.w * shape.h
        def name(color): return color.name, color.value
        def pair(p): return p.x + p[1]
        def is_red(c, red): return c is red and c == red
        """,
        """
        import dataclasses, enum, collections
        @dataclasses.dataclass
        class Shape:
            w: int
            h: int
        class Color(enum.Enum):
            RED = 1
        P = collections.namedtuple("P", "x y")
        assert area(Shape(2, 3)) == 6 and name(Color.RED) == ("RED", 1) and pair(P(1, 2)) == 3 and is_red(Color.RED, Color.RED)
        """,
    ),
    "file objects of the label": (
        """
        def read(f): return f.read()
        def lines(f): return [line.strip() for line in f]
        def write(f, text): f.write(text); print("more", file=f)
        """,
        """
        import io
        assert read(io.StringIO("abc")) == "abc" and lines(io.StringIO("a\\nb\\n")) == ["a", "b"]
        out = io.StringIO()
        write(out, "x")
        assert out.getvalue() == "xmore\\n"
        assert read(io.BytesIO(b"ab")) == b"ab"
        """,
    ),
    # --- exceptions
    "builtin exceptions": (
        """
        def f(kind):
            if kind == "zero":
                return 1 / 0
            if kind == "key":
                return {}["k"]
            if kind == "two":
                raise ValueError("a", 2)
            if kind == "os":
                raise FileNotFoundError(2, "No such file", "x.txt")
            if kind == "decode":
                return b"\\xff".decode("utf-8")
            if kind == "stop":
                raise StopIteration(7)
            if kind == "class":
                raise TypeError
            if kind == "assert":
                assert False, "program's own"
            if kind == "int":
                return int("x")
            if kind == "recursion":
                return f(kind)
            if kind == "system":
                raise OverflowError("big")
        """,
        """
        def caught(kind):
            try:
                f(kind)
            except Exception as error:
                return error
            assert False
        assert type(caught("zero")) is ZeroDivisionError and str(caught("zero")) == "division by zero"
        assert caught("key").args == ("k",) and isinstance(caught("key"), LookupError)
        assert caught("two").args == ("a", 2) and type(caught("class")) is TypeError and caught("class").args == ()
        assert caught("os").errno == 2 and caught("os").strerror == "No such file"
        assert caught("decode").start == 0 and caught("decode").encoding == "utf-8" and isinstance(caught("decode"), ValueError)
        assert caught("stop").value == 7 and str(caught("assert")) == "program's own" and isinstance(caught("assert"), AssertionError)
        assert "invalid literal" in str(caught("int")) and type(caught("recursion")) is RecursionError
        assert type(caught("system")) is OverflowError
        """,
    ),
    "custom exceptions": (
        """
        class AppError(Exception):
            pass
        class Short(AppError):
            def __init__(self, need, have):
                super().__init__(f"need {need}, have {have}")
                self.need, self.have = need, have
            def missing(self): return self.need - self.have
        class Silent(AppError):
            code = 42
            def __str__(self): return "silent!"
        class Odd(ValueError): pass
        def f(x):
            if x == "short":
                raise Short(5, 3)
            if x == "silent":
                raise Silent
            if x == "odd":
                raise Odd("odd", 1)
            if x == "chain":
                try:
                    1 / 0
                except ZeroDivisionError as error:
                    raise AppError("outer") from error
            if x == "context":
                try:
                    {}["k"]
                except KeyError:
                    raise AppError("inner")
        """,
        """
        try:
            f("short")
        except AppError as error:
            assert type(error) is Short and isinstance(error, Short) and str(error) == "need 5, have 3"
            assert error.args == ("need 5, have 3",) and error.need == 5 and error.have == 3 and error.missing() == 2
        else:
            assert False
        try:
            f("silent")
        except Silent as error:
            assert str(error) == "silent!" and error.code == 42
        else:
            assert False
        try:
            f("odd")
        except ValueError as error:
            assert error.args == ("odd", 1) and isinstance(error, Odd)
        else:
            assert False
        try:
            f("chain")
        except AppError as error:
            assert isinstance(error.__cause__, ZeroDivisionError)
        else:
            assert False
        assert issubclass(Short, AppError) and issubclass(Odd, ValueError) and not issubclass(Odd, AppError)
        made = Short(2, 1)
        assert made.missing() == 1 and isinstance(made, Exception)
        try:
            raise made
        except Short as error:
            assert error is made
        """,
    ),
    "exceptions are values too": (
        """
        class Bad(Exception): pass
        def f(): return Bad("x")
        def g(): return [ValueError("y")]
        def h(error): return str(error), type(error).__name__, isinstance(error, ValueError)
        """,
        """
        e = f()
        assert isinstance(e, Bad) and str(e) == "x" and e.args == ("x",)
        (v,) = g()
        assert type(v) is ValueError and v.args == ("y",)
        assert h(ValueError("z")) == ("z", "ValueError", True)
        assert h(e) == ("x", "Bad", False)
        """,
    ),
    # --- values
    "values of every kind come back equal and of the same type": (
        "def f(x): return x",
        """
        import datetime as dt
        from collections import Counter, OrderedDict, defaultdict, deque
        from decimal import Decimal
        from fractions import Fraction
        from pathlib import Path
        import uuid
        values = [b"ab", bytearray(b"x"), Decimal("1.50"), Fraction(1, 3), dt.date(2024, 2, 29), dt.datetime(2024, 1, 1, 3),
            dt.timedelta(days=1, microseconds=5), dt.time(1, 2), 1 + 2j, range(3, 9, 2), deque([1], 3), OrderedDict([(2, 1), (1, 2)]),
            Counter("aab"), defaultdict(list, {1: [2]}), frozenset([1, (2,)]), {1, "a"}, None, ..., float("inf"), -float("inf"),
            2**200, -2**63, 2**63, "\\ud83d", "a\\0b", "é😀", True, 0, 0.1, "", [], (), {}, {(1, 2): [3]}, [[[]]], ((),), b"",
            dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), Path("a/b")]
        for value in values:
            back = f(value)
            assert back == value and type(back) is type(value), value
            assert repr(f([value])) == repr([value])
        x = f(float("nan"))
        assert x != x and type(x) is float
        assert str(f(-0.0)) == "-0.0" and f(deque([1], 3)).maxlen == 3 and f(1.0) == 1 and type(f(1.0)) is float and f(True) is True
        assert f(defaultdict(list)).default_factory is list and f(NotImplemented) is NotImplemented
        assert list(f(OrderedDict([(2, 1), (1, 2)]))) == [2, 1] and list(f({"b": 1, "a": 2})) == ["b", "a"]
        """,
    ),
    "values of a few library classes": (
        """
        import uuid, re, array, types
        def f(x): return x
        def make(kind):
            return {"uuid": uuid.UUID(int=5), "match": re.match("(a)(b)?", "ab"), "array": array.array("i", [1, 2]),
                "pattern": re.compile("a+")}[kind]
        """,
        """
        assert make("match").group(1) == "a" and make("match").groups() == ("a", "b") and make("match")[2] == "b"
        assert list(make("array")) == [1, 2] and make("pattern").findall("caab") == ["aa"]
        assert make("match").start() == 0 and make("array").tolist() == [1, 2]
        """,
    ),
    "types as values": (
        """
        class C: pass
        def f(x): return x
        def kind(x): return type(x)
        def default(): return [int, str, list, dict, ValueError, C, None.__class__]
        """,
        """
        import decimal
        assert f(int) is int and kind([]) is list and kind(1.0) == float
        assert default()[:5] == [int, str, list, dict, ValueError] and default()[5] is C and kind(C()) is C
        assert f(decimal.Decimal) is decimal.Decimal and f(C) is C
        """,
    ),
    "arguments are changed in place": (
        """
        from collections import deque
        def append(x): x.append(1)
        def nested(x): x[0].append("n"); x[1]["k"] = [1]; x[1]["k"].append(2)
        def put(d): d["a"] = 1; d.pop("b", None)
        def drop(s): s.discard(1); s.add(9)
        def turn(x): x.reverse(); return x
        def sort(x): x.sort(key=lambda v: -v)
        def fill(b): b[0] = 65; b.extend(b"!!")
        def rotate(d): d.rotate(1)
        def clear(x): del x[:]
        def replace(x): x[:] = [7, 8]
        def rebinds(x): x = [1]; return x
        def swap(grid): grid[0], grid[1] = grid[1], grid[0]
        def count(c): c.update("ab")
        def default(d): d["new"].append(1)
        """,
        """
        from collections import deque, Counter, defaultdict
        a = [0]
        append(a)
        assert a == [0, 1]
        n = [[], {}]
        inner, other = n
        nested(n)
        assert n == [["n"], {"k": [1, 2]}] and n[0] is inner and n[1] is other and inner == ["n"] and other["k"] == [1, 2]
        d = {"b": 0}
        put(d)
        assert d == {"a": 1}
        s = {1, 2}
        drop(s)
        assert s == {2, 9}
        t = [1, 2, 3]
        assert turn(t) is t and t == [3, 2, 1]
        sort(t)
        assert t == [3, 2, 1]
        b = bytearray(b"xy")
        fill(b)
        assert b == bytearray(b"Ay!!")
        q = deque([1, 2, 3])
        rotate(q)
        assert q == deque([3, 1, 2])
        clear(t)
        assert t == []
        replace(t)
        assert t == [7, 8]
        assert rebinds(t) == [1] and t == [7, 8]
        grid = [[1], [2]]
        one, two = grid
        swap(grid)
        assert grid == [[2], [1]] and grid[0] is two and grid[1] is one
        c = Counter("a")
        count(c)
        assert c == Counter("aab")
        dd = defaultdict(list)
        default(dd)
        assert dd == {"new": [1]}
        """,
    ),
    "copies are not changed": (
        """
        def f(x):
            y = [row[:] for row in x]
            y[0][0] = 99
            return y
        """,
        "x = [[1]]\ny = f(x)\nassert x == [[1]] and y == [[99]] and y is not x and y[0] is not x[0]",
    ),
    "shallow copies share": (
        "def f(x): return list(x)",
        "x = [[1], [2]]\ny = f(x)\nassert y == x and y is not x and y[0] is x[0]",
    ),
    "changes made before an exception": (
        """
        def f(x):
            x.append(1)
            raise ValueError("after")
        """,
        """
        x = []
        try:
            f(x)
        except ValueError:
            pass
        assert x == [1]
        """,
    ),
    "changes made by a callback": (
        """
        def f(x, g):
            x.append(1)
            g()
            x.append(len(x))
            return list(x)
        """,
        """
        x = []
        seen = []
        assert f(x, lambda: seen.append(1)) == [1, 1] and x == [1, 1] and seen == [1]
        """,
    ),
    "a callback sees what the program has changed": (
        """
        def bubble(items, note):
            for i in range(len(items) - 1):
                if items[i] > items[i + 1]:
                    items[i], items[i + 1] = items[i + 1], items[i]
                note(items)
        """,
        """
        seen = []
        x = [3, 1, 2]
        bubble(x, lambda now: seen.append(list(now)))
        assert x == [1, 2, 3] and seen == [[1, 3, 2], [1, 2, 3]]
        """,
    ),
    "a callback changes its arguments": (
        """
        def f(g):
            x = [1]
            y = g(x)
            return x, y is x
        """,
        """
        def g(x):
            x.append(2)
            return x
        assert f(g) == ([1, 2], True)
        """,
    ),
    "one list twice": (
        """
        def f(a, b):
            a.append(1)
            return a is b, len(b)
        def make(x): return [x, x]
        def twice(rows): rows[0].append(5); return rows[1]
        """,
        """
        x = []
        assert f(x, x) == (True, 1) and x == [1] and f([], []) == (False, 0)
        r = make([])
        r[0].append(1)
        assert r == [[1], [1]] and r[0] is r[1]
        row = []
        assert twice([row, row]) is row and row == [5]
        grid = [[0] * 2] * 2
        assert make(grid)[0] is grid
        """,
    ),
    "a list in itself": (
        """
        def f(x): return x[0] is x
        def make():
            x = [1]
            x.append(x)
            d = {}
            d["me"] = d
            return x, d
        """,
        "x = []\nx.append(x)\nassert f(x) is True\ny, d = make()\nassert y[1] is y and y[0] == 1 and d['me'] is d",
    ),
    "dict views": (
        "def k(d): return d.keys()\ndef v(d): return d.values()\ndef i(d): return d.items()",
        """
        d = {"a": 1, "b": 2}
        assert k(d) == {"a", "b"} and list(v(d)) == [1, 2] and i(d) == {("a", 1), ("b", 2)} and sorted(i(d)) == [("a", 1), ("b", 2)]
        assert sum(v(d)) == 3 and "a" in k(d) and len(i(d)) == 2 and k(d) == d.keys() and set(k(d)) == {"a", "b"}
        assert isinstance(k(d), type({}.keys())) and not isinstance(k(d), list)
        """,
    ),
    "module constants": (
        "PI = 3.14\nNAMES = ('a', 'b')\nTABLE = {'x': [1]}\nEMPTY = None\nKINDS = frozenset([1])",
        "assert PI == 3.14 and NAMES == ('a', 'b') and TABLE == {'x': [1]} and EMPTY is None and KINDS == frozenset([1])\nx = 1",
    ),
    "random.seed of the label": (
        "import random\ndef f(): return [random.random() for _ in range(3)]\ndef g(): return random.randint(1, 10**9)",
        """
        import random
        random.seed(7)
        a = f()
        random.seed(7)
        assert f() == a
        random.seed(7)
        assert [random.random() for _ in range(3)] == a
        """,
    ),
    # --- async
    "async functions": (
        """
        import asyncio
        async def f(x):
            await asyncio.sleep(0)
            return x * 2
        async def boom(): raise ValueError("async")
        async def gen(n):
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        class Manager:
            log = []
            async def __aenter__(self):
                self.log.append("in")
                return self
            async def __aexit__(self, kind, error, trace):
                self.log.append("out" if kind is None else kind.__name__)
                return kind is ValueError
        class Service:
            def __init__(self): self.n = 0
            async def up(self, k=1):
                self.n += k
                return self.n
        class Count:
            def __init__(self, n): self.n = n
            def __aiter__(self): return self
            async def __anext__(self):
                if not self.n:
                    raise StopAsyncIteration
                self.n -= 1
                return self.n
        """,
        """
        import asyncio, inspect
        assert asyncio.run(f(2)) == 4
        async def main():
            assert await f(1) == 2 and await asyncio.gather(f(1), f(2)) == [2, 4]
            assert [x async for x in gen(3)] == [0, 1, 2] and [x async for x in Count(2)] == [1, 0]
            async with Manager() as m:
                assert isinstance(m, Manager)
            async with Manager():
                raise ValueError
            assert Manager.log == ["in", "out", "in", "ValueError"]
            s = Service()
            await s.up()
            assert await s.up(k=4) == 5 and s.n == 5
            try:
                await boom()
            except ValueError as error:
                assert str(error) == "async"
            else:
                assert False
            return await asyncio.wait_for(f(5), 1)
        assert asyncio.run(main()) == 10
        assert inspect.iscoroutine(c := f(1)) or inspect.isawaitable(c)
        asyncio.run(asyncio.wait_for(c, 1))
        """,
    ),
    "async callbacks": (
        """
        import asyncio
        async def apply(g, x): return await g(x)
        async def all_of(gs): return await asyncio.gather(*(g() for g in gs))
        """,
        """
        import asyncio
        async def mine(x):
            await asyncio.sleep(0)
            return x + 1
        assert asyncio.run(apply(mine, 1)) == 2
        async def one(): return 1
        assert asyncio.run(all_of([one, one])) == [1, 1]
        """,
    ),
    # --- numpy
    "numpy": (
        """
        import numpy as np
        def f(x): return np.array(x) * 2.0
        def scalar(x): return np.float64(x) / 3
        def ints(n): return np.arange(n)
        def echo(x): return x
        def mask(a): return a > 1
        def argmax(a): return np.argmax(a)
        """,
        """
        import numpy as np
        assert np.allclose(f([1, 2]), [2.0, 4.0]) and isinstance(f([1]), np.ndarray) and f([[1, 2]]).shape == (1, 2)
        assert np.isclose(scalar(1), 1 / 3) and abs(scalar(1) - 1 / 3) < 1e-12 and isinstance(scalar(1), np.float64)
        assert (ints(3) == np.array([0, 1, 2])).all() and ints(3).dtype == np.arange(3).dtype and np.array_equal(ints(2), [0, 1])
        np.testing.assert_allclose(f([1.0]), [2.0])
        for dtype in ("int8", "uint64", "float32", "complex128", "bool", "U3", "S2"):
            x = np.array([[1, 0], [1, 1]]).astype(dtype)
            back = echo(x)
            assert back.dtype == x.dtype and (back == x).all() and back.shape == (2, 2)
        assert echo(np.int64(5)) == 5 and type(echo(np.int64(5))) is np.int64 and echo(np.nan) != echo(np.nan)
        assert mask(np.array([1, 2])).tolist() == [False, True] and argmax(np.array([1, 5])) == 1 and f([]).size == 0
        assert echo(np.array(5)).shape == () and echo(np.zeros((2, 0, 3))).shape == (2, 0, 3) and ints(10)[2:4].tolist() == [2, 3]
        """,
    ),
    "exceptions that want other arguments than they show": (
        """
        class E(Exception):
            def __init__(self, a, *, b):
                super().__init__("message")
                self.a, self.b = a, b
        class Plain(Exception):
            def __init__(self, a, b): self.a, self.b = a, b
        def f(kind): raise E(1, b=[2]) if kind else Plain(3, [4])
        """,
        """
        try:
            f(1)
        except E as error:
            assert error.args == ("message",) and error.a == 1 and error.b == [2] and str(error) == "message"
        try:
            f(0)
        except Plain as error:
            assert error.args == (3, [4]) and error.b == [4]
        """,
    ),
    "exceptions of libraries": (
        """
        import json, subprocess, sys
        def f(kind):
            if kind == "json":
                return json.loads("{")
            if kind == "process":
                raise subprocess.CalledProcessError(2, "ls")
            if kind == "exit":
                sys.exit(3)
            if kind == "encode":
                return "é".encode("ascii")
            if kind == "syntax":
                exec("a b")
        """,
        """
        import json, subprocess
        def caught(kind):
            try:
                f(kind)
            except BaseException as error:
                return error
        assert type(caught("json")) is json.JSONDecodeError and caught("json").pos == 1
        assert type(caught("process")) is subprocess.CalledProcessError and caught("process").returncode == 2
        assert type(caught("exit")) is SystemExit and caught("exit").code == 3
        assert caught("encode").object == "é" and caught("syntax").lineno == 1
        """,
    ),
}

if sys.version_info >= (3, 11):
    HONEST["exception groups"] = (
        """
        def f():
            raise ExceptionGroup("both", [ValueError(1), KeyError("k")])
        """,
        """
        try:
            f()
        except ExceptionGroup as group:
            assert group.message == "both" and [type(one) for one in group.exceptions] == [ValueError, KeyError]
            assert group.exceptions[0].args == (1,) and group.subgroup(KeyError).exceptions[0].args == ("k",)
        else:
            assert False
        """,
    )

BY_NAME = (
    "objects whose class is known by name on both sides (map, slice, object, property, ...) end the line: 'an object of no class'"
)
CONTENT = "values that cross by value are copies: what the label does to a list that the program keeps is lost"

HONEST |= {
    "map": (
        "def f(x): return map(str, x)",
        "assert list(f([1, 2])) == ['1', '2']",
    ),
    "zip": (
        "def f(x): return zip(x, x)",
        "assert dict(f([1, 2])) == {1: 1, 2: 2}",
    ),
    "filter": (
        "def f(x): return filter(None, x)",
        "assert [*f([0, 1])] == [1]",
    ),
    "enumerate": (
        "def f(x): return enumerate(x)",
        "assert list(f('a')) == [(0, 'a')]",
    ),
    "map of the label": (
        "def f(x): return sum(x)",
        "assert f(map(int, '12')) == 3",
    ),
    "map is no list": (
        "def f(x): return map(str, x)",
        "assert isinstance(f([1]), map) and f([1]) != ['1']",
    ),
    "slices": (
        "class B:\n    def __getitem__(self, key): return [1, 2, 3][key]",
        "assert B()[0:2] == [1, 2]",
    ),
    "sentinel": (
        "EMPTY = object()\ndef f(x): return x is EMPTY\ndef g(): return EMPTY",
        "assert g() is EMPTY and f(EMPTY)",
    ),
    "property object": (
        "class C:\n    @property\n    def v(self): return 1",
        "assert isinstance(C.v, property)",
    ),
    "memoryview": (
        "def f(x): return memoryview(x)",
        "assert bytes(f(b'ab')) == b'ab'",
    ),
    "namespace": (
        "import types\ndef f(): return types.SimpleNamespace(a=1)",
        "import types\nassert f().a == 1 and f() == types.SimpleNamespace(a=1)",
    ),
    "array changed in place": (
        "def f(a):\n    a += 1\n    a[0] = 9",
        "import numpy as np\na = np.zeros(3)\nf(a)\nassert a.tolist() == [9.0, 1.0, 1.0]",
    ),
    "array of dates": (
        "import numpy as np\ndef f(): return np.array(['2024-01-01'], dtype='datetime64[D]')",
        "assert str(f()[0]) == '2024-01-01'",
    ),
    "exception with one of its own class in its args": (
        "class E(Exception): pass\ndef f(): raise E('outer', E('inner'))",
        """
        try:
            f()
        except E as error:
            assert error.args[0] == "outer" and isinstance(error.args[1], E)
        else:
            assert False
        """,
    ),
    "exceptions of decimal": (
        "from decimal import Decimal\ndef f(x): return Decimal(1) / x",
        """
        import decimal
        try:
            f(0)
        except decimal.DivisionByZero:
            pass
        else:
            assert False
        """,
    ),
    "a group class of the program": (
        "class Errors(ExceptionGroup): pass\ndef f(): raise Errors('both', [ValueError(1), KeyError(2)])",
        """
        try:
            f()
        except Errors as error:
            assert error.message == "both" and len(error.exceptions) == 2
        else:
            assert False
        """,
    ),
    "file name of an OSError": (
        "def f(path): return open(path)",
        """
        try:
            f("/nonexistent/x")
        except FileNotFoundError as error:
            assert error.filename == "/nonexistent/x" and "/nonexistent/x" in str(error)
        else:
            assert False
        """,
    ),
    "name of an AttributeError": (
        "def f(x): return x.nope",
        """
        try:
            f(1)
        except AttributeError as error:
            assert error.name == "nope"
        else:
            assert False
        """,
    ),
    "notes of an exception": (
        """
        def f():
            error = ValueError("a")
            error.add_note("n")
            raise error
        """,
        """
        try:
            f()
        except ValueError as error:
            assert error.__notes__ == ["n"]
        else:
            assert False
        """,
    ),
    "implicit context of an exception": (
        """
        def f():
            try:
                {}["k"]
            except KeyError:
                raise ValueError("inner")
        """,
        """
        try:
            f()
        except ValueError as error:
            assert isinstance(error.__context__, KeyError)
        else:
            assert False
        """,
    ),
    "list attribute": (
        "class Box:\n    def __init__(self): self.items = []\n    def count(self): return len(self.items)",
        "b = Box()\nb.items.append(1)\nassert b.items == [1] and b.count() == 1",
    ),
    "dict of the module": (
        "CACHE = {}\ndef f(x): return CACHE.setdefault(x, x * 2)",
        "f(1)\nCACHE.clear()\nassert CACHE == {}\nassert f(2) == 4 and CACHE == {2: 4}",
    ),
    "grid of an object": (
        "class Game:\n    def __init__(self): self.board = [[0, 0]]\n    def total(self): return sum(map(sum, self.board))",
        "g = Game()\ng.board[0][1] = 5\nassert g.total() == 5",
    ),
    "a method's list twice": (
        "class Box:\n    def __init__(self): self._items = []\n    def items(self): return self._items",
        "b = Box()\nb.items().append(1)\nassert b.items() == [1] and b.items() is b.items()",
    ),
    "function attribute is set": (
        "def f(): return f.limit\nf.limit = 1",
        "f.limit = 10\nassert f() == 10",
    ),
    "an overridden method by its class": (
        "class A:\n    def who(self): return 'A'\nclass B(A):\n    def who(self): return 'B'",
        "assert A.who(B()) == 'A'",
    ),
    "dataclass functions": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0",
        """
        import dataclasses
        assert [field.name for field in dataclasses.fields(P)] == ["x", "y"]
        assert dataclasses.asdict(P(1, 2)) == {"x": 1, "y": 2} and dataclasses.replace(P(1), x=5).x == 5
        """,
    ),
    "subclass of list": (
        "class L(list):\n    def total(self): return sum(self)",
        "m = L([1, 2])\nassert len(m) == 2 and m[0] == 1 and list(m) == [1, 2] and 2 in m and m[1:] == [2] and sorted(m) == [1, 2]",
    ),
    "subclass of dict": (
        "class D(dict):\n    def __missing__(self, key): return key * 2",
        "d = D(a=1)\nd['b'] = 2\nassert d['a'] == 1 and d['z'] == 'zz' and len(d) == 2 and 'a' in d and sorted(d) == ['a', 'b'] and dict(d) == d",
    ),
    "None's type": (
        "def f(x): return type(x)",
        "assert f(None) is type(None)",
    ),
    "builtin functions": (
        "def f(x): return x\nTABLE = {'len': len}",
        "assert f(len) is len and TABLE['len'] is len",
    ),
    "_replace of the label's namedtuple": (
        "def f(p): return p._replace(x=p.y), p._asdict(), p._fields",
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\nassert f(P(1, 2)) == (P(2, 2), {'x': 1, 'y': 2}, ('x', 'y'))",
    ),
    "output is redirected": (
        "def f(): print('hello')",
        """
        import contextlib, io
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            f()
        assert out.getvalue() == "hello\\n"
        """,
    ),
}

# What a program in another process cannot look like, each with the reason: known, and nobody's data needs it so far.
LIMITS = {
    "vars of an object": (
        "__dict__ of a proxy is the proxy's own",
        "class P:\n    def __init__(self, x): self.x = x",
        "assert vars(P(1)) == {'x': 1} and P(2).__dict__ == {'x': 2}",
    ),
    "subclass of list is a list": (
        "the proxy of a class that derives from list derives from none, though isinstance says so of its objects",
        "class L(list): pass\nclass D(dict): pass",
        "assert isinstance(L(), list) and isinstance(D(), dict) and issubclass(L, list)",
    ),
    "inspect of functions": (
        "the proxy of a function is no function to inspect",
        "def f(n):\n    yield n\nasync def g(): return 1\ndef h(): return 1",
        "import inspect\nassert inspect.isfunction(h) and inspect.isgeneratorfunction(f) and inspect.iscoroutinefunction(g)",
    ),
    "coroutines that wait for each other": (
        "a coroutine of the program runs to its end before any other goes on",
        """
        import asyncio
        class Pipe:
            def __init__(self): self.queue = asyncio.Queue()
            async def put(self, x): await self.queue.put(x)
            async def get(self): return await asyncio.wait_for(self.queue.get(), 0.3)
        """,
        """
        import asyncio
        async def main():
            p = Pipe()
            got, _ = await asyncio.gather(p.get(), p.put(5))
            return got
        assert asyncio.run(main()) == 5
        """,
    ),
}

if sys.version_info < (3, 11):  # what these rows use is not there
    del HONEST["a group class of the program"], HONEST["notes of an exception"]


# --- pytest --------------------------------------------------------------------------------------------------------------

PYTEST = {
    "raises": (
        """
        class AppError(Exception):
            def __init__(self, code, message):
                super().__init__(message)
                self.code = code
        class Deeper(AppError): pass
        def f(x):
            if x < 0:
                raise ValueError(f"negative: {x}")
            if x == 0:
                raise Deeper(7, "zero")
            if x == 1:
                try:
                    {}["k"]
                except KeyError as error:
                    raise AppError(1, "one") from error
            return x
        """,
        """
        import pytest
        from solution import f, AppError, Deeper
        def test_builtin():
            with pytest.raises(ValueError, match=r"negative: -\\d") as caught:
                f(-1)
            assert caught.type is ValueError and caught.value.args == ("negative: -1",)
        def test_custom():
            with pytest.raises(AppError) as caught:
                f(0)
            assert caught.type is Deeper and caught.value.code == 7 and str(caught.value) == "zero"
            with pytest.raises((KeyError, Deeper), match="zero"):
                f(0)
        def test_cause():
            with pytest.raises(AppError) as caught:
                f(1)
            assert isinstance(caught.value.__cause__, KeyError) and caught.value.__cause__.args == ("k",)
        def test_function_form():
            pytest.raises(ValueError, f, -5)
        def test_not_raised():
            with pytest.raises(pytest.fail.Exception):
                with pytest.raises(ValueError):
                    f(5)
        """,
    ),
    "parametrize, fixtures, approx": (
        "def f(x): return x * 1.1\nclass Box:\n    def __init__(self): self.items = []\n    def add(self, x): self.items.append(x)",
        """
        import pytest, math
        from solution import f, Box
        @pytest.mark.parametrize("x, want", [(1, 1.1), (2, 2.2), pytest.param(0, 0, id="zero")])
        @pytest.mark.parametrize("sign", [1, -1])
        def test_f(x, want, sign):
            assert f(sign * x) == pytest.approx(sign * want)
            assert [f(x), 1] == pytest.approx([want, 1.0])
        @pytest.fixture
        def box():
            box = Box()
            box.add(0)
            yield box
            box.add(9)
        @pytest.fixture(scope="module")
        def shared(): return Box()
        @pytest.fixture(params=[1, 2])
        def number(request): return request.param
        @pytest.fixture(autouse=True)
        def before(shared): shared.add(1)
        def test_box(box, number):
            box.add(number)
            assert len(box.items) == 2 and math.isclose(f(1), 1.1)
        class TestShared:
            kind = Box
            def setup_method(self): self.box = self.kind()
            def test_one(self, shared): assert len(shared.items) >= 1 and self.box.items == []
            def test_two(self): assert isinstance(self.box, Box)
        """,
    ),
    "capsys": (
        """
        import sys
        def f(x):
            print("hello", x)
            print("bad", file=sys.stderr)
        def table():
            for i in range(3):
                print(i, end=" ")
        def big(): print("x" * 100_000)
        """,
        """
        from solution import *
        def test_out(capsys):
            f(1)
            captured = capsys.readouterr()
            assert captured.out == "hello 1\\n" and captured.err == "bad\\n"
            print("mine")
            f(2)
            assert capsys.readouterr().out == "mine\\nhello 2\\n"
            assert capsys.readouterr().out == ""
        def test_table(capsys):
            table()
            assert capsys.readouterr()[0] == "0 1 2 "
        def test_big(capsys):
            big()
            assert len(capsys.readouterr().out) == 100_001
        def test_redirect():
            import io
            from contextlib import redirect_stdout
            out = io.StringIO()
            with redirect_stdout(out):
                f(3)
            assert out.getvalue() == "hello 3\\n"
        """,
    ),
    "what is printed by an import": (
        """
        import sys
        print("Hello")
        sys.stdout.flush()
        print("bad", file=sys.stderr)
        def f(): print("f")
        """,
        """
        def test_import(capsys):
            import solution
            assert capsys.readouterr() == ("Hello\\n", "bad\\n")
            import solution
            assert capsys.readouterr().out == ""
        def test_once(capsys):
            from solution import f
            f()
            assert capsys.readouterr().out == "f\\n"
        """,
    ),
    "what is printed by an import before the tests": (
        "print('Hello')\ndef f(): print('f')",
        """
        from solution import f
        def test_f(capsys):
            f()
            assert capsys.readouterr().out == "f\\n"
        """,
    ),
    "capfd and an exception after output": (
        "def f():\n    print('before')\n    raise ValueError('x')",
        """
        import pytest
        from solution import f
        def test_capsys(capsys):
            with pytest.raises(ValueError):
                f()
            assert capsys.readouterr().out == "before\\n"
        def test_capfd(capfd):
            with pytest.raises(ValueError):
                f()
            assert capfd.readouterr().out == "before\\n"
        """,
    ),
    "main function and stdin": (
        """
        def ask():
            name = input("Name? ")
            return f"hello {name}"
        def numbers():
            return int(input()) + int(input())
        def main():
            print(ask())
        if __name__ == "__main__":
            main()
        """,
        """
        import io, sys
        import solution
        from unittest.mock import patch
        def test_input(monkeypatch):
            monkeypatch.setattr("builtins.input", lambda prompt="": "Ann")
            assert solution.ask() == "hello Ann"
        def test_several(monkeypatch):
            answers = iter(["1", "2"])
            monkeypatch.setattr("builtins.input", lambda *_: next(answers))
            assert solution.numbers() == 3
        def test_main(monkeypatch, capsys):
            monkeypatch.setattr("builtins.input", lambda _: "Bob")
            solution.main()
            assert capsys.readouterr().out == "hello Bob\\n"
        def test_patch():
            with patch("builtins.input", side_effect=["5", "6"]):
                assert solution.numbers() == 11
        def test_patched_print():
            with patch("builtins.input", return_value="C"), patch("builtins.print") as shown:
                solution.main()
            shown.assert_called_once_with("hello C")
        """,
    ),
    "stdin of the label": (
        "import sys\ndef numbers(): return [int(line) for line in sys.stdin]\ndef one(): return input()",
        """
        import io
        from solution import numbers, one
        def test_stdin(monkeypatch):
            monkeypatch.setattr("sys.stdin", io.StringIO("1\\n2\\n"))
            assert numbers() == [1, 2]
        def test_input(monkeypatch):
            monkeypatch.setattr("sys.stdin", io.StringIO("abc\\ndef\\n"))
            assert one() == "abc"
        """,
    ),
    "monkeypatch of the program's module": (
        """
        import os, time, random
        LIMIT = 3
        def helper(x): return x
        def f(x): return helper(x) + LIMIT
        def now(): return time.time()
        def env(): return os.environ.get("MODE", "none"), os.getenv("MODE")
        def roll(): return random.randint(1, 6)
        """,
        """
        import pytest, solution, time, random
        from solution import f
        def test_set(monkeypatch):
            monkeypatch.setattr(solution, "LIMIT", 10)
            assert f(1) == 11
            monkeypatch.setattr(solution, "helper", lambda x: x * 100)
            assert f(1) == 110
        def test_plain_assignment():
            before = solution.roll
            solution.roll = lambda: 7
            try:
                assert solution.roll() == 7
            finally:
                solution.roll = before
            assert 1 <= solution.roll() <= 6
        def test_env(monkeypatch):
            monkeypatch.setenv("MODE", "test")
            assert solution.env() == ("test", "test")
            monkeypatch.delenv("MODE")
            assert solution.env()[0] == "none"
        def test_env_restored():
            assert solution.env() == ("none", None)
        def test_time(monkeypatch):
            monkeypatch.setattr(time, "time", lambda: 5.0)
            assert solution.now() == 5.0
        def test_random(monkeypatch):
            monkeypatch.setattr(random, "randint", lambda a, b: b)
            assert solution.roll() == 6
        def test_time_of_the_module(monkeypatch):
            monkeypatch.setattr(solution.time, "time", lambda: 7.0)
            assert solution.now() == 7.0
        def test_missing(monkeypatch):
            with pytest.raises(AttributeError):
                monkeypatch.setattr(solution, "nothing", 1)
            assert not hasattr(solution, "nothing") and hasattr(solution, "f")
        """,
    ),
    "files": (
        """
        import os, json
        from pathlib import Path
        def write(path, text):
            with open(path, "w") as file:
                file.write(text)
        def read(path): return Path(path).read_text()
        def save(data): Path("data.json").write_text(json.dumps(data))
        def listing(folder="."): return sorted(os.listdir(folder))
        def made(path): Path(path).mkdir(parents=True); return Path(path)
        def here(): return os.getcwd()
        """,
        """
        import json, os, pytest
        from pathlib import Path
        from solution import write, read, save, listing, made, here
        def test_program_writes(tmp_path):
            target = tmp_path / "a.txt"
            write(target, "héllo")
            assert target.read_text() == "héllo" and target.exists()
            write(str(target), "again")
            assert target.read_text() == "again"
        def test_program_reads(tmp_path):
            (tmp_path / "b.txt").write_text("text")
            assert read(tmp_path / "b.txt") == "text" == read(str(tmp_path / "b.txt"))
            with pytest.raises(FileNotFoundError):
                read(tmp_path / "none")
        def test_chdir(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            save({"a": [1]})
            assert json.loads(Path("data.json").read_text()) == {"a": [1]} and listing() == ["data.json"]
            assert here() == str(tmp_path) == os.getcwd()
        def test_folders(tmp_path):
            assert made(tmp_path / "x" / "y").is_dir() and listing(tmp_path) == ["x"]
        def test_factory(tmp_path_factory):
            place = tmp_path_factory.mktemp("p")
            write(place / "q", "1")
            assert (place / "q").read_text() == "1"
        def test_tmpdir(tmpdir):
            write(str(tmpdir.join("r")), "2")
            assert tmpdir.join("r").read() == "2"
        """,
    ),
    "mocks": (
        """
        def fetch(url): raise OSError("no network")
        def load(url): return fetch(url)["data"]
        class Client:
            def get(self): return fetch("x")
        def notify(service, user): return service.send(user, subject="hi")
        def use(service): return service.config.retries + service(1, k=2)
        def loop(source):
            out = []
            for item in source:
                out.append(item.name)
            return out
        def guarded(client):
            try:
                return client.get()
            except TimeoutError:
                return "late"
        def managed(m):
            with m.open("a") as file:
                return file.read()
        """,
        """
        import solution
        from unittest import mock
        from unittest.mock import MagicMock, Mock, patch, call
        from solution import load, notify, use, loop, guarded, managed
        def test_patch():
            with patch("solution.fetch", return_value={"data": 5}) as fetch:
                assert load("u") == 5
            fetch.assert_called_once_with("u")
        @patch("solution.fetch")
        def test_decorator(fetch):
            fetch.side_effect = [{"data": 1}, {"data": 2}]
            assert [load("a"), load("b")] == [1, 2] and fetch.call_count == 2
            fetch.assert_has_calls([call("a"), call("b")])
        def test_patch_object():
            with patch.object(solution.Client, "get", return_value=3):
                assert solution.Client().get() == 3
            with mock.patch.object(solution, "fetch", lambda url: {"data": url}):
                assert load("z") == "z"
        def test_passed_in():
            service = MagicMock()
            service.send.return_value = "sent"
            assert notify(service, "ann") == "sent"
            service.send.assert_called_once_with("ann", subject="hi")
        def test_attributes():
            service = Mock()
            service.config.retries = 3
            service.return_value = 4
            assert use(service) == 7
            service.assert_called_with(1, k=2)
        def test_iteration():
            source = MagicMock()
            one = Mock()
            one.name = "n"
            source.__iter__.return_value = [one]
            assert loop(source) == ["n"]
        def test_side_effect():
            client = Mock()
            client.get.side_effect = TimeoutError
            assert guarded(client) == "late"
        def test_context():
            m = MagicMock()
            m.open.return_value.__enter__.return_value.read.return_value = "text"
            assert managed(m) == "text"
        """,
    ),
    "async tests": (
        """
        import asyncio
        async def f(x):
            await asyncio.sleep(0.001)
            if x < 0:
                raise ValueError("neg")
            return x
        async def stream(n):
            for i in range(n):
                yield i
        """,
        """
        import asyncio, pytest
        from solution import f, stream
        @pytest.mark.asyncio
        async def test_await():
            assert await f(1) == 1
            with pytest.raises(ValueError, match="neg"):
                await f(-1)
        async def test_plain():
            assert [x async for x in stream(3)] == [0, 1, 2]
            assert await asyncio.gather(*(f(i) for i in range(3))) == [0, 1, 2]
        def test_run():
            assert asyncio.run(f(4)) == 4
        """,
    ),
    "marks": (
        "def f(x): return x",
        """
        import pytest, sys
        from solution import f
        @pytest.mark.slow
        def test_marked(): assert f(1) == 1
        @pytest.mark.skipif(sys.version_info < (3, 5), reason="old")
        def test_runs(): assert f(2) == 2
        @pytest.mark.skip(reason="not here")
        def test_skipped(): assert False
        @pytest.mark.filterwarnings("error")
        def test_warning(recwarn): assert f(3) == 3 and len(recwarn) == 0
        @pytest.mark.usefixtures("tmp_path")
        def test_uses(): assert f(None) is None
        """,
    ),
    "import solution as s": (
        "def f(x): return x\nclass A:\n    pass\n__version__ = '1'\nX: int = 5",
        """
        import solution as s
        import solution
        def test_f():
            from solution import f as g
            assert s.f(1) == g(1) == solution.f(1) and s is solution and isinstance(s.A(), solution.A) and s.X == 5
        """,
    ),
    "warnings and logs": (
        """
        import warnings, logging
        def f():
            warnings.warn("old", DeprecationWarning)
            return 1
        def g():
            logging.getLogger("app").warning("careful %s", 1)
        """,
        """
        from solution import f, g
        def test_value(): assert f() == 1 and g() is None
        """,
    ),
    "star import of classes": (
        """
        class Money:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return isinstance(o, Money) and self.n == o.n
            def __add__(self, o): return Money(self.n + (o.n if isinstance(o, Money) else o))
        def zero(): return Money(0)
        """,
        """
        from solution import *
        def test_money():
            assert Money(1) + Money(2) == Money(3) and Money(1) + 4 == Money(5) and zero() == Money(0) and zero() != 0
        """,
    ),
    "helpers and constants of the label": (
        "def sort(items): return sorted(items)",
        """
        from solution import sort
        import random
        CASES = [[3, 1, 2], [], [1, 1]]
        def is_sorted(x): return all(a <= b for a, b in zip(x, x[1:]))
        def test_sorted():
            for case in CASES:
                assert is_sorted(sort(case)) and sort(list(case)) == sorted(case)
        def test_random():
            random.seed(3)
            items = [random.random() for _ in range(200)]
            got = sort(items)
            assert is_sorted(got) and sorted(items) == got and len(got) == 200, f"got {got[:3]}"
        """,
    ),
}

UNITTEST = {
    "lifecycle": (
        "LOG = []\ndef f(x): return x * 2\nclass Box:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1",
        """
        import unittest
        class TestCases(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.shared = Box()
            def setUp(self):
                self.box = Box()
                self.addCleanup(self.box.up)
            def tearDown(self): self.shared.up()
            def test_fresh(self):
                self.box.up()
                self.assertEqual(self.box.n, 1)
            def test_again(self):
                self.assertEqual(self.box.n, 0)
                self.assertIsInstance(self.box, Box)
                self.assertIsNot(self.box, self.shared)
            def test_sub(self):
                for i in range(3):
                    with self.subTest(i=i):
                        self.assertEqual(f(i), i * 2)
        """,
    ),
    "asserts": (
        """
        class AppError(ValueError): pass
        def f(x):
            if x == "bad":
                raise AppError("bad value 7", 7)
            return x
        """,
        """
        import unittest
        class TestCases(unittest.TestCase):
            def test_all(self):
                self.assertEqual(f([1, {2: 3}]), [1, {2: 3}])
                self.assertListEqual(f([1]), [1])
                self.assertDictEqual(f({"a": 1}), {"a": 1})
                self.assertTrue(f(True))
                self.assertIsNone(f(None))
                self.assertIn(1, f([1]))
                self.assertAlmostEqual(f(0.1) + f(0.2), 0.3)
                self.assertCountEqual(f([2, 1]), [1, 2])
                self.assertRegex(f("abc"), "b")
                self.assertGreater(f(2), 1)
                self.assertSetEqual(f({1}), {1})
                self.assertTupleEqual(f((1,)), (1,))
                self.assertIsInstance(f("a"), str)
                self.assertNotEqual(f(1), 2)
            def test_raises(self):
                with self.assertRaises(AppError) as caught:
                    f("bad")
                self.assertEqual(caught.exception.args, ("bad value 7", 7))
                self.assertRaises(ValueError, f, "bad")
                with self.assertRaisesRegex(AppError, r"value \\d"):
                    f("bad")
        """,
    ),
    "mock and stdout": (
        """
        import os
        def helper(x): return x
        def f(x):
            print("got", x)
            return helper(x)
        def ask(): return input("? ")
        def exists(path): return os.path.exists(path)
        """,
        """
        import io, os, tempfile, unittest
        from unittest.mock import patch, MagicMock
        import contextlib
        class TestCases(unittest.TestCase):
            @patch("builtins.input", return_value="yes")
            def test_input(self, asked):
                self.assertEqual(ask(), "yes")
                asked.assert_called_once_with("? ")
            @patch("builtins.print")
            def test_print(self, shown):
                f(3)
                shown.assert_called_once_with("got", 3)
            def test_files(self):
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "a")
                    self.assertFalse(exists(path))
                    with open(path, "w") as file:
                        file.write("x")
                    self.assertTrue(exists(path))
        """,
    ),
    "async test case": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x",
        """
        import unittest
        class TestCases(unittest.IsolatedAsyncioTestCase):
            async def test_f(self):
                self.assertEqual(await f(3), 3)
        """,
    ),
    "imports the solution": (
        "def f(x): return x\ndef g(x): return f(x) + 1",
        """
        import unittest
        from unittest.mock import patch
        from solution import f, g
        class TestCases(unittest.TestCase):
            def test_f(self): self.assertEqual(f(1), 1)
            def test_patched(self):
                with patch("solution.f", return_value=10):
                    self.assertEqual(g(1), 11)
        if __name__ == "__main__":
            unittest.main()
        """,
    ),
}


def cases_of(table):
    return [pytest.param(*row, id=name) for name, row in table.items()]


def broken_cases_of(table):
    return [
        pytest.param(*row, id=name, marks=pytest.mark.xfail(reason=reason, strict=True)) for name, (reason, *row) in table.items()
    ]


@pytest.mark.parametrize(("program", "statements"), [*cases_of(HONEST), *broken_cases_of(LIMITS)])
def test_an_honest_program_passes(box, program, statements):
    score = scored(box, program, code(statements))
    assert score.outcome is Outcome.PASS, score.judgement.first_failure or score.judgement.reason


@pytest.mark.parametrize(("program", "statements"), [*cases_of(HONEST), *cases_of({k: v[1:] for k, v in LIMITS.items()})])
def test_the_row_holds_in_plain_python(program, statements):
    """The control: a row that is false by itself would say nothing of the tester."""
    error = in_one_process(program, statements)
    assert error is None, repr(error)


@pytest.mark.parametrize(
    "statement",
    [
        "x = f(3)\nassert len(x) == 3\nx.append(1)\nassert len(x) == 4",
        "x = f(3)\nassert list(x) == [1, 1, 1] and isinstance(x, list)",
        "for n in range(3):\n    assert f(n) == [1] * n\nx = f(3)\nassert sum(x) == 3",
    ],
)
def test_asserts_that_call_only_builtins_still_mean_the_program(box, statement):
    score = box.score("def f(n): return [1] * n", [statement])
    assert score.outcome is Outcome.PASS, score.judgement.first_failure


WRONG = {
    "value": ("def f(x): return x + 1", "x = f(1)\nassert x == 3"),
    "type of number": ("def f(x): return x", "x = f(1)\nassert type(x) is float"),
    "true is not one in type": ("def f(x): return True", "x = f(1)\nassert x is not True"),
    "mutation left out": ("def f(x): return sorted(x)", "x = [2, 1]\nf(x)\nassert x == [1, 2]"),
    "mutation not wanted": ("def f(x): x.sort(); return x", "x = [2, 1]\nf(x)\nassert x == [2, 1]"),
    "no exception": (
        "def f(x): return x",
        "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False, 'no exception'",
    ),
    "another exception": ("def f(x): raise KeyError(x)", "try:\n    f(-1)\nexcept ValueError:\n    pass"),
    "attribute": ("class C:\n    def __init__(self): self.x = 1", "c = C()\nassert c.x == 2"),
    "missing method": ("class C: pass", "c = C()\nassert c.go() == 1"),
    "order": ("def f(x): return list(reversed(x))", "x = f([1, 2])\nassert x == [1, 2]"),
    "generator too short": ("def f(n): return (i for i in range(n))", "x = list(f(2))\nassert x == [0, 1, 2]"),
    "callback called twice": ("def f(g): g(); g()", "calls = []\nf(lambda: calls.append(1))\nassert calls == [1]"),
    "copy where the same is wanted": ("def f(x): return list(x)", "x = [1]\nassert f(x) is x"),
    "signature": ("def f(): return 1", "x = f(1)\nassert x == 1"),
    "list for tuple": ("def f(): return [1, 2]", "x = f()\nassert x == (1, 2)"),
    "nan": ("def f(): return float('nan')", "x = f()\nassert x == x"),
}


@pytest.mark.parametrize(("program", "statements"), cases_of(WRONG))
def test_a_wrong_program_does_not_pass(box, program, statements):
    assert in_one_process(program, statements) is not None
    score = scored(box, program, code(statements))
    assert score.outcome is Outcome.FAIL, score.judgement
    (case,) = score.judgement.cases
    assert case.answered
    assert case.name


# --- dishonest programs --------------------------------------------------------------------------------------------------

LIAR = """
class Liar:
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    def __lt__(self, o): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __hash__(self): return 2
    def __contains__(self, x): return True
    def __sub__(self, x): return 0
    __rsub__ = __add__ = __radd__ = __mod__ = __xor__ = __mul__ = __truediv__ = __floordiv__ = __and__ = __sub__
    def __abs__(self): return 0.0
    def __bool__(self): return True
    def __len__(self): return 3
    def startswith(self, x): return True
    endswith = isdigit = isalpha = issubset = issuperset = isdisjoint = equals = startswith
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: True
def f(x=None): return Liar()
"""


@pytest.mark.parametrize(
    "claim",
    [
        "f() == 2",
        "2 == f()",
        "not f() != 2",
        "not 2 != f()",
        "f() < 3",
        "3 > f()",
        "1 <= f() <= 3",
        "f() - 2 == 0",
        "abs(f() - 2) < 1e-9",
        "abs(2 - f()) < 1e-9",
        "f() % 2 == 0",
        "not f() ^ 2",
        "f() + 0 == 2",
        "sum([f()]) == 2",
        "2 in f()",
        "f() in [2]",
        "f() in {2}",
        "f() in range(5)",
        "[2].index(f()) == 0",
        "[f()] == [2]",
        "(f(),) == (2,)",
        "{'a': f()} == {'a': 2}",
        "{f()} == {2}",
        "{2: 1}[f()] == 1",
        "sorted([f(), 1]) == [1, 2]",
        "max(f(), 1) == 2",
        "f().startswith('a')",
        "f().endswith('a')",
        "f().isdigit()",
        "f().issubset({1})",
        "f().equals(2)",
        "isinstance(f(), int)",
        "type(f()) is int",
        "str(f()) == '2'",
        "repr(f()) == '2'",
        "f() is f()",
        "__import__('operator').eq(f(), 2)",
        "__import__('unittest').TestCase().assertEqual(f(), 2) is None",
        "f(f) == 2",
        "f()(2)",
    ],
)
def test_an_object_that_says_yes_to_everything_is_no_answer(box, claim):
    score = scored(box, LIAR, code(f"x = 1\nassert {claim}"))
    assert score.outcome is Outcome.FAIL, score.judgement


@pytest.mark.parametrize(
    "assertion",
    ["assert f() == 2", "assert f() == pytest.approx(2)", "assert [f()] == [2]", "assert f() in (2, 3)", "assert 1 < f() < 3"],
)
def test_an_object_that_says_yes_to_everything_is_no_answer_to_pytest(box, assertion):
    tests = f"import pytest\nfrom solution import f\ndef test_f():\n    {assertion}\n"
    assert scored(box, LIAR, {"pytest": tests}).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "assertion",
    [
        "assertEqual(f(), 2)",
        "assertIn(f(), [2])",
        "assertAlmostEqual(f(), 2)",
        "assertGreater(f(), 1)",
        "assertCountEqual([f()], [2])",
    ],
)
def test_an_object_that_says_yes_to_everything_is_no_answer_to_unittest(box, assertion):
    tests = f"import unittest\nclass TestCases(unittest.TestCase):\n    def test_f(self):\n        self.{assertion}\n"
    assert scored(box, LIAR, {"test": tests, "entry_point": "f"}).outcome is Outcome.FAIL


COUNTED = """
class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return isinstance(other, Point) and self.x == other.x
"""


def test_equality_of_two_objects_of_the_program_is_delegated_and_counted(box):
    score = scored(box, COUNTED, code("a = Point(1)\nassert a == Point(1)\nassert a != Point(2)\nassert not a == 1"))
    assert score.outcome is Outcome.PASS
    assert score.judgement.cases[0].delegated == score.judgement.delegated == 2


def test_nothing_is_delegated_where_values_are_compared(box):
    score = scored(box, COUNTED, code("a = Point(1)\nassert a.x == 1\nassert a != 1"))
    assert score.outcome is Outcome.PASS
    assert score.judgement.delegated == 0


@pytest.mark.parametrize(
    "body",
    [
        "import unittest\n    raise unittest.SkipTest('no')",
        "import pytest\n    pytest.skip('no')",
        "import pytest\n    pytest.xfail('no')",
        "import pytest\n    pytest.exit('no', 0)",
        "raise type('Skipped', (Exception,), {'__module__': '_pytest.outcomes'})('no')",
        "raise type('Skipped', (BaseException,), {'__module__': 'builtins'})('no')",
        "raise type('SkipTest', (Exception,), {'__module__': 'unittest.case'})('no')",
        "raise type('_ShouldStop', (Exception,), {'__module__': 'unittest.case'})('no')",
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "raise StopIteration",
        "import os\n    os._exit(0)",
        "import os\n    os.kill(os.getpid(), 9)",
        "import sys\n    sys.exit()",
        "import os\n    for fd in range(3, 64):\n        try:\n            os.close(fd)\n        except OSError:\n            pass",
        "import os\n    if os.fork():\n        os._exit(0)\n    return 2",
    ],
)
@pytest.mark.parametrize("family", ["asserts", "pytest", "unittest"])
def test_no_way_out_of_a_test_is_a_pass(box, body, family):
    """Skips, exits and broken lines: none is a skip by the label, and none ends the other tests."""
    label = THREE[family]
    score = scored(box, f"def f(x):\n    if x != 2:\n        return x\n    {body}\n", label)
    assert verdicts(score)[::2] == [V.ACCEPTED, V.ACCEPTED], score.judgement
    assert verdicts(score)[1] in (V.RUNTIME_ERROR, V.WRONG_ANSWER), score.judgement
    assert score.outcome in (Outcome.PARTIAL, Outcome.CRASH)


THREE = {
    "asserts": ["assert True\nx = 1\nassert f(x) == 1\nx = [f(0)]", "assert f(2) == 2", "assert f(3) == 3"],
    "pytest": {
        "pytest": "from solution import f\ndef test_a(): assert f(1) == 1\ndef test_b(): assert f(2) == 2\ndef test_c(): assert f(3) == 3\n"
    },
    "unittest": {
        "test": dedented(
            """
            import unittest
            class TestCases(unittest.TestCase):
                def test_a(self): self.assertEqual(f(1), 1)
                def test_b(self): self.assertEqual(f(2), 2)
                def test_c(self): self.assertEqual(f(3), 3)
            """
        ),
        "entry_point": "f",
    },
}
NAMES = {
    "asserts": ["case 1", "case 2", "case 3"],
    "pytest": ["test_a", "test_b", "test_c"],
    "unittest": [f"tests.TestCases.test_{letter}" for letter in "abc"],
}


@pytest.mark.parametrize("entry", ["sum", "string", "is_equal", "Solution().sum"])
def test_an_entry_point_may_bear_the_name_of_a_builtin_or_a_library(box, entry):
    name = entry.rpartition(".")[2]
    test = "def check(candidate):\n    for i in range(3):\n        assert candidate([i, 1]) == i + 10\n"
    program = f"def {name}(values): return values[0] + 10 * values[1]"
    if entry != name:
        program = f"class Solution:\n    @staticmethod\n    {program}"
    assert scored(box, program, {"test": test, "entry_point": entry}).outcome is Outcome.PASS
    assert scored(box, "x = 1", {"test": test, "entry_point": entry}).outcome not in (Outcome.PASS, Outcome.INTERNAL)


@pytest.mark.parametrize("family", THREE)
def test_two_of_three_tests_are_partial_and_have_names(box, family):
    score = scored(box, "def f(x): return 9 if x == 2 else x", THREE[family])
    assert score.outcome is Outcome.PARTIAL
    assert verdicts(score) == [V.ACCEPTED, V.WRONG_ANSWER, V.ACCEPTED]
    assert names(score) == NAMES[family]
    assert "AssertionError" in score.judgement.cases[1].difference
    assert score.judgement.first_failure.startswith(score.judgement.cases[1].name)
    assert score.pass_rate == pytest.approx(2 / 3)


@pytest.mark.parametrize("family", THREE)
def test_an_exception_in_one_of_three_tests_is_partial(box, family):
    score = scored(box, "def f(x):\n    if x == 2:\n        raise KeyError('two')\n    return x", THREE[family])
    assert (score.outcome, verdicts(score)) == (Outcome.PARTIAL, [V.ACCEPTED, V.RUNTIME_ERROR, V.ACCEPTED])
    assert "KeyError" in score.judgement.cases[1].detail


@pytest.mark.parametrize("family", THREE)
def test_an_endless_loop_in_one_of_three_tests_costs_that_one(box, family):
    score = scored(box, "def f(x):\n    while x == 2:\n        pass\n    return x", THREE[family])
    assert (score.outcome, verdicts(score)) == (Outcome.TIMEOUT, [V.ACCEPTED, V.TIME_LIMIT, V.ACCEPTED])


@pytest.mark.parametrize("family", THREE)
def test_too_much_memory_in_one_of_three_tests_costs_that_one(box, family):
    score = scored(box, "def f(x): return x if x != 2 else [0] * 10**11", THREE[family])
    assert (score.outcome, verdicts(score)) == (Outcome.CRASH, [V.ACCEPTED, V.MEMORY_LIMIT, V.ACCEPTED])


# --- programs that are not there -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", THREE)
@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        pytest.param("import os\ndef f(x) return x", V.COMPILE_ERROR, id="syntax"),
        pytest.param("import os\n1 / 0\ndef f(x): return x", V.RUNTIME_ERROR, id="load"),
        pytest.param("import sys\nsys.exit(0)\ndef f(x): return x", V.RUNTIME_ERROR, id="exit"),
        pytest.param("import os\nos._exit(0)\ndef f(x): return x", V.RUNTIME_ERROR, id="os-exit"),
    ],
)
def test_a_program_that_does_not_load_is_a_crash(box, family, program, verdict):
    score = scored(box, program, THREE[family])
    assert score.outcome is Outcome.CRASH
    assert score.judgement.verdict is verdict
    assert score.pass_rate == 0.0


@pytest.mark.parametrize(
    "family",
    [
        pytest.param("asserts"),
        "pytest",
        pytest.param("unittest"),
    ],
)
def test_a_missing_function_is_a_crash(box, family):
    score = scored(box, "def g(x): return x", THREE[family])
    assert score.outcome is Outcome.CRASH
    assert score.pass_rate == 0.0
    assert V.LABEL_ERROR not in verdicts(score)


# --- labels that are broken, and skips -----------------------------------------------------------------------------------

UNIT = "import unittest\nclass TestCases(unittest.TestCase):\n    "
BROKEN_LABELS = {
    "pytest syntax": {"pytest": "from solution import f\ndef test_a(:\n"},
    "pytest fixture": {"pytest": "from solution import f\ndef test_a(nothing): assert f(1) == 1\n"},
    "pytest library": {"pytest": "from solution import f\nimport no_such_library\ndef test_a(): assert f(1) == 1\n"},
    "pytest module": {"pytest": "from solution import f\nX = 1 / 0\ndef test_a(): assert f(1) == 1\n"},
    "pytest without tests": {"pytest": "import pytest\nfrom solution import f\ndef helper(): assert f(1) == 1\n"},
    "pytest name": {"pytest": "from solution import f\ndef test_a(): assert g(1) == 1\n"},
    "pytest all skipped": {"pytest": "import pytest\nfrom solution import f\n@pytest.mark.skip\ndef test_a(): assert f(1) == 1\n"},
    "pytest skip inside": {
        "pytest": "import pytest\nfrom solution import f\ndef test_a():\n    pytest.skip('x')\n    assert f(1) == 1\n"
    },
    "unittest syntax": {"test": f"{UNIT}def test_a(self: pass\n", "entry_point": "f"},
    "unittest library": {"test": f"import no_such_library\n{UNIT}def test_a(self): assert f(1) == 1\n", "entry_point": "f"},
    "unittest without tests": {"test": f"{UNIT}def helper(self): assert f(1) == 1\n", "entry_point": "f"},
    "unittest all skipped": {"test": f"{UNIT}@unittest.skip('x')\n    def test_a(self): pass\n", "entry_point": "f"},
    "asserts syntax": ["x = f(1)\nassert (x == 1"],
    "asserts library": ["import no_such_library\nx = f(1)\nassert x == no_such_library.one"],
}


@pytest.mark.parametrize("label", BROKEN_LABELS.values(), ids=BROKEN_LABELS)
def test_a_broken_label_is_the_labels_fault(box, label):
    score = scored(box, "def f(x): return x", label)
    assert (score.judgement.verdict, score.outcome) == (V.LABEL_ERROR, Outcome.INTERNAL)
    assert score.judgement.reason


DERIVED = {
    "in a test": "def test_sub():\n    class Square(Shape):\n        def area(self): return 4\n    assert Square().area() == 4\n",
    "in a module": "class Square(Shape):\n    def area(self): return 4\ndef test_sub(): assert Square().area() == 4\n",
    "after an answer": "X = Other().x\nclass Square(Shape): pass\ndef test_sub(): assert Square().x == X\n",
    "in a fixture": "@pytest.fixture\ndef square():\n    class Square(Shape): pass\n    return Square()\ndef test_sub(square): assert square.x == 1\n",
    "in a test that waits for any error": "def test_sub():\n    with pytest.raises(TypeError):\n        class Square(Shape): pass\n    assert Other().x == 1\n",
}


@pytest.mark.parametrize("tests", DERIVED.values(), ids=DERIVED)
def test_a_class_that_derives_from_the_programs_is_a_label_that_cannot_be_judged(box, tests):
    first = (
        "import pytest\nfrom solution import Shape, Other\ndef test_first(): assert Other().x == 2\n"  # it fails, and is not why
    )
    score = scored(box, "class Shape: pass\nclass Other: x = 1", {"pytest": first + tests})
    assert score.judgement.verdict is V.LABEL_ERROR
    assert "cannot derive" in score.judgement.reason


@pytest.mark.parametrize("body", ["raise ValueError('fixture')", "return open('no_such_file.json').read()"])
def test_a_fixture_that_breaks_before_the_program_is_asked_is_the_labels_fault(box, body):
    tests = f"import pytest\nfrom solution import f\n@pytest.fixture\ndef data():\n    {body}\ndef test_a(data): assert f(1) == 1\n"
    assert scored(box, "def f(x): return x", {"pytest": tests}).judgement.verdict is V.LABEL_ERROR


SKIPS = """
import pytest, unittest
from solution import f
@pytest.mark.skip(reason="not here")
def test_skipped(): assert f(1) == 2
@pytest.mark.skipif(True, reason="never")
def test_skipped_if(): assert f(1) == 2
def test_inside():
    pytest.skip("before anything is asked")
class TestCases(unittest.TestCase):
    @unittest.skip("no")
    def test_unit(self): self.fail()
    def test_runs(self): self.assertEqual(f(1), 1)
def test_last(): assert f(2) == 2
"""


def test_a_skip_by_the_label_is_not_counted(box):
    score = scored(box, "def f(x): return x", {"pytest": SKIPS})
    assert score.outcome is Outcome.PASS
    assert sorted(names(score)) == ["test_last", "test_runs"]


@pytest.mark.parametrize(
    "label",
    [
        {
            "pytest": "import pytest\nfrom solution import f\ndef test_a():\n    if f(1) is None: pytest.skip('none')\n    assert f(1) == 2\n"
        },
        {"pytest": "import pytest, solution\n@pytest.mark.skipif(not hasattr(solution, 'g'), reason='x')\ndef test_a(): pass\n"},
        {"test": f"{UNIT}def test_a(self):\n        if f(1) is None: self.skipTest('none')\n", "entry_point": "f"},
    ],
)
def test_a_skip_that_hangs_on_the_program_is_a_failure(box, label):
    score = scored(box, "def f(x): return None", label)
    assert score.outcome is Outcome.FAIL, score.judgement


@pytest.mark.parametrize(
    "label",
    [
        {
            "pytest": "import pytest\nfrom solution import f\n@pytest.mark.xfail\ndef test_a(): assert f(1) == 2\ndef test_b(): assert f(1) == 1\n"
        },
        {
            "test": f"{UNIT}@unittest.expectedFailure\n    def test_a(self): self.assertEqual(f(1), 2)\n"
            "    def test_b(self): self.assertEqual(f(1), 1)\n",
            "entry_point": "f",
        },
    ],
    ids=["pytest", "unittest"],
)
def test_a_failure_that_the_label_expects_is_none(box, label):
    assert scored(box, "def f(x): return x", label).outcome is Outcome.PASS


def test_failing_as_the_label_expects_pays_nobody(box):
    """What is expected to fail is never a pass: the other tests decide."""
    tests = "import pytest\nfrom solution import f\n@pytest.mark.xfail\ndef test_a(): assert f(1) == 2\ndef test_b(): assert f(1) == 1\n"
    assert scored(box, "def f(x): raise ValueError", {"pytest": tests}).outcome is Outcome.FAIL
    only = "import pytest\nfrom solution import f\n@pytest.mark.xfail\ndef test_a(): assert f(1) == 2\n"
    assert scored(box, "def f(x): raise ValueError", {"pytest": only}).outcome in (Outcome.FAIL, Outcome.INTERNAL)


@pytest.mark.parametrize("target", ["LIMIT", "helper"])
def test_what_monkeypatch_has_set_on_the_program_is_restored(box, target):
    tests = f"""
    import solution
    def test_patched(monkeypatch):
        monkeypatch.setattr(solution, "{target}", {"10" if target == "LIMIT" else "lambda x: 8"})
        assert solution.f(1) == 11
    def test_restored(): assert solution.f(1) == 4
    """
    program = "LIMIT = 3\ndef helper(x): return x\ndef f(x): return helper(x) + LIMIT"
    assert scored(box, program, {"pytest": dedented(tests)}).outcome is Outcome.PASS


def test_a_method_that_the_label_patches_gets_the_object(box):
    tests = """
    import solution
    def test_class(monkeypatch):
        monkeypatch.setattr(solution.C, "get", lambda self: self.x + 1)
        assert solution.C().get() == 2
    """
    assert scored(box, "class C:\n    x = 1\n    def get(self): return 1", {"pytest": dedented(tests)}).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "how", ["patch('sys.stdout', new_callable=io.StringIO)", "contextlib.redirect_stdout(io.StringIO())"], ids=["patch", "redirect"]
)
def test_a_unittest_label_sees_what_the_program_prints(box, how):
    tests = f"""
    import contextlib, io, unittest
    from unittest.mock import patch
    class TestCases(unittest.TestCase):
        def test_out(self):
            with {how} as out:
                f(1)
            self.assertEqual(out.getvalue(), "got 1\\n")
    """
    score = scored(box, "def f(x): print('got', x)", {"test": dedented(tests), "entry_point": "f"})
    assert score.outcome is Outcome.PASS


# --- LeetCode ------------------------------------------------------------------------------------------------------------

PRELUDE = """
from typing import *
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next
def list_node(values):
    head = None
    for value in reversed(values):
        head = ListNode(value, head)
    return head
def is_same_list(a, b):
    while a and b:
        if a.val != b.val:
            return False
        a, b = a.next, b.next
    return a is None and b is None
"""
ADD = """
class Solution:
    def addTwoNumbers(self, l1: Optional[ListNode], l2: Optional[ListNode]) -> Optional[ListNode]:
        head = tail = ListNode()
        carry = 0
        while l1 or l2 or carry:
            carry += (l1.val if l1 else 0) + (l2.val if l2 else 0)
            tail.next = ListNode(carry if WRONG else carry % 10)
            tail = tail.next
            carry //= 10
            l1, l2 = l1 and l1.next, l2 and l2.next
        return head.next
"""


@pytest.mark.parametrize(("wrong", "outcome"), [(False, Outcome.PASS), (True, Outcome.PARTIAL)])
def test_linked_lists_of_two_thousand_nodes(box, wrong, outcome):
    label = {
        "entry_point": "Solution().addTwoNumbers",
        "prompt": PRELUDE,
        "test": dedented(
            """
            def check(candidate):
                assert is_same_list(candidate(l1=list_node([2, 4]), l2=list_node([5, 1])), list_node([7, 5]))
                assert is_same_list(candidate(list_node([9] * 2000), list_node([1])), list_node([0] * 2000 + [1]))
                assert candidate(None, None) is None
                shared = list_node([1])
                assert is_same_list(candidate(shared, shared), list_node([2]))
            """
        ),
    }
    score = scored(box, f"WRONG = {wrong}\n{ADD}", label)
    assert score.outcome is outcome, score.judgement.first_failure or score.judgement.reason
    assert len(score.judgement.cases) == 4


@pytest.mark.parametrize("kind", ["ListNode(7, ListNode(8))", "TreeNode(7, TreeNode(8), TreeNode(9))"])
def test_a_program_makes_nodes_that_hold_nodes(box, kind):
    field = "next" if kind.startswith("List") else "left"
    label = {
        "entry_point": "Solution().make",
        "test": f"# {kind[:8]}\ndef check(candidate):\n    x = candidate(1)\n    assert x.{field}.val == 8\n    y = {kind[:8]}(1)\n    assert y.val == 1\n",
    }
    assert scored(box, f"class Solution:\n    def make(self, x):\n        return {kind}", label).outcome is Outcome.PASS


def test_two_thousand_nodes_are_walked_and_changed_in_place(box):
    program = """
    class Solution:
        def double(self, head):
            node, total = head, 0
            while node:
                total += node.val
                node.val *= 2
                node = node.next
            return total, head
    """
    label = {
        "entry_point": "Solution().double",
        "prompt": PRELUDE,
        "test": dedented(
            """
            def check(candidate):
                a = list_node([1] * 2000)
                total, head = candidate(a)
                assert total == 2000 and head is a and is_same_list(a, list_node([2] * 2000))
            """
        ),
    }
    assert scored(box, program, label).outcome is Outcome.PASS


def test_a_list_is_reversed_in_place_and_a_cycle_is_seen(box):
    program = """
    class Solution:
        def reverse(self, head):
            before = None
            while head:
                head.next, before, head = before, head, head.next
            return before
    """
    label = {
        "entry_point": "Solution().reverse",
        "prompt": PRELUDE,
        "test": dedented(
            """
            def check(candidate):
                a = list_node([1, 2, 3])
                last = a.next.next
                assert candidate(a) is last and a.next is None and last.next.next is a
                ring = ListNode(1)
                ring.next = ListNode(2, ring)
                assert candidate(ring) is ring
            """
        ),
    }
    assert scored(box, program, label).outcome is Outcome.PASS


# --- the same verdict as plain Python ------------------------------------------------------------------------------------

PURE = [
    "def f(x): return x",
    "def f(x): return [x, x]",
    "def f(x): return (x,)",
    "def f(x): return {'k': x}",
    "def f(x): return not x",
    "def f(x): return str(x)",
    "def f(x): return sorted(x)",
    "def f(x): return x[0]",
    "def f(x): x.append(1); return x",
]
atoms = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(-1, 1), st.text("ab", max_size=2), st.binary(max_size=1))
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.tuples(inner),
        st.dictionaries(st.one_of(st.integers(0, 1), st.text("a")), inner, max_size=2),
    ),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=st.sampled_from(PURE), value=values, other=values, wraps=st.booleans(), sign=st.sampled_from(["==", "!="]))
def test_the_verdict_is_what_plain_python_says(box, program, value, other, wraps, sign):
    wanted = other if not wraps else {"a": [value, value], "b": (value,), "c": {"k": value}}.get(str(other)[:1], value)
    statements = f"x = {value!r}\ny = f(x)\nassert y {sign} {wanted!r} and (x {sign} {value!r} or True)"
    plain = in_one_process(program, statements)
    score = scored(box, program, code(statements))
    assert (score.outcome is Outcome.PASS) == (plain is None), (plain, score.judgement.first_failure)
    assert score.outcome in (Outcome.PASS, Outcome.FAIL)


@pytest.mark.parametrize(("program", "tests"), PYTEST.values(), ids=PYTEST)
def test_an_honest_program_passes_a_pytest_file(box, program, tests):
    score = scored(box, program, {"pytest": dedented(tests)})
    assert score.outcome is Outcome.PASS, score.judgement.first_failure or score.judgement.reason
    assert len(score.judgement.cases) == len(names(score)) > 0


@pytest.mark.parametrize(("program", "tests"), UNITTEST.values(), ids=UNITTEST)
def test_an_honest_program_passes_unittest_classes(box, program, tests):
    score = scored(box, program, {"test": dedented(tests), "entry_point": "f"})
    assert score.outcome is Outcome.PASS, score.judgement.first_failure or score.judgement.reason

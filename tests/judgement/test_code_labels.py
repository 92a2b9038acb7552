"""Labels that are code, in the shapes in which real datasets have them: every honest program gets what it earned, no other does.

Over 400 lines: a table, a row a label and its programs.
"""

import base64
import json
from secrets import token_hex

import pytest

from sandbox import Outcome, Verdict
from sandbox.judging import labels
from sandbox.words.errors import LabelError

pytestmark = pytest.mark.timeout(60)

PAID = (Outcome.PASS, Outcome.PARTIAL)


def fenced(code, tag="python"):
    return f"Here is my solution:\n\n```{tag}\n{code.strip()}\n```\n"


def packed(text):
    return base64.b64encode(text.encode()).decode()


def told(score):
    """What a failing assertion should show: all but the usage and the layers."""
    return score.outcome, score.verdict, score.judgement.reason, score.judgement.cases


class Problem:
    """A label and programs with known answers: *right*, *wrong* (nothing right), *partly* (some right); *names* are asked for."""

    def __init__(self, label, right, wrong, partly="", *, names=("f",), prompt="", owned=True, method=False):
        self.label, self.right, self.wrong, self.partly = label, right, wrong, partly
        self.names, self.prompt, self.method = names, prompt, method
        self.owned = owned


EXITS_AT_ONCE = "import os\nos._exit(0)"
EXITS_WHEN_ASKED = "import os\ndef {name}(*args, **kwargs):\n    os._exit(0)\n"
LEAVES = "def {name}(*args, **kwargs):\n    raise SystemExit(0)\n"
ALWAYS_EQUAL = """
class Always:
    def __init__(self, hops=3): self.hops = hops
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __bool__(self): return True
    def __hash__(self): return 0
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    def __float__(self): return 0.0
    def __contains__(self, item): return True
    def __getattr__(self, name): return Always(self.hops - 1) if self.hops else None
    def __call__(self, *args, **kwargs): return self
"""
ALWAYS_FUNCTION = "def {name}(*args, **kwargs):\n    return Always()\n"


def cheats(problem):
    def every(template):
        if problem.method:
            methods = "".join(template.format(name=name) for name in problem.names).replace("\n", "\n    ")
            return "import os\nclass Solution:\n    " + methods.replace("import os\n    ", "").rstrip() + "\n"
        return "\n".join(template.format(name=name) for name in problem.names)

    return {
        "exits-at-once": EXITS_AT_ONCE + "\n" + every(LEAVES),
        "exits-when-asked": every(EXITS_WHEN_ASKED),
        "always-equal": ALWAYS_EQUAL + every(ALWAYS_FUNCTION),
    }


# --- F1: check functions ------------------------------------------------------------------------------------------------

METADATA = "\n\nMETADATA = {\n    'author': 'jt',\n    'dataset': 'test'\n}\n\n"


def check(body, head=METADATA, entry="f", **more):
    return {"task_id": "HumanEval/0", "prompt": "", "entry_point": entry, "test": f"{head}\ndef check(candidate):\n{body}", **more}


SORT = "def f(numbers):\n    return sorted(numbers)"
SQUARE = "def f(x):\n    return x * x"
F1 = {
    "loop": Problem(
        check("    for x in range(20):\n        assert candidate(x) == x * x, x\n    assert candidate(-3) == 9\n"),
        SQUARE,
        "def f(x):\n    return x * x + 1",
        "def f(x):\n    return abs(x) * x",
    ),
    "helper": Problem(
        check(
            "    for size in (3, 10):\n        numbers = list(range(size, 0, -1))\n        assert ordered(candidate(numbers), size)\n"
            "    assert candidate([]) == []\n",
            "def ordered(answer, size):\n    return len(answer) == size and all(a <= b for a, b in zip(answer, answer[1:]))\n\n",
        ),
        SORT,
        "def f(numbers):\n    return [1]",
        "def f(numbers):\n    return numbers",
    ),
    "random": Problem(
        check(
            "    import math\n    import random\n    import copy\n    rng = random.Random(42)\n    for _ in range(50):\n"
            "        numbers = [rng.randint(-50, 50) for _ in range(rng.randint(1, 20))]\n"
            "        answer = candidate(copy.deepcopy(numbers))\n        assert answer == sorted(numbers)\n"
            "        assert math.fabs(answer[0] - min(numbers)) < 1e-9\n"
        ),
        SORT,
        "def f(numbers):\n    return numbers",
    ),
    "try-except": Problem(
        check(
            "    assert candidate('12') == 12\n    try:\n        candidate('x')\n    except ValueError as error:\n"
            "        assert 'x' in str(error)\n    else:\n        assert False, 'no ValueError'\n"
        ),
        "def f(text):\n    return int(text)",
        "def f(text):\n    return 0",
        "def f(text):\n    return int(text) if text.isdigit() else 0",
    ),
    "nested-function": Problem(
        check(
            "    def reference(n):\n        return n if n < 2 else reference(n - 1) + reference(n - 2)\n"
            "    for n in range(12):\n        assert candidate(n) == reference(n)\n    assert candidate(30) == 832040\n"
        ),
        "def f(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a",
        "def f(n):\n    return -1",
        "def f(n):\n    return 0 if n == 0 else round(((1 + 5 ** 0.5) / 2) ** n / 5 ** 0.5) if n < 20 else -1",
    ),
    "return": Problem(
        check(
            "    if candidate(0) != 0:\n        raise AssertionError('zero')\n    for x in range(9):\n"
            "        assert candidate(x) == x * x\n    return True\n"
        ),
        SQUARE,
        "def f(x):\n    return 1",
    ),
    "early-return-by-the-label": Problem(
        check("    for x in range(9):\n        if x > 5:\n            return\n        assert candidate(x) == x * x\n"),
        "def f(x):\n    return x * x if x < 6 else None",
        "def f(x):\n    return x",
    ),
    "with-its-call": Problem(
        {"entry_point": "f", "test": "def check(g):\n    assert [g(x) for x in range(4)] == [0, 1, 4, 9]\n\ncheck(f)\n"},
        SQUARE,
        "def f(x):\n    return x",
    ),
    "keyword-arguments": Problem(
        check("    for base in (2, 3):\n        assert candidate(x=base, power=3) == base ** 3\n    assert candidate(2, power=1) == 2\n"),
        "def f(x, power=2):\n    return x ** power",
        "def f(x, power=2):\n    return 0",
        "def f(x, power=2):\n    return x * power if power < 3 else 0",
    ),
    "changes-its-argument": Problem(
        check("    numbers = [3, 1, 2]\n    assert candidate(numbers) is None\n    assert numbers == [1, 2, 3]\n    assert numbers[0] == 1\n"),
        "def f(numbers):\n    numbers.sort()",
        "def f(numbers):\n    return 1",
        "def f(numbers):\n    return None",
    ),
    "several-functions": Problem(
        check(
            "    for text in ('abc', 'hello world', 'zz'):\n        assert candidate(encode(text)) == text\n",
            entry="decode",
            head=METADATA,
            prompt="def encode(s):\n    return ''.join(chr((ord(c) + 5) % 256) for c in s)\n\ndef decode(s):\n    \"\"\"undo encode\"\"\"\n",
        ),
        "def encode(s):\n    return ''.join(chr((ord(c) + 5) % 256) for c in s)\n\ndef decode(s):\n    return ''.join(chr((ord(c) - 5) % 256) for c in s)",
        "def encode(s):\n    return ''.join(chr((ord(c) + 5) % 256) for c in s)\n\ndef decode(s):\n    return s",
        names=("decode", "encode"),
    ),
}  # fmt: skip

HF_HEAD = """\
import numpy as np

def is_floats(x) -> bool:
    # check if it is float; List[float]; Tuple[float]
    if isinstance(x, float):
        return True
    if isinstance(x, (list, tuple)):
        return all(isinstance(i, float) for i in x)
    if isinstance(x, np.ndarray):
        return x.dtype == np.float64 or x.dtype == np.float32
    return False


def assertion(out, exp, atol):
    exact_match = out == exp

    if atol == 0 and is_floats(exp):
        atol = 1e-6
    if not exact_match and atol != 0:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)
    else:
        assert exact_match

"""
HF_BODY = """\
    inputs = {inputs}
    results = {results}
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
"""
F1["humanevalplus-hf"] = Problem(
    check(HF_BODY.format(inputs=[[[1, 2, 3]], [[]], [[5.5]]], results=[2.0, 0.0, 5.5]), HF_HEAD),
    "def f(numbers):\n    return sum(numbers) / len(numbers) if numbers else 0.0",
    "def f(numbers):\n    return -1.0",
)
F1["humanevalplus-hf-close"] = Problem(
    check(HF_BODY.format(inputs=[[0.1, 0.2], [1.0, 2.0]], results=[0.3, 3.0]), HF_HEAD),
    "def f(a, b):\n    return a + b",
    "def f(a, b):\n    return a + b + 1e-3",
)

# --- F2: inputs and a canonical solution --------------------------------------------------------------------------------

PROMPT = 'def f(numbers, threshold):\n    """Is any number above the threshold?"""\n'
F2 = {
    "humaneval": Problem(
        {
            "task_id": "HumanEval/0", "entry_point": "f", "prompt": PROMPT, "contract": "", "atol": 0,
            "canonical_solution": "    return any(number > threshold for number in numbers)\n",
            "base_input": [[[1, 2], 1], [[1, 2], 5]], "plus_input": [[[], 0], [[-1], -2]],
        },
        "def f(numbers, threshold):\n    return bool(numbers) and max(numbers) > threshold",
        "def f(numbers, threshold):\n    return None",
        "def f(numbers, threshold):\n    return True",
    ),
    "mbpp": Problem(
        {
            "task_id": "Mbpp/2", "entry_point": "f", "prompt": '"""\nWrite a function to square a list.\n"""\n', "atol": 0,
            "canonical_solution": "\ndef helper(x):\n    return x * x\n\ndef f(numbers):\n    return [helper(x) for x in numbers]",
            "base_input": json.dumps([[[1, 2, 3]], [[]]]), "plus_input": [[[10 ** 3]]],
        },
        "def f(numbers):\n    return [x ** 2 for x in numbers]",
        "def f(numbers):\n    return 0",
        "def f(numbers):\n    return []",
    ),
    "floats": Problem(
        {
            "entry_point": "f", "prompt": "def f(x):\n", "canonical_solution": "    return x * 0.1\n", "atol": 0,
            "base_input": [[1], [3], [7]], "plus_input": [],
        },
        "def f(x):\n    return x / 10 + 1e-9",
        "def f(x):\n    return x / 10 + 1e-3",
        "def f(x):\n    return x / 10 if x < 5 else 1.0",
    ),
    "atol": Problem(
        {
            "entry_point": "f", "prompt": "def f(x):\n", "canonical_solution": "    return {'a': x / 3}['a']\n", "atol": 0.01,
            "base_input": [[1], [2]],
        },
        "def f(x):\n    return round(x / 3, 2)",
        "def f(x):\n    return x / 3 + 0.1",
        "def f(x):\n    return 0.33",
    ),
    "changes-its-argument": Problem(
        {
            "entry_point": "f", "prompt": "def f(x):\n", "canonical_solution": "    x.append(1)\n    return x\n",
            "base_input": [[[5]], [[]]], "plus_input": None,
        },
        "def f(x):\n    return x + [1]",
        "def f(x):\n    return x",
        "def f(x):\n    return [1]",
    ),
}  # fmt: skip

POLY = "import math\n\ndef poly(xs, x):\n    return sum(c * x ** i for i, c in enumerate(xs))\n\n"
FIND_ZERO = POLY + "def find_zero(xs):\n    return -xs[0] / xs[1]\n"
FIND_ZERO_LABEL = {
    "entry_point": "find_zero", "prompt": POLY + 'def find_zero(xs):\n    """A zero."""\n', "atol": 1e-4,
    "canonical_solution": """\
    begin, end = -1.0, 1.0
    while poly(xs, begin) * poly(xs, end) > 0:
        begin, end = begin * 2.0, end * 2.0
    while end - begin > 1e-10:
        center = (begin + end) / 2.0
        if poly(xs, center) * poly(xs, begin) > 0:
            begin = center
        else:
            end = center
    return begin
""",
    "base_input": [[[1, 2]], [[-6, 11, -6, 1]]], "plus_input": [[[10, -5]]],
}  # fmt: skip
F2["find_zero"] = Problem(
    FIND_ZERO_LABEL,
    # 1 and 3 are other zeros of (x - 1)(x - 2)(x - 3) than the canonical solution finds.
    POLY + "def find_zero(xs):\n    return 3.0 if len(xs) == 4 else -xs[0] / xs[1]\n",
    "def find_zero(xs):\n    return 99.0",
    FIND_ZERO,
    names=("find_zero",),
)

F2["any order"] = Problem(
    {
        "entry_point": "similar_elements", "prompt": '"""\nSimilar elements.\n"""\n', "base_input": [[[3, 4, 5], [5, 4]], [[1, 2], [2]]],
        "canonical_solution": "def similar_elements(a, b):\n    return tuple(set(a) & set(b))\n", "atol": 0,
    },
    "def similar_elements(a, b):\n    return [x for x in sorted(set(a), reverse=True) if x in b]",
    "def similar_elements(a, b):\n    return (4, 5, 2)",
    "def similar_elements(a, b):\n    return (4, 5)",
    names=("similar_elements",),
)  # fmt: skip
F2["a match"] = Problem(
    {
        "entry_point": "text_starta_endb", "prompt": '"""\nFind a...b.\n"""\n', "base_input": [["aabb"], ["aabc"]], "atol": 0,
        "canonical_solution": "import re\ndef text_starta_endb(text):\n    return re.search('a.*?b$', text)\n",
    },
    "import re\ndef text_starta_endb(text):\n    return re.search('a.*b$', text)",
    "def text_starta_endb(text):\n    return None if text == 'aabb' else text",
    "def text_starta_endb(text):\n    return 1",
    names=("text_starta_endb",),
)  # fmt: skip

# --- F3, F4 and ROLL: assert lists --------------------------------------------------------------------------------------

STACK = """
class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
"""
PAIRS = "class Pair(object):\n    def __init__(self, a, b):\n        self.a = a\n        self.b = b\n"
CHAIN = PAIRS + "def max_chain_length(arr, n):\n    return {0} if arr[0].a == 5 and len(arr) == n else {1}"
F3 = {
    "setup-code": Problem(
        {
            "task_id": 3, "text": "Build it", "test_setup_code": "def build(n):\n    return {'n': n, 'items': list(range(n))}",
            "test_list": ["assert f(build(3)) == 3", "d = build(2)\nassert f(d) == 1 and d['n'] == 2", "assert f(build(0)) == 0"],
            "challenge_test_list": [],
        },
        "def f(tree):\n    return sum(tree['items'])",
        "def f(tree):\n    return -1",
        "def f(tree):\n    return 3",
    ),
    "imports": Problem(
        {
            "task_id": 14, "test_imports": ["import math", "from collections import Counter as Count"],
            "test_list": [
                "for x in (1, 4, 9):\n    assert math.isclose(f(x), math.sqrt(x), rel_tol=1e-6)",
                "assert [round(f(x)) for x in (4, 4)] == sorted(Count([2, 2]).elements())",
            ],
        },
        "def f(x):\n    return x ** 0.5",
        "def f(x):\n    return -x",
        "def f(x):\n    return 2.0",
    ),
    "setup-makes-objects-of-the-programs-class": Problem(
        {
            "task_id": 601, "test_setup_code": "",
            "test_list": [
                "assert max_chain_length([Pair(5, 24), Pair(15, 25), Pair(27, 40), Pair(50, 60)], 4) == 3",
                "assert max_chain_length([Pair(1, 2), Pair(3, 4), Pair(5, 6), Pair(7, 8)], 4) == 4",
                "pairs = [Pair(19, 10), Pair(11, 12)]\nassert max_chain_length(pairs, 2) == 4",
            ],
        },
        CHAIN.format(3, 4),
        CHAIN.format(0, 0),
        CHAIN.format(4, 4),
        names=("max_chain_length", "Pair"),
    ),
    "class-of-the-program": Problem(
        {
            "test_list": [
                "s = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2\nassert len(s) == 1",
                "s = Stack()\nassert len(s) == 0",
                "s = Stack()\ntry:\n    s.pop()\n    raise AssertionError('it popped')\nexcept IndexError:\n    pass",
            ]
        },
        STACK,
        "class Stack:\n    def __init__(self):\n        raise ValueError('no')",
        STACK.replace("self.items.pop()", "self.items.pop() if self.items else None"),
        names=("Stack",),
    ),
    "several-functions": Problem(
        ["text = 'hello'\nassert decode(encode(text)) == text", "assert encode('ab') == 'ba' and decode('ba') == 'ab'", "assert [encode(x) for x in ('', 'x')] == ['', 'x']"],
        "def encode(s):\n    return s[::-1]\n\ndef decode(s):\n    return s[::-1]",
        "def encode(s):\n    return s + '!'\n\ndef decode(s):\n    return s + '?'",
        "def encode(s):\n    return s\n\ndef decode(s):\n    return s",
        names=("encode", "decode"),
    ),
    "acecode": Problem(
        ["assert f([i for i in range(5)]) == 10", "assert f([]) == 0", "assert f(list(map(abs, [-1, -2]))) == 3"],
        "def f(xs):\n    return sum(xs)",
        "def f(xs):\n    return None",
        "def f(xs):\n    return 0",
    ),
    "one-text": Problem(
        "xs = [1, 2, 3]\nfor x in xs:\n    assert f(x) == x + 1\nassert f(10) == 11\n",
        "def f(x):\n    return x + 1",
        "def f(x):\n    return x",
    ),
    "roll": Problem(
        [{"assert_code": "for x in range(5):\n    assert f(x) == x * 2"}, {"assert_code": "assert [f(-1)] == [-2]"}],
        "def f(x):\n    return x * 2",
        "def f(x):\n    return 'no'",
        "def f(x):\n    return abs(x) * 2",
    ),
    "roll-check-based": Problem(
        [
            {
                "assert_code": "def check(candidate):\n    for x in range(5):\n        assert math.isclose(candidate(x), math.sqrt(x))\n",
                "entry_point": "f", "import_prefix": "import math\n",
            }
        ],
        "def f(x):\n    return x ** 0.5",
        "def f(x):\n    return x",
    ),
    "verl-assert-case": Problem(
        {"assert_case": ["assert all(f(x) == x for x in range(3))", "assert f('a') == 'a'"], "inputs": None, "outputs": None},
        "def f(x):\n    return x",
        "def f(x):\n    return -1",
        "def f(x):\n    return int(x) if x in (0, 1, 2) else None",
    ),
}  # fmt: skip

# --- F13: SandboxFusion's AutoEval --------------------------------------------------------------------------------------

F13 = {
    "insert": Problem(
        {
            "labels": {"programming_language": "python"},
            "test": {"code": "import math\n\n#<INSERT>\n\nfor x in range(4):\n    assert f(x) == math.factorial(x)\nassert f(10) == 3628800\n"},
        },
        "def f(n):\n    return 1 if n < 2 else n * f(n - 1)",
        "def f(n):\n    return 0",
        "def f(n):\n    return (1, 1, 2, 6)[min(n, 3)]",
    ),
    "asset": Problem(
        {
            "labels": {"programming_language": "python", "execution_language": "python"},
            "test": {
                "code": "#<INSERT>\n\ndef total(rows):\n    return sum(rows)\n\nassert total(f('data.csv')) == 42\nassert len(f('data.csv')) == 2\n",
                "asset": {"data.csv": packed("name,value\na,40\nb,2\n")},
            },
        },
        "import csv\n\ndef f(path):\n    with open(path) as file:\n        return [int(row['value']) for row in csv.DictReader(file)]",
        "def f(path):\n    return []",
        "def f(path):\n    return [1, 2]",
    ),
}  # fmt: skip

# --- F16: LeetCode -------------------------------------------------------------------------------------------------------

TWO_SUM = """
class Solution:
    def twoSum(self, nums: List[int], target: int) -> List[int]:
        seen = {}
        for i, num in enumerate(nums):
            if target - num in seen:
                return [seen[target - num], i]
            seen[num] = i
        return []
"""
TWO_SUM_NONE = "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        return [9, 9]"
TWO_SUM_SOME = TWO_SUM_NONE.replace("[9, 9]", "[0, 1]")
LIST_NODE = """
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next
"""
LEETCODE_PROMPT = (
    "import random\nimport functools\nimport collections\nimport string\nimport math\nimport datetime\n\nfrom typing import *\n"
    "from functools import *\nfrom collections import *\nfrom itertools import *\nfrom heapq import *\nfrom bisect import *\n"
    "from string import *\nfrom operator import *\nfrom math import *\n\ninf = float('inf')\n\n"
    + LIST_NODE
    + """
def list_node(values: list):
    if not values:
        return None
    head = ListNode(values[0])
    p = head
    for val in values[1:]:
        node = ListNode(val)
        p.next = node
        p = node
    return head

def is_same_list(p1, p2):
    if p1 is None and p2 is None:
        return True
    if not p1 or not p2:
        return False
    return p1.val == p2.val and is_same_list(p1.next, p2.next)

class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right

def tree_node(values: list):
    if not values:
        return None
    root = TreeNode(values[0])
    i = 1
    queue = deque()
    queue.append(root)
    while queue:
        node = queue.popleft()
        if i < len(values) and values[i] is not None:
            node.left = TreeNode(values[i])
            queue.append(node.left)
        i += 1
        if i < len(values) and values[i] is not None:
            node.right = TreeNode(values[i])
            queue.append(node.right)
        i += 1
    return root

def is_same_tree(p, q):
    if not p and not q:
        return True
    elif not p or not q:
        return False
    elif p.val != q.val:
        return False
    else:
        return is_same_tree(p.left, q.left) and is_same_tree(p.right, q.right)
"""
)
REVERSE = """
class Solution:
    def reverseList(self, head: Optional[ListNode]) -> Optional[ListNode]:
        previous = None
        while head:
            head.next, previous, head = previous, head, head.next
        return previous
"""
REVERSE_NONE = "class Solution:\n    def reverseList(self, head):\n        return ListNode(99)"
REVERSE_SOME = "class Solution:\n    def reverseList(self, head):\n        return head"
INVERT = """
class Solution:
    def invertTree(self, root: Optional[TreeNode]) -> Optional[TreeNode]:
        if root is None:
            return None
        return TreeNode(root.val, self.invertTree(root.right), self.invertTree(root.left))
"""
INVERT_NONE = "class Solution:\n    def invertTree(self, root):\n        return TreeNode(99)"
INVERT_SOME = "class Solution:\n    def invertTree(self, root):\n        return root"
LINKED = """
def linked(values):
    head = None
    for value in reversed(values):
        head = ListNode(value, head)
    return head

def values(head):
    found = []
    while head:
        found.append(head.val)
        head = head.next
    return found

def check(candidate):
    assert values(candidate(linked([1, 2, 3]))) == [3, 2, 1]
    assert values(candidate(linked([7]))) == [7]
    assert candidate(None) is None

check(Solution().reverseList)
"""
F16 = {
    "functional": Problem(
        {
            "functional": "def check(candidate):\n    assert candidate(nums = [2,7,11,15],target = 9) == [0,1]\n"
            "    assert candidate(nums = [3,2,4],target = 6) == [1,2]\n    for n in (3, 5):\n"
            "        assert candidate(nums = [n, n], target = 2 * n) == [0,1]\n\n\ncheck(Solution().twoSum)"
        },
        TWO_SUM, TWO_SUM_NONE, TWO_SUM_SOME, names=("twoSum",), method=True,
    ),
    "leetcode-dataset": Problem(
        {
            "task_id": "two-sum", "prompt": LEETCODE_PROMPT, "entry_point": "Solution().twoSum", "starter_code": "class Solution:\n    ",
            "test": "def check(candidate):\n    assert candidate(nums = [3,3],target = 6) == [0, 1]\n"
            "    assert candidate(nums = [-1,-2,-3,-4,-5],target = -8) == [2, 4]\n",
        },
        TWO_SUM, TWO_SUM_NONE, TWO_SUM_SOME, names=("twoSum",), method=True,
    ),
    "leetcode-dataset-list": Problem(
        {
            "prompt": LEETCODE_PROMPT, "entry_point": "Solution().reverseList",
            "test": "def check(candidate):\n    assert is_same_list(candidate(head = list_node([1,2,3,4,5])), list_node([5,4,3,2,1]))\n"
            "    assert is_same_list(candidate(head = list_node([])), list_node([]))\n",
        },
        REVERSE, REVERSE_NONE, REVERSE_SOME, names=("reverseList",), method=True,
    ),
    "leetcode-dataset-tree": Problem(
        {
            "prompt": LEETCODE_PROMPT, "entry_point": "Solution().invertTree",
            "test": "def check(candidate):\n    assert is_same_tree(candidate(root = tree_node([4,2,7,1,3,6,9])), tree_node([4,7,2,9,6,3,1]))\n"
            "    assert is_same_tree(candidate(root = tree_node([])), tree_node([]))\n"
            "    assert is_same_tree(candidate(root = tree_node([1,None,2])), tree_node([1,2]))\n",
        },
        INVERT, INVERT_NONE, INVERT_SOME, names=("invertTree",), method=True,
    ),
    "list-nodes-of-the-label": Problem(
        {"functional": LIST_NODE + LINKED}, REVERSE, REVERSE_NONE, REVERSE_SOME, names=("reverseList",), method=True
    ),
    "list-nodes-by-convention": Problem(
        {"functional": LINKED}, REVERSE, REVERSE_NONE, REVERSE_SOME, names=("reverseList",), method=True
    ),
    "list-nodes-of-the-program-too": Problem(
        {"functional": LINKED}, LIST_NODE + REVERSE, LIST_NODE + REVERSE_NONE, LIST_NODE + REVERSE_SOME, names=("reverseList",), method=True
    ),
    "tree-nodes-by-convention": Problem(
        {
            "functional": "def check(candidate):\n    tree = TreeNode(1, TreeNode(2), TreeNode(3))\n    answer = candidate(tree)\n"
            "    assert (answer.val, answer.left.val, answer.right.val) == (1, 3, 2)\n    assert candidate(None) is None\n\n"
            "check(Solution().invertTree)"
        },
        INVERT, INVERT_NONE, INVERT_SOME, names=("invertTree",), method=True,
    ),
}  # fmt: skip

# --- F17: pytest ---------------------------------------------------------------------------------------------------------

PYTEST = """
import pytest
from solution import f

@pytest.mark.parametrize("given, wanted", [(0, 1), (1, 2), (41, 42)])
def test_adds(given, wanted):
    assert f(given) == wanted

def test_refuses_texts():
    with pytest.raises(TypeError, match="number"):
        f("x")
"""
ADDS = """
def f(x):
    if not isinstance(x, (int, float)):
        raise TypeError("a number, please")
    return x + 1
"""
ADDS_NOT = "def f(x):\n    return None"
ADDS_SOME = "def f(x):\n    return 2"
KODCODE = "from solution import f\n\ndef test_one():\n    assert f(1) == 2\n\ndef test_all():\n    for x in range(5):\n        assert f(x) == x + 1\n"
F17 = {
    "code-r1": Problem({"pytest": PYTEST}, ADDS, ADDS_NOT, ADDS_SOME),
    "kodcode": Problem({"question_id": "x", "test": KODCODE}, ADDS, ADDS_NOT, ADDS_SOME),
    "kodcode-names-it-only": Problem({"test": KODCODE.partition("\n\n")[2]}, ADDS, ADDS_NOT, ADDS_SOME),
    "kodcode-with-its-name": Problem({"test": KODCODE, "entry_point": "f", "test_info": [{"function_name": "f"}]}, ADDS, ADDS_NOT, ADDS_SOME),
    "text": Problem(PYTEST, ADDS, ADDS_NOT, ADDS_SOME),
    "text-names-it-only": Problem(KODCODE.partition("\n\n")[2], ADDS, ADDS_NOT, ADDS_SOME),
    "from-main": Problem({"pytest": PYTEST.replace("solution", "main")}, ADDS, ADDS_NOT, ADDS_SOME),
    "from-your-module": Problem(PYTEST.replace("solution", "your_module"), ADDS, ADDS_NOT, ADDS_SOME),
    "import-solution": Problem({"pytest": "import solution as s\n\ndef test_a():\n    assert s.f(1) == 2\n\nclass TestMore:\n    def test_b(self):\n        assert s.f(-1) == 0\n"}, ADDS, ADDS_NOT, ADDS_SOME),
    "unittest-style": Problem({"pytest": "import unittest\nfrom solution import f\n\nclass FTest(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 2)\n    def test_b(self):\n        with self.assertRaises(TypeError) as caught:\n            f('x')\n        self.assertIn('number', str(caught.exception))\n"}, ADDS, ADDS_NOT, ADDS_SOME),
}  # fmt: skip

# --- F18: BigCodeBench ---------------------------------------------------------------------------------------------------

SHUFFLE_PROMPT = 'import itertools\nfrom random import shuffle\n\ndef task_func(numbers=list(range(1, 3))):\n    """Average of the sums of differences over all permutations."""\n'
SHUFFLE_BODY = """\
    permutations = list(itertools.permutations(numbers))
    sum_diffs = 0

    for perm in permutations:
        perm = list(perm)
        shuffle(perm)
        diffs = [abs(perm[i] - perm[i+1]) for i in range(len(perm)-1)]
        sum_diffs += sum(diffs)

    avg_sum_diffs = sum_diffs / len(permutations)

    return avg_sum_diffs
"""
SHUFFLE_TEST = """
import unittest
from unittest.mock import patch
from random import seed, shuffle
import itertools
class TestCases(unittest.TestCase):
    def test_default_numbers(self):
        result = task_func()
        self.assertIsInstance(result, float)
        self.assertGreater(result, 0)
    def test_custom_list(self):
        result = task_func([1, 2, 3])
        self.assertIsInstance(result, float)
        self.assertGreater(result, 0)
    def test_identical_elements(self):
        result = task_func([2, 2, 2])
        self.assertEqual(result, 0)
    def test_empty_list(self):
        result = task_func([])
        self.assertEqual(result, 0)
    def test_shuffle(self):
        with patch('random.shuffle', side_effect=lambda x: seed(1) or shuffle(x)):
            result1 = task_func([1, 2, 3])
            result2 = task_func([1, 2, 4])
        self.assertNotEqual(result1, result2)
"""
FILES_TEST = """
import unittest
import os
import shutil
import tempfile
from unittest import mock

class TestCases(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, 'data.txt')
        with open(self.path, 'w') as file:
            file.write('3\\n4\\n')

    def tearDown(self):
        shutil.rmtree(self.folder)

    def test_sum(self):
        self.assertEqual(task_func(self.path), 7)

    def test_missing(self):
        with self.assertRaises(FileNotFoundError):
            task_func(os.path.join(self.folder, 'nothing'))

    def test_open_is_patched(self):
        with mock.patch('builtins.open', mock.mock_open(read_data='10\\n')):
            self.assertEqual(task_func('whatever'), 10)
"""
CLOCK_TEST = """
import unittest
from unittest.mock import patch

class TestCases(unittest.TestCase):
    @patch('time.sleep')
    def test_sleeps(self, sleep):
        self.assertEqual(task_func(3), 'waited 3')
        sleep.assert_called_once_with(3)

    @patch('time.sleep', side_effect=KeyError('tired'))
    def test_tired(self, sleep):
        with self.assertRaises(KeyError):
            task_func(1)
"""


def big_code(prompt, test):
    return {"task_id": "BigCodeBench/0", "code_prompt": prompt, "entry_point": "task_func", "test": test, "libs": "['random']"}


F18 = {
    "completion": Problem(
        big_code(SHUFFLE_PROMPT, SHUFFLE_TEST), SHUFFLE_BODY, "    return 'no'\n", "    return 1.5\n", names=("task_func",)
    ),
    "whole-program": Problem(
        big_code(SHUFFLE_PROMPT, SHUFFLE_TEST),
        SHUFFLE_PROMPT + SHUFFLE_BODY,
        SHUFFLE_PROMPT + "    return 'no'\n",
        SHUFFLE_PROMPT + "    return 1.5\n",
        names=("task_func",),
    ),
    "files": Problem(
        big_code("def task_func(path):\n", FILES_TEST),
        "    with open(path) as file:\n        return sum(int(line) for line in file)\n",
        "    return None\n",
        "    return 7\n",
        names=("task_func",),
    ),
    "patched-library": Problem(
        big_code("import time\n\ndef task_func(seconds):\n", CLOCK_TEST),
        "    time.sleep(seconds)\n    return f'waited {seconds}'\n",
        "    return 'done'\n",
        "    time.sleep(seconds)\n    return 'done'\n",
        names=("task_func",),
    ),
}

# --- F21: files ----------------------------------------------------------------------------------------------------------

CONFTEST = "import pytest\n\n@pytest.fixture\ndef wanted():\n    return {0: 1, 1: 2, 41: 42}\n"
USES_FIXTURE = "from solution import f\n\ndef test_all(wanted):\n    assert {x: f(x) for x in wanted} == wanted\n\ndef test_one():\n    assert f(1) == 2\n"
CHECKS = "from solution import f\n\ndef check_one():\n    assert f(1) == 2\n\ndef check_two():\n    assert f(5) == 6\n\ndef test_no_test():\n    assert False\n"
EXERCISM = "import unittest\n\nfrom leap import leap_year\n\n\nclass LeapTest(unittest.TestCase):\n    def test_yes(self):\n        self.assertIs(leap_year(1996), True)\n\n    def test_no(self):\n        self.assertIs(leap_year(1900), False)\n"
LEAP = "def leap_year(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)"
F21 = {
    "files": Problem({"files": {"test_f.py": PYTEST}, "solution_path": "solution.py", "runner": "pytest"}, ADDS, ADDS_NOT, ADDS_SOME),
    "exercism": Problem(
        {"files": {"leap_test.py": EXERCISM}, "solution_path": "leap.py", "runner": "pytest"},
        LEAP, "def leap_year(year):\n    return 1", "def leap_year(year):\n    return True", names=("leap_year",),
    ),
    "folders": Problem(
        {
            "files": {"tests/test_f.py": "from pkg.core import f\nfrom helpers.data import ONE\n\ndef test_one():\n    assert f(ONE) == 2\n\ndef test_two():\n    assert f(2) == 3\n",
                      "helpers/__init__.py": "", "helpers/data.py": "ONE = 1\n"},
            "solution_path": "pkg/core.py", "runner": "pytest",
        },
        ADDS, ADDS_NOT, ADDS_SOME,
    ),
    "conftest": Problem({"files": {"test_f.py": USES_FIXTURE, "conftest.py": CONFTEST}, "runner": "pytest"}, ADDS, ADDS_NOT, ADDS_SOME),
    "pytest-ini": Problem(
        {"files": {"test_f.py": CHECKS, "pytest.ini": "[pytest]\npython_functions = check_*\n"}, "runner": "pytest"}, ADDS, ADDS_NOT, ADDS_SOME
    ),
    "base64": Problem(
        {"files": {"test_f.py": packed(PYTEST)}, "language": "pytest", "solution_path": "solution.py"}, ADDS, ADDS_NOT, ADDS_SOME
    ),
    "base64-conftest-and-data": Problem(
        {
            "files": {
                "test_f.py": packed("import json\nfrom pathlib import Path\nfrom solution import f\n\ndef test_a():\n    wanted = json.loads((Path(__file__).parent / 'wanted.json').read_text())\n    assert [f(x) for x in range(3)] == wanted\n\ndef test_b(one):\n    assert f(one) == 2\n"),
                "conftest.py": packed("import pytest\n\n@pytest.fixture\ndef one():\n    return 1\n"),
                "wanted.json": packed("[1, 2, 3]"),
            },
            "runner": "pytest",
        },
        ADDS, ADDS_NOT, ADDS_SOME,
    ),
    "agentbox": Problem(
        {
            "starter_files": {"solution.py": "def f(x):\n    ...\n", "step.py": "STEP = 1\n", "data/readme.txt": "one"},
            "hidden_files": {"test_hidden.py": PYTEST, "test_other.py": "def test_nothing():\n    assert False\n"},
            "verifier": {"type": "pytest", "path": "test_hidden.py", "timeout_s": 60},
        },
        "from step import STEP\n" + ADDS.replace("x + 1", "x + STEP"), ADDS_NOT, ADDS_SOME,
    ),
}  # fmt: skip

FAMILIES = {"F1": F1, "F2": F2, "F3": F3, "F13": F13, "F16": F16, "F17": F17, "F18": F18, "F21": F21}
PROBLEMS = [pytest.param(one, id=f"{name}-{key}") for name, family in FAMILIES.items() for key, one in family.items()]
every_problem = pytest.mark.parametrize("problem", PROBLEMS)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_right_program_passes(problem, box):
    score = box.score(fenced(problem.right), problem.label, problem.prompt)
    assert (score.outcome, score.reward, score.pass_rate) == (Outcome.PASS, 1.0, 1.0), told(score)


@every_problem
def test_a_wrong_program_gets_nothing(problem, box):
    score = box.score(fenced(problem.wrong), problem.label, problem.prompt)
    assert (score.outcome, score.pass_rate) == (Outcome.FAIL, 0.0), told(score)


@pytest.mark.parametrize("problem", [one for one in PROBLEMS if one.values[0].partly])
def test_a_program_that_is_right_in_part_gets_a_part(problem, box):
    score = box.score(fenced(problem.partly), problem.label, problem.prompt)
    assert score.outcome is Outcome.PARTIAL, told(score)
    assert 0.0 < score.pass_rate < 1.0


@pytest.mark.parametrize("cheat", ["exits-at-once", "exits-when-asked", "always-equal"])
@every_problem
def test_no_cheat_is_paid(problem, cheat, box):
    score = box.score(fenced(cheats(problem)[cheat]), problem.label, problem.prompt)
    assert score.outcome in (Outcome.FAIL, Outcome.CRASH), told(score)
    assert score.pass_rate == 0.0


@every_problem
def test_what_a_label_is_wrapped_in_changes_nothing(problem, box):
    text = json.dumps(problem.label)
    suite = labels.read(problem.label)
    for label in (
        text,
        json.dumps(text),
        {"data_source": "x", "reward_model": {"style": "rule", "ground_truth": text}},
        {"reward_model": {"style": "rule", "ground_truth": problem.label}},
        {"ground_truth": text, "style": "rule"},
        {"verification_info": text},
        {"label": problem.label},
    ):
        assert labels.read(label) == suite, label
    wrapped = {"reward_model": {"style": "rule", "ground_truth": text}}
    assert box.score(fenced(problem.wrong), wrapped, problem.prompt).outcome is Outcome.FAIL


@pytest.mark.parametrize("name", F1)
def test_the_same_sample_gets_the_same_judgement(name, box):
    program = fenced(F1[name].partly or F1[name].wrong)
    first, second = (box.score(program, F1[name].label) for _ in range(2))
    assert first.judgement.cases == second.judgement.cases


# --- what only one format has -------------------------------------------------------------------------------------------

HELPED = {
    "HumanEval/32": (
        {
            "entry_point": "find_zero",
            "test": METADATA + "def check(candidate):\n    import math\n    import random\n    rng = random.Random(42)\n    for _ in range(20):\n"
            "        xs = [rng.randint(1, 9), rng.randint(1, 9)]\n        assert math.fabs(poly(xs, candidate(xs))) < 1e-4\n",
        },
        POLY + 'def find_zero(xs: list):\n    """ xs are coefficients of a polynomial.\n    find_zero find x such that poly(x) = 0.\n    """\n',
        "    return -xs[0] / xs[1]\n",
        "def poly(xs, x):\n    return 0.0\n\ndef find_zero(xs):\n    return 5.0",
    ),
    "HumanEval/50": (
        {
            "entry_point": "decode_shift",
            "test": METADATA + "def check(candidate):\n    from random import randint, choice\n    import string\n    for _ in range(20):\n"
            "        text = ''.join(choice(string.ascii_lowercase) for i in range(randint(10, 20)))\n        assert candidate(encode_shift(text)) == text\n",
        },
        ("def encode_shift(s: str):\n    return ''.join([chr(((ord(ch) + 5 - ord('a')) % 26) + ord('a')) for ch in s])\n\n\n"
        'def decode_shift(s: str):\n    """ takes as input string encoded with encode_shift function. Returns decoded string.\n    """\n'),
        "    return ''.join([chr(((ord(ch) - 5 - ord('a')) % 26) + ord('a')) for ch in s])\n",
        "def encode_shift(s):\n    return s\n\ndef decode_shift(s):\n    return s",
    ),
}  # fmt: skip
helped = pytest.mark.parametrize("name", HELPED)
in_the_label = pytest.mark.parametrize("in_label", [True, False], ids=["prompt-in-label", "prompt-of-sample"])


def given(name, in_label):
    label, prompt, body, lie = HELPED[name]
    return ({**label, "prompt": prompt} if in_label else label), ("" if in_label else prompt), prompt, body, lie


@in_the_label
@helped
def test_a_helper_of_the_prompt_is_there_for_the_test(name, in_label, box):
    label, prompt, start, body, _ = given(name, in_label)
    for response in (fenced(body), start + body, fenced(start + body)):
        score = box.score(response, label, prompt)
        assert score.outcome is Outcome.PASS, told(score)
    assert box.score(fenced("    return 'x'"), label, prompt).outcome is Outcome.FAIL


@in_the_label
@helped
def test_a_program_cannot_answer_for_the_helper_that_judges_it(name, in_label, box):
    label, prompt, _, _, lie = given(name, in_label)
    score = box.score(fenced(lie), label, prompt)
    assert score.outcome is Outcome.FAIL, told(score)


@in_the_label
@helped
def test_a_program_need_not_repeat_the_helper_that_the_prompt_gives(name, in_label, box):
    label, prompt, start, body, _ = given(name, in_label)
    function = "def " + start.rpartition("def ")[2] + body
    score = box.score(fenced(function), label, prompt)
    assert score.outcome is Outcome.PASS, told(score)


def test_a_canonical_solution_that_fails_is_the_labels_fault(box):
    label = F2["humaneval"].label
    for solution in ("    return numbers[0] > threshold\n", "    return nothing\n", "    return (\n", "    while True: pass\n"):
        score = box.score(fenced(F2["humaneval"].right), {**label, "canonical_solution": solution})
        assert (score.verdict, score.outcome, score.reward) == (Verdict.LABEL_ERROR, Outcome.INTERNAL, 0.0), (solution, told(score))
        assert "F2: the canonical solution" in score.judgement.reason
        assert score.judgement.cases == ()


def test_expected_values_are_computed_once_for_a_group(box, monkeypatch):
    """A canonical solution that answers anew each time: two samples are compared with the same values, from one run of it."""
    jobs = []
    run = box._pool.run

    def counted(job, deadline):
        jobs.append(job)
        return run(job, deadline)

    monkeypatch.setattr(box._pool, "run", counted)
    label = {"entry_point": "f", "prompt": "def f(x):\n", "canonical_solution": "    return x + 12345\n", "base_input": [[1], [2]]}
    for _ in range(4):
        assert box.score(fenced("def f(x):\n    return x + 12345"), json.dumps(label)).outcome is Outcome.PASS
    assert len(jobs) == 5


def test_the_canonical_solution_is_never_with_the_program(box):
    """In another process, and before the program is there: it finds no trace of it."""
    secret = f"zebra{token_hex(8)}"
    label = {"entry_point": "f", "prompt": "def f(x):\n", "base_input": [[1]], "canonical_solution": f"    return '{secret}'\n"}
    looks = r"""
import gc, re, sys

def f(x):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [repr(frame.f_locals), repr(frame.f_globals)]
        frame = frame.f_back
    seen += [repr(item) for item in gc.get_objects() if type(item) in (str, list, tuple, dict)]
    with open("/proc/self/maps") as maps:
        for line in maps:
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "heap" in line or "00:00 0" in line:
                try:
                    with open("/proc/self/mem", "rb") as memory:
                        memory.seek(begin)
                        seen.append(memory.read(min(end - begin, 1 << 22)).decode("latin-1"))
                except (OSError, ValueError, OverflowError):
                    pass
    found = [match for text in seen for match in re.findall("zebra[0-9a-f]{16}", text)]
    return found[0] if found else "nothing"
"""
    score = box.score(fenced(looks), label)
    assert (score.outcome, score.pass_rate) == (Outcome.FAIL, 0.0), told(score)


def test_other_zeros_than_the_canonical_one_are_zeros(box):
    score = box.score(fenced(F2["find_zero"].right), FIND_ZERO_LABEL)
    assert score.outcome is Outcome.PASS, told(score)
    score = box.score(fenced("def find_zero(xs):\n    return float('nan')"), FIND_ZERO_LABEL)
    assert score.outcome is Outcome.FAIL, told(score)


DEEP = """
def check(candidate):
    def full(depth):
        return TreeNode(depth, full(depth - 1), full(depth - 1)) if depth else None
    def size(tree):
        return 1 + size(tree.left) + size(tree.right) if tree else 0
    assert size(candidate(full(9))) == 511

check(Solution().invertTree)
"""


def test_large_trees_cross_both_ways(box):
    for program in (INVERT.replace("TreeNode(root.val, ", "self.swap(root, ") + SWAP, INVERT):
        score = box.score(fenced(program), {"functional": DEEP})
        assert score.outcome is Outcome.PASS, told(score)


SWAP = """
    def swap(self, root, left, right):
        root.left, root.right = left, right
        return root
"""


def reversed_label(size):
    numbers = f"list(range({size}))"
    return {"functional": LINKED.replace("[1, 2, 3]", numbers).replace("[3, 2, 1]", f"{numbers}[::-1]")}


def test_a_long_list_crosses_both_ways(box):
    score = box.score(fenced(REVERSE), reversed_label(3000))
    assert score.outcome is Outcome.PASS, told(score)


@pytest.mark.parametrize("size", [2, 3, 3000])
def test_a_list_of_new_nodes_crosses(size, box):
    anew = """
class Solution:
    def reverseList(self, head):
        previous = None
        while head:
            previous, head = ListNode(head.val, previous), head.next
        return previous
"""
    score = box.score(fenced(anew), reversed_label(size))
    assert score.outcome is Outcome.PASS, told(score)


@pytest.mark.parametrize("body", ["pass", "..."])
@pytest.mark.parametrize(
    "label",
    [
        {"test": "def check(candidate):\n    assert candidate(1) == 2", "entry_point": "Solution().f"},
        {"functional": "def check(candidate):\n    assert candidate(1) == 2\ncheck(Solution().f)"},
    ],
)
def test_the_first_draft_in_a_leetcode_prompt_is_not_what_is_tested(box, body, label):
    draft = f"class Solution:\n    def f(self, x):\n        {body}\n"
    right = "class Solution:\n    def f(self, x):\n        return x + STEP\n"
    told_step = {**label, "prompt": f"from typing import *\nSTEP = 1\n{draft}"}
    assert box.score(fenced(right), told_step).outcome is Outcome.PASS
    assert box.score(fenced(right.replace("STEP", "2")), told_step).outcome is Outcome.FAIL
    assert box.score(fenced("x = 1"), told_step).outcome is Outcome.CRASH


def test_helpers_of_a_leetcode_label_are_the_labels_own(box):
    program = REVERSE_SOME + "\n\ndef is_same_list(a, b):\n    return True\n\ndef list_node(values):\n    return None\n"
    score = box.score(fenced(program), F16["leetcode-dataset-list"].label)
    assert score.outcome is Outcome.PARTIAL, told(score)  # as without them: it is right about empty lists


def test_a_program_that_changes_list_nodes_changes_only_its_own(box):
    program = (
        REVERSE_SOME
        + "\n\nListNode.__eq__ = lambda self, other: True\nListNode.val = property(lambda self: 1, lambda self, value: None)\n"
    )
    for problem in (F16["list-nodes-of-the-label"], F16["leetcode-dataset-list"], F16["list-nodes-by-convention"]):
        score = box.score(fenced(program), problem.label)
        assert score.outcome not in (Outcome.PASS, Outcome.INTERNAL), told(score)


def test_an_asset_is_the_only_file_of_the_label_that_the_program_sees(box):
    label = json.loads(json.dumps(F13["asset"].label))
    program = (
        "import os\n\ndef f(path):\n    return [20, 22] if sorted(os.listdir('.')) == ['data.csv', 'main.py'] else os.listdir('.')"
    )
    score = box.score(fenced(program), label)
    assert score.outcome is Outcome.PASS, told(score)


def test_a_program_has_the_imports_and_classes_before_the_marker_and_nothing_that_tells_answers(box):
    code = (
        "import math\n\nclass Node:\n    pass\n\nEXPECTED = [1, 1, 2]\n\ndef answer(x):\n    return EXPECTED[x]\n\n"
        "#<INSERT>\n\nassert [f(x) for x in range(3)] == EXPECTED\nassert f(2) == answer(2)\n"
    )
    label = {"labels": {"programming_language": "python"}, "test": {"code": code}}
    right = box.score(fenced("def f(x):\n    Node()\n    return math.factorial(x)"), label)
    assert right.outcome is Outcome.PASS, told(right)
    for theft in ("EXPECTED[x]", "answer(x)"):
        stolen = box.score(fenced(f"def f(x):\n    return {theft}"), label)
        assert stolen.outcome not in (Outcome.PASS, Outcome.PARTIAL, Outcome.INTERNAL), told(stolen)


def test_a_function_that_is_called_as_one_of_the_usual_imports_is_the_programs(box):
    """`add` is in operator, which such programs get: the tests mean the program's, and only that."""
    for name in ("add", "gcd", "accumulate", "sub"):
        asserts = f"assert {name}(1, 2) == 'mine'\n"
        auto_eval = {"labels": {"programming_language": "python"}, "test": {"code": f"import math\n#<INSERT>\n{asserts}"}}
        for label in (auto_eval, {"functional": asserts}, {"test_list": [asserts]}, [f"x = {name}(1, 2)\nassert x == 'mine'"]):
            right = box.score(fenced(f"def {name}(a, b):\n    return 'mine'"), label)
            assert right.outcome is Outcome.PASS, told(right)
            other = box.score(fenced("def f(a, b):\n    return 'mine'"), label)
            assert other.outcome is Outcome.CRASH, told(other)


def test_a_helper_that_the_tests_forgot_to_import_is_not_asked_of_the_program(box):
    cheat = fenced("def f(x):\n    return 0\n\ndef assertEqual(*values):\n    pass")
    tests = "assertEqual(f(1), 2)\n"
    auto_eval = {"labels": {"programming_language": "python"}, "test": {"code": f"#<INSERT>\n{tests}"}}
    for label in (auto_eval, {"functional": tests}):
        assert box.score(cheat, label).verdict is Verdict.LABEL_ERROR


# --- names, counts, first failure ---------------------------------------------------------------------------------------


def test_every_test_has_its_name_and_its_verdict(box):
    cases = box.score(fenced(ADDS_SOME), {"pytest": PYTEST}).judgement.cases
    assert {case.name.rpartition("::")[2]: case.verdict for case in cases} == {
        "test_adds[0-1]": Verdict.WRONG_ANSWER,
        "test_adds[1-2]": Verdict.ACCEPTED,
        "test_adds[41-42]": Verdict.WRONG_ANSWER,
        "test_refuses_texts": Verdict.WRONG_ANSWER,
    }
    cases = box.score(SHUFFLE_BODY, F18["completion"].label).judgement.cases
    assert [case.name.rpartition(".")[2] for case in cases] == [
        "test_custom_list", "test_default_numbers", "test_empty_list", "test_identical_elements", "test_shuffle",
    ]  # fmt: skip
    cases = box.score(fenced(STACK), F3["class-of-the-program"].label).judgement.cases
    assert [case.name for case in cases] == ["case 1", "case 2", "case 3"]


def test_the_first_failure_says_which_test_and_why(box):
    judgement = box.score(fenced(ADDS_SOME), {"pytest": PYTEST}).judgement
    assert "test_adds[0-1]" in judgement.first_failure
    assert "AssertionError" in judgement.first_failure
    judgement = box.score(fenced("def f(x):\n    raise KeyError('nothing here')"), KODCODE).judgement
    assert "test_one" in judgement.first_failure
    assert "KeyError" in judgement.first_failure
    assert "nothing here" in judgement.first_failure
    assert box.score(fenced(ADDS), {"pytest": PYTEST}).judgement.first_failure == ""


@pytest.mark.parametrize("answer", ["'x' * 10 ** 6", "list(range(10 ** 5))"])
@pytest.mark.parametrize("how", ["return {}", "raise ValueError({})", "print({})"])
def test_the_first_failure_is_bounded(how, answer, box):
    labels_ = [
        {"pytest": KODCODE},
        check("    for x in range(3):\n        assert candidate(x) == x + 1\n"),
        big_code("", "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 2)\n"),
    ]
    for label in labels_:
        score = box.score(fenced("def f(x):\n    " + how.format(answer)), {**label, "entry_point": "f"})
        assert score.outcome is Outcome.FAIL, told(score)
        assert 0 < len(score.judgement.first_failure) < 2500


def test_skipped_tests_are_no_part_of_the_count(box):
    text = f"{KODCODE}\nimport pytest\n\n@pytest.mark.skip(reason='later')\ndef test_later():\n    assert False\n"
    score = box.score(fenced(ADDS), text)
    assert (score.outcome, len(score.judgement.cases)) == (Outcome.PASS, 2), told(score)


@pytest.mark.parametrize("test", ["def test_odd():\n    assert f(1) == 3", "def test_odd():\n    assert f(1) == 2"])
def test_a_test_that_the_label_expects_to_fail_costs_nothing(test, box):
    score = box.score(fenced(ADDS), f"{KODCODE}\nimport pytest\n\n@pytest.mark.xfail\n{test}\n")
    assert score.outcome is Outcome.PASS, told(score)


def test_a_program_cannot_skip_its_tests(box):
    skips = "import pytest, unittest\ndef f(x):\n    {}\n"
    for how in (
        "pytest.skip('not today')",
        "raise unittest.SkipTest('no')",
        "pytest.xfail('no')",
        "pytest.exit('bye', returncode=0)",
        "raise KeyboardInterrupt",
    ):
        for label in (KODCODE, {"test": EXERCISM.replace("leap_year", "f").replace("from leap", "from solution")}):
            score = box.score(fenced(skips.format(how)), label)
            assert score.outcome in (Outcome.FAIL, Outcome.CRASH), (how, told(score))
            assert score.pass_rate == 0.0


def test_a_test_after_one_that_ended_the_program_is_judged_on_its_own(box):
    program = "import os\ndef f(x):\n    if x == 1:\n        os._exit(0)\n    return x + 1"
    label = "from solution import f\n\ndef test_a():\n    assert f(1) == 2\n\ndef test_b():\n    assert f(2) == 3\n\ndef test_c():\n    assert f(3) == 4\n"
    score = box.score(fenced(program), label)
    assert score.outcome is Outcome.CRASH
    assert [case.verdict for case in score.judgement.cases] == [Verdict.RUNTIME_ERROR, Verdict.ACCEPTED, Verdict.ACCEPTED]


# --- F21: files of the label, of the program, and of neither ---------------------------------------------------------------

EVERYTHING_PASSES = "import pytest\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    out = yield\n    out.get_result().outcome = 'passed'\n\n@pytest.fixture\ndef wanted():\n    return {}\n"
PLANTED = {
    "conftest.py": EVERYTHING_PASSES,
    "pytest.ini": "[pytest]\naddopts = --collect-only\npython_functions = nothing_*\n",
    "tox.ini": "[pytest]\npython_functions = nothing_*\n",
    "sitecustomize.py": "import os\nos._exit(0)\n",
    "usercustomize.py": "import os\nos._exit(0)\n",
    "pytest.py": "def main(*args, **kwargs): return 0\n",
    "test_label.py": "def test_nothing(): pass\n",
    "test_mine.py": "def test_nothing(): pass\n",
    "unittest.py": "class TestCase: pass\n",
}


@pytest.mark.parametrize("name", PLANTED)
def test_files_that_a_program_writes_change_nothing(name, box):
    # Only beside itself: where a layer that should confine it is missing, a program that writes to sys.path spoils the machine.
    plants = f"""
import os
for place in (".", os.path.dirname(os.path.abspath(__file__)), "tests"):
    if os.path.realpath(place).startswith(os.path.realpath(".")):
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, {name!r}), "w") as file:
            file.write({PLANTED[name]!r})
"""
    labels_ = [
        KODCODE,
        {"files": {"test_f.py": USES_FIXTURE, "conftest.py": CONFTEST}},
        {"files": {"test_f.py": CHECKS, "pytest.ini": "[pytest]\npython_functions = check_*\n"}},
    ]
    for label in labels_:
        score = box.score(fenced(plants + ADDS_NOT), label)
        assert (score.outcome, score.pass_rate) == (Outcome.FAIL, 0.0), told(score)
        score = box.score(fenced(plants + ADDS), label)
        assert score.outcome is Outcome.PASS, told(score)


def test_files_that_are_no_python_are_base64_where_the_others_are(box):
    test = "from pathlib import Path\nfrom solution import f\n\ndef test_a():\n    assert f(1) == int(Path(__file__).with_name('wanted.txt').read_text())\n"
    score = box.score(fenced(ADDS), {"files": {"test_f.py": packed(test), "wanted.txt": packed("2\n")}, "language": "pytest"})
    assert score.outcome is Outcome.PASS, told(score)


def test_text_that_happens_to_be_base64_is_text_where_the_others_are(box):
    test = "from pathlib import Path\nfrom solution import f\n\ndef test_a():\n    assert Path(__file__).with_name('word.txt').read_text() == 'abcd' and f(1) == 2\n"
    score = box.score(fenced(ADDS), {"files": {"test_f.py": test, "word.txt": "abcd"}, "runner": "pytest"})
    assert score.outcome is Outcome.PASS, told(score)


CONSTANTS = "STEP = 1\n"
SUPPORTED = {"files": {"test_f.py": "from constants import STEP\n" + KODCODE, "constants.py": CONSTANTS, "secret.py": "STEP = 1\n"}}


def test_a_file_that_the_prompt_tells_of_is_there_for_the_program(box):
    program = fenced("from constants import STEP\n\ndef f(x):\n    return x + STEP")
    score = box.score(program, SUPPORTED, "Write f. Use the constants of `constants.py`.")
    assert score.outcome is Outcome.PASS, told(score)
    score = box.score(program, SUPPORTED, "Write f.")
    assert score.outcome is Outcome.CRASH, told(score)


@pytest.mark.parametrize(
    "prompt",
    [
        "Write f with constants.py",
        "",
        "Write f. It is tested by test_f.py and conftest.py.",
        "See other/secret.py, my_secret.py and secret.pyc",
    ],
)
@pytest.mark.parametrize("module", ["secret", "test_f", "conftest"])
def test_no_other_file_of_the_label_is(module, prompt, box):
    label = {"files": {**SUPPORTED["files"], "conftest.py": "STEP = 1\n"}}
    score = box.score(fenced(f"from {module} import *\n\ndef f(x):\n    return x + STEP"), label, prompt)
    assert score.outcome is Outcome.CRASH, told(score)


def test_no_file_of_the_label_can_be_found_by_walking(box):
    walks = """
import os
found = []
for root in (".", "..", "/dev/shm", os.path.dirname(os.path.abspath(__file__))):
    for folder, _, files in os.walk(root):
        for name in files:
            try:
                with open(os.path.join(folder, name), errors="replace") as file:
                    if "STEP_" + "SECRET" in file.read(10000):
                        found.append(name)
            except OSError:
                pass

def f(x):
    return x + (1 if found else 5)
"""
    label = {"files": {"test_f.py": KODCODE + "# STEP_SECRET\n", "data.txt": "STEP_SECRET", "conftest.py": "# STEP_SECRET\n"}}
    score = box.score(fenced(walks), label)
    assert score.outcome is Outcome.FAIL, told(score)


# --- the seed's own form: a response that brings its own tests ---------------------------------------------------------------

OWN_TESTS = {
    "pass": "def test_mine():\n    assert True\n",
    "fail": "def test_mine():\n    assert False\n",
    "use-it": "def test_mine():\n    assert f(1) == 2\n",
    "parametrized": "import pytest\n\n@pytest.mark.parametrize('x', range(50))\ndef test_mine(x):\n    assert f(x) == f(x)\n",
    "shadow": "def test_one():\n    pass\n\ndef test_adds(given=0, wanted=0):\n    pass\n",
    "unittest": "import unittest\n\nclass TestMine(unittest.TestCase):\n    def test_mine(self):\n        self.assertTrue(False)\n",
    "fixture": "import pytest\n\n@pytest.fixture(autouse=True)\ndef skips():\n    pytest.skip('all of them')\n",
    "main": "if __name__ == '__main__':\n    import pytest\n    raise SystemExit(pytest.main([__file__]))\n",
}


@pytest.mark.parametrize("own", OWN_TESTS)
def test_tests_of_the_response_never_count(own, box):
    text = OWN_TESTS[own]
    for program, outcome in ((ADDS, Outcome.PASS), (ADDS_NOT, Outcome.FAIL), (ADDS_SOME, Outcome.PARTIAL)):
        same_block = fenced(program + "\n\n" + text)
        own_block = fenced(program) + "And its tests:\n\n" + fenced("import pytest\nfrom solution import f\n\n" + text)
        tests_first = fenced("import pytest\nfrom solution import f\n\n" + text) + "And the code:\n\n" + fenced(program)
        for response in (same_block, own_block, tests_first):
            score = box.score(response, {"pytest": PYTEST})
            assert (score.outcome, len(score.judgement.cases)) == (outcome, 4), (response, told(score))


@pytest.mark.parametrize(
    "label",
    [{"pytest": PYTEST}, {"files": {"test_f.py": PYTEST}}, {"test": KODCODE}, ["for x in (1, 2):\n    assert f(x) == x + 1"]],
    ids=["pytest", "files", "kodcode", "asserts"],
)
@pytest.mark.parametrize("own", OWN_TESTS)
def test_tests_alone_are_no_solution(own, label, box):
    for text in (
        OWN_TESTS[own],
        "from solution import f\n\n" + OWN_TESTS[own],
        "from main import f\nimport solution\n" + OWN_TESTS[own],
    ):
        score = box.score(fenced(text), label)
        assert score.outcome in (Outcome.FAIL, Outcome.CRASH), told(score)
        assert score.pass_rate == 0.0


# --- broken labels ---------------------------------------------------------------------------------------------------------

BROKEN = {
    "F1-no-check": ({"entry_point": "Solution().f", "test": "def check(candidate):\n    pass\n\ndef check(other):\n    pass\n"}, "one"),
    "F1-no-entry-point": ({"test": "def check(candidate):\n    assert candidate(1) == 2\n"}, "there is no entry_point"),
    "F1-setup-fails": (check("    for x in (1, 2):\n        assert candidate(x) == nothing\n", "nothing = 5[0]\n"), "TypeError"),
    "F1-missing-library": (check("    import nosuchlibrary\n    for x in (1, 2):\n        assert candidate(x) == x + 1\n"), "nosuchlibrary"),
    "F2-no-solution": ({**F2["humaneval"].label, "canonical_solution": None}, "canonical_solution"),
    "F2-no-inputs": ({**F2["humaneval"].label, "base_input": [], "plus_input": []}, "no test cases"),
    "F2-inputs-are-no-lists": ({**F2["humaneval"].label, "base_input": [1]}, "list of lists"),
    "F2-wrong-entry": ({**F2["mbpp"].label, "entry_point": "nothing"}, "nothing"),
    "F3-setup-fails": ({"test_setup_code": "import nosuchlibrary", "test_list": ["for x in (1,):\n    assert f(x) == 2"]}, "nosuchlibrary"),
    "F3-list-is-a-dict": ({"test_list": {"x": {"": []}}}, "no test cases"),
    "F13-syntax": ({"labels": {"programming_language": "python"}, "test": {"code": "#<INSERT>\nassert f(1 =="}}, "not valid Python"),
    "F13-no-code": ({"labels": {"programming_language": "python"}, "test": {}}, "F13"),
    "F13-other-language": ({"labels": {"programming_language": "cobol"}, "test": {"code": "#<INSERT>\nassert f(1) == 2"}}, "cobol"),
    "F13-asset": ({"labels": {"programming_language": "python"}, "test": {"code": "#<INSERT>\nassert f(1) == 2", "asset": {"a": "!"}}}, "base64"),
    "F16-syntax": ({"functional": "def check(candidate:\n    pass\ncheck(Solution().f)"}, "not valid Python"),
    "F17-syntax": ({"pytest": "from solution import f\n\ndef test_a(:\n    pass"}, "not valid Python"),
    "F17-no-test": ({"pytest": "from solution import f\n\ndef helper():\n    assert f(1) == 2\n"}, "no test"),
    "F17-all-skipped": ({"pytest": KODCODE.replace("def test", "@pytest.mark.skip\ndef test").replace("\n\n", "\nimport pytest\n\n", 1)}, "skipped"),
    "F17-module-skipped": ({"pytest": "import pytest\nfrom solution import f\npytest.importorskip('nosuchlibrary')\n\ndef test_a():\n    assert f(1) == 2\n"}, ""),
    "F17-missing-library": ({"pytest": "import nosuchlibrary\nimport othermissing\nfrom solution import f\n\ndef test_a():\n    assert f(1) == 2\n"}, "nosuchlibrary"),
    "F17-missing-fixture": ({"pytest": "from solution import f\n\ndef test_a(mocker):\n    assert f(1) == 2\n"}, "mocker"),
    "F17-exits": ({"pytest": "import os\nfrom solution import f\n\ndef test_a():\n    os._exit(0)\n"}, "ended their own process"),
    "F18-no-test": (big_code("", "import unittest\nclass TestCases(unittest.TestCase):\n    def helper(self):\n        pass\n"), "no test"),
    "F18-all-skipped": (big_code("", "import unittest\n@unittest.skip('no')\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(task_func(1), 2)\n"), "skipped"),
    "F18-syntax": (big_code("", "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self:\n"), "not valid Python"),
    "F18-missing-library": (big_code("", "import unittest\nimport nosuchlibrary\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(task_func(1), 2)\n"), "nosuchlibrary"),
    "F21-no-test": ({"files": {"helper.py": "x = 1"}, "runner": "pytest"}, "test_"),
    "F21-other-runner": ({"files": {"test_f.py": PYTEST}, "runner": "jest"}, "jest"),
    "F21-other-verifier": ({"hidden_files": {"test_f.py": PYTEST}, "verifier": {"type": "command", "command": "make"}}, "command"),
    "F21-absolute": ({"files": {"/etc/test_f.py": PYTEST}, "runner": "pytest"}, "outside"),
    "F21-outside": ({"files": {"../test_f.py": PYTEST}, "runner": "pytest"}, "outside"),
    "F21-starter-absolute": ({"files": {"test_f.py": PYTEST}, "starter_files": {"/tmp/x": ""}}, "outside"),
    "F21-numbers": ({"files": {"test_f.py": 5}}, "int 5"),
    "F21-list": ({"files": ["test_f.py"]}, "list"),
    "F21-syntax-of-conftest": ({"files": {"test_f.py": PYTEST, "conftest.py": "def x(:"}}, "not valid Python"),
    "F21-pytest-ini": ({"files": {"test_f.py": PYTEST, "pytest.ini": "no ini at all"}}, ""),
}  # fmt: skip
ALL_NAMES = ADDS + "\n\ntask_func = decode = find_zero = f\n\nclass Solution:\n    def f(self, x):\n        return x + 1\n"


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_label_is_never_a_reward_and_says_what_is_wrong(name, box):
    label, words = BROKEN[name]
    for program in (ALL_NAMES, "def f(numbers, threshold=0):\n    return None\n\ntask_func = f\n\nclass Solution:\n    f = f"):
        score = box.score(fenced(program), label)
        assert (score.verdict, score.outcome) == (Verdict.LABEL_ERROR, Outcome.INTERNAL), told(score)
        assert (score.reward, score.score) == (0.0, 0.5)
        assert words in score.judgement.reason
        assert 10 < len(score.judgement.reason) < 1500


class Unshowable:
    def __repr__(self):
        raise ValueError("no")


CYCLE = []
CYCLE.append(CYCLE)
JUNK = [None, 5, -1.5, True, "", "x", "assert", "{", [], [None], [[]], [5, "x"], {}, {"x": None}, {"": {"": []}}, {5: 6}, ("a",), b"\xff", CYCLE, object(), Unshowable(), "\0", "\ud800", 10 ** 5000, float("nan"), {"test": "def test_a(): f"}]  # fmt: skip
KEYED = {name: problem.label for name, problem in {
    "F1": F1["several-functions"], "F2": F2["humaneval"], "F3": F3["setup-code"], "F13": F13["asset"], "F16": F16["leetcode-dataset"],
    "F16-functional": F16["functional"], "F17": F17["code-r1"], "F17-kodcode": F17["kodcode-with-its-name"], "F18": F18["files"],
    "F21": F21["conftest"], "F21-agentbox": F21["agentbox"],
}.items()}  # fmt: skip
PLACES = [(name, key) for name, label in KEYED.items() for key in [*label, "files", "prompt", "time_limit", "preamble", "verifier", "solution_path", "runner", "import_prefix", "code_prompt"]]  # fmt: skip


PAID_TODAY = set()
"""Places where junk leaves a label that asks nothing: test_a_label_that_asks_nothing_is_broken."""


@pytest.mark.parametrize("form", KEYED)
def test_junk_for_any_key_is_a_suite_or_a_label_error(form):
    for name, key in PLACES:
        for junk in JUNK if name == form else ():
            try:
                assert labels.read({**KEYED[form], key: junk}).format
            except LabelError as error:
                assert 10 < len(str(error)) < 1500


@pytest.mark.parametrize("name, key", [place for place in PLACES if place not in PAID_TODAY])
def test_junk_for_any_key_is_never_paid_and_never_our_fault(name, key, box):
    junk = JUNK[PLACES.index((name, key)) * 7 % len(JUNK)]
    if key == "solution_path" and junk in ("\0", "\ud800"):
        junk = None  # test_a_name_that_no_file_can_have_is_the_labels_fault
    score = box.score(fenced("def g(): pass"), {**KEYED[name], key: junk})
    assert score.verdict is not Verdict.INTERNAL_ERROR, (key, told(score))
    assert score.outcome not in PAID, (key, told(score))
    assert score.verdict is not Verdict.LABEL_ERROR or score.judgement.reason


ASKS_NOTHING = {
    "check-that-is-never-called": {"test": "def check(candidate):\n    for x in (1, 2):\n        assert candidate(x) == x + 1\n"},
    "check-without-asserts": {"functional": "def check(candidate):\n    pass\n\ncheck(Solution().f)"},
    "check-that-loops-over-nothing": check("    for x in []:\n        assert candidate(x) == 1\n"),
    "async-check": {"entry_point": "f", "test": "async def check(candidate):\n    assert candidate(1) == 3"},
    "functional-is-a-number": {"functional": 5},
    "functional-is-a-name": {"functional": "print"},
    "functional-without-its-call": {"functional": "def check(candidate):\n    assert candidate(1) == 2"},
    "own-asserts-only": ["import math\nfor x in (1, 2):\n    assert math.sqrt(x * x) == x"],
    "auto-eval": {"labels": {"programming_language": "python"}, "test": {"code": "import math\n#<INSERT>\n"}},
    "pytest": {"pytest": "from solution import f\n\ndef test_a():\n    assert True\n"},
    "pytest-without-the-program": {"pytest": "def test_a():\n    assert 1 + 1 == 2\n"},
    "unittest": big_code("", "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        pass\n"),
    "empty-canonical-solution": {"entry_point": "f", "prompt": PROMPT, "canonical_solution": "", "base_input": [[[1], 2]]},
}  # fmt: skip


@pytest.mark.parametrize("name", ASKS_NOTHING)
def test_a_label_that_asks_nothing_is_broken(name, box):
    """Law 1: a pass needs positive evidence. A suite that asked the program nothing has none."""
    nonsense = "def f(*args):\n    return None\n\ntask_func = f\n\nclass Solution:\n    f = f\n"
    score = box.score(fenced(nonsense), ASKS_NOTHING[name])
    assert (score.verdict, score.outcome) == (Verdict.LABEL_ERROR, Outcome.INTERNAL), told(score)


@pytest.mark.parametrize(
    "more",
    [{"solution_path": "a\0b.py"}, {"solution_path": "\ud800.py"}, {"starter_files": {"x\0y": ""}}, {"starter_files": {"a": "", "a/b": ""}}],
)  # fmt: skip
def test_a_name_that_no_file_can_have_is_the_labels_fault(more, box):
    score = box.score(fenced(ADDS), {"files": {"test_f.py": PYTEST}, **more})
    assert score.verdict is Verdict.LABEL_ERROR, told(score)


@pytest.mark.parametrize("name", ["../x", "../../x", "a/../../x"])
def test_an_asset_lies_in_the_folder_of_the_job(name):
    label = {
        "labels": {"programming_language": "python"},
        "test": {"code": "#<INSERT>\nfor x in (1,):\n    assert f(x) == 2", "asset": {name: packed("x")}},
    }
    with pytest.raises(LabelError):
        labels.read(label)


@pytest.mark.parametrize(
    "label",
    [
        {"files": {"test_f.py": {"content": 5}}}, {"files": {"test_f.py": {"content": PYTEST, "mode": None}}}, {"files": {"": PYTEST}},
        {"files": {"test_.py": "", "a/../../b": ""}}, {"files": {"test_f.py/x_test.py": PYTEST, "test_f.py": PYTEST}}, {"files": {"test_f.py": "\0"}},
        {"files": {"test_f.py": "\ud800"}}, {"files": {"test_\0.py": PYTEST}}, {"files": {"test_" + "a" * 5000 + ".py": PYTEST}}, {"files": {"test_f.py": PYTEST, "x": "\ud800"}},
        {"files": {"test_f.py": PYTEST}, "solution_path": "../x.py"}, {"files": {"test_f.py": PYTEST}, "solution_path": "/etc/passwd"},
        {"files": {"test_f.py": PYTEST}, "solution_path": "test_f.py"},
        {"hidden_files": {"test_f.py": PYTEST}, "verifier": {"type": "pytest", "path": ["test_f.py"]}}, {"hidden_files": {"test_f.py": PYTEST}, "verifier": {"type": ["pytest"]}}, {"hidden_files": {"test_f.py": PYTEST}, "verifier": [1]},
        {"labels": [], "test": []}, {"labels": {"programming_language": ["python"]}, "test": {"code": "assert f(1)"}}, {"labels": {"x": 1}, "test": {"code": "assert [f(x) for x in (1,)] == [0]", "asset": ["x"]}},
        {"entry_point": "f(", "test": "def check(candidate):\n    assert candidate(1) == 3"}, {"entry_point": "Solution().f; import os", "test": "def check(candidate):\n    assert candidate(1) == 3"}, {"entry_point": "", "test": "def check(candidate):\n    assert candidate(1) == 3"},
        {"entry_point": "f", "test": "def check(*candidate):\n    assert candidate[0](1) == 3"},
        {"base_input": [[range(3)]], "entry_point": "f", "canonical_solution": "def f(x): return 1"}, {"base_input": [[CYCLE]], "entry_point": "f", "canonical_solution": "def f(x): return 1"}, {"base_input": [[{5}]], "entry_point": "f", "canonical_solution": "def f(x): return object()"},
        {"pytest": "def test_a():\n" + "    (" * 300}, {"pytest": "x = " + "-" * 9000 + "1"}, {"pytest": "def test_a(): assert f(1) == 1\n" * 200}, {"pytest": "from . import f\ndef test_a(): assert f(1) == 1"}, {"pytest": "import solution.deep.er as s\ndef test_a(): assert s.f(1) == 1"},
    ],
    ids=lambda label: repr(label)[:60].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_nested_nonsense_raises_nothing_and_is_never_paid(label, box):
    score = box.score(fenced("def f(x=0, *rest):\n    raise KeyError(x)"), label)
    assert score.verdict is not Verdict.INTERNAL_ERROR, told(score)
    assert score.outcome not in PAID, told(score)


# --- asserts that were reduced to calls, and answers that are objects --------------------------------------------------------

VECTORS = """
from enum import Enum
class Vec:
    def __init__(s, x, y): s.x, s.y = x, y
    def __eq__(s, o): return (s.x, s.y) == (o.x, o.y)
    def __hash__(s): return hash((s.x, s.y))
    def __add__(s, o): return Vec(s.x + o.x, s.y + o.y)
    def __str__(s): return f'({s.x}, {s.y})'
    def __len__(s): return 2
    def __abs__(s): return (s.x ** 2 + s.y ** 2) ** 0.5
    def __getitem__(s, i): return (s.x, s.y)[i]
    def __iter__(s): return iter((s.x, s.y))
    def __lt__(s, o): return abs(s) < abs(o)
class Color(Enum):
    RED = 1
def make(x, y): return Vec(x, y)
def color(x): return Color(x)
def keys(d): return d.keys()
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert Vec(1, 2) == Vec(1, 2)", "assert Vec(1, 2) + Vec(3, 4) == Vec(4, 6)", "assert str(Vec(1, 2)) == '(1, 2)'",
        "assert len(Vec(1, 2)) == 2", "assert abs(Vec(3, 4)) == 5.0", "assert Vec(1, 2)[1] == 2", "assert list(Vec(1, 2)) == [1, 2]",
        "assert Vec(1, 2) < Vec(2, 2)", "assert len({Vec(1, 2), Vec(1, 2)}) == 1", "assert make(1, 2) == make(1, 2)",
        "assert [make(1, 2)] == [make(1, 2)]", "assert str(make(1, 2)) == '(1, 2)'", "assert color(1) == color(1)",
        "assert color(1) is color(1)", "assert len(keys({1: 2})) == 1",
    ],
)  # fmt: skip
def test_asserts_about_objects_are_judged_as_python_does(box, test):
    exec(VECTORS + test, {})
    assert box.score(fenced(VECTORS), [test]).reward == 1.0
    wrong = "class Vec:\n    def __init__(s, *a): pass\ndef make(*a): return Vec()\ndef color(x): return object()\ndef keys(d): return iter(d)"
    assert box.score(fenced(wrong), [test]).outcome in (Outcome.FAIL, Outcome.CRASH)


@pytest.mark.parametrize(
    "program",
    [
        "class A:\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\ndef f(x): return A()",
        "class A(float):\n    def __new__(c): return float.__new__(c)\n    def __eq__(s, o): return True\n    __hash__ = None\ndef f(x): return [A()]",
        "def f(x): return object()",
    ],
)
@pytest.mark.parametrize(
    "label",
    [
        ["assert f(1) == 2"],
        ["assert abs(f(1) - 2) < 1e-6"],
        {"test": "def check(candidate):\n    assert candidate(1) == 2\n", "entry_point": "f"},
    ],
)
def test_an_object_in_the_place_of_a_value_is_a_wrong_answer(box, program, label):
    score = box.score(fenced(program), label)
    assert (score.reward, score.outcome) == (0.0, Outcome.FAIL), told(score)


def test_an_object_makes_no_label_the_culprit(box):
    """As code these tests would be a broken label; a program cannot bring that about by what it answers."""
    label = {"test_list": ["assert f(1) == 2"], "test_setup_code": "import nosuchmodule"}
    right = box.score(fenced("def f(x): return 2"), {"test_list": ["assert f(1) == 2"]})
    assert right.reward == 1.0
    seen = {box.score(fenced(program), label).verdict for program in ("def f(x): return 2", "def f(x): return object()")}
    assert len(seen) == 1


# --- names of libraries that labels forgot to import ---------------------------------------------------------------------------

EQUAL_COUNTER = (
    "class Counter:\n    def __init__(s, *a): pass\n    def __eq__(s, o): return True\nOrderedDict = Counter\ndef f(x): return []\n"
)


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        ({"test": "def check(candidate):\n    for x in [1, 2]:\n        assert Counter(candidate([x])) == Counter([2 * x])\n", "entry_point": "f"},
         "def f(x): return [2 * i for i in x]", EQUAL_COUNTER),
        ({"pytest": "def test_a():\n    assert Counter(f([1, 2])) == Counter([2, 4])\n"}, "def f(x): return [2 * i for i in x]", EQUAL_COUNTER),
        ({"pytest": "from solution import f\ndef test_a():\n    assert Counter(f([1, 2])) == Counter([2, 4])\n"}, "def f(x): return [2 * i for i in x]", EQUAL_COUNTER),
        (["x = f([1, 2])\nassert OrderedDict(x) == OrderedDict([(1, 2)])"], "def f(x): return [x]", EQUAL_COUNTER),
        (["assert sqrt(f(4)) == 2"], "def f(x): return x", "def f(x): return 9\ndef sqrt(x): return 2"),
        (["assert len(DATA) == 3"], "DATA = [1, 2, 3]", "DATA = []\ndef len(x): return 3"),
    ],
)  # fmt: skip
def test_a_library_that_the_label_forgot_is_not_the_programs(box, label, right, wrong):
    assert box.score(fenced(right), label).reward == 1.0
    assert box.score(fenced(wrong), label).outcome in (Outcome.FAIL, Outcome.CRASH)


@pytest.mark.parametrize(
    "label",
    [
        ["assert sqrt(2) == 5", "x = [2]\nfor i in x: assert sqrt(i) == 5"],
        {"entry_point": "sqrt", "test": "def check(candidate):\n    for i in [2]:\n        assert candidate(i) == sqrt(i) == 5\n"},
        {"pytest": "def test_a():\n    assert sqrt(2) == 5\n"},
        {"pytest": "from solution import sqrt, log\ndef test_a():\n    assert sqrt(2) == 5\n    assert log == []\n"},
    ],
)
def test_a_function_of_a_librarys_name_is_asked_of_the_program(box, label):
    assert box.score(fenced("log = []\ndef sqrt(x): return 5"), label).reward == 1.0
    assert box.score(fenced("log = []\ndef sqrt(x): return x ** 0.5"), label).outcome is Outcome.FAIL


# --- exception classes that are other names of builtin ones ---------------------------------------------------------------------

CATCHES = {
    "check": {"entry_point": "f", "test": "def check(candidate):\n    for bad in (-1, -5):\n        try:\n            candidate(bad)\n            assert False\n        except ValidationError:\n            pass\n"},
    "pytest": {"pytest": "import pytest\nfrom solution import f, ValidationError\ndef test_b():\n    try:\n        f(-1)\n        pytest.fail('no')\n    except ValidationError:\n        pass\n"},
    "tuple": {"pytest": "import pytest\nfrom solution import f, Errors\ndef test_b():\n    try:\n        f(-1)\n        pytest.fail('no')\n    except Errors.ALL:\n        pass\n"},
}  # fmt: skip


@pytest.mark.parametrize("label", CATCHES.values(), ids=CATCHES)
@pytest.mark.parametrize("error", ["AssertionError", "Exception", "BaseException"])
def test_no_alias_of_the_tests_own_failure_catches_it(box, label, error):
    """The tests' `except ValidationError` would; where the program does raise it, it is caught."""
    names = f"ValidationError = {error}\nclass Errors: ALL = ({error}, ValueError)\n"
    assert box.score(fenced(f"{names}def f(x): return x"), label).outcome in (Outcome.FAIL, Outcome.CRASH)
    assert box.score(fenced(f"{names}def f(x): raise ValidationError(x)"), label).reward == 1.0
    own = "class ValidationError(Exception): pass\nclass Errors: ALL = (ValidationError, ValueError)\ndef f(x): raise ValidationError(x)"
    assert box.score(fenced(own), label).reward == 1.0


def test_builtin_exceptions_are_themselves(box):
    label = {
        "pytest": """
import pytest
from solution import f, Own
@pytest.mark.parametrize("kind", [Exception, AssertionError, Own])
def test_a(kind):
    with pytest.raises(kind) as caught:
        f(kind.__name__)
    assert type(caught.value) is kind and isinstance(caught.value, Exception) and str(caught.value) == "said"
    assert repr(caught.value) == f"{kind.__name__}('said')"
"""
    }
    program = "class Own(Exception): pass\ndef f(name): raise {'Exception': Exception, 'AssertionError': AssertionError, 'Own': Own}[name]('said')"
    score = box.score(fenced(program), label)
    assert score.reward == 1.0, told(score)


# --- what programs return of pandas ---------------------------------------------------------------------------------------------

FRAME = """\
import pandas as pd
def task_func(d):
    df = pd.DataFrame(d)
    df["c"] = df["a"] * {factor}
    return df
def stamp(): return pd.Timestamp("2024-01-0{factor}")
"""


@pytest.mark.parametrize(
    "check",
    [
        "pd.testing.assert_frame_equal(df, pd.DataFrame({'a': [1, 2], 'c': [2, 4]}))",
        "pd.testing.assert_series_equal(df['c'], pd.Series([2, 4], name='c'))",
        "self.assertTrue(df.equals(pd.DataFrame({'a': [1, 2], 'c': [2, 4]})))",
        "self.assertTrue((df['c'] == [2, 4]).all())",
        "self.assertEqual(df[df['a'] > 1]['c'].tolist(), [4])",
        "self.assertTrue(isinstance(df, pd.DataFrame) and df['c'].sum() == 6 and df.shape == (2, 2) and list(df.columns) == ['a', 'c'])",
        "self.assertEqual(stamp(), pd.Timestamp('2024-01-02'))",
    ],
)
def test_frames_of_a_program_are_values(box, check):
    test = f"""
import unittest
import pandas as pd
class TestCases(unittest.TestCase):
    def test_a(self):
        df = task_func({{'a': [1, 2]}})
        {check}
"""
    label = {"test": test, "entry_point": "task_func"}
    right, wrong = (box.score(fenced(FRAME.replace("{factor}", factor)), label) for factor in "23")
    assert right.reward == 1.0, told(right)
    assert wrong.outcome is Outcome.FAIL, told(wrong)


MEANT = "def f(x): return None\n"


@pytest.mark.parametrize(
    ("label", "program"),
    [
        ({"functional": "assert math.isclose(Solution().f(1), 2.0)\n"}, "class math:\n    isclose = staticmethod(lambda *a, **k: True)\nclass Solution:\n    def f(self, x): return 0"),
        ({"functional": "s = Solution()\nassert np.allclose(s.f(1), 2.0)\n"}, "class np:\n    allclose = staticmethod(lambda *a, **k: True)\nclass Solution:\n    def f(self, x): return 0"),
        ({"pytest": "def test_a():\n    assert f(1) == approx(2.0)\n"}, MEANT + "def approx(*a, **k): return None"),
        ({"pytest": "from solution import *\ndef test_a():\n    assert f(1) == approx(2.0)\n"}, MEANT + "def approx(*a, **k): return None"),
        ({"pytest": "def test_a():\n    assert math.isclose(f(1), 2.0)\n"}, MEANT + "class math:\n    isclose = staticmethod(lambda *a, **k: True)"),
        ({"pytest": "from solution import *\ndef test_a():\n    assert math.isclose(f(1), 2.0)\n"}, MEANT + "class math:\n    isclose = staticmethod(lambda *a, **k: True)"),
        ({"pytest": "def test_a():\n    assert f(1) == json.loads('2')\n"}, MEANT + "class json:\n    loads = staticmethod(lambda s: None)"),
    ],
)  # fmt: skip
def test_in_no_reader_is_a_library_the_programs(box, label, program):
    assert box.score(fenced(program), label).outcome is Outcome.FAIL
    right = "class Solution:\n    def f(self, x): return 2" if "functional" in label else "def f(x): return 2"
    assert box.score(fenced(right), label).reward == 1.0


def test_a_class_of_a_librarys_name_is_the_programs_where_it_is_used_as_no_other(box):
    program = "class Counter:\n    def __init__(self): self.n = 0\n    def inc(self): self.n += 1\ndef run(c, n):\n    for _ in range(n): c.inc()\n    return c\ndef floor(a, b): return a // b * b\ndef f(x): return x"
    assert box.score(program, ["c = run(Counter(), 3)\nassert c.n == 3", "assert floor(17, 5) == f(15)"]).reward == 1.0


def test_a_method_called_check_is_no_check_function(box):
    label = {
        "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def check(self, x, y):\n        self.assertEqual(f(x), y)\n"
        "    def test_a(self):\n        self.check(1, 2)\n",
        "entry_point": "f",
    }
    assert [box.score(program, label).reward for program in ("def f(x): return 2", "def f(x): return 3", "def f(x) return 2")] == [
        1.0,
        0.0,
        -1.0,
    ]


@pytest.mark.parametrize("test", ["assert candidate([1, 2]) == 3", "for xs in [[1, 2]]:\n        assert candidate(xs) == 3"])
def test_a_program_may_rely_on_what_the_prompt_imports(box, test):
    """The function is repeated, and the prompt's `from typing import List` above it is not."""
    prompt = 'from typing import List\nimport nosuchmodule\n\n\ndef f(xs: List[int]) -> int:\n    """The sum."""\n'
    label = {"prompt": prompt, "entry_point": "f", "test": f"def check(candidate):\n    {test}\n"}
    assert box.score(fenced("def f(xs: List[int]) -> int:\n    return sum(xs)"), label).reward == 1.0
    assert box.score(fenced("def f(xs: Dict[int]) -> int:\n    return sum(xs)"), label).reward == -1.0

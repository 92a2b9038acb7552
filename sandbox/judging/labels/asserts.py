"""Labels whose tests are assert statements: F1 (check functions), F3 and F4 (lists), reduced to calls and expectations by `ast`.

Of each assert the calls of the candidate are cut out and asked of the candidate; what the assert says about their values stays
on the host (`Equal`, or `Assertion` for more than an equation). What cannot be reduced so goes to a tester as it is (`labels.code`).
"""

from __future__ import annotations

import ast
import builtins
import copy
import dataclasses
import functools
import json
import re
import sys
import textwrap
from dataclasses import dataclass, field
from typing import Any

from sandbox.judging.checkers import Assertion, Equal
from sandbox.judging.checkers.expression import ANSWER_PREFIX, Irreducible, evaluate, is_supported_function, validate
from sandbox.judging.labels import code, files
from sandbox.judging.labels import names as names_of
from sandbox.judging.labels.text import described, limits_of, parsed
from sandbox.words.errors import LabelError
from sandbox.words.job import Call
from sandbox.words.suite import CallCase, Suite

__all__ = ["from_check", "from_lists", "from_text", "is_assert_list"]

_BUILTINS = frozenset(dir(builtins))
_MODULES = frozenset((*sys.stdlib_module_names, "np", "numpy", "pd", "pandas", "torch"))
"""`math.isclose(f(1), 2)` asks `f`, not `math.isclose`, of the candidate, also where the label forgot the import."""


def is_assert_list(items: Any) -> bool:
    """Whether *items* is a list of texts that begin with assert (setup lines may stand before them)."""
    return bool(isinstance(items, list) and items and all(isinstance(item, str) for item in items)) and any(
        re.search(r"^\s*assert\b", item, re.M) for item in items
    )


def from_check(label: dict[str, Any]) -> Suite:
    """F1: {"test": "def check(candidate): ...", "entry_point": "f"}; "prompt" is code that a completion continues."""
    entry = str(label["entry_point"]).strip()
    tree = code.parse(label["test"], "F1: test")
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if len(checks) != 1 or not entry.isidentifier():
        return code.from_check(label)
    try:
        names, statements = _without_checks(tree.body)
        suite = _Reader(names={entry, *names}, entry=entry).suite("F1", statements, label, prompt=str(label.get("prompt") or ""))
    except Irreducible:
        return code.from_check(label)
    return dataclasses.replace(suite, as_code=functools.partial(code.from_check, label))


def from_lists(label: dict[str, Any]) -> Suite:
    """F3 and F4: lists of assert texts, with imports as `test_setup_code`, `test_imports`, `setup` or `import_prefix`."""
    tests: list[str] = []
    for key in ("test_list", "challenge_test_list", "tests", "assert_case", "assert_code"):
        found = parsed(label[key]) if label.get(key) else []
        tests += [found] if isinstance(found, str) else found
    if not all(isinstance(test, str) for test in tests):
        raise LabelError(f"F3: the tests are texts of assert statements; found {described(tests)}")
    tests = [textwrap.dedent(test) if test[:1].isspace() else test for test in tests]
    setup = []
    for key in ("test_setup_code", "setup", "test_imports", "import_prefix"):
        lines = label.get(key) or ""
        setup.append("\n".join(lines) if isinstance(lines, list) else str(lines))
    statements = code.parse("\n".join(setup), "F3: setup").body
    for test in tests:
        statements += code.parse(test, "F3: a test").body
    named = str(label.get("entry_point") or "")
    entry = named or _common_builtin(statements)
    as_code = functools.partial(
        code.from_statements, label, "\n".join(setup), tests, entry, "candidate" if named else entry or "candidate"
    )
    try:
        if named:  # ROLL: asserts, or check functions, that say "candidate"
            names, statements = _without_checks(statements)
            suite = _Reader(names={named, "candidate", *names}, entry=named).suite("F3", statements, label)
        else:
            module = ast.Module(body=statements, type_ignores=[])
            library = names_of.missing_imports(names_of.called_names([module]) - _BUILTINS, "", [module])
            suite = _Reader(names={entry} if entry else set(), entry=entry, library=library).suite("F3", statements, label)
    except Irreducible:
        return as_code()
    return dataclasses.replace(suite, as_code=as_code)


def _without_checks(statements: list[ast.stmt]) -> tuple[list[str], list[ast.stmt]]:
    """The arguments of every `def check(candidate)`, and all other statements followed by its body."""
    names: list[str] = []
    bodies: list[ast.stmt] = []
    others: list[ast.stmt] = []
    for node in statements:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            if len(node.args.args) != 1 or node.args.posonlyargs or node.args.kwonlyargs:
                raise Irreducible("a check function that takes more than the candidate")
            names.append(node.args.args[0].arg)
            bodies += node.body
        elif not code.is_call_of(node, "check"):
            others.append(node)
    return names, [*others, *bodies]


def from_text(text: str, around: dict[str, Any]) -> Suite:
    """F4 as one text: assert statements, one below the other; or a check function with its call."""
    if re.search(r"^def check\(", text, re.M):
        called = re.search(r"^check\((\w+)\)", text, re.M)
        entry = str(around.get("entry_point") or (called[1] if called else ""))
        if entry:
            return from_check({**around, "test": text, "entry_point": entry})
    if files.is_test_file(text):
        return files.from_text(text, around)
    if re.search(r"^\s*assert\b", text, re.M):
        return from_lists({**around, "test_list": [text]})
    raise LabelError(f"the label is a text, but neither JSON nor assert statements{_why_no_json(text)}: {described(text)}")


def _why_no_json(text: str) -> str:
    if not text.lstrip().startswith(("{", "[")):
        return ""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return f" (as JSON: {error})"
    return ""


def _common_builtin(statements: list[ast.stmt]) -> str:
    """The name of the candidate where it is that of a builtin (MBPP asks for a `sum`): the one function all asserts call first."""
    outermost = set()
    bound = names_of.bound_names([ast.Module(body=statements, type_ignores=[])])
    for statement in statements:
        if isinstance(statement, ast.Assert):
            if any(isinstance(node, ast.Name) and node.id in bound for node in ast.walk(statement.test)):
                return ""  # `assert list(x) == [1]` looks at an answer that a variable holds
            calls = [node for node in ast.walk(statement.test) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
            if not calls or any(node.func.id not in _BUILTINS for node in calls if isinstance(node.func, ast.Name)):
                return ""
            if any(isinstance(node, ast.Name) for call in calls[:1] for part in call.args for node in ast.walk(part)):
                return ""  # `assert len(DATA) == 3` looks at what the program holds
            outermost |= {node.func.id for node in calls[:1] if isinstance(node.func, ast.Name)}
    return outermost.pop() if len(outermost) == 1 else ""


@dataclass(kw_only=True)
class _Reader:
    """Reads statements one after another; *names* are those of the candidate's function ("candidate" and its real name)."""

    names: set[str]
    entry: str
    library: set[str] = field(default_factory=set)
    """Functions that are a library's although the label forgot to import them."""
    imports: list[str] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    cases: list[CallCase] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    """Variables that candidates were given and could change."""

    def suite(self, name: str, statements: list[ast.stmt], label: dict[str, Any], prompt: str = "") -> Suite:
        for statement in statements:
            self._statement(statement)
        preamble = "\n".join([names_of.standard_imports(prompt), *self.imports]).strip()
        if label.get("preamble"):
            preamble += "\n" + str(label["preamble"])
        return Suite(
            cases=tuple(self.cases),
            format=name,
            entry_points=(self.entry,) if self.entry else tuple(dict.fromkeys(self.asked)),
            preamble=preamble,
            prompt=prompt,
            **limits_of(label),
        )

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assert(test):
                self._assert(test)
            case ast.Import(names) | ast.ImportFrom(names=names):
                self.imports.append(ast.unparse(node))
                self.imported |= {(alias.asname or alias.name).split(".")[0] for alias in names}
            case ast.Assign([ast.Name(name)], value):
                if any(isinstance(part, ast.Name) and self._may_change(part.id) for part in ast.walk(value)):
                    raise Irreducible(f"a variable that may be another's value ({name})")
                self._assign(name, _Substitute(self.constants).visit(value))
            case ast.Expr(ast.Constant() | ast.Name()) | ast.Pass():
                pass  # a docstring, a stray name
            case _:
                raise Irreducible(f"a {type(node).__name__} statement ({ast.unparse(node)[:60]})")

    def _assign(self, name: str, value: ast.expr) -> None:
        if _CutCalls(self).finds(value):
            raise Irreducible(f"a variable that holds an answer ({name})")
        self.constants[name] = value
        self.shared.discard(name)

    def _may_change(self, name: str) -> bool:
        return name in self.constants and not _is_immutable(self.constants[name])

    def _look_out_for_shared(self, test: ast.expr) -> None:
        """Refuse a variable that the candidate was given and may have changed, where it is used again."""
        mentioned = [node.id for node in ast.walk(test) if isinstance(node, ast.Name) and node.id in self.constants]
        given = {
            node.id
            for call in _CutCalls(self).finds(test)
            for node in ast.walk(call)
            if isinstance(node, ast.Name) and self._may_change(node.id)
        }
        for name in mentioned:
            if name in self.shared or (name in given and mentioned.count(name) > 1):
                raise Irreducible(f"a variable that the candidate may have changed ({name})")
        self.shared |= given

    def _assert(self, test: ast.expr) -> None:
        if isinstance(test, ast.Tuple) and test.elts:
            raise LabelError(
                f"an assert of a tuple, which is true of every program: {ast.unparse(test)[:80]}; remove its parentheses"
            )
        self._look_out_for_shared(test)
        test = _Substitute(self.constants).visit(test)
        cut = _CutCalls(self)
        rest = cut.visit(test)
        if not cut.calls:
            validate(rest, ())
            if evaluate(rest, {}):
                return  # `assert True`: says nothing of the candidate, so it is no case
            raise LabelError(f"an assert that is false of every program: {ast.unparse(test)[:80]}")
        if cut.nested and isinstance(rest, ast.Name | ast.UnaryOp):
            # `assert same(f(1), 2)`: if `same` is the label's own check, the candidate must not be the one that is asked.
            raise Irreducible(f"a call inside a call whose value alone decides ({ast.unparse(test)[:60]})")
        roots = {call.function or call.expression.split("(")[0] for call in cut.calls}
        if not self.entry and len(roots) > 1:
            raise Irreducible(f"an assert of several functions without an entry point ({', '.join(sorted(roots))[:60]})")
        answers = tuple(f"{ANSWER_PREFIX}{number}" for number in range(len(cut.calls)))
        validate(rest, answers)
        self.cases.append(CallCase(calls=tuple(cut.calls), check=_check(rest)))


def _check(rest: ast.expr) -> Equal | Assertion:
    """`answer_0 == value` as Equal, which tells a difference better; anything else as Assertion."""
    first = f"{ANSWER_PREFIX}0"
    match rest:
        case ast.Compare(ast.Name(name), [ast.Eq()], [value]) if name == first and not _mentions_answer(value):
            return Equal(expected=_constant(value))
        case ast.Compare(value, [ast.Eq()], [ast.Name(name)]) if name == first and not _mentions_answer(value):
            return Equal(expected=_constant(value))
    return Assertion(expression=ast.unparse(rest))


def _constant(value: ast.expr) -> Any:
    try:
        return evaluate(value, {})
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Irreducible(f"{ast.unparse(value)[:60]} ({type(error).__name__})") from None


def _is_immutable(node: ast.expr) -> bool:
    allowed = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.unaryop, ast.operator, ast.expr_context)
    return all(isinstance(child, allowed) for child in ast.walk(node))


def _mentions_answer(node: ast.expr) -> bool:
    return any(isinstance(child, ast.Name) and child.id.startswith(ANSWER_PREFIX) for child in ast.walk(node))


class _Substitute(ast.NodeTransformer):
    """Puts the expression of a label's own variable in its place.

    Raises:
        Irreducible: the name is bound anew, as that of a comprehension's or a lambda's own variable.
    """

    def __init__(self, constants: dict[str, ast.expr]) -> None:
        self.constants = constants

    def visit_arg(self, node: ast.arg) -> ast.arg:
        self._refuse(node.arg)
        return node

    def _refuse(self, name: str) -> None:
        if name in self.constants:
            raise Irreducible(f"a name with two meanings ({name})")

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            self._refuse(node.id)
        # A copy: what is cut out of one assert must not be missing in the next.
        return copy.deepcopy(self.constants[node.id]) if node.id in self.constants else node


class _CutCalls(ast.NodeTransformer):
    """Cuts the largest calls of the candidate out of an expression and leaves `answer_0`, `answer_1`, ... in their places."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.calls: list[Call] = []
        self.nested = False
        """A call that was cut has another call of the candidate inside."""

    def finds(self, node: ast.expr) -> list[ast.Call]:
        """The candidate's calls in *node*, nothing cut."""
        return [child for child in ast.walk(node) if isinstance(child, ast.Call) and self._is_candidates(child)]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not self._is_candidates(node):
            self.generic_visit(node)
            return node
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        inner = [child for argument in arguments for child in ast.walk(argument) if isinstance(child, ast.Call)]
        self.nested = self.nested or any(map(self._is_candidates, inner))
        self.calls.append(self._call(node))
        return ast.Name(id=f"{ANSWER_PREFIX}{len(self.calls) - 1}", ctx=ast.Load())

    def _is_candidates(self, node: ast.Call) -> bool:
        """Whether *node* is f(...), module.f(...) or Solution().f(...); a method of what f returned is no question to it."""
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if (
            isinstance(root, ast.Call)
            and isinstance(root.func, ast.Name)
            and root.func.id[:1].isupper()
            and not (root.args or root.keywords)
        ):
            root = (
                root.func
            )  # and no function of such a name, whose answer would be told what is expected: Encode("x").startswith("y")
        if not isinstance(root, ast.Name):
            return False
        name, is_attribute = root.id, root is not node.func
        if self.reader.entry:
            return name in self.reader.names
        known = name in _BUILTINS or name in self.reader.imported or is_supported_function(name) or name in self.reader.library
        return not (known or (is_attribute and name in _MODULES))

    def _call(self, node: ast.Call) -> Call:
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and child.id in self.reader.names:
                child.id = self.reader.entry  # "candidate" is the check function's word for it
        if isinstance(node.func, ast.Name):
            self.reader.asked.append(node.func.id)
            try:
                args = tuple(ast.literal_eval(argument) for argument in node.args)
                kwargs = {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in node.keywords}
                if "" not in kwargs:
                    return Call(function=node.func.id, args=args, kwargs=kwargs)
            except (ValueError, TypeError, SyntaxError, RecursionError):
                pass  # arguments that are expressions are evaluated where the candidate runs: they are its input
        return Call(expression=ast.unparse(node))

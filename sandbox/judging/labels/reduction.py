"""Assert statements reduced to test cases: `assert f(1) == 2` becomes the call `f(1)` and the expected value 2.

The calls of the candidate are taken out of each assert and asked of the candidate. What the assert says about their values stays on
the host, as `Equal` or `Assertion`. What cannot be reduced so raises `Irreducible`, and the label's code goes to a tester as it is.
"""

from __future__ import annotations

import ast
import copy
import sys
from dataclasses import dataclass, field
from typing import Any

from sandbox.judging.checkers import Assertion, Equal
from sandbox.judging.checkers.expression import ANSWER_PREFIX, Irreducible, evaluate, is_supported_function, validate
from sandbox.judging.labels.limits import limits_of
from sandbox.judging.labels.names import BUILTINS, standard_imports
from sandbox.words.errors import LabelError
from sandbox.words.job import Call
from sandbox.words.suite import CallCase, Suite

__all__ = ["AssertReader"]

_MODULES = frozenset((*sys.stdlib_module_names, "np", "numpy", "pd", "pandas", "torch"))
"""`math.isclose(f(1), 2)` asks the candidate for `f` and not for `math.isclose`, even if the label does not import math."""


@dataclass(kw_only=True)
class AssertReader:
    """Turns a label's statements into cases, one after another.

    *entry* is the function that the candidate has to define, "" where the label does not say; *names* is what the statements call
    it: its real name, and `candidate` in a check function.
    """

    names: set[str]
    entry: str
    library: set[str] = field(default_factory=set)
    """Functions of libraries that the label calls without importing them."""
    imports: list[str] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    cases: list[CallCase] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    passed_to_candidate: set[str] = field(default_factory=set)
    """Mutable variables of the label that were arguments of the candidate, which may have changed them."""

    def suite(self, name: str, statements: list[ast.stmt], label: dict[str, Any], prompt: str = "") -> Suite:
        """The suite of *statements*, of the format *name*, with the limits and the preamble of *label*.

        Raises:
            Irreducible: they are not assignments, imports and asserts that can be reduced.
            LabelError: an assert is true, or false, of every program.
        """
        for statement in statements:
            self._statement(statement)
        preamble = "\n".join([standard_imports(prompt), *self.imports]).strip()
        if label.get("preamble"):
            preamble += "\n" + str(label["preamble"])
        return Suite(
            cases=tuple(self.cases),
            format=name,
            entry_points=(self.entry,) if self.entry else tuple(dict.fromkeys(self.functions)),
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
                self._assign(name, _VariableSubstituter(self.constants).visit(value))
            case ast.Expr(ast.Constant() | ast.Name()) | ast.Pass():
                pass  # a docstring or a lone name
            case _:
                raise Irreducible(f"a {type(node).__name__} statement ({ast.unparse(node)[:60]})")

    def _assign(self, name: str, value: ast.expr) -> None:
        if _CallCutter(self).calls_in(value):
            raise Irreducible(f"a variable that holds an answer ({name})")
        self.constants[name] = value
        self.passed_to_candidate.discard(name)

    def _may_change(self, name: str) -> bool:
        return name in self.constants and not _is_immutable(self.constants[name])

    def _refuse_changed_variables(self, test: ast.expr) -> None:
        """Refuse an assert that uses a variable again after the candidate was given it and may have changed it."""
        mentioned = [node.id for node in ast.walk(test) if isinstance(node, ast.Name) and node.id in self.constants]
        given = {
            node.id
            for call in _CallCutter(self).calls_in(test)
            for node in ast.walk(call)
            if isinstance(node, ast.Name) and self._may_change(node.id)
        }
        for name in mentioned:
            if name in self.passed_to_candidate or (name in given and mentioned.count(name) > 1):
                raise Irreducible(f"a variable that the candidate may have changed ({name})")
        self.passed_to_candidate |= given

    def _assert(self, test: ast.expr) -> None:
        if isinstance(test, ast.Tuple) and test.elts:
            raise LabelError(
                f"an assert of a tuple, which is true of every program: {ast.unparse(test)[:80]}; remove its parentheses"
            )
        self._refuse_changed_variables(test)
        test = _VariableSubstituter(self.constants).visit(test)
        cut = _CallCutter(self)
        rest = cut.visit(test)
        if not cut.calls:
            validate(rest, ())
            if evaluate(rest, {}):
                return  # `assert True` says nothing about the candidate, so it is no case
            raise LabelError(f"an assert that is false of every program: {ast.unparse(test)[:80]}")
        if cut.nested and isinstance(rest, ast.Name | ast.UnaryOp):
            # `assert same(f(1), 2)`: `same` may be the label's own check, and the candidate must not be asked for its verdict.
            raise Irreducible(f"a call inside a call whose value alone decides ({ast.unparse(test)[:60]})")
        roots = {call.function or call.expression.split("(")[0] for call in cut.calls}
        if not self.entry and len(roots) > 1:
            raise Irreducible(f"an assert of several functions without an entry point ({', '.join(sorted(roots))[:60]})")
        answers = tuple(f"{ANSWER_PREFIX}{number}" for number in range(len(cut.calls)))
        validate(rest, answers)
        self.cases.append(CallCase(calls=tuple(cut.calls), check=_check_of(rest)))


def _check_of(rest: ast.expr) -> Equal | Assertion:
    """`Equal` for `answer_0 == value`, because it can say where two values differ; `Assertion` for anything else."""
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


class _VariableSubstituter(ast.NodeTransformer):
    """Replaces the label's own variables by the expressions assigned to them.

    Raises:
        Irreducible: a comprehension or a lambda has a variable of the same name.
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
        # A copy, because calls are cut out of it and the next assert needs it whole.
        return copy.deepcopy(self.constants[node.id]) if node.id in self.constants else node


class _CallCutter(ast.NodeTransformer):
    """Takes the outermost calls of the candidate out of an expression and leaves `answer_0`, `answer_1`, ... in their places."""

    def __init__(self, reader: AssertReader) -> None:
        self.reader = reader
        self.calls: list[Call] = []
        self.nested = False
        """A call that was taken out has another call of the candidate in its arguments."""

    def calls_in(self, node: ast.expr) -> list[ast.Call]:
        """The candidate's calls in *node*, which is left as it is."""
        return [child for child in ast.walk(node) if isinstance(child, ast.Call) and self._is_candidate_call(child)]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not self._is_candidate_call(node):
            self.generic_visit(node)
            return node
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        inner = [child for argument in arguments for child in ast.walk(argument) if isinstance(child, ast.Call)]
        self.nested = self.nested or any(map(self._is_candidate_call, inner))
        self.calls.append(self._call(node))
        return ast.Name(id=f"{ANSWER_PREFIX}{len(self.calls) - 1}", ctx=ast.Load())

    def _is_candidate_call(self, node: ast.Call) -> bool:
        """Whether *node* is f(...), module.f(...) or Solution().f(...), and not a method of what f returned."""
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if (
            isinstance(root, ast.Call)
            and isinstance(root.func, ast.Name)
            and root.func.id[:1].isupper()
            and not (root.args or root.keywords)
        ):
            # Only a class without arguments: of `Encode("x").startswith("y")` the candidate would be told the expected "y".
            root = root.func
        if not isinstance(root, ast.Name):
            return False
        name, is_attribute = root.id, root is not node.func
        if self.reader.entry:
            return name in self.reader.names
        known = name in BUILTINS or name in self.reader.imported or is_supported_function(name) or name in self.reader.library
        return not (known or (is_attribute and name in _MODULES))

    def _call(self, node: ast.Call) -> Call:
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and child.id in self.reader.names:
                child.id = self.reader.entry  # a check function says "candidate"
        if isinstance(node.func, ast.Name):
            self.reader.functions.append(node.func.id)
            try:
                args = tuple(ast.literal_eval(argument) for argument in node.args)
                kwargs = {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in node.keywords}
                if "" not in kwargs:
                    return Call(function=node.func.id, args=args, kwargs=kwargs)
            except (ValueError, TypeError, SyntaxError, RecursionError):
                pass  # arguments that are no literals are evaluated in the candidate's process: they are only its input
        return Call(expression=ast.unparse(node))

"""What the prompt of a sample adds to tests that are code: definitions that it contains, and files that it names."""

from __future__ import annotations

import ast
import dataclasses
import re

from sandbox.judging.labels.names import free_names
from sandbox.judging.labels.source import is_valid_program, parse
from sandbox.words.job import CodeTests
from sandbox.words.suite import Suite

__all__ = ["show_files_named_in_prompt", "with_prompt_definitions"]


def with_prompt_definitions(suite: Suite, tests: CodeTests, prompt: str) -> Suite:
    """*suite*, whose program and tests are both given the functions and classes of *prompt* that the tests use.

    HumanEval/32 checks a root with a `poly` that the prompt defines: a program may use it, but the tests never use one of the program's.
    """
    if not prompt or not is_valid_program(prompt):
        return suite
    trees = [parse(tests.setup, "the setup"), *(parse(case, "a test") for case in tests.cases)]
    program_names = {tests.entry, tests.alias, *tests.program_names, *suite.entry_points}
    wanted = free_names(trees) - program_names
    body = parse(prompt, "the prompt").body
    helpers = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in program_names]
    if not wanted & {node.name for node in helpers}:
        return suite
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    text = ast.unparse(ast.Module(body=[*imports, *helpers], type_ignores=[]))
    return dataclasses.replace(
        suite, tests=dataclasses.replace(tests, setup=f"{text}\n{tests.setup}"), preamble=f"{suite.preamble}\n{text}"
    )


def show_files_named_in_prompt(tests: CodeTests, prompt: str) -> CodeTests:
    """*tests*, of whose files the program may see those that *prompt* names, except for the tests themselves.

    Exercism's problems come with modules of constants that the problem's text names and both sides import.
    """
    named = tuple(
        (name, content)
        for name, content in tests.files
        if "test" not in name and name.endswith(".py") and re.search(rf"(?<![\w/]){re.escape(name)}\b", prompt)
    )
    seen = {name for name, _ in tests.visible}
    if not named:
        return tests
    visible = (*tests.visible, *(item for item in named if item[0] not in seen))
    return dataclasses.replace(tests, visible=visible, files=tuple(item for item in tests.files if item not in named))

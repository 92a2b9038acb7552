"""A response → the program in it, or why there is none."""

import ast
import re

import pytest

from sandbox.judging.response.candidate import Candidate, Choice, NoCode
from sandbox.judging.response.extract import extract
from sandbox.judging.response.fences import blocks_of
from sandbox.judging.response.special_tokens import strip_special_tokens

pytestmark = pytest.mark.timeout(20)

CODE = "def f(x):\n    return x"
DOCUMENTED = 'def f(x):\n    """Double.\n\n    ```\n    f(1)\n    ```\n    """\n    return x * 2'
INDENTED = "\n".join(line and "  " + line for line in DOCUMENTED.split("\n"))


def source(response, **how):
    found = extract(response, **how)
    assert isinstance(found, Candidate), found
    return found.source


@pytest.mark.parametrize(
    "tag", ["python", "py", "Python", "PYTHON3", "python3", " python ", "{python}", "{.python}", "py title='a'", "python:a.py"]
)
def test_a_python_tag_is_known_in_its_spellings(tag):
    assert source(f"Here:\n```{tag}\n{CODE}\n```\nDone.") == CODE


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(f"```\n{CODE}\n```", CODE, id="no-tag"),
        pytest.param(f"~~~python\n{CODE}\n~~~", CODE, id="tildes"),
        pytest.param("~~~python\ns = '''\n```\n'''\n~~~", "s = '''\n```\n'''", id="backticks-inside-tildes"),
        pytest.param("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''", id="three-inside-four"),
        pytest.param(f"```python\n{CODE}\n`````", CODE, id="closed-by-a-longer-fence"),
        pytest.param(f"```python\n{CODE}", CODE, id="unclosed"),
        pytest.param(f"```python\n{CODE}\n```python\n", f"{CODE}\n```python\n", id="a-tagged-fence-closes-nothing"),
        pytest.param("   ```python\n   def f(x):\n       return x\n   ```", CODE, id="indented"),
        pytest.param("1. First\n\n    ```python\n    def f(x):\n        return x\n    ```", CODE, id="in-a-list"),
        pytest.param("- ```python\n  def f(x):\n      return x\n  ```", CODE, id="behind-a-bullet"),
        pytest.param("12. ```python\n    def f(x):\n        return x\n    ```", CODE, id="behind-a-number"),
        pytest.param(f"   ```python\n{CODE}\n   ```", CODE, id="indented-fence-only"),
        pytest.param(
            "    ```python\nif 1:\n  if 2:\n    x = 1\n  y = 1\n    ```",
            "if 1:\n  if 2:\n    x = 1\n  y = 1",
            id="structure-is-kept",
        ),
        pytest.param("  ```python\n  s = '''\na\n  '''\n  ```", "s = '''\na\n'''", id="a-line-further-left-is-kept"),
        pytest.param("\t```python\n\tx = 1\n\t```", "x = 1", id="tab-before-the-fence"),
        pytest.param("```bash\nls\n```\n```python\nx = 1\n```\n```text\n1\n```", "x = 1", id="other-languages-around"),
        pytest.param("```python\nx = 1\n```\n```\n1\n```", "x = 1", id="a-tagged-block-before-an-untagged-one"),
        pytest.param("```python\n\n```\n```python\nx = 1\n```", "x = 1", id="an-empty-block-does-not-count"),
        pytest.param("```python\n- ```\n```", "- ```", id="a-bullet-closes-nothing"),
        pytest.param(f"```python\n{DOCUMENTED}\n```", DOCUMENTED, id="in-a-docstring"),
        pytest.param(f"```python\n{DOCUMENTED}", DOCUMENTED, id="in-a-docstring-unclosed"),
        pytest.param(f"- ```python\n{INDENTED}\n  ```", DOCUMENTED, id="in-a-docstring-behind-a-bullet"),
        pytest.param(f"1. So:\n\n  ```python\n{INDENTED}\n  ```", DOCUMENTED, id="in-a-docstring-in-a-list"),
        pytest.param("- So:\n\n\t```python\n\tx = 1\n\t```\nDone.", "x = 1", id="closed-by-a-fence-as-far-right"),
        pytest.param("```python\nx = 1\n   ```\nDone.", "x = 1", id="closed-by-a-fence-three-to-the-right"),
        pytest.param("1. ```python\n   x = 1\n      ```\nDone.", "x = 1", id="closed-by-a-fence-three-to-the-right-in-a-list"),
        pytest.param('```python\nx = """\n\t```\n"""\n```', 'x = """\n\t```\n"""', id="a-tab-is-four-columns"),
    ],
)
def test_fences(response, expected):
    assert source(response) == expected


def test_blocks_say_their_tag_and_whether_they_were_closed():
    found = blocks_of("```python\na\n```\ntext\n```\nb")
    assert [(block.tag, block.text, block.closed) for block in found] == [("python", "a", True), ("", "b", False)]


THREE = "```python\ndef f(): pass\n```\n```python\ndef g(): pass\n```\n```python\nf(\n```"


def parses(texts):
    return ["f(\n" not in text + "\n" for text in texts]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        pytest.param({}, "f(", id="auto-is-the-last"),
        pytest.param({"parses": parses}, "def g(): pass", id="auto-that-parses"),
        pytest.param({"parses": parses, "entry_points": ["f"]}, "def f(): pass", id="auto-that-parses-and-defines"),
        pytest.param({"parses": parses, "entry_points": ["h"]}, "def g(): pass", id="auto-where-none-defines"),
        pytest.param({"parses": lambda texts: [False] * len(texts)}, "f(", id="auto-where-none-parses"),
        pytest.param({"choice": Choice.FIRST}, "def f(): pass", id="first"),
        pytest.param({"choice": Choice.LAST, "entry_points": ["f"]}, "f(", id="last"),
        pytest.param({"choice": Choice.JOINED}, "def f(): pass\n\ndef g(): pass\n\nf(", id="joined"),
    ],
)
def test_several_blocks(how, expected):
    assert source(THREE, **how) == expected


@pytest.mark.parametrize(
    "definition", ["def f():", "async def f():", "class f:", "f = lambda: 1", "f: int = 1", "    def f(self):"]
)
def test_a_name_is_defined_by(definition):
    assert source(f"```python\n{definition}\n```\n```python\nprint(f())\n```", entry_points=["f"]) == definition


def test_one_block_is_not_asked_whether_it_parses():
    def never(texts):
        raise AssertionError(texts)

    assert source("```python\nf(\n```", parses=never) == "f("


def valid(texts):
    """What a worker says of *texts*."""

    def parses(text):
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True

    return list(map(parses, texts))


def unasked(texts):
    raise AssertionError(texts)


LOOSE = [
    pytest.param(f"Here is the code: ```python\n{CODE}\n```\nIt returns it.", CODE, id="opened-behind-words"),
    pytest.param(f"Here is `f`:```py\n{CODE}\n```", CODE, id="opened-behind-a-colon"),
    pytest.param(f"Here it is: ```\n{CODE}\n```\nDone.", CODE, id="opened-behind-words-without-a-tag"),
    pytest.param(f"A: ```python\nx = 1\n```\nB: ```python\n{CODE}\n```", CODE, id="the-last-opened-behind-words"),
    pytest.param(f"A: ```cpp\nint x;\n```\nB: ```python\n{CODE}\n```", CODE, id="opened-behind-words-in-two-languages"),
    pytest.param("1. So: ```python\n   x = 1\n   y = 2\n   ```\n", "x = 1\ny = 2", id="opened-behind-words-in-a-list"),
    pytest.param(f"**```python**\n{CODE}\n```", CODE, id="bold"),
    pytest.param(f"**```python**\n{CODE}\n**```**\nDone.", CODE, id="bold-at-both-ends"),
    pytest.param(f"```python\n{CODE}```\nDone.", CODE, id="closed-on-the-line-of-the-code"),
    pytest.param(f"```python\nx = 1```\nOr:\n```python\n{CODE}```", CODE, id="both-closed-on-the-line-of-the-code"),
    pytest.param(f"```python\n{CODE}\n      ```\nDone.", CODE, id="closed-far-to-the-right"),
    pytest.param(f"````markdown\n# So\n```python\n{CODE}\n```\n````", CODE, id="inside-of-markdown"),
    pytest.param(f"```md\n```python\n{CODE}\n```\nDone.\n```", CODE, id="inside-of-markdown-with-as-many-backticks"),
    pytest.param(f"````\n```python\n{CODE}\n```\n````", CODE, id="inside-of-a-block-without-a-tag"),
    pytest.param(f"<think>a</think>```python\n{CODE}  # </think>\n```", f"{CODE}  # </think>", id="end-of-think-in-a-comment"),
    pytest.param('<think>a</think>\n```\nx = "</think>"\n```\nIt is\n```\n3\n```', 'x = "</think>"', id="end-of-think-in-a-string"),
]


@pytest.mark.parametrize(("response", "expected"), LOOSE)
def test_fences_as_models_write_them(response, expected):
    assert extract(response, parses=valid) == Candidate(source=expected, how="fenced")


@pytest.mark.parametrize("tag", ["python3.11", "Python3.8", "py3.12", "python2.7", "python310", "pypy3.10"])
def test_a_tag_may_say_which_python(tag):
    assert source(f"```{tag}\n{CODE}\n```\n```text\n1\n```", parses=unasked) == CODE


EXAMPLE = "```python\n    def f(x):\n        return x + 1\n    ```"
"""In the docstring of a program, it is no program of its own."""


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(f"```python\n{DOCUMENTED}\n```", DOCUMENTED, id="fences-of-a-docstring"),
        pytest.param(f'```python\ndef f(x):\n    """\n    {EXAMPLE}\n    """\n    return x\n```', f'def f(x):\n    """\n    {EXAMPLE}\n    """\n    return x', id="a-program-in-a-docstring"),
        pytest.param(f'```\ndef f(x):\n    """\n    {EXAMPLE}\n    """\n    return x +\n```', f'def f(x):\n    """\n    {EXAMPLE}\n    """\n    return x +', id="in-a-docstring-of-what-is-none"),
        pytest.param(f'```python\ndef f(x):\n    """\n    {EXAMPLE}\n    {EXAMPLE}\n    """\n    return x +\n```', f'def f(x):\n    """\n    {EXAMPLE}\n    {EXAMPLE}\n    """\n    return x +', id="two-in-a-docstring-of-what-is-none"),
        pytest.param('```python\ndef f(x):\n    """\n```python\nf(1)\n```\n    """\n    return x\n```', 'def f(x):\n    """\n```python\nf(1)', id="a-fence-in-the-middle"),
        pytest.param('```python\nx = """\n1```\n2```\n"""\n```', 'x = """\n1```\n2```\n"""', id="code-that-ends-in-backticks"),
        pytest.param("```python\nx = 1\n```\nNot ```python\nx = 2\n```", "x = 1", id="a-block-that-needs-no-leniency"),
        pytest.param("```python\nx = 1\n```\n````md\n```python\nx = 2\n```\n````", "x = 1", id="markdown-behind-a-block"),
    ],
)  # fmt: skip
def test_another_reading_is_only_for_what_has_no_strict_one(response, expected):
    assert source(response, parses=valid) == expected


@pytest.mark.parametrize(
    "response",
    [
        pytest.param("<think>```python\nx = 1\n```</think>\nI do not know.", id="draft"),
        pytest.param("<think>So: ```python\nx = 1\n```</think>\nNo: ```python\nx +\n```", id="draft-opened-behind-words"),
        pytest.param("<think>```python\nx = 1  # </think>\n```\nBut wait", id="draft-that-claims-to-be-no-draft"),
        pytest.param("<think>a </think>?\n```python\nx = 1  # </think>\n```\nNo.\n</think>\nI do not know.", id="think-in-think"),
        pytest.param("<think>a</think>\n<think>Say:\n```python\nx = 1\n```", id="thinking-again"),
        pytest.param("<think>Say:\n```python\nx = 1```\nBut", id="unfinished"),
    ],
)
def test_no_reading_finds_a_draft_in_the_reasoning(response):
    for prompt in ("", PROMPT, FENCED_PROMPT, "Q\n<think>\n"):
        found = extract(response, prompt=prompt, parses=valid, entry_points=["x"])
        assert isinstance(found, NoCode) or "x = 1" not in found.source


@pytest.mark.parametrize("end", ["<think>", "<think>\n", "<|assistant|>\n<think>\n\n"], ids=repr)
def test_reasoning_that_the_prompt_opens_is_the_responses(end):
    draft = f"Say:\n```python\n{CODE}\n```\nBut"
    found = extract(draft, prompt=f"Q\n{end}")
    assert isinstance(found, NoCode)
    assert "never ends" in found.reason
    assert source(f"{draft} no.</think>\n```python\nx = 1\n```", prompt=f"Q\n{end}") == "x = 1"
    assert source(draft, prompt=f"Q\n{end}</think>\n\n") == CODE
    assert source(draft, prompt=f"Q\n{end} is a tag.") == CODE


def test_reasoning_that_the_prompt_opened_and_closed_leaves_words_alone():
    code = f"{CODE}  # </think>"
    assert source(f"```python\n{code}\n```", prompt="Q\n<think>\n\n</think>\n\n", parses=valid) == code


def test_a_label_may_have_a_beginning_of_its_own_and_the_prompt_reasoning():
    how = {"prompt": "Q\n<think>\n", "continues": PROMPT, "entry_points": ["f"]}
    assert isinstance(extract(BODY, **how), NoCode)
    assert source(f"Well.</think>\n{BODY}", **how) == PROMPT + BODY


@pytest.mark.parametrize(
    ("response", "prompt"),
    [
        pytest.param(f"```python\n{CODE}\n```", "", id="one-block"),
        pytest.param(f"So:\n```python\n{CODE}\n```\nIt prints\n```\n1\n```", "", id="tagged-and-untagged"),
        pytest.param(f"```python\n{CODE}", "", id="unclosed"),
        pytest.param(f"```python\nx = 1\n{CODE}\n```\nUse `f(1)`.", "", id="inline-code"),
        pytest.param(f"<think>```python\nx\n```</think>```python\n{CODE}\n```", "", id="reasoning"),
        pytest.param(CODE, "", id="bare"),
        pytest.param("I cannot do that.", "", id="prose"),
        pytest.param("    return x", "def f(x):\n", id="completion"),
        pytest.param("    return x\n```\nThis is right.", "```python\ndef f(x):\n", id="open-fence"),
    ],
)
def test_no_worker_is_asked_where_there_is_one_reading(response, prompt):
    extract(response, prompt=prompt, entry_points=["f"], parses=unasked)


def test_a_worker_is_asked_once_about_all_readings():
    asked = []

    def parses(texts):
        asked.append(texts)
        return valid(texts)

    response = "A: ```python\nx = 1\n```\nB: ```python\nx = 2\n```"
    assert source(response, parses=parses) == "x = 2"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(f"<think>```python\nbad\n```</think>\n```python\n{CODE}\n```", CODE, id="think"),
        pytest.param(f"reasoning\n</think>\n{CODE}", CODE, id="think-opened-in-the-prompt"),
        pytest.param(f"<think>a</think>b</think>{CODE}", CODE, id="think-twice"),
        pytest.param(f"<answer>{CODE}</answer>", CODE, id="answer"),
        pytest.param(f"<answer>\n```python\n{CODE}\n```\n</answer>", CODE, id="answer-with-a-fence"),
        pytest.param(f"<answer>no</answer> wait <answer>{CODE}</answer> yes", CODE, id="the-last-answer"),
        pytest.param(f"<think>x</think><answer>{CODE}", CODE, id="answer-without-an-end"),
    ],
)
def test_reasoning_is_not_the_answer(response, expected):
    assert source(response).strip() == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(CODE, CODE, id="code"),
        pytest.param(f"Here is it:\n{CODE}", CODE, id="code-after-prose"),
        pytest.param("print(1)", "print(1)", id="a-call"),
        pytest.param("n, m = map(int, input().split())", "n, m = map(int, input().split())", id="an-assignment"),
        pytest.param("# comment\npass", "# comment\npass", id="a-comment"),
        pytest.param('"""Doc."""\npass', '"""Doc."""\npass', id="a-docstring"),
        pytest.param("@cache\ndef f(): pass", "@cache\ndef f(): pass", id="a-decorator"),
        pytest.param('x = "\ud800"', 'x = "\ud800"', id="lone-surrogate"),
        pytest.param("\ufeffx = 1", "x = 1", id="bom"),
        pytest.param("if 1:\n\tx = 1", "if 1:\n\tx = 1", id="tabs"),
        pytest.param('x = "\0"\ny = 1', 'x = "\0"\ny = 1', id="nul-inside"),
    ],
)
def test_code_without_a_fence(response, expected):
    assert extract(response) == Candidate(source=expected, how="bare")


READ = "n, *a = map(int, open(0).read().split())\ndef best(xs):\n    return max(xs)\nprint(best(a))"
LOOP = "for line in open(0): print(float(line) * 0.5)"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(READ, READ, id="a-starred-target"),
        pytest.param("[n] = map(int, input().split())\nclass A:\n    k = n", "[n] = map(int, input().split())\nclass A:\n    k = n", id="a-list-of-targets"),
        pytest.param("a, \\\nb = 1, 2\nprint(a)", "a, \\\nb = 1, 2\nprint(a)", id="a-target-in-two-lines"),
        pytest.param(LOOP, LOOP, id="a-loop-in-one-line"),
        pytest.param("[print(int(x) * 2) for x in open(0)]", "[print(int(x) * 2) for x in open(0)]", id="a-comprehension"),
        pytest.param("[\nprint(1),\n]", "[\nprint(1),\n]", id="a-list-in-several-lines"),
        pytest.param(f"\n\n{LOOP}", LOOP, id="behind-blank-lines"),
        pytest.param(f"Here it is:\n{READ}", READ, id="behind-a-line-of-prose"),
        pytest.param(f"Here it is: ```python\n{READ}", READ, id="behind-a-line-with-a-fence-that-is-never-closed"),
        pytest.param(f"Use f(x), as in\nthis program:\n\n{READ}", f"\n{READ}", id="behind-a-paragraph-of-prose"),
        pytest.param(f"Solution\n\n{READ}", READ, id="behind-a-word-that-is-a-valid-line"),
        pytest.param(f"yes\nno, maybe\n{LOOP}", LOOP, id="behind-words-that-are-valid-lines"),
        pytest.param(f"Sure, f(x):\nThis is it:\n{CODE}", CODE, id="guessed"),
    ],
)  # fmt: skip
def test_code_that_only_a_parser_recognises(response, expected):
    assert extract(response, parses=valid) == Candidate(source=expected, how="bare")


@pytest.mark.parametrize(
    "first",
    ["from concurrent.futures import ThreadPoolExecutor", "import os.path", "import os.path as p, sys", "import a.b; import c.d", "from .a.b import (c)", "from . import x", "import a.b  # why."],
)  # fmt: skip
def test_an_import_of_a_part_of_a_package_is_no_prose(first):
    program = f"{first}\ndef f(x):\n    return x"
    assert extract(program, parses=valid).source == program
    assert extract(f"yes\n{program}", parses=valid).source == program


@pytest.mark.needs("data")
def test_every_real_program_without_a_fence_is_found_whole(problems):
    names = ("humaneval", "mbpp_sanitized", "quixbugs_functional", "exercism", "coderl_apps", "cruxeval")
    programs = [program for name in names for row in problems(name) for program in (row["solution"], *row["wrong"])]
    programs = [program for program in programs if program.strip() and "```" not in program and valid([program])[0]]
    assert len(programs) > 1000
    found = [extract(program, parses=valid) for program in programs]
    assert [one.source.strip() for one in found] == [program.strip().replace("\r\n", "\n") for program in programs]


@pytest.mark.parametrize(
    "prose", ["yes", "Done", "42", "None", "no, never", "this is impossible", "N/A", "well-known", "yes\n\nno", "Note: nothing", "-1", "[1, 2]", "..."]
)  # fmt: skip
def test_prose_that_happens_to_be_valid_is_no_program(prose):
    assert valid([prose]) == [True]
    assert isinstance(extract(prose, parses=valid), NoCode)
    assert source(f"```\n{CODE}\n```\nIt says ```\n{prose}\n```", parses=valid) == CODE


@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=repr)
def test_line_ends_become_newlines(end):
    assert source(f"```python\n{CODE}\n```\n".replace("\n", end)) == CODE


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        pytest.param("", "the response is empty", id="empty"),
        pytest.param(" \n\t\r\n", "the response is empty", id="blank"),
        pytest.param("<|im_end|>", "the response is empty", id="only-a-token"),
        pytest.param("\0\0", "the response is empty", id="only-nul"),
        pytest.param("<think>hm\n```python\nx = 1\n```", "reasoning .* never ends", id="endless-reasoning"),
        pytest.param("<think>hm</think>\n", "nothing after the reasoning", id="only-reasoning"),
        pytest.param("<answer> </answer>", "the answer is empty", id="empty-answer"),
        pytest.param("I am sorry. I cannot do that.", "prose only", id="prose"),
        pytest.param("For now, I import nothing.", "prose only", id="prose-with-keywords"),
        pytest.param("Use `x = 1` here.", "prose only", id="inline-code"),
        pytest.param("```python\n \n```", "code block is empty", id="empty-block"),
        pytest.param(
            "```cpp\nint x;\n```\n```bash\nls\n```", "wanted language; there are blocks tagged bash, cpp", id="other-language"
        ),
    ],
)
def test_no_code_says_why(response, reason):
    found = extract(response)
    assert isinstance(found, NoCode)
    assert re.search(reason, found.reason)


TOKENS = [
    "<|im_end|>", "<|endoftext|>", "</s>", "<|eot_id|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>", "<end_of_turn>", "<eos>", "<|end|>",
    "<|return|>", "<|EOT|>", "<EOT>", "<|END_OF_TURN_TOKEN|>", "<|file_separator|>", "<|eom_id|>", "<|user|>", "[EOS]", "[PAD]", "<pad>",
    "\0",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_special_tokens_at_the_end_are_not_code(token):
    assert source(f"```python\n{CODE}\n```{token}") == CODE
    assert source(f"{CODE}\n{token}\n{token}{token} ").rstrip() == CODE


@pytest.mark.parametrize(
    "token",
    [
        "<s>",
        "<bos>",
        "<|begin_of_text|>",
        "<|im_start|>assistant\n",
        "<start_of_turn>model\n",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ],
)
def test_special_tokens_at_the_beginning_are_not_code(token):
    assert source(f"{token}{CODE}").strip() == CODE


@pytest.mark.parametrize("text", ["print('<|im_end|>')", "a <s> b", "x = a[PAD]\ny", "#</s>#"])
def test_special_tokens_inside_are_left_alone(text):
    assert strip_special_tokens(text) == text


PROMPT = 'def f(x):\n    """Doc."""\n'
BODY = "    return x"
FENCE_IN_BODY = f"    s = '''\n    ```py\n    ```\n    '''\n{BODY}"
FENCED_PROMPT = f"Complete it:\n```python\n{PROMPT}"
WIDE = 'import math\n\n\ndef f(\n    x: int,\n) -> int:\n    """First.\n\nFurther left.\n    """\n'


@pytest.mark.parametrize(
    ("prompt", "response", "expected"),
    [
        pytest.param(PROMPT, BODY, PROMPT + BODY, id="body"),
        pytest.param(PROMPT, f"\n{BODY}", PROMPT + BODY, id="body-after-a-blank-line"),
        pytest.param(PROMPT, "return x", PROMPT + BODY, id="lost-first-indentation"),
        pytest.param(PROMPT, "y = x\n    return y", f"{PROMPT}    y = x\n    return y", id="lost-first-of-two"),
        pytest.param(PROMPT + "    ", "return x", PROMPT + BODY, id="prompt-ends-with-the-indentation"),
        pytest.param(PROMPT.rstrip(), BODY, PROMPT + BODY, id="prompt-without-last-newline"),
        pytest.param("def f(x):\n", "return x", f"def f(x):\n{BODY}", id="prompt-is-a-signature"),
        pytest.param(PROMPT.replace("\n", "\r\n"), BODY, PROMPT + BODY, id="crlf-prompt"),
        pytest.param(WIDE, BODY, WIDE + BODY, id="signature-and-docstring-further-left"),
        pytest.param(PROMPT, f"```python\n{BODY}\n```", PROMPT + BODY, id="fenced-body"),
        pytest.param(PROMPT, BODY + "<|endoftext|>", PROMPT + BODY, id="token"),
        pytest.param(FENCED_PROMPT, BODY, PROMPT + BODY, id="open-fence-body"),
        pytest.param(FENCED_PROMPT, f"{BODY}\n```\nIt works: ...", PROMPT + BODY, id="open-fence-body-closed"),
        pytest.param(FENCED_PROMPT, f"{BODY}\n```\n```python\nf(1)\n```", PROMPT + BODY, id="open-fence-body-and-example"),
        pytest.param(FENCED_PROMPT, f"{FENCE_IN_BODY}\n```", PROMPT + FENCE_IN_BODY, id="open-fence-and-a-fence-of-the-body"),
        pytest.param("class Solution:\n    def f(self, x):\n", "        return x", "class Solution:\n    def f(self, x):\n        return x", id="method"),
    ],
)  # fmt: skip
def test_a_completion_continues_the_prompt(prompt, response, expected):
    assert extract(response, prompt=prompt, entry_points=["f"]) == Candidate(source=expected, how="completion")


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        pytest.param(PROMPT, f"Here: ```python\n{BODY}\n```\nDone.", id="opened-behind-words"),
        pytest.param(PROMPT, f"```python\n{BODY}```\nDone.", id="closed-on-the-line-of-the-code"),
        pytest.param(FENCED_PROMPT, f"{BODY}```\nDone.", id="open-fence-closed-on-the-line-of-the-code"),
        pytest.param("Q\n<think>\n\n</think>\n\n", BODY, id="no-reasoning"),
    ],
)
def test_a_completion_is_read_leniently_too(prompt, response):
    expected = Candidate(source=PROMPT + BODY, how="completion")
    assert (
        extract(response, prompt=prompt, continues="" if "def" in prompt else PROMPT, entry_points=["f"], parses=valid) == expected
    )


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        pytest.param(PROMPT, CODE, id="defines-it-anew"),
        pytest.param(PROMPT, f"```python\n{CODE}\n```", id="defines-it-anew-in-a-fence"),
        pytest.param("Write f.\n", CODE, id="prompt-is-prose"),
        pytest.param("def g(x):\n", CODE, id="prompt-is-another-function"),
        pytest.param(f"{PROMPT}    return 0\n\n\nx = f(1)\n", CODE, id="prompt-has-left-the-function"),
        pytest.param(f"{FENCED_PROMPT}```\n", f"```python\n{CODE}\n```", id="prompt-closed-its-fence"),
        pytest.param(FENCED_PROMPT, f"{CODE}\n```", id="open-fence-defines-it-anew"),
        pytest.param(FENCED_PROMPT, f"```python\n{CODE}\n```", id="open-fence-opens-its-own"),
        pytest.param("Write f.\n```python\n", f"{CODE}\n```", id="open-fence-without-a-function"),
        pytest.param("Write f.\n```python\n", f"{CODE}\n```\nThis is right.", id="open-fence-and-prose-behind"),
        pytest.param("Write f.\n```python\n", CODE, id="open-fence-never-closed"),
        pytest.param("Write f.\n```python\n", f"Here it is:\n```\n{CODE}\n```", id="open-fence-but-prose"),
    ],
)
def test_a_whole_program_does_not(prompt, response):
    found = extract(response, prompt=prompt, entry_points=["f"])
    assert isinstance(found, Candidate)
    assert (found.source, found.how == "completion") == (CODE, False)


def test_without_entry_points_nothing_is_continued():
    assert source("x = 1", prompt=PROMPT) == "x = 1"


N = 1_000_000
HOSTILE = {
    "blanks": " " * N, "nul": "\0" * N, "tokens": "<|im_end|>" * (N // 10), "leading-tokens": "<s> " * (N // 4) + "x",
    "backticks": "`" * N, "fences": "```\n" * (N // 4), "tagged-fences": "```python\n" * (N // 10), "fence-and-blanks": "```" + " " * N,
    "blanks-and-fence": " " * N + "```", "bullets": "- " * (N // 2) + "```", "newlines": "\n" * N + "x", "less-than": "<|a" * (N // 3),
    "think": "<think>" * (N // 7), "end-of-think": "</think>" * (N // 8), "answer": "<answer>" * (N // 8) + "x", "word": "a" * N + "=",
    "dots": "a." * (N // 2), "words": ("a" * 900 + "\n") * (N // 900), "brackets": "a(" * (N // 2), "quotes": '"' * N,
    "definitions": "def f(x):\n" * (N // 10), "blank-lines": ("\t" * 999 + "\n") * (N // 1000),
    "words-behind": "a ```python\nx```\n" * (N // 18), "markdown": "````md\n```python\nx\n```\n````\n" * (N // 30),
    "blanks-and-code": " " * N + "``` ` `", "one-word": "word\n" * (N // 5), "calls": "(a" * (N // 2),
    "words-of-think": "<think></think>\n```\n" + "</think>\n" * (N // 9) + "```",
    "many-tags": "\n".join(f"```t{number}\n```" for number in range(N // 15)),
}  # fmt: skip


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
@pytest.mark.parametrize("prompt", ["", PROMPT, FENCED_PROMPT], ids=["no-prompt", "function", "open-fence"])
@pytest.mark.sampled(6)
def test_a_hostile_megabyte_is_read_in_time(text, prompt):
    asked = []

    def none(texts):
        asked.append(sum(map(len, texts)))
        return [False] * len(texts)

    for response in (text, f"```python\n{text}", f"```python\nx = 1\n```\n{text}"):
        assert isinstance(extract(response, prompt=prompt, entry_points=["f"], parses=none), Candidate | NoCode)
        assert len(asked) <= 4
        assert sum(asked) <= 5 * len(response)
        asked.clear()


def test_a_reason_is_bounded():
    found = extract(HOSTILE["many-tags"])
    assert isinstance(found, NoCode)
    assert len(found.reason) < 500


def test_a_block_of_sample_output_behind_the_code_is_not_the_program():
    response = "```\nprint(1 + 2)\n```\nIt prints\n```\n3\n```"
    assert extract(response).source == "print(1 + 2)"

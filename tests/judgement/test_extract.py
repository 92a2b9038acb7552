"""A response → the program in it, or why there is none."""

import re

import pytest

from sandbox.extract import Candidate, Choice, NoCode, extract, strip_special_tokens
from sandbox.fences import blocks_of

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
    "many-tags": "\n".join(f"```t{number}\n```" for number in range(N // 15)),
}  # fmt: skip


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
@pytest.mark.parametrize("prompt", ["", PROMPT, FENCED_PROMPT], ids=["no-prompt", "function", "open-fence"])
def test_a_hostile_megabyte_is_read_in_time(text, prompt):
    for response in (text, f"```python\n{text}", f"```python\nx = 1\n```\n{text}"):
        assert isinstance(extract(response, prompt=prompt, entry_points=["f"]), Candidate | NoCode)


def test_a_reason_is_bounded():
    found = extract(HOSTILE["many-tags"])
    assert isinstance(found, NoCode)
    assert len(found.reason) < 500


def test_a_block_of_sample_output_behind_the_code_is_not_the_program():
    response = "```\nprint(1 + 2)\n```\nIt prints\n```\n3\n```"
    assert extract(response).source == "print(1 + 2)"

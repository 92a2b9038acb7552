"""A headless Chromium, and what a page is after its scripts have run."""

import html.parser
import re
import shutil
import subprocess
import tempfile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=3000"),
]


def dom(address, width=800):
    """The document as HTML, after some seconds of the page's own time, in a window of that *width*."""
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},900", "--dump-dom", address],
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def without_data(document):
    """The document without what is in script and style elements: its elements and the texts that people see."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", document, flags=re.DOTALL)


class _Elements(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def elements(document):
    """Name and attributes of all elements."""
    parser = _Elements()
    parser.feed(document)
    return parser.found

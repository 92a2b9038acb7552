"""The built documentation: strictly, every page in the navigation, and nothing that another machine has to serve."""

import html.parser
import os
import re
import subprocess
import sys

import pytest
from machine import ROOT

pytestmark = pytest.mark.needs("docs")

LOADED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
}
"""What a browser fetches by itself when it shows a page."""


class Fetched(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.addresses, self.styles = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses.append(given.get(LOADED.get(tag, ""), "") or "")
        self.addresses.extend(part.split()[0] for part in (given.get("srcset") or "").split(",") if part.strip())
        self.styles.append(given.get("style") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_every_page_is_built_and_nothing_else_is_published(site):
    pages = {file.stem for file in (ROOT / "docs").glob("*.md")}
    assert {file.stem for file in site.glob("*.html")} == {*pages, "404"}
    assert list(site.rglob("*.py")) == []


def test_every_page_is_in_the_navigation():
    """A page that is not, mkdocs would build all the same, and with `omitted_files: warn` refuses."""
    named = re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(named) == sorted(file.name for file in (ROOT / "docs").glob("*.md"))


def test_no_page_needs_another_machine(site):
    found = {}
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        fetched = Fetched(text)
        styles = "\n".join([*re.findall(r"<style.*?</style>", text, re.S), *fetched.styles])
        found[file.name] = [one for one in fetched.addresses if re.match(r"(\w+:)?//", one)] + re.findall(
            r"url\(['\"]?\w*:?//[^)]*", styles
        )
        assert 'class="mermaid"' not in text, f"{file.name}: the theme would fetch mermaid"
    for file in site.rglob("*.css"):
        found[file.name] = re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//[^)\s]*", file.read_text(encoding="utf-8"))
    assert {name: addresses for name, addresses in found.items() if addresses} == {}
    assert len(found) > 10


def test_the_theme_has_no_fonts_of_another_machine(site):
    assert [file.name for file in site.rglob("*") if file.suffix in (".woff", ".woff2", ".ttf")] == []
    assert "fonts.g" not in (site / "index.html").read_text(encoding="utf-8")


def test_the_reference_comes_from_the_docstrings(site):
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in ("sandbox.api.Sandbox.score", "sandbox.words.limits.Limits.cpu_seconds", "sandbox.adapters.verl.compute_score"):
        assert f'id="{name}"' in text
    assert "User plus system time of the program and all its descendants." in text


def test_links_to_files_of_the_repository_are_their_names(site):
    text = (site / "verl.html").read_text(encoding="utf-8")
    assert "<code>examples/train_verl.sh</code>" in text
    assert "All differences (<code>tests/doors/test_verl_client.py</code>)" in text
    assert 'href="../' not in text

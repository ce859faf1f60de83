"""The short course's book as it is built: whole, and without a way out of it."""

import re
import subprocess
import sys
from html import unescape
from urllib.parse import unquote

import pytest

from tests.helpers import ROOT
from tools.build import book
from tools.build.short import short_pages

HTML = book.locate_book(short=True).build / "html"
AIMED = re.compile(r'(?:href|src)="([^"]*)"')
ELSEWHERE = re.compile(r"[a-z]+:|//")
ANCHOR = re.compile(r'\b(?:id|name)="([^"]*)"')


@pytest.fixture(name="pages", scope="module")
def built_pages():
    """The pages of the built book, by name."""
    run = subprocess.run(
        [sys.executable, "-m", "tools.build.book", "build", "--short"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "did not hold" not in run.stdout
    return {
        path.stem: path.read_text("utf8") for path in HTML.glob("*.html")
    }


@pytest.mark.slow
def test_it_has_its_pages_and_their_first_is_the_index(pages):
    wanted = [plan.name for plan in short_pages.read(ROOT / "book")]
    assert set(wanted) <= set(pages)
    assert "index" in pages
    extra = set(pages) - {*wanted, "index", "genindex", "py-modindex"}
    assert extra <= {"search", "404"}
    assert short_pages.TITLE in pages[wanted[0]]


@pytest.mark.slow
def test_every_link_and_picture_is_there(pages):
    for name, text in pages.items():
        for aim in map(unescape, AIMED.findall(text)):
            if not aim or ELSEWHERE.match(aim):
                continue
            path, _, anchor = unquote(aim).partition("#")
            path = path.partition("?")[0]
            assert (HTML / path).exists(), (name, aim)
            there = pages.get(path.removesuffix(".html")) if path else text
            if anchor and there:
                assert anchor in ANCHOR.findall(there), (name, aim)


@pytest.mark.slow
def test_no_number_or_reference_is_left_unresolved(pages):
    for name, text in pages.items():
        body = re.sub(r"<(script|pre)\b.*?</\1>", "", text, flags=re.DOTALL)
        for sign in (
            "{glue",
            "{chapter",
            "{minutes",
            "Unknown interpreted",
        ):
            assert sign not in body, name

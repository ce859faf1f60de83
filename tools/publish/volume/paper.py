"""The built book as one document in headless Chromium, for paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tools.build.live.stills import serve_folder
from tools.publish import PublishError, require_program

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = Path(__file__).parent
SECONDS = 900  # the entire book on a busy machine
FRAME = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>{title}</title>{styles}
<script>{script}</script></head>
<body><main></main></body></html>"""
STYLES = (
    "vendor/katex/katex.min.css",
    "_static/pygments.css",
    "_static/sphinx-design.min.css",
    "_static/course.css",
)


class Entry(NamedTuple):
    """A page of the book, and the part in which it stands."""

    part: str
    page: str


PICTURE = "_static/preview.png"  # of the title
LICENCE = "Free under the MIT licence"
TEACHING = "For those who teach"  # the part with the guide to grading
REFERENCE = "api"  # the reference of the package
SHEET = "sheet"  # one page, without a title and contents
EVERYWHERE = re.compile(  # sections that each chapter has
    "Check yourself|Exercises|In three sentences|Read next|What can go wrong"
)
VOLUMES = {
    "book": "",
    "grading": "How to grade",
    "reference": "The package's reference",
    "sheet": "Cheat sheet",
}


def select_pages(toc: list[Entry], name: str) -> list[Entry]:
    """The pages of one of VOLUMES: what learners read, or one of the others."""
    return [entry for entry in toc if _volume_of(entry) == name]


def _volume_of(entry: Entry) -> str:
    if entry.part == TEACHING:
        return "grading"
    return {REFERENCE: "reference", SHEET: "sheet"}.get(entry.page, "book")


def set_title(config: dict[str, Any], name: str) -> dict[str, Any]:
    """The settings with the title of one of VOLUMES."""
    more = VOLUMES[name]
    title = config["title"]
    return {**config, "title": f"{title}: {more}" if more else title}


class Paper(NamedTuple):
    """The document, and its contents as paper.js returns them."""

    page: Page
    contents: list[dict[str, Any]]


def read_settings(config: Path) -> dict[str, Any]:
    """What Jupyter Book's configuration says: title, author and more."""
    return dict(yaml.safe_load(config.read_text("utf8")))


def list_entries(toc: Path) -> list[Entry]:
    """The pages of a contents file, in order."""
    return [*_walk_entries(yaml.safe_load(toc.read_text("utf8")), "")]


def _walk_entries(branch: dict[str, Any], part: str) -> Iterator[Entry]:
    part = branch.get("caption", part)
    name = branch.get("root") or branch.get("file")
    if name:
        yield Entry(part, name.removesuffix(".md"))
    for key in "parts", "chapters", "sections":
        for inner in branch.get(key, []):
            yield from _walk_entries(inner, part)


@contextmanager
def join_pages(
    html: Path, pages: list[str], title: str, *, code: bool
) -> Iterator[Paper]:
    """The pages of the built book in `html` as one document without controls.

    Raises PublishError where the folder is not built, or a page asks another host.
    """
    if not (html / f"{pages[0]}.html").exists():
        raise PublishError(f"there is no {html / pages[0]}.html: make book builds it")
    from playwright.sync_api import sync_playwright  # takes half a second

    links = "".join(
        f'<link rel="stylesheet" href="{name}">'
        for name in STYLES
        if (html / name).exists()
    )
    sheet = (HERE / "paper.css").read_text("utf8")
    body = FRAME.format(
        title=title,
        styles=f"{links}<style>{sheet}</style>",
        script=(HERE / "paper.js").read_text("utf8"),
    )
    asked: list[str] = []
    with sync_playwright() as player, serve_folder(html) as site:
        browser = player.chromium.launch(
            executable_path=require_program("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        page = browser.new_page(viewport={"width": 660, "height": 900})
        page.set_default_timeout(SECONDS * 1000)
        page.on(
            "request",
            lambda r: (
                None if r.url.startswith((site, "data:")) else asked.append(r.url)
            ),
        )
        page.route(
            f"{site}paper.html",
            lambda route: route.fulfill(body=body, content_type="text/html"),
        )
        page.goto(f"{site}paper.html")
        contents = page.evaluate("([pages, code]) => paper(pages, code)", [pages, code])
        yield Paper(page, [_shorten_entry(entry) for entry in contents])
        browser.close()
    if asked:
        raise PublishError(f"another host was asked: {asked[0]}")


def _shorten_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the contents without the sections that each chapter has."""
    kept = [s for s in entry["sections"] if not EVERYWHERE.match(s["title"])]
    return {**entry, "sections": kept}

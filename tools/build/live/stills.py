"""Draws the still pictures of the live figures, one SVG for each.

    python -m tools.build.live.stills           draw them all
    python -m tools.build.live.stills --check   fail where one is out of date
    python -m tools.build.live.stills --sizes   measure them in the built book, or
                                           those whose ids are named
    python -m tools.build.live.stills --page    the README's picture, of the built book

Each <live-NAME id="..."> of a page is opened in headless Chromium, put into
the state that its attribute `still` names, and its drawing is written to
book/_static/live/stills/ID.svg: what a reader without JavaScript sees, and
what is printed from a page that was never scrolled there. The first page's
stands in book/_static/preview.png, which links to the book show: it is drawn
again with the picture, and not compared, since browsers draw letters differently.

The widths and heights that the figures have in the book's pages are kept in
book/_static/live/sizes.json: a page leaves that place for a figure before it
comes, so that nothing moves (tools/site/postprocess.py, book/_static/live.js).
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rnncore import programs
from tools import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

BOOK = ROOT / "book"
STATIC = BOOK / "_static"
STILLS = STATIC / "live" / "stills"
TAG = re.compile(r'<(live-[a-z-]+) id="([a-z0-9-]+)"([^>]*)>')
WIDTH = 720
SIZES = STATIC / "live" / "sizes.json"
WINDOWS = 320, 360, 400, 440, 500, 560, 640, 720, 800, 900, 1000, 1200, 1280, 1600
FIRST, PREVIEW = "live-start", STATIC / "preview.png"
CARD = f"""<body style="margin: 0; box-sizing: border-box; padding: 50px 60px;
  width: 1200px; height: 630px; background: #fff; color: #1f2328;
  font: 64px/1.2 system-ui, sans-serif">Recurrent neural networks,<br>step by step
<img style="display: block; margin-top: 70px" width="1080"
  src="live/stills/{FIRST}.svg" alt=""></body>"""
SHOWN, PICTURE = "ch06_lstm.html#live-lstm", ROOT / ".github" / "page.png"
COLOURS = 64  # of the picture: a page has few
DRAWN = """id => {
  const figure = document.getElementById(id);
  return figure.width > 0 && !/loading/.test(figure.words.textContent);
}"""
STILL = """async ([base, id]) => {
  const { COLOURS, DRAWING } = await import(base);
  const copy = document.getElementById(id).svg.cloneNode(true);
  for (const name of ["role", "aria-label"]) copy.removeAttribute(name);
  const add = (name) => {
    const node = document.createElementNS(copy.namespaceURI, name);
    copy.prepend(node);
    return node;
  };
  const paper = add("rect");
  for (const [key, value] of Object.entries({ x: -8, y: -8,
    width: "110%", height: "110%", fill: "var(--paper)" })) {
    paper.setAttribute(key, value);
  }
  add("style").textContent = DRAWING;
  return new XMLSerializer().serializeToString(copy).replace(
    /var\\(--(\\w+)\\)/g, (_, name) => COLOURS[name][0]);
}"""  # the drawing as a file: light colours, nothing from outside


def find_figures() -> list[tuple[str, str, str, str]]:
    """Each live figure of the book: page, element, id, other attributes."""
    found = []
    for page in sorted(BOOK.glob("*.md")):
        for tag, name, rest in TAG.findall(page.read_text("utf8")):
            found.append((page.stem, tag, name, rest))
    return found


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Says how long a browser may keep a file, and nothing else.

    Else Chromium keeps it for a tenth of its age: in a fresh clone, minutes.
    """

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """The address at which the folder's files are on this machine."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as s:
        threading.Thread(target=s.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{s.server_port}/"
        s.shutdown()


def draw(page: Page, site: str, tag: str, name: str, rest: str) -> str:
    """One figure's still picture."""
    still = re.search(r'still="([^"]*)"', rest)
    body = (
        f'<!doctype html><body style="width:{WIDTH + 28}px">'
        f'<script type="module" src="live/{tag.removeprefix("live-")}.mjs">'
        f'</script><{tag} id="{name}"{rest}></{tag}></body>'
    )
    page.route(
        "**/figure.html",
        lambda route: route.fulfill(body=body, content_type="text/html"),
        times=1,
    )
    page.goto(f"{site}figure.html")
    page.wait_for_function(DRAWN, arg=name)
    page.evaluate(
        """([id, query]) => {
          const figure = document.getElementById(id);
          const given = new URLSearchParams(query);
          figure.change(figure.allowed((name) => given.get(name)));
        }""",
        [name, still.group(1) if still else ""],
    )
    page.wait_for_function("id => !document.getElementById(id).run", arg=name)
    return page.evaluate(STILL, [f"{site}live/base.mjs", name])


def measure(page: Page, address: str, name: str) -> list[list[int]]:
    """Width and height of a figure in its page, in windows from narrow to wide."""
    page.goto(f"{address}#{name}")
    page.wait_for_function(DRAWN, arg=name)
    sizes: dict[int, int] = {}
    for width in WINDOWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)  # it fits itself to its place
        wide, tall = page.evaluate(
            """id => {
              const figure = document.getElementById(id);
              figure.style.minHeight = "";
              return [figure.offsetWidth, figure.offsetHeight];
            }""",
            name,
        )
        sizes[wide] = tall
    return sorted([wide, tall] for wide, tall in sizes.items())


def draw_preview(page: Page, site: str) -> None:
    """The picture that stands for the book wherever it is linked."""
    page.set_viewport_size({"width": 1200, "height": 630})
    page.route("**/card.html", lambda route: route.fulfill(body=CARD), times=1)
    page.goto(f"{site}card.html")
    page.screenshot(path=PREVIEW)


def draw_page() -> None:
    """Write the README's picture: a page of the built book in a browser."""
    from PIL import Image  # only the picture needs it

    with open_chromium(ROOT / "_build" / "html") as (page, site):
        page.set_viewport_size({"width": 1280, "height": 860})
        page.goto(f"{site}{SHOWN}")
        page.wait_for_function(DRAWN, arg=SHOWN.partition("#")[2])
        page.wait_for_timeout(1500)  # the typefaces come
        page.screenshot(path=PICTURE)
    with Image.open(PICTURE) as picture:
        picture.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--sizes", nargs="*", metavar="ID")
    args = parser.parse_args()
    try:
        if args.sizes is not None:
            measure_all(args.sizes)
        elif args.page:
            draw_page()
        else:
            draw_all(check=args.check)
    except programs.MissingProgramError as error:
        sys.exit(str(error))


@contextmanager
def open_chromium(folder: Path) -> Iterator[tuple[Page, str]]:
    """A page of a browser, and the address at which it finds the folder."""
    from playwright.sync_api import sync_playwright  # takes half a second

    with sync_playwright() as player, serve_folder(folder) as site:
        browser = player.chromium.launch(
            executable_path=programs.require("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        yield browser.new_page(), site
        browser.close()


def measure_all(ids: list[str]) -> None:
    """Write the sizes of figures, all or these, as the built book shows them."""
    found = find_figures()
    known = [name for _, _, name, _ in found]
    if unknown := set(ids).difference(known):
        sys.exit(f"--sizes: expected ids of figures, got {', '.join(sorted(unknown))}")
    before = json.loads(SIZES.read_text("utf8")) if ids else {}
    with open_chromium(ROOT / "_build" / "html") as (page, site):
        sizes = {
            name: before[name]
            if ids and name not in ids and name in before
            else measure(page, f"{site}{stem}.html", name)
            for stem, _, name, _ in found
        }
    lines = (f"{json.dumps(name)}: {json.dumps(size)}" for name, size in sizes.items())
    SIZES.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf8")


def draw_all(*, check: bool) -> None:
    """Draw all stills, or compare them with what is drawn now."""
    wrong = []
    with open_chromium(STATIC) as (page, site):
        for _, tag, name, rest in find_figures():
            made = draw(page, site, tag, name, rest) + "\n"
            path = STILLS / f"{name}.svg"
            if not path.exists() or path.read_text("utf8") != made:
                wrong.append(path.name)
                if not check:
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(made, "utf8")
        if not check and (f"{FIRST}.svg" in wrong or not PREVIEW.exists()):
            draw_preview(page, site)
    if wrong and check:
        sys.exit(
            f"out of date: {', '.join(wrong)}\n"
            ".venv/bin/python -m tools.build.live.stills draws them"
        )
    print("drawn: " + (", ".join(wrong) or "nothing changed"))


if __name__ == "__main__":
    main()

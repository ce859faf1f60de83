"""Takes the pictures that the README shows: `make screenshots`.

Each is a page of the built book as a reader sees it, in headless Chromium,
after a few moves of the reader's; it is written to tools/publish/screens/.
They are taken again when somebody asks for it, and compared with nothing,
since browsers draw letters differently.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rnncore.files import whole_file
from tools.build import book
from tools.build.stills import served
from tools.publish.volume.paper import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCREENS = Path(__file__).with_name("screens")
HTML = book.BUILD / "html"


class Shot(NamedTuple):
    """A page, the element that it is about, and what a reader does there."""

    page: str
    element: str
    width: int = 1280
    height: int = 800
    dark: bool = False
    press: tuple[str, ...] = ()  # the buttons' names, in order


SHOTS = {
    "unrolled": Shot("ch03_bptt", "live-unrolled", press=("Next ▶",) * 9),
    "lstm": Shot("ch06_lstm", "live-machine"),
    "telephone": Shot("intro", "h1", width=390, height=844, dark=True),
}


def take(page: Page, site: str, shot: Shot) -> bytes:
    """The picture, once what was asked for stands still."""
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    page.emulate_media(
        color_scheme="dark" if shot.dark else "light", reduced_motion="reduce"
    )
    page.goto(f"{site}{shot.page}.html")
    element = page.locator(shot.element).first
    element.evaluate("e => e.scrollIntoView({block: 'center'})")
    for name in shot.press:
        element.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)  # what was started has come somewhere
    return page.screenshot()


def main() -> None:
    """Take them all."""
    if not (HTML / "index.html").exists():
        sys.exit(f"there is no {HTML / 'index.html'}: make book builds it")
    from playwright.sync_api import sync_playwright  # takes half a second

    SCREENS.mkdir(exist_ok=True)
    with sync_playwright() as player, served(HTML) as site:
        browser = player.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        for name, shot in SHOTS.items():
            taken = take(page, site, shot)
            with whole_file(SCREENS / f"{name}.png") as file:
                file.write(taken)
            print(SCREENS / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()

"""Runs the page notebooks in a browser: which of them run, and how long.

    python -m tools.publish.browser.run_notebooks [SITE] [--only NAME ...] [--save]

SITE is what `make lite` built. Each notebook is opened in headless Chromium and
all its cells are run; the first mistake of each is shown, and 1 returned where
there is one. With --save the seconds of the others are kept as measurements:
the pages' links say how long a reader waits.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rnncore import programs
from tools.build import book
from tools.build.live.stills import serve_folder
from tools.measurements import record

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

LONGEST = 1_200_000  # milliseconds
ERROR = '[data-mime-type="application/vnd.jupyter.error"]'
STDERR = '[data-mime-type="application/vnd.jupyter.stderr"]'
PICTURES = '.jp-OutputArea img[src^="data:image/svg"]'
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'


class NotebookRun(NamedTuple):
    """What a reader saw of a notebook."""

    seconds: float
    cells: int
    pictures: int
    mistakes: list[str]  # the first error or warning


def run_notebook(reader: BrowserContext, site: str, path: str) -> NotebookRun:
    """Open a notebook of the site and run its cells, to the first mistake."""
    page = reader.new_page()
    page.set_default_timeout(LONGEST)
    begun = time.monotonic()
    page.goto(f"{site}notebooks/index.html?path={path}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.locator(IDLE).wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cells = page.locator(".jp-CodeCell")
    ran = cells.last.locator(".jp-InputPrompt").filter(has_text=re.compile(r"\d"))
    ran.or_(page.locator(ERROR)).first.wait_for()
    mistakes = page.locator(f"{ERROR}, {STDERR}").all_inner_texts()[:1]
    seen = NotebookRun(
        time.monotonic() - begun,
        cells.count(),
        page.locator(PICTURES).count(),
        mistakes,
    )
    page.close()
    return seen


def main(argv: list[str] | None = None) -> int:
    """Run the notebooks; return 0 if none made a mistake."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("site", type=Path, nargs="?", default=book.BUILD / "lite")
    parser.add_argument("--only", nargs="+", help="names of pages")
    parser.add_argument("--save", action="store_true", help="keep the seconds")
    options = parser.parse_args(argv)
    there = sorted(p.stem for p in (options.site / "files/pages").glob("*.ipynb"))
    if not there:
        print(f"There is no notebook in {options.site}: run make lite", file=sys.stderr)
        return 2
    try:
        chromium = programs.require("chromium")
    except programs.MissingProgramError as error:
        print(error, file=sys.stderr)
        return 2
    failed = 0
    with serve_folder(options.site) as site, sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        for name in options.only or there:
            with browser.new_context() as reader:
                seen = run_notebook(reader, site, f"pages/{name}.ipynb")
            says = f"{seen.cells} cells, {seen.pictures} pictures"
            print(f"{name:20} {seen.seconds:6.1f} s, {says}", flush=True)
            for mistake in seen.mistakes:
                print("    " + mistake.strip().replace("\n", "\n    "), flush=True)
            failed += bool(seen.mistakes)
            if options.save and not seen.mistakes:
                record(
                    {f"lite.{name}.seconds": round(seen.seconds, 1)},
                    unit="s from opening to the last cell, headless Chromium",
                    seed=None,
                    command="python -m tools.publish.browser.run_notebooks --save",
                )
        browser.close()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

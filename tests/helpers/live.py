"""What the tests of the live figures share: one figure in a page of its own."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close
from tools.build.live.stills import STATIC

FIGURE = """<!doctype html><html lang="en" data-theme="light"><head>
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A figure</title></head><body style="max-width: 720px">
<script src="live.js"></script><h1>A figure</h1>
<live-{name} id="it" {attributes}><p class="question">What now?</p>
<img src="live/stills/none.svg" alt="A still picture" loading="lazy">
</live-{name}></body></html>"""


class Figure:
    """One figure in a page of its own."""

    def __init__(self, browser, site, name, attributes="", query="", **how):
        self.wrong = []
        self.page = browser.new_page(**how)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        body = FIGURE.format(name=name, attributes=attributes)
        self.page.route(
            "**/figure.html*",
            lambda route: route.fulfill(
                body=body, content_type="text/html"
            ),
        )
        self.page.goto(f"{site}figure.html{query and '#it?' + query}")
        if how.get("java_script_enabled", True):
            self.page.wait_for_function(
                """() => {
                  const says = document.querySelector(".live .says");
                  return says?.textContent && !/loading/.test(
                    says.textContent);
                }"""
            )

    @property
    def words(self):
        """What the figure says now, with a plain minus sign."""
        text = self.page.locator(".live .says").inner_text()
        return text.replace("−", "-")

    def state(self):
        return self.page.evaluate("document.getElementById('it').state")

    def change(self, **changes):
        self.page.evaluate(
            "changes => document.getElementById('it').change(changes)",
            changes,
        )

    def call(self, expression, arg=None):
        """A function of the figure, given as `figure => ...`."""
        return self.page.evaluate(
            f"arg => ({expression})(document.getElementById('it'), arg)",
            arg,
        )


def flat(tree):
    """Arrays as lists, row by row, whatever holds them."""
    if hasattr(tree, "_asdict"):
        tree = tree._asdict()
    if isinstance(tree, dict):
        return {name: np.ravel(a).tolist() for name, a in tree.items()}
    return [np.ravel(a).tolist() for a in tree]


def assert_same(theirs, ours):
    """Equal, but for a browser's exp and tanh that round otherwise."""
    assert_close(np.ravel(theirs), np.ravel(ours), amplified=100)


MODULES = STATIC / "live"
NAMES = sorted(
    p.stem
    for p in MODULES.glob("*.mjs")
    if "customElements.define" in p.read_text("utf8")
)
each_figure = pytest.mark.parametrize("name", NAMES)

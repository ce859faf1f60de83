r"""Typesets the formulas of finished pages, so that a reader needs no script.

Sphinx leaves a formula as TeX between \( and \) or \[ and \]; KaTeX, run by a
JavaScript engine inside Python, turns each into HTML and MathML. A formula
that it cannot read fails the build, with the page's name.
"""

import functools
import html
import re

from py_mini_racer import JSEvalException, MiniRacer
from sphinx.errors import ExtensionError

from tools import ROOT

KATEX = ROOT / "book" / "extra" / "vendor" / "katex"
OPENS = (
    r'(<(?:span|div) class="math notranslate nohighlight"[^>]*>\s*'
    r'(?:<span class="eqno">.*?</span>)?)'
)
STOP = "([.,;:?!)’”]*)"
INLINE = re.compile(OPENS + r"\\\((.*?)\\\)</span>" + STOP, re.DOTALL)
DISPLAY = re.compile(OPENS + r"\\\[(.*?)\\\](?=\s*</div>)", re.DOTALL)
BASE = '<span class="katex-base">'  # after it a line may end
WITH_LAST = (
    '<span class="with-stop"><span class="katex">'
    '<span class="katex-html" aria-hidden="true">'
)


def typeset(page: str, name: str) -> str:
    """The page's HTML with its formulas as HTML, and with what shows them."""

    def inline(match: re.Match[str]) -> str:
        drawn = f"{match[1]}{_draw_formula(match[2], False, name)}</span>"
        if not match[3]:
            return drawn
        if drawn.count(BASE) == 1:
            return f'<span class="with-stop">{drawn}{match[3]}</span>'
        before, _, last = drawn.removesuffix("</span>").rpartition(BASE)
        return f"{before}</span></span>{WITH_LAST}{BASE}{last}{match[3]}</span></span>"

    def display(match: re.Match[str]) -> str:
        return match[1] + _draw_formula(match[2], True, name)

    page = DISPLAY.sub(display, INLINE.sub(inline, page))
    if 'class="katex' not in page:
        return page
    folder = f"{'../' * name.count('/')}vendor/katex"
    sheet = f'<link rel="stylesheet" href="{folder}/katex.min.css" />'
    return page.replace("</head>", f"{sheet}\n</head>", 1)


def _draw_formula(tex: str, display: bool, page: str) -> str:
    try:
        return to_html(html.unescape(tex).strip(), display)
    except JSEvalException as error:
        told = str(error).splitlines()[0]
        raise ExtensionError(f"{page}: {tex}: {told}") from error


@functools.cache
def to_html(tex: str, display: bool) -> str:
    """One formula, for the eye and for a screen reader.

    Raises JSEvalException where KaTeX cannot read it.
    """
    options = {"displayMode": display, "strict": "ignore"}
    return str(_start_engine().call("katex.renderToString", tex, options))


@functools.cache
def _start_engine() -> MiniRacer:
    engine = MiniRacer()
    engine.eval((KATEX / "katex.min.js").read_text("utf8"))
    return engine

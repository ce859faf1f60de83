"""How the documents for teachers look: one frame, Markdown with formulas."""

from __future__ import annotations

import re
from pathlib import Path

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.site import formulas

FOLDED = re.compile(r"</?details>|<summary>(.*?)</summary>", re.IGNORECASE)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _render_formula(tex: str, options: dict[str, bool]) -> str:
    drawn = formulas.to_html(tex, options["display_mode"])
    found = BeautifulSoup(drawn, "html.parser").find("math")
    for note in found.find_all("annotation") if found else ():
        note.decompose()
    return str(found)


WORDS = MarkdownIt("commonmark", {"html": False}).enable("table")
WORDS.use(dollarmath_plugin, renderer=_render_formula, double_inline=True)


def to_html(text: str) -> Markup:
    """Markdown with formulas as HTML; folded parts stand open, under their titles."""
    opened = FOLDED.sub(lambda m: f"\n\n**{m[1]}**\n\n" if m[1] else "\n\n", text)
    return Markup(WORDS.render(opened))


TEMPLATES.filters["markdown"] = to_html


def render_document(template: str, title: str, **parts: object) -> str:
    """A complete HTML document."""
    return TEMPLATES.get_template(template).render(title=title, **parts)

"""Markdown as HTML that is safe to show, with formulas as MathML.

A browser draws MathML without a script or a typeface of its own, so that a page
with formulas is one file.
"""

from __future__ import annotations

from html import escape, unescape
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin


def render_inline(text: str) -> Markup:
    """Markdown of one line as HTML."""
    return Markup(WORDS.renderInline(text))


def render_markdown(text: str) -> Markup:
    """Markdown as HTML."""
    return Markup(WORDS.render(text))


def _render_formula(tex: str, options: dict[str, bool]) -> str:
    """A formula as MathML; one that cannot be read stands there as TeX."""
    display = "block" if options["display_mode"] else "inline"
    try:
        made = convert_to_element(tex, display=display)
    except Exception:  # noqa: BLE001 - its errors have no base class but this one
        return f"<code>{escape(tex)}</code>"
    for node in made.iter():
        node.text = unescape(node.text or "")  # the library's text is half escaped
        for key in {"href", "style", "class", "id"} & node.attrib.keys():
            del node.attrib[key]
    return ElementTree.tostring(made, encoding="unicode")


WORDS = MarkdownIt("commonmark", {"html": False}).enable("table")
WORDS.disable(["image", "link", "autolink"])
WORDS.use(dollarmath_plugin, renderer=_render_formula, double_inline=True)

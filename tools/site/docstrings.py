"""The course's Sphinx extension: docstrings as they are written here, the
sections of the reference, words for references to pages that the contents leave
out, and works of one author and year distinguished by a letter."""

import functools
import re
from collections import _tuplegetter, defaultdict  # type: ignore[attr-defined]
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import find_plugin, register_plugin
from pybtex.style.sorting.author_year_title import SortingStyle
from sphinx.application import Sphinx
from sphinx.ext import mathjax

from tools.pages import contents

PARAGRAPH = re.compile(r"\n\s*\n|\n\s*(?=Source:)")
RAISES = re.compile(r"Raises (\w+)\b,?:?\s*(.*)", re.DOTALL)


def docstring_to_rst(text: str) -> str:
    """A docstring with `Shapes:`, `Raises ...` and `Source:` paragraphs as
    reStructuredText, those three as fields."""
    parts: list[str] = []
    as_it_stands = False  # examples and formulas, which are indented
    for paragraph in PARAGRAPH.split(text.strip("\n")):
        if not all(line.startswith("    ") for line in paragraph.splitlines()):
            parts.append(_make_paragraph(paragraph))
            as_it_stands = parts[-1].endswith("::")
            continue
        if not as_it_stands:
            parts.append("::")
        parts.append(paragraph)
        as_it_stands = True
    return "\n\n".join(parts)


def _make_paragraph(text: str) -> str:
    one_line = " ".join(text.split())
    if one_line.startswith("Shapes:"):
        shapes = one_line.removeprefix("Shapes:").strip()
        sides = [_quote_literals(side) for side in shapes.split("->")]
        return f":Shapes: {' **→** '.join(sides).strip()}"
    if one_line.startswith("Source:"):
        source = one_line.removeprefix("Source:").strip()
        return f":Source: {_inline(source)}"
    if raises := RAISES.match(one_line):
        return f":Raises: ``{raises[1]}`` {_inline(raises[2])}"
    return _inline(text)


def _quote_literals(side: str) -> str:
    items = [item.strip() for item in side.split(";")]
    return "; ".join(f"``{item}``" for item in items if item)


def _inline(text: str) -> str:
    """Single backticks and --options mean code; nothing else is markup."""
    pieces = re.split(r"(`+[^`]+`+|(?<!\S)--[a-z][\w-]*)", text)
    for k, piece in enumerate(pieces):
        code = f"``{piece.strip('`')}``"
        pieces[k] = code if k % 2 else re.sub(r"([*_|\\])", r"\\\1", piece)
    return "".join(pieces)


def _process_docstring(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    lines[:] = [*docstring_to_rst("\n".join(lines)).splitlines(), ""]


def _skip_what_is_not_ours(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    module = getattr(obj, "__module__", None) or "rnncore"
    ours = module.split(".")[0] == "rnncore"
    return None if ours and not isinstance(obj, _tuplegetter) else True


def _modules_and_absent_pages(app: Sphinx, page: str, text: list[str]) -> None:
    if page in app.env.found_docs:  # a page, not a docstring
        text[0] = contents.unlink_absent(
            contents.expand_modules(text[0]), _find_absent(app)
        )


@functools.lru_cache(maxsize=1)
def _find_absent(app: Sphinx) -> contents.Absent:
    return contents.find_absent(Path(app.srcdir), app.env.found_docs)


def tell_apart(entries: Iterable[Entry]) -> None:
    """Put a letter after the year of works that would be cited alike: 2014a.

    A citation names two authors, or the first of more. The letters are in the
    order of the bibliography.
    """
    alike = defaultdict(list)
    for entry in SortingStyle().sort(entries):
        names = [" ".join(who.last_names) for who in entry.persons["author"]]
        cited = names if len(names) < 3 else [names[0], "et al."]
        alike[*cited, entry.fields["year"]].append(entry)
    for works in alike.values():
        for letter, work in zip("abcdef", works if works[1:] else [], strict=False):
            work.fields["year"] += letter


def _tell_apart(app: Sphinx) -> None:
    if "sphinxcontrib.bibtex" in app.extensions:
        tell_apart(app.env.domaindata["cite"]["bibdata"].data.entries.values())


def _find_once(group: str, name: str) -> None:
    """Have pybtex remember a plugin that it looks up for every citation."""
    register_plugin(group, name, find_plugin(group, name), force=True)


def _vouch_for(app: Sphinx, config: Any) -> None:
    """Say of extensions that do not say so that pages may be read in parallel.

    Neither keeps state from one page to the next.
    """
    for name in "sphinx_jupyterbook_latex", "sphinx_multitoc_numbering":
        if name in app.extensions:
            app.extensions[name].parallel_read_safe = True


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the handlers with Sphinx."""
    _find_once("pybtex.backends", "docutils")
    _find_once("pybtex.backends", "plaintext")
    app.connect("config-inited", _vouch_for)
    app.connect("builder-inited", _tell_apart, priority=600)  # when they are read
    app.connect("autodoc-process-docstring", _process_docstring)
    app.connect("autodoc-skip-member", _skip_what_is_not_ours)
    app.connect("source-read", _modules_and_absent_pages)
    app.add_html_math_renderer(  # as for MathJax, whose scripts stay away
        "typeset",
        (mathjax.html_visit_math, None),
        (mathjax.html_visit_displaymath, None),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}

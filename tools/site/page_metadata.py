"""A Sphinx extension for what the pages say of themselves and of the book.

Links to a page show its description, and a picture where `html_baseurl` says
where the book is published; there is a sitemap then, too. Each page shows
its place in the contents, the edition, and a link to edit it where
`repository_url` says where its source is. `{{ citation }}` in a page is how
to cite the course, from CITATION.cff.
"""

import datetime
import os
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml
from docutils import nodes
from sphinx.application import Sphinx

from rnncore import programs
from tools import ROOT
from tools.site.search import to_plain_text

CITATION = ROOT / "CITATION.cff"
PICTURE = "_static/preview.png"
PICTURE_SHOWS = "The course's name, and a network being trained: its loss falls."
PLACE = "{{ citation }}"
HOW_TO_CITE = """\
{author} ({year}). *{title}*. Edition {version}.{address}

```bibtex
@book{{rnncore,
  title   = {{{title}}},
  author  = {{{{{author}}}}},
  edition = {{{version}}},
  year    = {{{year}}},{url}
}}
```"""


def edition_date() -> datetime.date | None:
    """SOURCE_DATE_EPOCH or else the last commit's day; None where neither is."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not seconds and (git := programs.find("git")):
        command = [git, "log", "-1", "--format=%ct"]
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        seconds = run.stdout  # empty where there is no repository
    if not seconds.strip():
        return None
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).date()


def format_citation(address: str) -> str:
    """How to cite the course, as text and for BibTeX."""
    about = yaml.safe_load(CITATION.read_text("utf8"))
    date = edition_date()
    return HOW_TO_CITE.format(
        author=about["authors"][0]["name"],
        title=about["title"],
        version=about["version"],
        year=date.year if date else "n.d.",
        address=f" <{address}>" if address else "",
        url=f"\n  url     = {{{address}}}," if address else "",
    )


def read_edition() -> str:
    """The version, and the day where it is known."""
    version = yaml.safe_load(CITATION.read_text("utf8"))["version"]
    date = edition_date()
    return f"{version}, {date.day} {date:%B %Y}" if date else f"{version}"


def describe_page(doctree: nodes.document) -> str:
    """A page's first question, or else its first paragraph."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = to_plain_text(paragraph)
        minutes = len(paragraph) == 1 and isinstance(paragraph[0], nodes.emphasis)
        if text and not minutes and not text.endswith(":"):
            return textwrap.shorten(text, 200, placeholder=" …")
    return ""


def find_parts(toc: str) -> dict[str, str]:
    """By page: the caption of the part that it belongs to."""
    return dict(_walk_parts(yaml.safe_load(toc), ""))


def _walk_parts(entry: dict[str, Any], caption: str) -> Iterator[tuple[str, str]]:
    caption = entry.get("caption", caption)
    if "file" in entry:
        yield entry["file"], caption
    for key in ("parts", "chapters", "sections"):
        for inner in entry.get(key, ()):
            yield from _walk_parts(inner, caption)


def _on_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    toc = Path(app.config.external_toc_path).read_text("utf8")
    context["part"] = find_parts(toc).get(page, "")
    title = app.env.titles.get(page)
    about = {
        "description": describe_page(doctree) if doctree is not None else "",
        "og:title": to_plain_text(title) if title else app.config.html_title,
        "og:site_name": app.config.html_title,
        "og:type": "article" if doctree is not None else "website",
        "og:locale": "en_GB",
    }
    about["og:description"] = about["description"]
    if address := app.config.html_baseurl:
        about["og:url"] = urljoin(address, app.builder.get_target_uri(page))
        about["og:image"] = urljoin(address, PICTURE)
        about["og:image:alt"] = PICTURE_SHOWS
        about["twitter:card"] = "summary_large_image"
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {"property" if name[:3] == "og:" else "name"}="{name}"'
        f' content="{escape(value)}" />'
        for name, value in about.items()
        if value
    )


def _cite(app: Sphinx, page: str, text: list[str]) -> None:
    if PLACE in text[0]:
        text[0] = text[0].replace(PLACE, format_citation(app.config.html_baseurl))


def _set_once(app: Sphinx, config: Any) -> None:
    """The edition, and the addresses: of the environment, or configured."""
    config.html_context["edition"] = read_edition()
    options = config.html_theme_options
    options["logo"] = {**options.get("logo", {}), "text": config.html_title}
    if address := os.environ.get("BOOK_ADDRESS"):
        config.html_baseurl = urljoin(f"{address.rstrip('/')}/", "latest/")
    if source := os.environ.get("BOOK_SOURCE"):
        options["repository_url"] = source
    options["use_edit_page_button"] = bool(options.get("repository_url"))


def _finish(app: Sphinx, error: Exception | None) -> None:
    """The first page at the book's own address, and the sitemap."""
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    first = app.builder.get_target_uri(app.config.root_doc)
    if first != "index.html":
        shutil.copyfile(out / first, out / "index.html")
    if address := app.config.html_baseurl:
        pages = map(app.builder.get_target_uri, sorted(app.env.found_docs))
        urls = "".join(
            f"<url><loc>{escape(urljoin(address, page))}</loc></url>\n"
            for page in pages
        )
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            f"{urls}</urlset>\n",
            "utf8",
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", _set_once)
    app.connect("source-read", _cite)
    app.connect("html-page-context", _on_page)
    app.connect("build-finished", _finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

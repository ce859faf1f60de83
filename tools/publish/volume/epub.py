"""Makes an EPUB of the built book.

    python -m tools.publish.volume.epub           into _build/book.epub
    python -m tools.publish.volume.epub --code    with the code that the pages fold

Each page of the book is a document; formulas are MathML, live figures their
still pictures, and the answers to the closing questions are at the end. A
file of the format EPUB 3.2, whose dates are those of the last commit, or
SOURCE_DATE_EPOCH, so that one book gives one file.
"""

from __future__ import annotations

import base64
import datetime
import io
import re
import uuid
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import jinja2

import rnncore
from tools.publish import PublishError
from tools.publish.volume.paper import (
    HERE,
    LICENCE,
    PICTURE,
    Entry,
    join_pages,
    run_command,
)

KINDS = {
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}
DATA = re.compile(r"data:([\w/.+-]+)((?:;[\w=-]+)*),(.*)", re.DOTALL)
SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/book.opf"
 media-type="application/oebps-package+xml"/></rootfiles></container>
"""
TEMPLATES = jinja2.Environment(
    autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
)
CHAPTER = TEMPLATES.from_string("""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
 lang="en" xml:lang="en" data-theme="light">
<head><meta charset="utf-8"/><title>{{ title }}</title>
<link rel="stylesheet" href="pygments.css"/><link rel="stylesheet" href="epub.css"/>
</head>
<body>{{ text|safe }}</body>
</html>
""")
COVER = TEMPLATES.from_string("""<section epub:type="cover">
<p><img src="cover.png" alt="{{ title }}"/></p>
<p>{{ author }}, edition {{ edition }}</p></section>
""")
NAV = TEMPLATES.from_string("""<nav epub:type="toc"><h1>Contents</h1>
<ol>
{% for part, inside in parts %}
{% if part %}
<li><a href="{{ inside[0].page }}.xhtml">{{ part }}</a><ol>
{% endif %}
{% for entry in inside %}
<li><a href="{{ entry.page }}.xhtml">{{ entry.title }}</a>
{% if entry.sections %}
<ol>
{% for section in entry.sections %}
<li><a href="{{ entry.page }}.xhtml#{{ section.id }}">{{ section.title }}</a></li>
{% endfor %}
</ol>
{% endif %}
</li>
{% endfor %}
{% if part %}
</ol></li>
{% endif %}
{% endfor %}
</ol></nav>
""")
PACKAGE = TEMPLATES.from_string("""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"
 xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{{ identifier }}</dc:identifier>
<dc:title>{{ title }}</dc:title>
<dc:creator>{{ author }}</dc:creator>
<dc:rights>{{ licence }}</dc:rights>
<dc:language>en</dc:language>
<dc:date>{{ moment }}</dc:date>
<meta property="dcterms:modified">{{ moment }}</meta>
{% if cover %}
<meta name="cover" content="cover"/>
{% endif %}
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
{% for item in items %}
<item id="{{ item.id }}" href="{{ item.href }}" media-type="{{ item.kind }}"
{%- if item.get("properties") %} properties="{{ item.properties }}"{% endif %}/>
{% endfor %}
</manifest>
<spine>
{% if cover %}
<itemref idref="cover-page"/>
{% endif %}
<itemref idref="nav"/>
{% for id in spine %}
<itemref idref="{{ id }}"/>
{% endfor %}
</spine>
</package>
""")


def read_picture(source: str, html: Path) -> tuple[str, bytes]:
    """Kind and content of a picture, given inline or as a file of the book.

    Raises PublishError for a kind that readers of EPUB need not know.
    """
    if match := DATA.match(source):
        kind, how, content = match.groups()
        raw = unquote(content).encode() if "base64" not in how else None
        content_bytes = raw if raw is not None else base64.b64decode(content)
    else:
        path = html / unquote(urlsplit(source).path).lstrip("/")
        known = {f".{suffix}": kind for kind, suffix in KINDS.items()}
        kind = known.get(path.suffix, path.suffix)
        content_bytes = path.read_bytes()
    if kind not in KINDS:
        raise PublishError(f"{source[:60]}: expected a PNG, SVG or JPEG, got {kind}")
    if kind == "image/svg+xml":
        content_bytes = clean_drawing(content_bytes)
    return kind, content_bytes


def clean_drawing(svg: bytes) -> bytes:
    """An SVG as EPUB 3.2 allows it: SVG 1.1 that names no DTD."""
    root = ElementTree.fromstring(svg)  # which drops the document type
    for style in root.findall(f"{{{SVG}}}style[@media]"):
        root.remove(style)  # of a dark page, which a reader's own may not be
    for path in root.iter(f"{{{SVG}}}path"):
        path.attrib.setdefault("d", "")  # matplotlib's space
    for node in root.iter():
        if order := node.attrib.pop("paint-order", None):  # of SVG 2
            node.set("style", f"paint-order:{order};{node.get('style', '')}")
    return ElementTree.tostring(root)


def make_epub(
    html: Path, toc: list[Entry], config: dict[str, Any], *, code: bool, epoch: int
) -> bytes:
    """The EPUB of the book in `html`.

    Raises PublishError where a picture is of no kind that an EPUB may hold.
    """
    title = config["title"]
    with join_pages(html, [entry.page for entry in toc], title, code=code) as paper:
        chapters, pictures = paper.page.evaluate("forReaders()")
        contents = paper.contents
    titles = {entry["page"]: entry["title"] for entry in contents}
    files: dict[str, bytes] = {}
    items = []
    for name, style in ("epub", HERE), ("pygments", html / "_static"):
        files[f"{name}.css"] = (style / f"{name}.css").read_bytes()
        items.append({"id": name, "href": f"{name}.css", "kind": "text/css"})
    new_names = {}
    for source, name in pictures:
        kind, content = read_picture(source, html)
        new_names[name] = f"{name}.{KINDS[kind]}"
        files[new_names[name]] = content
        item = {"id": name.replace("/", "-"), "href": new_names[name], "kind": kind}
        items.append(item)
    for chapter in chapters:
        text = re.sub(
            r'(?<= src=")images/\d+(?=")', lambda m: new_names[m[0]], chapter["text"]
        )
        name = f"{chapter['id']}.xhtml"
        page = CHAPTER.render(title=titles[chapter["id"]], text=text)
        files[name] = page.encode()
        items.append(
            {
                "id": f"page-{chapter['id']}",
                "href": name,
                "kind": "application/xhtml+xml",
                "properties": _find_properties(text),
            }
        )
    cover = html / PICTURE
    if cover.exists():
        files["cover.png"] = cover.read_bytes()
        said = COVER.render(
            title=title, author=config["author"], edition=rnncore.__version__
        )
        files["cover.xhtml"] = CHAPTER.render(title=title, text=said).encode()
        around = {
            "id": "cover-page",
            "href": "cover.xhtml",
            "kind": "application/xhtml+xml",
        }
        image = {"id": "cover", "href": "cover.png", "kind": "image/png"}
        items += [around, {**image, "properties": "cover-image"}]
    nav = NAV.render(parts=_group_by_part(toc, contents))
    files["nav.xhtml"] = CHAPTER.render(title=title, text=nav).encode()
    day = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    files["book.opf"] = PACKAGE.render(
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, f"{title} {rnncore.__version__}"),
        title=title,
        author=config["author"],
        licence=LICENCE,
        cover=cover.exists(),
        moment=f"{day:%Y-%m-%dT%H:%M:%SZ}",
        items=items,
        spine=[f"page-{chapter['id']}" for chapter in chapters],
    ).encode()
    return _zip_files(files, day)


def _find_properties(text: str) -> str:
    named = {"mathml": "<math", "svg": "<svg"}
    return " ".join(name for name, tag in named.items() if tag in text)


def _group_by_part(
    toc: list[Entry], contents: list[dict[str, Any]]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The contents by part, in order."""
    parts = {entry.page: entry.part for entry in toc}
    grouped: list[tuple[str, list[dict[str, Any]]]] = []
    for entry in contents:
        part = parts.get(entry["page"], "")
        if not grouped or grouped[-1][0] != part:
            grouped.append((part, []))
        grouped[-1][1].append(entry)
    return grouped


def _zip_files(files: dict[str, bytes], day: datetime.datetime) -> bytes:
    """The archive: its kind first and bare, as the format asks."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:

        def add(name: str, content: bytes, how: int) -> None:
            info = zipfile.ZipInfo(name, day.timetuple()[:6])
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, content, how)

        add("mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        add("META-INF/container.xml", CONTAINER.encode(), zipfile.ZIP_DEFLATED)
        for name, content in files.items():
            add(f"EPUB/{name}", content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


if __name__ == "__main__":
    run_command("epub", __doc__, make_epub, lambda made: f"{len(made) / 1e6:.1f} MB")

"""A Sphinx extension that writes what the book's search page looks through.

In place of Sphinx's index, which knows only entire pages: which words each
section has, in search-index.js, and what it says, in a script for each page,
search/PAGE.js, of which a reader gets those whose excerpts are shown. They
are scripts, so that a folder opened without a server is searched too.
book/extra/search-core.js ranks the sections with MiniSearch, search.js shows
them, and search-suggest.js proposes headings, of search-headings.js, while a
reader types.
"""

import json
import re
import shutil
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

GLOSSARY = "glossary"
API = "api"
INDEX = "search-index.js"
HEADINGS = "search-headings.js"
TEXTS = "search"  # a folder
WORD = re.compile(r"[^\W_]+")  # as search-core.js parts a query
OFTEN = 3  # times that a section says a word
KEPT = "search-texts.json"  # in the folder of the doctrees
EXPLAINED = re.compile(r"\b[Cc]hapters? (\d+)")
TEX = re.compile(r"\\(?:mathrm|mathbf|text|left|right|[,;!])\s*|[{}]")
APART = (
    nodes.section,
    nodes.title,
    nodes.comment,
    nodes.math_block,
    nodes.raw,
    addnodes.desc,
    addnodes.glossary,
    addnodes.desc_signature,
)
LONG = 200  # rows
FOLDED = {"tag_hide-input", "tag_remove-input", "tag_hide-cell"}


def list_sections(doctree: nodes.Node) -> Iterator[tuple[str, str, str, str]]:
    """Anchor, heading, words and code of each part of a page."""
    for part in doctree.findall(nodes.section):
        title = part.next_node(nodes.title)
        if title is not None:
            first = isinstance(part.parent, nodes.document)
            anchor = "" if first else part["ids"][0]
            yield anchor, to_plain_text(title), *_extract_text(part)
    for thing in doctree.findall(addnodes.desc):
        for signature in thing.findall(addnodes.desc_signature):
            if signature.parent is thing and signature["ids"]:
                name = signature["ids"][0]
                yield name, name, *_extract_text(thing)
    for item in doctree.findall(nodes.definition_list_item):
        for term in item.findall(nodes.term):
            if term["ids"]:
                definition = item.next_node(nodes.definition)
                yield term["ids"][0], to_plain_text(term), *_extract_text(definition)


def to_plain_text(node: nodes.Node) -> str:
    """A node's text in one line, formulas with less TeX."""
    if isinstance(node, nodes.math):
        return TEX.sub("", node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.raw):
        return ""
    return " ".join("".join(map(to_plain_text, node.children)).split())


def _extract_text(part: nodes.Element) -> tuple[str, str]:
    """What a part says and what it lists, without the parts within it."""
    words: list[str] = []
    code: list[str] = []
    _collect(part.children, words, code)
    return " ".join(words), "\n".join(code)


def _collect(
    among: list[nodes.Node], words: list[str], code: list[str], listed: bool = True
) -> None:
    for node in among:
        if not isinstance(node, nodes.Element) or isinstance(node, APART):
            continue
        classes = set(node["classes"])
        if isinstance(node, nodes.tbody) and len(node) > LONG:
            continue  # a list to look through, no text
        if isinstance(node, nodes.literal_block):
            if listed and "output" not in classes:
                code.append(node.astext())
        elif isinstance(node, nodes.TextElement):
            if not (len(node) == 1 and isinstance(node[0], nodes.emphasis)):
                words.append(to_plain_text(node))  # but a page's minutes to read
        else:
            _collect(node.children, words, code, listed and not classes & FOLDED)


def explain_terms(texts: list[tuple[str, str, str, str]]) -> dict[str, list[str]]:
    """Of each glossary term: anchor, definition, the chapter that it names."""
    found = {}
    for anchor, term, definition, _ in texts:
        if anchor.startswith("term-"):
            chapter = EXPLAINED.search(definition)
            number = chapter[1] if chapter else ""
            found[term.lower()] = [anchor, definition, number]
    return found


def _read(app: Sphinx, doctree: nodes.document, page: str) -> None:
    if app.builder.format == "html":
        _read_texts(app)[page] = [*list_sections(doctree)]


def _read_texts(app: Sphinx) -> dict[str, list[tuple[str, str, str, str]]]:
    """By page; Sphinx resolves all of them in the process that ends the build.

    A page that isn't written again has the texts of the last build.
    """
    if not hasattr(app, "search_texts"):
        kept = Path(app.doctreedir, KEPT)
        texts = json.loads(kept.read_text("utf8")) if kept.exists() else {}
        app.search_texts = texts  # type: ignore[attr-defined]
    return app.search_texts  # type: ignore[attr-defined]


def words_of(text: str) -> Counter[str]:
    """How often a text has each of its words, in small letters."""
    return Counter(WORD.findall(unicodedata.normalize("NFC", text).lower()))


def index_words(sections: Iterable[tuple[str, str]]) -> dict[str, list[Any]]:
    """Which sections have which words, in three lists.

    Of `sections`, words and code, "said" has the words, "often" those that a
    section says at least three times, and "code" the names that only its code
    has. Each is a list of words and, for each word, the gaps between the
    numbers of its sections.
    """
    found: dict[str, defaultdict[str, list[int]]] = {
        kind: defaultdict(list) for kind in ("said", "often", "code")
    }
    for k, (text, code) in enumerate(sections):
        said = words_of(text)
        for word, times in said.items():
            found["said"][word].append(k)
            if times >= OFTEN:
                found["often"][word].append(k)
        for word in set(words_of(code)) - set(said):
            if len(word) > 2 and not word[0].isdigit():
                found["code"][word].append(k)
    return {kind: _pack_places(places) for kind, places in found.items()}


def _pack_places(places: dict[str, list[int]]) -> list[Any]:
    words = sorted(places)
    gaps = [
        [b - a for a, b in zip([0, *places[word]], places[word], strict=False)]
        for word in words
    ]
    return [" ".join(words), gaps]


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    texts = _read_texts(app)
    if missing := set(app.env.found_docs) - set(texts):
        raise ExtensionError(f"not in the search: {', '.join(sorted(missing))}")
    pages = sorted(texts)
    titles = [[page, to_plain_text(app.env.titles[page])] for page in pages]
    found = [(k, *section) for k, page in enumerate(pages) for section in texts[page]]
    terms = explain_terms(texts.get(GLOSSARY, []))
    index = {
        "pages": titles,
        "sections": [section[:3] for section in found],
        "terms": terms,
        **index_words(section[3:] for section in found),
    }
    out = Path(app.outdir)
    _write_script(out / INDEX, f"window.BOOK_INDEX={_write_json(index)};\n")
    headings = {
        "pages": titles,
        "headings": [
            [page, anchor, heading]
            for page, anchor, heading, *_ in found
            if anchor and pages[page] != API and not anchor.startswith("term-")
        ],
        "terms": {term: anchor for term, (anchor, *_) in terms.items()},
    }
    _write_script(out / HEADINGS, f"window.BOOK_HEADINGS={_write_json(headings)};\n")
    shutil.rmtree(out / TEXTS, ignore_errors=True)
    for page in pages:
        said = _write_json([section[2:] for section in texts[page]])
        script = f"(window.BOOK_SAYS??={{}})[{_write_json(page)}]={said};\n"
        _write_script(out / TEXTS / f"{page}.js", script)
    Path(app.doctreedir, KEPT).write_text(json.dumps(texts), "utf8")


def _write_json(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False, separators=(",", ":"))


def _write_script(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script, "utf8")


def _search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    yield "search", {"index": INDEX}, "search.html"


def _without_sphinx_index(app: Sphinx) -> None:
    app.builder.search = False  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", _without_sphinx_index)
    app.connect("doctree-resolved", _read, priority=900)
    app.connect("html-collect-pages", _search_page)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

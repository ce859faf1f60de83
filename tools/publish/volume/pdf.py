"""Prints the built book into one PDF.

    python -m tools.publish.volume.pdf            into _build/book.pdf
    python -m tools.publish.volume.pdf --code     with the code that the pages fold
    python -m tools.publish.volume.pdf --volume grading    or reference, or sheet

The learner's book; the guide to grading and the reference are volumes of their
own, and the cheat sheet is one page. Pages are numbered; the contents name the numbers, the outline has the
same entries, links lead from page to page, and the answers to the closing
questions are at the end. The dates in the file are those of the last
commit, or SOURCE_DATE_EPOCH, so that one book gives one file.
"""

from __future__ import annotations

import argparse
import datetime
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ByteStringObject, IndirectObject, TextStringObject

import rnncore
from tools.build import book
from tools.publish import PublishError, find_time
from tools.publish.volume.paper import (
    LICENCE,
    PICTURE,
    SHEET,
    VOLUMES,
    Entry,
    Paper,
    join_pages,
    list_entries,
    read_settings,
    select_pages,
    set_title,
)

NODE = re.compile(r"node\d{8}")
WIDTH = 673  # of A4 within its margins, 96 dots an inch


def print_page(paper: Paper) -> bytes:
    """The document as Chromium prints it."""
    return paper.page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


def find_places(pdf: PdfReader) -> dict[str, int]:
    """Of each anchor that a link leads to, the page's index."""
    found = {}
    for name, to in pdf.named_destinations.items():
        number = pdf.get_destination_page_number(to)
        if number is not None:
            found[name.removeprefix("/")] = number
    return found


def make_pdf(
    html: Path, toc: list[Entry], config: dict[str, Any], *, code: bool, epoch: int
) -> bytes:
    """The PDF of the book in `html`.

    Raises PublishError where an anchor has no page.
    """
    title = config["title"]
    parts = {entry.page: entry.part for entry in toc}
    day = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    lines = [
        config["author"],
        LICENCE,
        f"Edition {rnncore.__version__}, {day:%-d %B %Y}",
    ]
    picture = PICTURE if (html / PICTURE).exists() else ""
    with join_pages(html, [entry.page for entry in toc], title, code=code) as paper:
        paper.page.set_viewport_size({"width": WIDTH, "height": 960})
        paper.page.emulate_media(media="print")
        if [entry.page for entry in toc] == [SHEET]:
            paper.page.evaluate("fit()")
            sheet = PdfReader(io.BytesIO(print_page(paper)))
            return _finish_file(sheet, [], {}, title, day)
        contents = paper.contents
        listed = [[entry, parts.get(entry["page"], "")] for entry in contents]
        paper.page.evaluate("given => front(...given)", [title, lines, listed, picture])
        paper.page.evaluate("fit()")
        first = find_places(PdfReader(io.BytesIO(print_page(paper))))
        anchors = [a for entry in contents for a in _list_anchors(entry)]
        if lost := [anchor for anchor in anchors if anchor not in first]:
            raise PublishError(f"no page holds {lost[0]}, which the contents name")
        paper.page.evaluate(
            "places => number(places)", {a: k + 1 for a, k in first.items()}
        )
        pdf = PdfReader(io.BytesIO(print_page(paper)))
    if find_places(pdf) != first:
        raise PublishError("the numbers moved what they number")
    return _finish_file(pdf, listed, first, title, day)


def _list_anchors(entry: dict[str, Any]) -> list[str]:
    return [entry["page"], *(section["id"] for section in entry["sections"])]


def _finish_file(
    pdf: PdfReader,
    listed: list[list[Any]],
    places: dict[str, int],
    title: str,
    day: datetime.datetime,
) -> bytes:
    """The file with an outline, and nothing in it that differs from run to run."""
    writer = PdfWriter(clone_from=pdf)
    branches: dict[str, IndirectObject] = {}
    for entry, part in listed:
        if part and part not in branches:
            branches[part] = writer.add_outline_item(
                title=part, page_number=places[entry["page"]]
            )
        at = writer.add_outline_item(
            title=entry["title"],
            page_number=places[entry["page"]],
            parent=branches.get(part),
        )
        for section in entry["sections"]:
            writer.add_outline_item(
                title=section["title"], page_number=places[section["id"]], parent=at
            )
    writer.page_mode = "/UseOutlines"
    stamp = f"D:{day:%Y%m%d%H%M%S}Z"
    writer.metadata = {
        "/Title": title,
        "/CreationDate": stamp,
        "/ModDate": stamp,
        "/Creator": "rnncore",
    }
    _number_nodes(writer)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _number_nodes(writer: PdfWriter) -> None:
    """Number the tagged nodes from 1: Chromium counts everything it ever laid out."""
    found: set[str] = set()

    def walk(thing: Any, put: Callable[[str], str]) -> Any:
        if isinstance(thing, dict):
            for key, value in thing.items():
                thing[key] = walk(value, put)
        elif isinstance(thing, list):
            thing[:] = [walk(value, put) for value in thing]
        elif isinstance(thing, TextStringObject | ByteStringObject):
            text = thing.decode() if isinstance(thing, bytes) else str(thing)
            if NODE.fullmatch(text):
                return TextStringObject(put(text))
        return thing

    def note(name: str) -> str:
        found.add(name)
        return name

    for thing in writer._objects:
        walk(thing, note)
    new = {name: f"node{k:08}" for k, name in enumerate(sorted(found), 1)}
    for thing in writer._objects:
        walk(thing, new.__getitem__)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--html", type=Path, default=book.BUILD / "html", metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="FILE")
    parser.add_argument("--code", action="store_true", help="with the folded code")
    parser.add_argument(
        "--volume",
        choices=VOLUMES,
        default="book",
        help="the learner's book, or another",
    )
    args = parser.parse_args()
    out = args.out or book.BUILD / f"{args.volume}.pdf"
    toc = select_pages(list_entries(book.BOOK / "_toc.yml"), args.volume)
    if not toc:
        sys.exit(f"--volume: the contents have no page of the volume {args.volume}.")
    config = set_title(read_settings(book.CONFIG), args.volume)
    try:
        made = make_pdf(args.html, toc, config, code=args.code, epoch=find_time())
    except PublishError as error:
        sys.exit(f"{error}\nThere is no PDF.")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(made)
    print(f"{out}  ({len(PdfReader(io.BytesIO(made)).pages)} pages)")


if __name__ == "__main__":
    main()

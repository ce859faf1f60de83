"""A chapter's deck for 45 minutes: of its pages' slides, those to be remembered.

Nothing in it is written for it: the pages mark their picture to remember, their
equations, predictions and closing questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tools.teach.documents import render_document
from tools.teach.pages import LIVE, Page, inline_file, read_live
from tools.teach.slides import Slide, make_slides

MOST = 20  # slides
RESULTS = 2  # of a prediction, at most
SEEN = {"picture", "figure", "animation", "table"}
TYPEFACES = ("text", "text-italic", "heading")  # of the book


def group_chapters(pages: Iterable[Page]) -> dict[str, list[Page]]:
    """The pages of each chapter, by its number: "03"."""
    found: dict[str, list[Page]] = {}
    for page in pages:
        found.setdefault(page.name[2:4], []).append(page)
    return found


def make_deck(pages: list[Page]) -> list[Slide]:
    """At most MOST slides of a chapter's pages, those of its first page first.

    They keep the pages' order, but for the first page's sentences to remember
    and one question, which end it.
    """
    every = [make_slides(page) for page in pages]
    answered = _choose_prediction(every)
    wanted: list[tuple[int, int, int, Slide]] = []
    for number, slides in enumerate(every):
        for place, slide in enumerate(slides):
            again = any(one.what == slide.what for one in slides[:place])
            rank = 0 if slide in answered else _rank(slide, number == 0, again)
            if rank is not None:
                last = number == 0 and slide.what in ("summary", "question")
                wanted.append((rank, len(every) if last else number, place, slide))
    chosen = sorted(wanted, key=lambda one: one[:3])[:MOST]
    return [slide for *_, slide in sorted(chosen, key=lambda one: one[1:3])]


def _rank(slide: Slide, first_page: bool, again: bool) -> int | None:
    """How soon a slide is left out, the largest first; None: it is never in.

    `again`: the page has had one of its kind.
    """
    if slide.what == "picture":
        return 0
    if slide.what in ("summary", "question"):
        return 0 if first_page and not again else None
    if slide.what in ("title", "live"):
        return None if again else 0 if first_page else 2
    if slide.what == "animation":
        return 1
    if slide.what == "equations":
        return 1 if first_page else 3
    if slide.what in SEEN and not slide.box:
        return 5 if first_page else 7
    return None


def _choose_prediction(every: list[list[Slide]]) -> list[Slide]:
    """The chapter's first prediction with its results, seen ones if it can be."""
    found = []
    for slides in every:
        for asked in slides:
            if asked.what == "prediction" and asked.box:
                after = [s for s in slides if s.box == asked.box and s != asked]
                seen = [one for one in after if one.what in SEEN]
                if after:
                    found.append((not seen, asked, (seen or after)[:RESULTS]))
    if not found:
        return []
    _, asked, results = min(found, key=lambda one: one[0])
    return [asked, *results]


def slides_document(slides: list[Slide], title: str, course: str, html: Path) -> str:
    """Slides as one HTML file, for a screen and for paper.

    Typefaces and live figures come from the book built in `html`; Unreadable is
    raised if it lacks one.
    """
    names = sorted({name for one in slides for name in LIVE.findall(one.body)})
    faces = {
        face: inline_file(html, f"_static/fonts/{face}.woff2", "font/woff2")
        for face in TYPEFACES
    }
    return render_document(
        "slides.html",
        title,
        slides=slides,
        course=course,
        faces=faces,
        live=read_live(html, names),
    )

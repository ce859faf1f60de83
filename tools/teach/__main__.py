"""Makes what a teacher takes into the room: python -m tools.teach (make teach).

From the built book and solutions/, for the chapters and assignments of
course.toml (or --course FILE) or, without weeks, for all: slides/ for each page,
questions.xml (Moodle's format), exams/ for each part with its key, tutors.html
and syllabus.html. All but slides/ and syllabus.html is not for learners.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from grader.assignments.builder import list_buildable
from grader.course import course_file
from grader.course.course_file import CourseFile
from tools import ROOT
from tools.pages import contents, cut
from tools.publish.export import ExportError, read_course
from tools.teach.bank import moodle_xml
from tools.teach.choices import pair, read_choices
from tools.teach.decks import group_chapters, make_deck, slides_document
from tools.teach.exam import NUMBERS, draw, exam_documents
from tools.teach.numeric import draw_some
from tools.teach.pages import Page, Unreadable, find_questions, read_page
from tools.teach.slides import make_slides
from tools.teach.syllabus import syllabus_document
from tools.teach.tutors import tutors_document
from tools.teach.workload import count_week, find_too_long, read_work

TOC = ROOT / "book" / "_toc.yml"
CHAPTER = re.compile(r"ch\d\d_\w+")


def main(argv: list[str] | None = None) -> int:
    """Write all of it; 2 if something that it needs is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--course", type=Path, metavar="FILE", default=ROOT / course_file.NAME
    )
    parser.add_argument("--seed", type=int, default=1, help="of the exams")
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "teach")
    options = parser.parse_args(argv)
    try:
        course = read_course(options.course)
        fresh = Path(tempfile.mkdtemp(dir=_check_parent(options.to)))
        write_all(fresh, course, options.html, options.seed)
    except (ExportError, Unreadable, ValueError) as error:
        print(f"make teach: {error}", file=sys.stderr)
        return 2
    shutil.rmtree(options.to, ignore_errors=True)
    fresh.rename(options.to)
    works = {
        name: read_work(name) for week in course.weeks for name in week.assignments
    }
    for line in find_too_long(course, (count_week(w, works) for w in course.weeks)):
        print(line)
    print(
        f"Written to {options.to}: {', '.join(sorted(p.name for p in options.to.iterdir()))}"
    )
    return 0


def _check_parent(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.parent


def write_all(folder: Path, course: CourseFile, html: Path, seed: int) -> None:
    """Write everything for a course into a folder.

    Raises Unreadable if the built book lacks a page or an answer.
    """
    title = course.title or _read_title()
    parts = chapters_by_part(TOC.read_text("utf-8"), course)
    pages = {name: read_page(html, name) for names in parts.values() for name in names}
    asked = {
        name: pair(find_questions(page), read_choices(name), name)
        for name, page in pages.items()
    }
    names = [name for week in course.weeks for name in week.assignments]
    chosen = names if course.weeks else list_buildable()
    for place in ("slides", "exams"):
        (folder / place).mkdir()
    for number, (part, of) in enumerate(parts.items(), 1):
        drawn = draw([asked[name] for name in of], seed, part)
        numbers = draw_some(of, NUMBERS, random.Random(f"{seed} {part}"))
        both = exam_documents(title, part, drawn, numbers, seed)
        for end, text in zip(("", "_key"), both, strict=True):
            (folder / "exams" / f"part_{number}{end}.html").write_text(text, "utf-8")
    (folder / "questions.xml").write_bytes(
        moodle_xml(
            title, [(name, pages[name].title, asked[name]) for name in pages], seed
        )
    )
    (folder / "tutors.html").write_text(tutors_document(title, chosen), "utf-8")
    works = [read_work(name) for name in chosen]
    text = syllabus_document(course, title, pages.values(), works)
    (folder / "syllabus.html").write_text(text, "utf-8")
    _write_slides(folder / "slides", pages, title, html)


def _write_slides(
    folder: Path, pages: dict[str, Page], course: str, html: Path
) -> None:
    """Each page's slides, and each chapter's for 45 minutes."""
    shown = {name: (page.title, make_slides(page)) for name, page in pages.items()}
    for number, of in group_chapters(pages.values()).items():
        shown[f"chapter_{number}"] = (of[0].title, make_deck(of))
    for name, (title, slides) in shown.items():
        text = slides_document(slides, title, course, html)
        (folder / f"{name}.html").write_text(text, "utf-8")


def chapters_by_part(toc: str, course: CourseFile) -> dict[str, list[str]]:
    """The course's chapters, by the parts of the book's contents."""
    weeks = [name for week in course.weeks for name in week.chapters]
    wanted = cut.with_sections(toc, {*weeks}) if weeks else {*contents.list_pages(toc)}
    found = {}
    for part in yaml.safe_load(toc)["parts"]:
        names = [*contents.list_pages(yaml.safe_dump(part))]
        names = [name for name in names if CHAPTER.fullmatch(name) and name in wanted]
        if names:
            found[part["caption"]] = names
    return found


def _read_title() -> str:
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return str(config["title"])


if __name__ == "__main__":
    sys.exit(main())

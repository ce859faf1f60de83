"""Courses of some chapters: each schedule's book holds all that it names."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grader.assignments import builder
from grader.course.course_file import CourseFile
from tests.helpers import ROOT
from tests.helpers.import_order import list_imports
from tools.build import book
from tools.build.kernels import OFFLINE
from tools.pages import chapters, contents, cut, weave
from tools.publish import export
from tools.teach import workload

SCHEDULES = sorted((ROOT / "schedules").glob("we*.toml"))
SMALL = shutil.ignore_patterns("_static", "extra", "measurements")


@pytest.fixture(scope="module", params=SCHEDULES, ids=lambda p: p.stem)
def fitted(request, tmp_path_factory):
    """The learners' book of a schedule, with its course."""
    tree = tmp_path_factory.mktemp(request.param.stem)
    shutil.copytree(ROOT / "book", tree / "book", ignore=SMALL)
    shutil.copy(ROOT / "_config.yml", tree)
    course = export.read_course(request.param)
    export.fit_book(tree, course)
    return tree, course


NUMBERS = {"five": 5, "six": 6, "seven": 7, "nine": 9, "ten": 10}


def promised(words):
    """Hours in words: "six and a half" is 6.5."""
    first, _, half = words.partition(" and ")
    return NUMBERS[first] + bool(half) / 2


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda p: p.stem)
def test_a_schedule_keeps_to_its_first_line(path):
    course = export.read_course(path)
    first = path.read_text("utf-8").splitlines()[0]
    hours = r"([a-z]+(?: and a half)?)"
    core = re.search(rf", {hours} hours (?:each|a day) for the core", first)
    assert promised(core[1]) == course.hours
    if whole := re.search(rf"core, {hours} for all", first):
        assert promised(whole[1]) == workload.ALL * course.hours
    works = {name: workload.read_work(name) for name in course.due_dates}
    loads = [workload.count_week(week, works) for week in course.weeks]
    assert workload.find_too_long(course, loads) == []
    assert all(load.reading and load.core for load in loads)
    assert max(load.core_hours for load in loads) > course.hours - 1


def test_a_week_that_is_too_long_is_named():
    course = CourseFile(hours=6)
    loads = [workload.Load(180, 180, 360), workload.Load(180, 200, 370)]
    (told,) = workload.find_too_long(course, loads)
    assert told.startswith("week 2: expected 6 hours for the core and 9 ")
    assert told.endswith("got 6.3 and 9.2")
    assert workload.find_too_long(CourseFile(), loads) == []


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda p: p.stem)
def test_what_a_schedule_has_as_a_comment_can_be_used(path, tmp_path):
    text = re.sub(r"(?m)^# (?=[\[a-z_]+.*[=\]])", "", path.read_text())
    (tmp_path / path.name).write_text(text)
    course = export.read_course(tmp_path / path.name)
    assert course.title
    assert course.late_shares
    assert course.solutions == "after"
    assert path.stem == "weekend" or course.mark.passes == 50


def pages_of(tree):
    return {p.stem: p.read_text("utf-8") for p in tree.glob("book/*.md")}


def test_there_are_the_four_schedules():
    names = [path.stem for path in SCHEDULES]
    assert names == ["weekend", "weeks_14", "weeks_4", "weeks_8"]


def test_each_week_has_a_due_date_and_what_is_handed_in_has_been_read(
    fitted,
):
    _, course = fitted
    read = set()
    dates = [week.due for week in course.weeks]
    assert dates == sorted(dates)
    assert None not in dates
    for week in course.weeks:
        read |= set(week.chapters)
        assert set(week.assignments) <= read


def test_the_contents_are_the_pages_that_are_there(fitted):
    tree, course = fitted
    listed = contents.list_pages(
        (tree / "book" / "_toc.yml").read_text("utf-8")
    )
    assert set(listed) == set(pages_of(tree))
    assert set(export.USUAL) < set(listed)
    assert {c for week in course.weeks for c in week.chapters} < set(listed)
    toc = yaml.safe_load((tree / "book" / "_toc.yml").read_text("utf-8"))
    assert all(part["chapters"] for part in toc["parts"])


def test_every_link_role_and_label_leads_to_a_page_of_the_book(fitted):
    tree, _ = fitted
    pages = pages_of(tree)
    known = chapters.read(tree / "book")
    labels = {
        "".join(groups)
        for text in pages.values()
        for groups in contents.LABEL.findall(text)
    }
    whole = {path.stem for path in (ROOT / "book").glob("*.md")}
    for page, text in pages.items():
        chapters.write_roles(text, known)  # or raises
        linked = [link[1] for link in contents.LINK.findall(text)]
        linked += [a or b for _, a, b in contents.DOC.findall(text)]
        assert not {p for p in linked if p in whole} - set(pages), page
        for _, label, bare in contents.LABELLED.findall(text):
            assert (label or bare) in labels, page


def test_every_fence_that_begins_in_a_page_ends_there(fitted):
    tree, _ = fitted
    for page, text in pages_of(tree).items():
        begun = re.findall(r"(?m)^(:{3,})\{", text)
        assert sorted(begun) == sorted(
            re.findall(r"(?m)^(:{3,})$", text)
        ), page


def test_no_page_but_a_chapter_speaks_of_an_absent_chapter(fitted):
    tree, _ = fitted
    config = yaml.safe_load((tree / "_config.yml").read_text("utf-8"))
    absent = config["sphinx"]["config"]["cut_chapters"]
    assert absent
    numbers = "|".join(map(str, absent))
    told = re.compile(
        rf"\b([Cc]hapters?|[Aa]ssignments?)\s({numbers})\b|of the full course"
    )
    for page, text in pages_of(tree).items():
        if not page.startswith("ch"):
            assert not told.search(text), page
            assert not re.search(r"chapters? \d+ to \d+", text), page
            assert "% with" not in text


def test_a_chapter_says_that_an_absent_one_is_the_full_courses(fitted):
    tree, _ = fitted
    text = pages_of(tree)["ch02_loop"]
    assert "hapter 18" not in text or "hapter 18 of the full course" in text
    assert "hapter 21 of the full" not in text  # nothing is added


def test_the_plan_and_the_title_are_the_courses(fitted, tmp_path):
    tree, course = fitted
    intro = pages_of(tree)["intro"]
    assert intro.count("\n| 1 | [") == 1
    for name in course.due_dates:
        assert f"`{name}`" in intro
    assert "23:59" in intro
    assert "Times are those of Europe/Berlin." in intro


def test_a_title_and_an_address_go_into_the_book(tmp_path):
    path = tmp_path / "course.toml"
    title = r'Ours: "\\1" & more'
    path.write_text(
        f"title = {json.dumps(title)}\nbook_address = 'https://x.org/rnn/'\n"
    )
    shutil.copytree(ROOT / "book", tmp_path / "book", ignore=SMALL)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    export.fit_book(tmp_path, export.read_course(path))
    config = yaml.safe_load((tmp_path / "_config.yml").read_text("utf-8"))
    assert config["title"] == title
    assert config["sphinx"]["config"]["html_title"] == title
    assert config["html"]["baseurl"] == "https://x.org/rnn/"
    assert config["sphinx"]["config"]["cut_chapters"] == []
    intro = (tmp_path / "book" / "intro.md").read_text("utf-8")
    assert f"\n# {title}\n" in intro
    assert "A map of chapters 0 to 22" in intro


def test_only_the_weeks_assignments_are_built(tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr(
        builder, "build", lambda name, *_: built.append(name)
    )
    course = export.read_course(ROOT / "schedules" / "weekend.toml")
    export._build_exercises(tmp_path / "source", course)
    assert built == ["ch02_cell", "ch03_bptt", "ch04_training"]


def test_what_executes_and_builds_the_book_travels_with_it():
    folders = tuple(f"{name}/" for name in export.FOLDERS)
    needed = [
        *book.what_all_pages_use(book.locate_book()),
        *Path(OFFLINE).glob("*.py"),
    ]
    for path in needed:
        name = path.relative_to(ROOT).as_posix()
        assert name in {*export.FILES, *export.TOOLS} or name.startswith(
            folders
        )


def test_the_tools_that_travel_have_all_that_they_import():
    for name in export.TOOLS:
        for module in list_imports(ROOT / name):
            file = module.replace(".", "/")
            assert {f"{file}.py", f"{file}/__init__.py"} & {*export.TOOLS}


@pytest.mark.weekly
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda p: p.stem)
def test_the_learners_tree_of_a_schedule_builds_its_book(
    schedule, tmp_path
):
    tree = tmp_path / "tree"
    assert export.main([str(tree), "--course", str(schedule)]) == 0
    outputs = ROOT / "_build" / "executed"  # of cells that are the same
    if outputs.exists():
        shutil.copytree(
            outputs,
            tree / "_build" / "executed",
            ignore=shutil.ignore_patterns("doctrees", "written"),
        )
    done = subprocess.run(
        [sys.executable, "-m", "tools.build.book", "build"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1100,
    )
    told = (done.stdout + done.stderr).splitlines()
    told = [line for line in told if "fontTools" not in line]
    assert done.returncode == 0, "\n".join(told[-100:])
    built = {
        path.stem for path in (tree / "_build" / "html").glob("*.html")
    }
    assert {
        c for w in export.read_course(schedule).weeks for c in w.chapters
    } <= built


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[weeks]]\nchapters = ["ch99_x"]\n', "line 2: expected one of"),
        (
            '[[weeks]]\nassignments = ["ch99_x"]\n',
            "line 2: expected one of",
        ),
        ("weeks = 3\n", "line 1: expected [[weeks]], got 3"),
    ],
)
def test_a_course_of_what_there_is_not_writes_no_tree(
    tmp_path, capsys, text, says
):
    path = tmp_path / "ours.toml"
    assert export.main([str(tmp_path / "out"), "--course", str(path)]) == 2
    assert "which is not there" in capsys.readouterr().err
    path.write_text(text)
    assert export.main([str(tmp_path / "out"), "--course", str(path)]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------- a small book


@pytest.fixture
def small(tmp_path):
    """A book of three chapters, of which the second and third are left out."""
    pages = {
        "intro": "# Book\n",
        "ch01_loop": "# Loop\n",
        "ch02_gate": "# Gate\n\n(a-gate)=\n## How\n",
        "ch03_more": "# More\n",
    }
    parts = [{"file": name} for name in pages if name != "intro"]
    toc = {"format": "jb-book", "root": "intro", "chapters": parts}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    for name, text in pages.items():
        (tmp_path / f"{name}.md").write_text(text)
    kept = ("intro", "ch01_loop")
    missing = contents.find_absent(tmp_path, kept)
    return cut.Cut(chapters.read(tmp_path), missing, kept)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("A. {Chapter}`gate` has it. B.", "A. B."),
        ("A; {chapter}`gate` has it. B.", "A. B."),
        (
            "A ({chapter}`loop`); B, {chapter}`more`; C.",
            "A ({chapter}`loop`); C.",
        ),
        (
            "In {chapters}`loop and gate` it is.",
            "In {chapter}`loop` it is.",
        ),
        ("See {chapters}`loop to more`.", "See {chapter}`loop`."),
        ("(A is so. {Chapter}`gate` is not.)", "(A is so.)"),
        ("A. See [gates](ch02_gate.md#x). B.", "A. B."),
        ("A, {ref}`a-gate`.", ""),
        ("Assignment 3. B is\non two lines.", "B is\non two lines."),
        ("word\n    What it is. {Chapter}`gate`.", ""),
        (
            "word\n    {Chapter}`loop`. {Chapter}`gate`.",
            "word\n    {Chapter}`loop`.",
        ),
        (
            "| a |\n| --- |\n| {chapter}`gate` |\n| b |",
            "| a |\n| --- |\n| b |",
        ),
        ("- A.\n- {chapter}`more`: B.", "- A."),
        ("- A.\n- {chapter}`more`: B.\n:::\n::::", "- A.\n:::\n::::"),
        ("A. {Chapter}`gate` has it.\n:::", "A.\n:::"),
        (
            "## S\n\n{Chapter}`gate`.\n\nText.\n\n### T\n\nx\n\n## U\n\ny",
            "## U\n\ny",
        ),
        ("a\n\n% with all\nb\n% end\n\nc", "a\n\nc"),
        ("---\njupytext: x\n---\n\n# A", "---\njupytext: x\n---\n\n# A"),
        ("---\njupytext:\n  a: b\n---\n\n# A", "# A"),  # no cell is left
        (
            "---\nhtml: true\njupytext:\n  a: b\nkernelspec: {c}\n---\n\n# A",
            "---\nhtml: true\n---\n\n# A",
        ),
        ("% with ch02_gate\nb\n% end\n\nc", "c"),
        ("% with ch01_loop\nb\n% end\n\nc", "b\n\nc"),
    ],
)
def test_what_tells_of_absent_chapters_alone_goes(small, was, now):
    new = cut.cut_page("glossary", was, small, weave.CHAPTERS).strip("\n")
    assert new == now


def test_in_a_chapter_the_words_stay(small):
    text = (
        "{Chapters}`loop and gate`, [gates](ch02_gate.md), {chapter}`loop`."
    )
    new = cut.cut_page("ch01_loop", text, small, weave.CHAPTERS)
    assert new == (
        "Chapters 1 and 2 of the full course, gates, {chapter}`loop`."
    )


def test_the_reference_has_no_module_of_an_absent_chapter(small):
    text = "# R\n\n```{modules}\nrnncore.a\nrnncore.b f\n```\n\n## S\n"
    of = {"a": "ch01", "b": "ch02"}
    new = cut.cut_page("api", text, small, of)
    assert "rnncore.a" in new
    assert "rnncore.b" not in new
    assert "## S" in new

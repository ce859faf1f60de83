"""The short way: what it holds, what it takes, and what the pages show."""

import re

import pytest

from tests.helpers import ROOT
from tools.build import contents, short_way
from tools.site import reading, side_paths

BOOK = ROOT / "book"
WAY = short_way.read(BOOK)
PAGE = """# A page

*{minutes}`page` minutes to read.*

## One

First.

```
## not a heading
```

## Two

Second.

## Check yourself

Asked.

:::{dropdown} 1. Why?
So.
:::

:::{dropdown} 2. How?
Thus.
:::
"""


def write_table(folder, sections, tasks="{}", hours=1, aside="{}"):
    (folder / "ch01_a.md").write_text(PAGE)
    (folder / short_way.TABLE).write_text(
        f"hours: {hours}\nsections: {sections}\ntasks: {tasks}\n"
        f"aside: {aside}\n"
    )


def test_every_page_of_the_table_is_in_the_book_and_in_its_order():
    pages = contents.list_pages((BOOK / "_toc.yml").read_text())
    table = (BOOK / short_way.TABLE).read_text()
    named = re.findall(r"^  (ch\w+):", table, re.MULTILINE)
    assert set(named) == set(WAY.sections)  # none without a file
    assert [p for p in pages if p in WAY.sections] == list(WAY.sections)


def minutes_of(chapters):
    """Reading and tasks of the short way in these chapters."""
    pages = {
        page: minutes
        for page, minutes in reading.count_times(BOOK).short_way.items()
        if int(page[2:4]) in chapters
    }
    tasks = sum(len(WAY.tasks[page]) for page in pages)
    return sum(pages.values()) + side_paths.TASK * tasks


def test_it_takes_the_hours_that_it_says():
    minutes = side_paths.count_minutes(BOOK)
    assert 60 * WAY.hours - 60 <= minutes <= 60 * WAY.hours


def test_parts_one_and_two_take_at_most_seven_hours_of_it():
    assert minutes_of(range(10)) <= 7 * 60


def test_parts_three_and_four_take_at_most_six_hours_of_it():
    slower = 1.3  # what a reader took, over what is counted
    assert 0 < slower * minutes_of(range(10, 23)) <= 6 * 60


def test_the_first_page_says_about_how_many_sections_it_has():
    assert (
        "These sections, more than sixty,"
        in (BOOK / "intro.md").read_text()
    )
    sections = sum(map(len, WAY.sections.values()))
    assert 60 < sections < 70


def test_two_pages_of_chapter_5_come_before_the_lstm():
    pages = list(WAY.sections)
    asked = [p for p in pages[: pages.index("ch06_lstm")] if "ch05" in p]
    assert asked == ["ch05_gradients", "ch05_long_lags"]
    assert "What vanishes" in WAY.sections["ch05_long_lags"]
    aside = {
        "ch05_clipping",
        "ch05_reservoir",
        "ch09_fused",
        "ch09_precision",
    }
    assert not aside & set(pages)


TASK = re.compile(
    r"^# ## Task (?P<number>\d+)\b.*?\n# \*(?P<kind>\w+), about.*?"
    r"^# %% test=[^\n]* explained=\"(?P<page>\w+): (?P<section>[^\"]+)\"",
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.parametrize(
    ("assignment", "number"),
    [(page, n) for page, numbers in WAY.tasks.items() for n in numbers],
)
def test_a_task_of_the_way_is_core_and_explained_on_it(assignment, number):
    source = ROOT / "solutions" / assignment / f"{assignment}.py"
    tasks = {
        int(task["number"]): task
        for task in TASK.finditer(source.read_text())
    }
    task = tasks[number]
    assert task["kind"] == "Core"
    assert WAY.holds(task["page"], task["section"]), task["section"]


def test_a_page_without_its_side_paths_keeps_head_and_end(tmp_path):
    write_table(tmp_path, "{ch01_a: [One]}")
    text = short_way.read(tmp_path).on_it("ch01_a", PAGE)
    assert "First." in text
    assert "## not a heading" in text
    assert "Second." not in text
    assert text.startswith("# A page")
    assert "Asked." in text
    assert text.endswith("Thus.\n:::\n")


def test_sections_that_are_not_on_the_way_are_marked(tmp_path):
    write_table(tmp_path, "{ch01_a: [One]}")
    marked = side_paths.mark(short_way.read(tmp_path), "ch01_a", PAGE)
    assert f"## Two\n\n{side_paths.ASIDE}\n" in marked
    assert marked.count(side_paths.ASIDE) == 1
    minutes = reading.count_minutes(
        PAGE.replace("## Two\n\nSecond.\n\n", "")
    )
    assert f"minutes to read, {minutes} of them on the short way" in marked


def test_closing_questions_about_side_paths_are_marked(tmp_path):
    write_table(tmp_path, "{ch01_a: all}", aside="{ch01_a: [2]}")
    way = short_way.read(tmp_path)
    marked = side_paths.mark(way, "ch01_a", PAGE)
    assert ":::{dropdown} 1. Why?\nSo." in marked
    assert ":::{dropdown} 2. How? *(side path)*\nThus." in marked
    assert "of them on the short way" in marked
    assert "Why?" in way.on_it("ch01_a", PAGE)
    assert "How?" not in way.on_it("ch01_a", PAGE)


def test_a_closing_question_that_is_not_asked_is_refused(tmp_path):
    write_table(tmp_path, "{ch01_a: all}", aside="{ch01_a: [2, 3]}")
    with pytest.raises(ValueError, match="ch01_a has no question 3"):
        short_way.read(tmp_path)


def test_a_page_that_is_whole_on_the_way_or_off_it_says_so_once(tmp_path):
    write_table(tmp_path, "{ch01_a: all}")
    way = short_way.read(tmp_path)
    whole = side_paths.mark(way, "ch01_a", PAGE)
    assert side_paths.ASIDE not in whole
    assert "minutes to read, all on the short way" in whole
    off = side_paths.mark(way, "ch02_b", PAGE)
    assert "minutes to read, a side path" in off
    assert side_paths.ASIDE not in off


def test_each_page_of_a_chapter_states_its_minutes_where_they_are_marked():
    for page in (ROOT / "book").glob("ch*.md"):
        assert page.read_text("utf8").count(side_paths.READ) == 1, page.name


def test_the_list_names_sections_and_tasks_of_the_pages_there_are(tmp_path):
    write_table(
        tmp_path, "{ch01_a: [One], ch09_z: all}", "{ch01_a: [2, 5]}"
    )
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters: [{file: ch01_a}]\n"
    )
    (line,) = side_paths.list_way(tmp_path, {"ch01_a"})
    assert line.startswith("1. {doc}`ch01_a`, ")
    assert ": One. Then tasks 2 and 5 of its assignment" in line
    assert side_paths.list_way(tmp_path, set()) == []


def test_a_question_among_the_sections_has_no_full_stop_after_it(tmp_path):
    write_table(tmp_path, '{ch01_a: ["Why?"]}', "{ch01_a: [2]}")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters: [{file: ch01_a}]\n"
    )
    page = tmp_path / "ch01_a.md"
    page.write_text(page.read_text().replace("## One", "## Why?"))
    (line,) = side_paths.list_way(tmp_path, {"ch01_a"})
    assert ": Why? Then task 2 of its assignment" in line


def test_a_book_without_a_table_has_no_short_way(tmp_path):
    assert short_way.read(tmp_path).sections == {}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ("{ch01_a: [Three]}", "ch01_a has no section 'Three'"),
        ("{ch01_a: [not a heading]}", "no section 'not a heading'"),
        ("[ch01_a]", "expected"),
    ],
)
def test_a_table_that_names_what_is_not_there_is_refused(
    tmp_path, sections, said
):
    write_table(tmp_path, sections)
    with pytest.raises(ValueError, match=re.escape(said)):
        short_way.read(tmp_path)

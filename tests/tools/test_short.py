"""The short course: what it holds and takes, and that nothing leads out of it."""

import re

import pytest

from grader.assignments import builder, selection, source
from grader.course.course_reader import read_course_file
from tests.helpers import ROOT
from tools.build.short import short_pages as short
from tools.pages import contents
from tools.site import reading

BOOK = ROOT / "book"
COURSE = ROOT / "schedules" / short.COURSE
HOURS = 12  # that reading and notebooks take at most
MOST_PAGES, MOST_WORDS, MOST_NOTEBOOKS = 12, 25_000, 8
IN_WORKS = ("short_causal", "short_broken")


@pytest.fixture(name="pages", scope="module")
def short_pages():
    return short.write_pages(BOOK, short.read_assigned(COURSE))


def list_notebooks():
    """Each assignment of the course, as it is released there."""
    course = read_course_file(COURSE)
    for week in course.weeks:
        for name in week.assignments:
            whole = source.read(name)
            tasks = course.tasks.get(name)
            yield selection.select_tasks(whole, tasks) if tasks else whole


def test_it_has_at_most_twelve_pages_and_25000_words(pages):
    assert 10 <= len(pages) <= MOST_PAGES
    words = {
        p: len(reading.extract_prose(t).split()) for p, t in pages.items()
    }
    assert 10_000 < sum(words.values()) <= MOST_WORDS, words


def test_reading_and_notebooks_take_at_most_twelve_hours(pages):
    read = sum(map(reading.count_minutes, pages.values()))
    worked = [
        selection.count_minutes(one.cells) for one in list_notebooks()
    ]
    assert 6 <= len(worked) <= MOST_NOTEBOOKS
    assert read + sum(worked) <= 60 * HOURS, (read, worked)
    assert min(worked) >= 15


def test_each_page_folds_at_most_fifteen_lines_of_code(pages):
    for page, text in pages.items():
        assert short.count_folded(text.splitlines()) <= short.MOST_FOLDED, (
            page
        )


def test_no_page_or_section_is_named_that_is_not_there(pages):
    known = contents.list_pages((BOOK / "_toc.yml").read_text())
    for page, text in pages.items():
        named = re.findall(r"\{doc\}`(?:[^`<]*<)?([\w-]+)>?`", text)
        named += re.findall(
            r"\]\((?:\./)?([\w-]+)(?:\.md)?(?:#[\w-]+)?\)", text
        )
        named += re.findall(r'href="([\w-]+)\.html', text)
        lost = [
            name for name in named if name in known and name not in pages
        ]
        assert lost == [], page
        for mark in ("% with", "% end", "% short"):
            assert mark not in text, page


def test_its_course_file_names_its_pages_in_order_and_its_tasks(pages):
    course = read_course_file(COURSE)
    assert course.short
    listed = [page for week in course.weeks for page in week.chapters]
    assert listed == list(pages)
    course.check_assignments(builder.list_buildable())
    assert set(course.tasks) <= set(course.due_dates)
    there = [name for name in IN_WORKS if name in source.list_assignments()]
    assert [name for name in there if name not in course.due_dates] == []


def test_the_tasks_are_explained_on_its_pages():
    there = short.list_sections(short.read(BOOK))
    for one in list_notebooks():
        if one.name in IN_WORKS:  # they say so where it isn't
            continue
        for cell in one.cells:
            if explained := cell.options.get("explained"):
                page, _, title = explained.partition(": ")
                assert (page, title) in there, (one.name, explained)


def test_the_first_page_has_no_formula(pages):
    text = next(iter(pages.values()))
    assert "$" not in text
    assert "rnncore text train" in text
    assert reading.count_minutes(text) <= 5


def test_each_page_says_what_it_leaves_out(pages):
    there = short.list_sections(short.read(BOOK))
    for plan in short.read(BOOK):
        for page, _ in plan.parts:
            titles = [
                section.title
                for section in contents.list_sections(
                    (BOOK / f"{page}.md").read_text()
                )
                if section.title not in contents.WITH_ITS_PAGE
            ]
            for title in titles:
                said = f"*{title}*" in pages[plan.name]
                assert said or (page, title) in there, (page, title)


def test_the_long_book_is_linked_where_its_address_is_known(monkeypatch):
    assigned = short.read_assigned(COURSE)
    monkeypatch.setenv("LONG_BOOK", "https://example.org/rnn/")
    text = short.write_pages(BOOK, assigned)["ch02_cell"]
    assert "](https://example.org/rnn/ch02_cell.html): *" in text


# ------------------------------------------------------------- a small book

HEAD = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

# A page

You will be able to answer:

1. What?
2. Why?

"""


def write_small(tmp_path, text, table=None, other="# Other\n"):
    book, course = tmp_path / "book", tmp_path / "short.toml"
    book.mkdir(exist_ok=True)
    for name in short.FOLDERS:
        (book / name).mkdir(exist_ok=True)
    (book / "ch01_a.md").write_text(HEAD + text)
    (book / "ch02_b.md").write_text(other)
    (book / "_toc.yml").write_text(
        "format: jb-book\nroot: ch01_a\nchapters: [{file: ch02_b}]\n"
    )
    table = (
        table
        or "pages: [{parts: [{ch01_a: [One]}], ask: [2], closing: [2]}]"
    )
    (book / short.TABLE).write_text(table)
    course.write_text(
        'weeks = [{chapters = ["ch01_a"], assignments = ["ch01_a"]}]\n'
        "[tasks]\nch01_a = [2, 4]\n"
    )
    return book, short.read_assigned(course)


def cut(tmp_path, text, **more):
    return short.write_pages(*write_small(tmp_path, text, **more))["ch01_a"]


def test_sections_marks_and_questions_are_cut(tmp_path):
    page = cut(
        tmp_path,
        """## One

% with long
Long only.
% end
% short> Short only.

Both.

## Two

Gone.

## Check yourself

:::{dropdown} 1. First?
No.
:::

:::{dropdown} 2. Second?
Yes.
:::
""",
    )
    assert "Short only.\n" in page
    assert "Both." in page
    assert "Long only." not in page
    assert "Gone." not in page
    assert "First?" not in page
    assert "{dropdown} 1. Second?\nYes." in page
    assert "1. Why?" in page
    assert "What?" not in page
    assert "jupytext" not in page  # it has no code
    assert "tasks 2 and 4" in page
    assert "*Two*" in page


def test_code_of_what_goes_is_kept_folded_where_it_is_needed(tmp_path):
    page = cut(
        tmp_path,
        """## Before

```{code-cell} ipython3
:tags: [hide-input]
import json
import math
a = math.pi
b = json
```

## One

```{code-cell} ipython3
print(a)
```

It is {glue:text}`size`.

```{code-cell} ipython3
:tags: [remove-cell]
assert a
glue("size", a)
glue("other", a)
```
""",
    )
    folded = page[: page.index("print(a)")]
    assert ":tags: [hide-input]\nimport math\na = math.pi\n```" in folded
    assert "json" not in page
    assert 'glue("size", a)' in page
    assert "other" not in page
    assert "assert" not in page


@pytest.mark.parametrize(
    ("begin", "between"),
    [("## Before\n", "## One\n"), ("## One\n\n% short: import", "")],
    ids=["left out", "marked"],
)
def test_a_definition_of_the_package_is_imported(tmp_path, begin, between):
    page = cut(
        tmp_path,
        f"""{begin}
```{{code-cell}} ipython3
# rnncore.rnn.State
State = tuple
```

{between}
```{{code-cell}} ipython3
print(State)
```
""",
    )
    assert "from rnncore.rnn import State" in page
    assert "State = tuple" not in page
    assert "% short" not in page


def test_a_marked_cell_is_shown_with_its_code(tmp_path):
    page = cut(
        tmp_path,
        """## One

% short: open
```{code-cell} ipython3
---
tags: [hide-input]
mystnb:
  image:
    alt: A curve.
---
print(1)
assert True
glue("unused", 1)
```
""",
    )
    assert "hide-input" not in page
    assert "mystnb:\n" in page
    assert "print(1);\n```" in page  # whose value is not shown, as before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See {ref}`there`.", "ch01_a.md:16: the label there"),
        ("As {numref}`fig-b` shows.", "ch01_a.md:16: the label fig-b"),
        ("See [it](#nowhere).", "ch01_a.md:16: the place #nowhere"),
        ('<a href="ch02_b.html">', "ch01_a.md:16: the page ch02_b"),
        ("It is {glue:text}`lost:.2f`.", "no cell makes the number 'lost'"),
        ("% with long\nIt stays.", "ch01_a.md:16: expected % end"),
    ],
)
def test_what_leads_out_is_refused_by_file_and_line(tmp_path, text, said):
    with pytest.raises(short.ShortError, match=re.escape(said)):
        cut(tmp_path, f"## One\n\n{text}\n")


def test_a_chapter_that_is_left_out_is_the_long_book_s(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("LONG_BOOK", raising=False)
    page = cut(tmp_path, "## One\n\nSee {chapter}`b` and {doc}`ch02_b`.\n")
    assert (
        "See chapter 2 of the long book and *Other*, in the long book."
        in page
    )


def test_a_page_of_which_a_part_is_here_is_where_that_part_is(tmp_path):
    page = cut(
        tmp_path,
        "## One\n\nSee {chapters}`a and b`.\n",
        table="pages: [{parts: [{ch01_a: [One]}, {ch02_b: [Two]}]}]",
        other="# Other\n\n## Two\n\nSecond.\n",
    )
    assert "See {chapter}`a`." in page
    assert "Second." in page


def test_too_much_folded_code_is_refused(tmp_path):
    lines = "\n".join(f"a{k} = {k}" for k in range(16))
    used = ", ".join(f"a{k}" for k in range(16))
    with pytest.raises(short.ShortError, match="at most 15 folded lines"):
        cut(
            tmp_path,
            "## One\n\n```{code-cell} ipython3\n:tags: [hide-input]\nb = 1\n```\n\n"
            "```{code-cell} ipython3\nprint(b)\n```\n\n"
            f"```{{code-cell}} ipython3\n:tags: [hide-input]\n{lines}\n```\n\n"
            f"```{{code-cell}} ipython3\nprint({used})\n```\n",
        )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("pages: [{parts: [{ch09_z: [One]}]}]", "there is no page ch09_z"),
        (
            "pages: [{parts: [{ch01_a: [Three]}]}]",
            "ch01_a has no section 'Three'",
        ),
    ],
)
def test_a_table_that_names_what_is_not_there_is_refused(
    tmp_path, table, said
):
    with pytest.raises(short.ShortError, match=re.escape(said)):
        cut(tmp_path, "## One\n", table=table)


def test_a_book_that_is_refused_leaves_the_folder_as_it_was(tmp_path):
    place = tmp_path / "out"
    short.write_book(*write_small(tmp_path, "## One\n\nText.\n"), place)
    assert (place / "_toc.yml").exists()
    before = (place / "ch01_a.md").read_text()
    with pytest.raises(short.ShortError):
        short.write_book(
            *write_small(tmp_path, "## One\n\n{ref}`x`\n"), place
        )
    assert (place / "ch01_a.md").read_text() == before

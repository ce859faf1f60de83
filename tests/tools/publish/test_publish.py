"""A book of two pages on paper, and as a folder for a host."""

import io
import os
import shutil
import subprocess

import pytest
from pypdf import PdfReader

from tests.helpers import ROOT
from tools.build import book
from tools.build.live.stills import serve_folder
from tools.publish import PublishError, find_time, publish
from tools.publish.volume import paper, pdf

EPOCH = 1_700_000_000
TOC = """format: jb-book
root: first
parts:
  - caption: The only part
    chapters:
      - file: second
"""
CONFIG = """title: Two pages
author: nobody
project: two
only_build_toc_files: true
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [colon_fence, deflist, dollarmath]}
html: {home_page_in_navbar: true}
sphinx:
  extra_extensions: [sphinx.ext.autodoc]
  local_extensions: {docstrings: SITE}
  config:
    html_extra_path: [extra]
    html_math_renderer: typeset
""".replace("SITE", str(ROOT / "tools" / "site"))
HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

"""
FIRST = """# First

It leads to {doc}`second`, and to {ref}`a-section` there.

:::{dropdown} 1. What is six times seven?
Forty-two.

"Thirteen."
: That is their sum.
:::

:::{dropdown} 2. What is known of $c^2$
It is $a^2 + b^2$.
:::

:::{dropdown} A remark
It stays where it is.
:::
"""
SECOND = (
    HEAD
    + """# The second page

(a-section)=
## A section

With $a^2 + b^2 = c^2$, and

$$\\int_0^1 x^2 \\, \\mathrm{d}x = \\tfrac13$$

$$\\begin{aligned} a \\\\ b \\end{aligned}$$

```{code-cell} ipython3
:tags: [hide-input]
folded = "a folded line"
print("what it printed")
```

```{code-cell} ipython3
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(3, 2))
axes.plot([1, 2, 3]);
```

```{code-cell} ipython3
LONG
```

<live-ring id="ring"><p class="question">What turns?</p>
<img src="_static/still.svg" alt="A still ring"></live-ring>

## Read next

Nothing.
""".replace("LONG", "\n".join(f"line_{k} = {k}" for k in range(130)))
)
STILL = """<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" viewBox="0 0 40 40">
<path id="space"/><circle r="9" cx="20" cy="20"/>
<text x="2" y="24" stroke="#fff" paint-order="stroke">a ring</text></svg>
"""  # as matplotlib and the live figures write theirs


def make(root, patch):
    """The two pages, executed and built from nothing in a folder."""
    for name, path in {
        "ROOT": root,
        "BOOK": root / "book",
        "BUILD": root / "_build",
        "CONFIG": root / "_config.yml",
    }.items():
        patch.setattr(book, name, path)
    files = {
        "book/_toc.yml": TOC,
        "book/first.md": FIRST,
        "book/second.md": SECOND,
        "book/_static/still.svg": STILL,
        "_config.yml": CONFIG,
        "rnncore/empty.py": "",
        "requirements.txt": "",
        "requirements/constraints.txt": "",
        "CITATION.cff": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    shutil.copytree(ROOT / "book" / "extra", root / "book" / "extra")
    static = ROOT / "book" / "_static"
    shutil.copy(static / "course.css", root / "book/_static")
    shutil.copytree(static / "fonts", root / "book/_static/fonts")
    shutil.copy(ROOT / "book" / paper.PICTURE, root / "book" / "_static")
    patch.setattr(
        book,
        "what_pages_use",
        lambda place: [
            *book.what_all_cells_use(),
            *(root / "book").rglob("*.md"),
        ],
    )
    book.build_book(jobs=1)
    return root / "_build" / "html"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The built pages; `book` and its contents are theirs meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        yield make(tmp_path_factory.mktemp("two"), patch)


@pytest.fixture(scope="module")
def toc(html):
    return paper.list_entries(book.BOOK / "_toc.yml")


@pytest.fixture(scope="module")
def printed(html, toc):
    """The PDF, without and with folded code."""
    config = paper.read_settings(book.CONFIG)
    return [
        PdfReader(
            io.BytesIO(
                pdf.make_pdf(html, toc, config, code=code, epoch=EPOCH)
            )
        )
        for code in (False, True)
    ]


def text_of(document):
    return "\n".join(page.extract_text() for page in document.pages)


def titles(outline):
    """The outline as nested lists of titles."""
    return [
        titles(item) if isinstance(item, list) else item.title
        for item in outline
    ]


@pytest.mark.system
def test_the_contents_and_the_outline_name_the_pages(printed):
    document = printed[0]
    pages = [page.extract_text() for page in document.pages]
    at = next(k for k, t in enumerate(pages) if "what it printed" in t)
    listed = pages[1].replace("\n", " ")
    assert f"The second page {at + 1}" in " ".join(listed.split())
    assert titles(document.outline) == [
        "First",
        "The only part",
        ["The second page", ["A section"]],
        "Answers",
    ]
    assert pages[0].split()[-1] == "2023"  # the title bears none
    for words in ("nobody", "MIT licence", "Edition "):
        assert words in pages[0]
    assert len(document.pages[0].images) == 1
    for k, text in enumerate(pages[1:], 2):
        assert str(k) in text.split()[:6]  # drawn before the page's text


@pytest.mark.system
def test_answers_stand_at_the_end_and_remarks_stay(printed):
    pages = [page.extract_text() for page in printed[0].pages]
    with_question = [
        k for k, t in enumerate(pages) if "six times seven" in t
    ]
    assert with_question[-1] == len(pages) - 1
    assert "Forty-two" not in "".join(pages[:-1])
    assert "Forty-two" in pages[-1]
    ours, _, wrong = pages[-1].partition("Usual wrong answers")
    assert "Forty-two" in ours
    assert "That is their sum." in wrong
    assert f"Answer, page {len(pages)}" in " ".join(
        pages[with_question[0]].split()
    )
    assert "It stays where it is" in pages[with_question[0]]


@pytest.mark.system
def test_folded_code_is_printed_where_the_reader_asks(printed):
    without, with_it = map(text_of, printed)
    assert "what it printed" in without
    assert "a folded line" not in without
    assert "a folded line" in with_it


@pytest.mark.system
def test_a_long_box_of_code_leaves_no_page_half_empty(printed):
    pages = [page.extract_text() for page in printed[0].pages]
    first = next(k for k, t in enumerate(pages) if "line_0 = 0" in t)
    assert "A section" in pages[first]  # it begins below other text
    lines = [t.count("line_") for t in pages]
    assert sum(lines) == 130
    assert lines[first + 1] > 50  # and fills the next page


def article(title, inside):
    """A page as the book builds it, as far as paper reads it."""
    return (
        f'<article class="bd-article"><section id="it"><h1>{title}</h1>'
        f"{inside}</section></article>"
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A PDF with many questions below a text, and many sources."""
    folder = tmp_path_factory.mktemp("full")
    question = (
        '<details class="sd-dropdown"><summary><span class="sd-summary-text">'
        "{0}. Question {0}?</span></summary>"
        '<div class="sd-summary-content"><p>Answer {0}.</p></div></details>'
    )
    source = (
        '<div class="citation" id="s{0}"><span class="label">[{0}]</span>'
        "<p>Author {0}. A title.</p></div>"
    )
    pages = {
        "text": "<div style='height: 222mm'>A line of text.</div>"
        + "<section><h2>Check yourself</h2>"
        + "".join(map(question.format, range(1, 13)))
        + "</section>",
        "bibliography": "".join(map(source.format, range(1, 81))),
        "more": "<p>A second page of a chapter.</p>" * 2,
    }
    for name, inside in pages.items():
        text = article({"more": "1.1. More"}.get(name, name), inside)
        (folder / f"{name}.html").write_text(text, "utf8")
    toc = [paper.Entry("", name) for name in pages]
    config = {"title": "Full", "author": "nobody"}
    made = pdf.make_pdf(folder, toc, config, code=False, epoch=EPOCH)
    return PdfReader(io.BytesIO(made))


def starts(page, word, axis=4):
    """How far from the left, or the bottom, lines begin with a word."""
    found = set()

    def look(text, _matrix, place, *_):
        if text.strip().startswith(word):
            found.add(round(place[axis]))

    page.extract_text(visitor_text=look)
    return sorted(found)


@pytest.mark.system
def test_questions_fill_the_page_on_which_the_text_ends(full):
    pages = [page.extract_text() for page in full.pages]
    first = next(k for k, t in enumerate(pages) if "Question 1?" in t)
    assert "A line of text" in pages[first]
    assert "Question 12?" in pages[first + 1]


@pytest.mark.system
def test_answers_and_sources_stand_in_two_columns(full):
    pages = [page.extract_text() for page in full.pages]
    sources = next(k for k, t in enumerate(pages) if "Author 1." in t)
    assert "Author 80." in pages[sources]
    assert len(starts(full.pages[sources], "Author")) == 2
    assert len(starts(full.pages[-1], "Answer")) >= 2


@pytest.mark.system
def test_a_chapters_second_page_begins_below_its_first(full):
    pages = [page.extract_text() for page in full.pages]
    (k,) = (k for k, t in enumerate(pages) if "A second page of" in t)
    assert "Author 80." in pages[k]
    low, high = starts(full.pages[k], "A second page of", axis=5)
    assert high - low < 25  # pixels; a line has 16


@pytest.mark.system
def test_contents_leave_out_the_sections_of_every_page(full):
    listed = full.pages[1].extract_text()
    assert "Contents" in listed
    assert "Check yourself" not in listed
    assert "Read next" not in listed


def test_the_learners_book_leaves_grading_and_reference_to_others():
    toc = paper.list_entries(ROOT / "book" / "_toc.yml")
    volumes = [paper.select_pages(toc, name) for name in paper.VOLUMES]
    assert sorted(e for v in volumes for e in v) == sorted(toc)
    book_, grading, reference, sheet = (
        [e.page for e in v] for v in volumes
    )
    assert {"setup", "ch22_work", "glossary"} <= set(book_)
    parts = ["_term", "_reference", "_mistakes", "_attacks"]
    guide = ["grading", *(f"grading{part}" for part in parts)]
    assert grading == [*guide, "grader", "grading_services", "hub"]
    assert reference == ["api"]
    assert sheet == ["sheet"]


def files(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.system
def test_the_cheat_sheet_has_neither_title_page_nor_contents(
    html, tmp_path
):
    folder = tmp_path / "html"
    shutil.copytree(html, folder)
    shutil.copyfile(folder / "second.html", folder / f"{paper.SHEET}.html")
    sheet = [paper.Entry("", paper.SHEET)]
    config = paper.read_settings(book.CONFIG)
    made = pdf.make_pdf(folder, sheet, config, code=False, epoch=EPOCH)
    first = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert "A section" in first
    assert "Contents" not in first


@pytest.fixture(scope="module")
def sites(html, toc, tmp_path_factory):
    """Two sites, each executed, built and published from nothing."""
    made = []
    for k in range(2):
        root = tmp_path_factory.mktemp(f"again{k}")
        with pytest.MonkeyPatch.context() as patch:
            built = make(root, patch)
            site = root / "site"
            (site / "0.0.1").mkdir(parents=True)
            (site / "0.0.1" / "index.html").write_text("an old edition")
            publish.publish(built, toc, site, code=False, epoch=EPOCH)
        made.append(site)
    return made


@pytest.mark.system
def test_publishing_twice_gives_the_same_bytes(sites):
    one, other = map(files, sites)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.system
def test_an_old_edition_keeps_its_address(sites):
    old = sites[0] / "0.0.1" / "index.html"
    assert old.read_text() == "an old edition"
    shelf = (sites[0] / "index.html").read_text()
    assert "0.0.1/index.html" in shelf
    assert publish.list_versions(sites[0])[-1] == "0.0.1"


@pytest.mark.system
def test_a_host_finds_the_page_for_wrong_addresses_at_the_root(sites):
    lost = (sites[0] / "404.html").read_bytes()
    assert lost == (ROOT / "book" / "extra" / "404.html").read_bytes()


@pytest.mark.system
def test_the_folder_works_under_a_prefix_and_asks_nobody_else(
    sites, browser, tmp_path
):
    shutil.copytree(sites[0], tmp_path / "some" / "prefix")
    asked, wrong = [], []
    with serve_folder(tmp_path) as host:
        page = browser.new_page()
        page.on("request", lambda r: asked.append(r.url))
        page.on(
            "response",
            lambda r: wrong.append(r.url) if r.status >= 400 else None,
        )
        page.goto(f"{host}some/prefix/", wait_until="networkidle")
        page.wait_for_url("**/latest/*")  # on its own
        links = page.eval_on_selector_all(
            ".dropdown-download-buttons a", "all => all.map(a => a.href)"
        )
        menu = next(link for link in links if "/download/" in link)
        page.goto(menu, wait_until="networkidle")
        for link in page.eval_on_selector_all(
            "a", "all => all.map(a => a.href)"
        ):
            assert link.startswith(f"{host}some/prefix/")
            assert page.request.get(link).ok, link
        page.goto(f"{host}some/prefix/latest/second.html")
        page.wait_for_load_state("networkidle")
        page.close()
        asked = [u for u in asked if not u.startswith(("data:", "blob:"))]
        assert all(u.startswith(f"{host}some/prefix/") for u in asked)
    assert [u for u in wrong if not u.endswith("favicon.ico")] == []


def test_editions_are_sorted_by_number_and_other_folders_are_none(tmp_path):
    for name in "1.10", "1.9", "latest", "0.2", ".git", "0.1.old":
        (tmp_path / name).mkdir()
    assert publish.list_versions(tmp_path) == ["1.10", "1.9", "0.2"]


def test_a_change_of_the_main_branch_replaces_the_latest_alone(
    tmp_path, monkeypatch
):
    html, site = tmp_path / "html", tmp_path / "site"
    html.mkdir()
    (html / "index.html").touch()
    (html / "404.html").touch()

    def write_edition(html, toc, new, **how):
        new.mkdir()
        (new / "index.html").write_text(new.name)

    monkeypatch.setattr(publish, "write_edition", write_edition)
    for latest in False, True:
        made = publish.publish(
            html, [], site, code=False, epoch=EPOCH, latest=latest
        )
    assert made == site / "latest"
    assert (made / "index.html").read_text() == "latest"
    edition = site / publish.list_versions(site)[0] / "index.html"
    assert edition.read_text() == edition.parent.name


def test_a_failed_part_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    html, site = tmp_path / "html", tmp_path / "site"
    html.mkdir()
    (html / "index.html").write_text("a page")
    (site / "latest").mkdir(parents=True)
    (site / "latest" / "index.html").write_text("before")

    def fails(*args, **kwargs):
        raise PublishError("no paper")

    monkeypatch.setattr(pdf, "make_pdf", fails)
    with pytest.raises(PublishError, match="no paper"):
        publish.publish(
            html, [paper.Entry("", "a")], site, code=False, epoch=EPOCH
        )
    assert files(site) == {"latest/index.html": b"before"}


def test_a_book_that_is_not_built_is_told(tmp_path):
    with pytest.raises(PublishError, match="make book builds it"):
        publish.publish(
            tmp_path, [], tmp_path / "site", code=False, epoch=0
        )
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [("today", "expected seconds, got 'today'"), ("5", "1980")],
)
def test_a_date_that_is_none_is_told(monkeypatch, given, message):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(PublishError, match=message):
        find_time()


@pytest.mark.system
def test_the_date_is_the_last_commits_unless_one_is_given(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    with pytest.raises(PublishError, match="expected a git repository"):
        find_time(tmp_path)
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    assert find_time(tmp_path) == EPOCH
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert find_time(tmp_path) == 1000000000


def git(folder, *words):
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b"}
    who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    who |= {"GIT_COMMITTER_DATE": f"{EPOCH} +0000"}
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **who},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.system
def test_the_workflow_keeps_the_editions_on_the_branch(tmp_path):
    """.ci/publish, with a `make` that writes an edition at once."""
    remote, work = tmp_path / "remote.git", tmp_path / "work"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    (work / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "publish", work / ".ci" / "publish")
    git(work, "init", "-q")
    git(work, "commit", "-q", "--allow-empty", "-m", "one")
    (tmp_path / "make").write_text(
        '#!/bin/sh\nmkdir -p _build/site/"$EDITION"\n'
        'echo "$EDITION" > _build/site/"$EDITION"/index.html\n'
    )
    (tmp_path / "make").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    for edition in "1.0", "1.1", "1.1":  # the last changes nothing
        subprocess.run(
            [".ci/publish", str(remote), "site"],
            cwd=work,
            env={**os.environ, "PATH": path, "EDITION": edition},
            check=True,
            capture_output=True,
        )
    listed = git(remote, "ls-tree", "-r", "--name-only", "site").split()
    assert listed == ["1.0/index.html", "1.1/index.html"]
    assert git(remote, "rev-list", "--count", "site").strip() == "2"

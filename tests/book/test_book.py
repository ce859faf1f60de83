"""The builder of the book, on books of one page."""

import asyncio
import contextlib
import errno
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from queue import Empty
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import yaml
import zmq
from bs4 import BeautifulSoup
from pybtex.database import parse_file

import rnncore
from tests.helpers.pages import FOLDED, cells
from tools import ROOT
from tools.build import book, kernels
from tools.check import vendor
from tools.pages import contents
from tools.site import docstrings, page_metadata, reading, search

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_dead_proxies")]


def write(small, text):
    (small / "book" / "page.md").write_text(text)


def write_all(small, pages):
    """Pages by name, and a table of contents; the first is its root."""
    for name, text in pages.items():
        (small / "book" / f"{name}.md").write_text(text)
    root, *others = pages
    toc = {
        "format": "jb-book",
        "root": root,
        "chapters": [{"file": name} for name in others],
    }
    (small / "book" / "_toc.yml").write_text(yaml.safe_dump(toc))


def test_a_cell_that_raises_fails_the_build_with_page_line_and_trace(small):
    write(small, cells("a = 1", "b = a / 0", "never = 1"))
    with pytest.raises(book.BuildError) as failure:
        book.build_book(jobs=1, strict=True)
    message = str(failure.value)
    assert "page.md, the cell at line 14 raised" in message
    assert "b = a / 0" in message
    assert "ZeroDivisionError" in message
    assert "\x1b" not in message  # no colour codes
    assert not (small / "_build" / "html").exists()


def test_a_notebook_without_a_cell_is_named(small):
    write(small, cells() + "Words alone.\n")
    with pytest.raises(book.BuildError, match=r"page.md: .*a code cell"):
        book.build_book(jobs=1)


def test_a_warning_fails_the_build(small):
    write(small, cells("import warnings; warnings.warn('too steep')"))
    with pytest.raises(book.BuildError, match=r"(?s)stderr.*too steep"):
        book.build_book(jobs=1, strict=True)


def test_a_false_alarm_of_a_product_fails_no_build(small):
    product = "np.full((2, 2), np.inf) @ np.zeros((2, 2))"
    write(small, cells(f"import numpy as np\nprint({product})"))
    page = book.build_book(jobs=1).with_name("page.html").read_text()
    assert "[nan nan]" in page


def test_a_line_that_was_sent_in_two_pieces_is_one_line(small):
    pieces = "'one  line', flush=True, end='')\nprint('', flush=True"
    write(small, cells(f"print({pieces})\nprint('  and the next')"))
    page = book.build_book(jobs=1).with_name("page.html").read_text()
    assert "one  line\n  and the next\n</pre>" in page


def test_a_broken_page_leaves_the_last_good_book(small):
    write(small, "# A page\n\nGood.\n")
    index = book.build_book(jobs=1)
    (small / "book" / "page.md").write_text("# A page\n\n{numref}`gone`\n")
    with pytest.raises(book.BuildError):
        book.build_book(jobs=1)
    assert "Good." in index.with_name("page.html").read_text()


def test_a_reference_to_a_page_that_was_cut_becomes_words(small):
    (small / "_config.yml").write_text(
        (small / "_config.yml").read_text()
        + "sphinx:\n  extra_extensions: [sphinx.ext.autodoc]\n"
        f"  local_extensions: {{docstrings: {Path(docstrings.__file__).parent}}}\n"
    )
    (small / "book" / "cut.md").write_text("# Cut\n\n(label)=\n## Part\n")
    write(
        small,
        "# A page\n\nSee [it](cut.md#part), [](cut), {doc}`cut`,"
        " {doc}`that <cut>` and {ref}`a part <label>`.\n",
    )
    index = book.build_book(jobs=1)
    text = index.with_name("page.html").read_text()
    words = "See it, <em>Cut</em>, <em>Cut</em>, that and a part."
    assert words in text
    write(small, "# A page\n\nSee [it](never-written.md).\n")
    with pytest.raises(book.BuildError):
        book.build_book(jobs=1)


TOC = """\
format: jb-book
root: intro
parts:
- caption: One
  chapters:
  - file: a
    sections:
    - file: b
- caption: Two
  chapters:
  - file: c
"""


def test_contents_are_read_and_cut():
    assert contents.list_pages(TOC) == ["intro", "a", "b", "c"]
    assert "Two" not in contents.remove_page(TOC, "c")
    assert contents.list_pages(contents.remove_page(TOC, "b")) == [
        "intro",
        "a",
        "c",
    ]
    assert "sections" not in contents.remove_page(TOC, "b")
    emptied = TOC + "- caption: Three\n  chapters:\n"
    assert contents.list_pages(emptied) == contents.list_pages(TOC)
    assert "Three" not in contents.remove_page(emptied, "c")


def test_a_part_without_chapters_is_named(small):
    toc = small / "book" / "_toc.yml"
    toc.write_text(TOC + "- caption: Three\n  chapters:\n")
    with pytest.raises(book.BuildError, match=r"_toc.yml: .*'/parts/2/'"):
        book.build_book(jobs=1)


def test_only_references_to_absent_pages_become_words(tmp_path):
    (tmp_path / "here.md").write_text("# Here\n\n:name: both\n")
    gone = "# Gone\n\n:label: eq-one\n$$ (eq-two)\nname: fig\n:name: both\n"
    (tmp_path / "gone.md").write_text(gone)
    missing = contents.find_absent(tmp_path, ["here"])
    assert missing.titles == {"gone": "Gone"}
    assert set(missing.labels) == {"eq-one", "eq-two", "fig"}
    for text, expected in (
        ("[a](here.md) [b](other.md)", "[a](here.md) [b](other.md)"),
        ("[a\n`x[1]`](gone.md#x)", "a\n`x[1]`"),
        ("![a](gone) [c](https://gone)", "![a](gone) [c](https://gone)"),
        ("{eq}`eq-one`, {eq}`eq-two`", "*Gone*, *Gone*"),
        (
            "{numref}`Figure %s <fig>` {numref}`both`",
            "*Gone* {numref}`both`",
        ),
        ("{ref}`words <fig>` {ref}`x <y>`", "words {ref}`x <y>`"),
    ):
        assert contents.unlink_absent(text, missing) == expected


def test_nothing_changed_means_nothing_done(small, capsys):
    write(small, cells("print(1)"))
    book.build_book(jobs=1)
    capsys.readouterr()
    book.build_book(jobs=1)
    assert (
        capsys.readouterr().out == "nothing changed since the last build\n"
    )


def test_what_one_python_executed_another_release_of_it_need_not(
    monkeypatch,
):
    key = book.compute_digest([])
    monkeypatch.setattr(sys, "version", "3.99.1 (main)")
    assert book.compute_digest([]) == key
    other = SimpleNamespace(cache_tag="cpython-399")
    monkeypatch.setattr(sys, "implementation", other)
    assert book.compute_digest([]) != key


def executed(capsys):
    """The pages that the last build executed."""
    lines = capsys.readouterr().out.splitlines()
    return {line.split()[1] for line in lines if line.startswith("  [")}


def test_a_change_executes_the_pages_that_read_the_file_and_no_other(
    small, capsys
):
    for name in "lstm", "gates", "gru", "command":
        (small / "rnncore" / f"{name}.py").write_text("value = 1\n")
    (small / "rnncore" / "lstm.py").write_text("import gates\n")
    (small / "book" / "measurements").mkdir()
    for name in "lstm", "gru":
        (small / f"book/measurements/{name}.json").write_text("{}")
    write_all(
        small,
        {
            name: cells(
                "import sys\nsys.path.append('../rnncore')",
                f"def late():\n    import {name}\nlate()",
                f"print(open('measurements/{name}.json').read())",
            )
            for name in ("lstm", "gru")
        },
    )

    def change(path):
        (small / path).write_text((small / path).read_text() + "\n")
        book.build_book(jobs=1)
        return executed(capsys)

    book.build_book(jobs=1)
    assert executed(capsys) == {"lstm", "gru"}
    assert change("book/lstm.md") == set()  # only its words
    assert change("rnncore/command.py") == set()
    assert change("rnncore/lstm.py") == {"lstm"}
    assert change("rnncore/gates.py") == {"lstm"}  # which lstm imports
    assert change("rnncore/gru.py") == {"gru"}
    assert change("book/measurements/gru.json") == {"gru"}
    assert change("requirements.txt") == {"lstm", "gru"}
    assert len(list((small / "_build" / "executed").iterdir())) == 1


def test_a_page_whose_outputs_changed_is_read_again_and_others_are_not(
    small,
):
    (small / "book" / "said.txt").write_text("the old words")
    shown = cells("print(open('said.txt').read())")
    write_all(small, {"page": shown, "other": cells("print('other')")})
    index = book.build_book(jobs=1)
    kept = next((small / "_build" / "executed").glob("*/doctrees"))
    before = (kept / "other.doctree").stat().st_mtime_ns
    (small / "book" / "said.txt").write_text("the new words")
    index = book.build_book(jobs=1)
    assert "the new words" in index.with_name("page.html").read_text()
    assert (kept / "other.doctree").stat().st_mtime_ns == before


def changed(small, page, text):
    """The pages that Sphinx writes again when one has another text."""

    def times():
        (folder,) = (small / "_build" / "executed").glob("*/written")
        paths = folder.glob("*.html")
        return {p.stem: p.stat().st_mtime_ns for p in paths}

    before = times()
    (small / "book" / f"{page}.md").write_text(text)
    index = book.build_book(jobs=1)
    named = [p.stem for p in (small / "book").glob("*.md")]
    return {n for n in named if times()[n] != before[n]}, index.parent


def test_a_page_is_written_again_where_it_shows_what_changed(small):
    with_extensions(small, "incremental", "links", "search")
    glossary = (
        "---\neveryday: gate\n---\n\n# Terms\n\n"
        ":::{glossary}\ngate\n    It opens. {Chapter}`last`.\n:::\n"
    )
    other = "# Other\n\n(place)=\n## Place\n\nA door.\n"
    write_all(
        small,
        {
            "page": "# Start\n\n{ref}`place`\n",
            "ch06_other": other,
            "ch07_last": "# Last\n\nA gate.\n",
            "glossary": glossary,
        },
    )
    config = small / "_config.yml"
    config.write_text(
        config.read_text().replace("dollarmath", "colon_fence")
    )
    index = book.build_book(jobs=1)
    assert "Place" in index.with_name("page.html").read_text()
    longer = other + "\nAnother door.\n"
    again, html = changed(small, "ch06_other", longer)
    assert again == {"ch06_other", "page"}  # Sphinx always writes the first
    assert "Another door." in (html / "ch06_other.html").read_text()
    texts = [p.read_text() for p in (html / search.TEXTS).glob("*.js")]
    assert "Another door." in "".join(texts)
    assert "A gate." in "".join(texts)
    again, html = changed(
        small, "ch06_other", longer.replace("Place", "Site")
    )
    assert len(again) == 4
    assert "Site" in (html / "page.html").read_text()
    again, html = changed(
        small, "ch06_other", longer.replace("# Other", "# B")
    )
    assert len(again) == 4
    again, html = changed(
        small, "glossary", glossary.replace("opens", "shuts")
    )
    assert "It shuts." in (html / "ch07_last.html").read_text()


def test_a_warning_of_a_page_that_has_not_changed_fails_the_build_again(
    small,
):
    write_all(small, {"page": "# A\n\n{nothing}`x`\n", "other": "# B\n"})
    for words in "one", "two":
        (small / "book" / "other.md").write_text(f"# B\n\n{words}\n")
        with pytest.raises(book.BuildError):
            book.build_book(jobs=1)


def test_a_file_that_changes_while_a_page_runs_is_read_again(small, capsys):
    (small / "book" / "said.txt").write_text("the old words")
    change = "__import__('pathlib').Path('said.txt').write_text('new')"
    write(small, cells(f"print(open('said.txt').read())\n{change};"))
    book.build_book(jobs=1)
    write(
        small,
        cells(f"print(open('said.txt').read())\n{change};") + "\nA.\n",
    )
    capsys.readouterr()
    book.build_book(jobs=1)
    assert executed(capsys) == {"page"}


def test_a_page_that_is_edited_while_it_runs_is_executed_again(
    small, capsys
):
    edit = "page = __import__('pathlib').Path('page.md')\n"
    edit += (
        "page.write_text(page.read_text().replace('1' + '1', '2' + '2'))"
    )
    write(small, cells(f"print(11)\n{edit};"))
    book.build_book(jobs=1)
    page = small / "book" / "page.md"
    page.write_text(page.read_text() + "\nMore words.\n")
    capsys.readouterr()
    book.build_book(jobs=1)
    assert executed(capsys) == {"page"}


def test_weights_that_are_read_are_seen_by_the_log_of_reads(tmp_path):
    code = (
        "from rnncore.storage.weights import load_weights, stored\n"
        "load_weights(stored('forecast_sunspots'))"
    )
    log = tmp_path / "log"
    env = {
        "READS_LOG": str(log),
        "READS_BELOW": str(Path(rnncore.__file__).parent),
    }
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=ROOT,
        env=kernels.offline_environment() | env,
    )
    names = {Path(line).name for line in log.read_text().splitlines()}
    assert {"forecast_sunspots", "weights"} <= {
        name.partition(".")[0] for name in names
    }


def test_outputs_cut_short_by_an_interruption_are_made_again(small, capsys):
    write(small, cells("print(1)"))
    book.build_book(jobs=1)
    write(small, cells("print(1)") + "\nMore words.\n")
    for kept in (small / "_build" / "executed").rglob("base.ipynb"):
        kept.write_text(kept.read_text()[:40])
    book.build_book(jobs=1)
    assert "0 unchanged, 1 to execute" in capsys.readouterr().out


def test_a_page_of_the_table_of_contents_must_be_there(small):
    with pytest.raises(book.BuildError, match="names page"):
        book.build_book(jobs=1)


def test_fields_of_a_docstring_become_fields_of_the_reference():
    text = (
        "W_h h_{t-1} * 2, see `bptt`.\n\n"
        "Shapes: x (T, B, D); h (B, H)\n    -> y (T, B, H)\n\n"
        "Raises ValueError where x does not fit.\n"
        "    Source: Elman 1990."
    )
    assert docstrings.docstring_to_rst(text) == (
        "W\\_h h\\_{t-1} \\* 2, see ``bptt``.\n\n"
        ":Shapes: ``x (T, B, D)``; ``h (B, H)`` **→** ``y (T, B, H)``\n\n"
        ":Raises: ``ValueError`` where x does not fit.\n\n"
        ":Source: Elman 1990."
    )


def test_examples_and_options_of_a_docstring_are_code_in_the_reference():
    text = (
        "With --seed it is drawn again, `run --help` says::\n\n"
        "    a_b * c\n\n    d_e\n\nA state\n\n    S_t = M_t\n\nis kept."
    )
    assert docstrings.docstring_to_rst(text) == (
        "With ``--seed`` it is drawn again, ``run --help`` says::\n\n"
        "    a_b * c\n\n    d_e\n\nA state\n\n::\n\n    S_t = M_t\n\n"
        "is kept."
    )


def test_a_reply_that_wakes_nobody_is_found_all_the_same(monkeypatch):
    waits = []

    async def get_msg(self, timeout):
        waits.append(timeout)
        if len(waits) % 3:
            raise Empty
        return "found"

    monkeypatch.setattr(kernels.AsyncZMQSocketChannel, "get_msg", get_msg)
    channel = object.__new__(kernels.Channel)
    for timeout in (300, None):
        assert asyncio.run(channel.get_msg(timeout)) == "found"
    assert waits == [1] * 6
    with pytest.raises(Empty):
        asyncio.run(channel.get_msg(0))
    assert waits[6:] == [0]


def test_a_kernel_that_ends_while_it_is_asked_has_ended(monkeypatch):
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        process = kernels.Process(child.pid)
    monkeypatch.setattr(kernels.Process, "is_running", lambda self: True)
    assert process.poll() == 0


def test_kernels_forked_from_one_process_share_its_imports_alone(small):
    kernel = """
import os, sys
assert "torch" in sys.modules and "a" not in globals()
a = 1
print(os.getpid(), os.getppid(), sys.argv[-1])
import matplotlib.pyplot as plt
plt.plot([1, 2]);
"""
    write(small, cells(kernel))
    page = small / "book" / "page.md"
    ran = []
    with kernels.start_fork_server() as manager:
        for _ in range(2):
            ran.append(book.read_notebook(page))
            book.execute(page, ran[-1], manager)
    printed = [nb.cells[1].outputs[0].text.split() for nb in ran]
    assert printed[0][1] == printed[1][1]  # one parent
    assert printed[0][0] != printed[1][0]
    assert all("image/png" in nb.cells[1].outputs[1].data for nb in ran)
    for pid in {pid for line in printed for pid in line[:2]}:
        assert not psutil.pid_exists(int(pid))


def test_vendored_files_are_those_of_the_manifest():
    assert (
        vendor.find_problems(json.loads(vendor.MANIFEST.read_text())) == []
    )


def test_a_changed_vendored_file_is_found():
    manifest = json.loads(vendor.MANIFEST.read_text())
    path = next(iter(manifest["katex"]["sha256"]))
    manifest["katex"]["sha256"][path] = "0" * 64
    assert vendor.find_problems(manifest) == [
        f"{path}: differs from the manifest"
    ]


def test_every_page_lies_in_the_table_of_contents():
    written = {
        path.stem
        for path in book.BOOK.glob("*.md")
        if re.search("^# ", path.read_text(), re.MULTILINE)
    }  # without a title, it is a part that a page includes
    assert written == {path.stem for path in book.page_paths()}


APPS = "rnncore.apps."


def test_the_reference_names_every_module():
    modules = pkgutil.walk_packages(rnncore.__path__, "rnncore.")
    text = contents.expand_modules((book.BOOK / "api.md").read_text())
    named = re.findall(r"automodule:: ([\w.]+)", text)
    wanted = [m.name for m in modules if not m.ispkg]
    wanted = [name for name in wanted if not name.startswith(APPS)]
    wanted += [f"{APPS}estimators"]  # of the others the class is enough
    wanted += [
        f"rnncore.{name}" for name in ("comparison", "display", "fused")
    ]
    assert sorted(named) == sorted(wanted)


def test_chapters_have_numbers_and_are_linked_and_so_are_terms(small):
    with_extensions(small, "links", "search")
    pages = {
        "page": "# Start\n\nSee {chapters}`gates and last`, not chapter 6. "
        "{Chapter}`cut`; [{chapter}`more`'s](ch06_more). A gate. "
        "Its units are metres.\n",
        "ch06_gates": "# Gates\n\nTwo gates, in {Chapter}`last`. Another gate "
        "of three units, under Windows, by Adams.\n",
        "ch06_more": "# More\n\n## After {chapter}`gates`\n\n"
        "{chapter}`gates` before {chapter}`more`.\n",
        "ch07_last": "# Last\n\n*After {chapter}`gates`*, {chapter}`more`. "
        "A gate. Units of windows: adam, Adam.\n",
        "api": "# All\n\nSee chapters 6 and 7, not `chapter 6`.\n",
        "glossary": "---\neveryday: step, unit\n---\n\n# Terms\n\n"
        ":::{glossary}\ngate\n    It opens. {Chapter}`gates`.\n\n"
        "unit\n    A number. {Chapters}`more and gates`.\n\n"
        "window\n    A stretch.\n\nAdam\n    A rule.\n:::\n",
    }
    write_all(small, pages)
    (small / "book" / "ch08_cut.md").write_text("# Cut\n")
    config = small / "_config.yml"
    config.write_text(
        config.read_text().replace("dollarmath", "colon_fence")
    )
    book.build_book(jobs=1)
    html = {
        name: (small / "_build" / "html" / f"{name}.html").read_text()
        for name in pages
    }
    assert "<h1>6. Gates" in html["ch06_gates"]
    assert "<h1>6.1. More" in html["ch06_more"]
    assert "<h1>Start" in html["page"]
    link = '<a class="chapter reference internal" href="{}">{}</a>'.format
    for name in "page", "api":
        gates, last = link("ch06_gates.html", 6), link("ch07_last.html", 7)
        assert f"See chapters {gates} and {last}, not " in html[name]
    assert "not chapter 6. Chapter 8; <a " in html["page"]
    assert "chapter 6.1</a>" not in html["page"]  # a link within a link
    assert "chapter 6.1's</" in html["page"].replace(
        "\N{RIGHT SINGLE QUOTATION MARK}", "'"
    )
    more = html["ch06_more"]
    assert '<section id="after-chapter-6">' in more
    assert "<h2>After chapter 6<a" in more
    assert (
        link("ch06_gates.html", "chapter 6") + " before chapter 6.1."
        in more
    )
    last = html["ch07_last"]
    assert link("ch06_gates.html", "chapter 6") + "</em>" in last
    assert link("ch06_more.html", "chapter 6.1") in last
    term = 'href="glossary.html#term-gate" title="It opens. Chapter 6.">'
    counts = {"page": 0, "ch06_gates": 1, "ch07_last": 1, "glossary": 0}
    for name, count in counts.items():
        assert html[name].count(term) == count
    assert f"{term}gates</a>, in " in html["ch06_gates"]
    everyday = 'href="glossary.html#term-unit"'  # another sense elsewhere
    assert everyday in html["ch06_gates"]
    assert everyday not in html["page"] + html["ch07_last"]
    terms = {
        name: re.findall(r'title="A.*?>(.*?)</a>', html[name])
        for name in pages
    }
    assert terms["ch06_gates"] == ["units", "Adams"]  # and not Windows
    assert terms["ch07_last"] == ["windows", "Adam"]
    assert not re.search('class="term', html["page"] + html["api"])


def test_a_command_that_learners_lack_leads_to_where_it_runs(small):
    with_extensions(small, "links", "search")
    pages = {
        "page": "# Start\n",
        "ch01_a": "# A\n\nBy `python -m tools.train a`, not `make b`.\n",
        "setup": "# Set-up\n\n(full-repository)=\n## What copies lack\n\n"
        "`python -m tools...`\n",
    }
    write_all(small, pages)
    book.build_book(jobs=1)
    html = small / "_build" / "html"
    read = {
        name: BeautifulSoup(
            (html / f"{name}.html").read_text(), "html.parser"
        )
        for name in pages
    }
    (link,) = read["ch01_a"].select("a.command")
    assert link.get_text() == "python -m tools.train a"
    assert link["href"] == "setup.html#full-repository"
    assert read["setup"].select_one("#full-repository")
    assert not read["setup"].select("a.command")


def test_figures_and_equations_are_counted_within_their_chapter(small):
    config = small / "_config.yml"
    config.write_text(
        config.read_text().replace("dollarmath", "dollarmath, colon_fence")
    )
    with_extensions(small, "links", "search", numfig=True)
    shown = (
        "# Title\n\n:::{{table}} A table\n:name: tab-{0}\n\n| a |\n|---|\n"
        "| 1 |\n:::\n\n$$x = 1$$ (eq-{0})\n\n"
        "{{numref}}`tab-{0}` and {{eq}}`eq-{0}`, {{eq}}`eq-ch06_more`.\n"
    )
    names = "page", "ch06_gates", "ch06_more", "ch12_last"
    write_all(small, {name: shown.format(name) for name in names})
    book.build_book(jobs=1)
    for name, number in zip(
        names, ("1", "6.1", "6.2", "12.1"), strict=True
    ):
        page = small / "_build" / "html" / f"{name}.html"
        words = BeautifulSoup(page.read_text(), "html.parser").get_text()
        assert f"Table {number} " in words
        assert f"Table {number} and ({number}), (6.2)." in words
        assert f"({number})" in page.read_text().partition("x = 1")[0]


@pytest.mark.parametrize("text", ["{chapter}`none`", "{chapter}`a`"])
def test_a_chapter_that_there_is_not_fails_the_build(small, text):
    with_extensions(small, "links", "search")
    for name in "ch01_a", "ch02_a":
        (small / "book" / f"{name}.md").write_text("# A page\n")
    write(small, f"# A page\n\nMore in {text}.\n")
    with pytest.raises(book.BuildError, match="found what stands above"):
        book.build_book(jobs=1)


def test_a_number_of_no_chapter_in_a_docstring_fails_the_build(small):
    with_extensions(small, "links", "search")
    (small / "book" / "api.md").write_text("# All\n\nMore in chapter 9.\n")
    (small / "book" / "_toc.yml").write_text("format: jb-book\nroot: api\n")
    with pytest.raises(book.BuildError, match="found what stands above"):
        book.build_book(jobs=1)


def with_extensions(small, *names, **config):
    """Have the small book built with extensions of the course's own."""
    known = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]
    folders = known["local_extensions"]
    settings = yaml.safe_load((small / "_config.yml").read_text())
    settings["sphinx"] = {
        "local_extensions": {n: str(ROOT / folders[n]) for n in names},
        "config": {
            "templates_path": [str(ROOT / "book" / "_templates")],
            **config,
        },
    }
    (small / "_config.yml").write_text(yaml.safe_dump(settings))


def search_index(index):
    text = index.with_name(search.INDEX).read_text()
    return json.loads(text.removeprefix("window.BOOK_INDEX=").rstrip(";\n"))


def search_texts(index, page):
    """What the page's sections say, and list, as excerpts show it."""
    text = index.with_name(search.TEXTS).joinpath(f"{page}.js").read_text()
    return json.loads(text.partition("]=")[2].rstrip(";\n"))


def where(index, kind):
    """Of each word, the sections that have it."""
    words, gaps = search_index(index)[kind]
    return {
        word: np.cumsum(apart).tolist()
        for word, apart in zip(words.split(), gaps, strict=True)
    }


def test_the_search_has_each_section_as_a_reader_sees_it(small):
    with_extensions(small, "search")
    config = small / "_config.yml"
    config.write_text(
        config.read_text().replace(
            "- dollarmath", "- dollarmath\n  - colon_fence"
        )
    )
    write(
        small,
        cells("a = 1")
        + "\n## A part\n\nThe state $\\mathrm{h}_t$ of *it*.\n\n"
        "$$x = 1$$\n\n<!-- unseen -->\n\n### Within\n\nOn `</script>` <b>it</b>.\n\n"
        ":::{glossary}\ngate\n    It opens. Chapters 2 and 7.\n:::\n",
    )
    index = book.build_book(jobs=1)
    found = search_index(index)
    assert found["pages"] == [["page", "A page"]]
    assert found["sections"] == [
        [0, "", "A page"],
        [0, "a-part", "A part"],
        [0, "within", "Within"],
        [0, "term-gate", "gate"],
    ]
    assert search_texts(index, "page") == [
        ["", "a = 1"],
        ["The state h_t of it.", ""],
        ["On </script> it.", ""],
        ["It opens. Chapters 2 and 7.", ""],
    ]
    assert where(index, "said")["it"] == [1, 2, 3]
    assert where(index, "often") == {}
    assert found["terms"] == {}  # of the page called glossary alone
    html = index.with_name("page.html").read_text()
    assert "searchindex.js" not in html
    assert not index.with_name("searchindex.js").exists()
    assert (
        f'src="{search.INDEX}"'
        in index.with_name("search.html").read_text()
    )


def test_a_word_is_listed_as_said_often_and_as_code():
    made = search.index_words(
        [
            ("Gate, gate: GATE", "gate(other_name)"),
            ("a gate", "other x 12ab"),
        ]
    )
    assert made["said"] == ["a gate", [[1], [0, 1]]]
    assert made["often"] == ["gate", [[0]]]
    assert made["code"] == ["name other", [[0], [0, 1]]]


def test_a_glossary_says_which_chapter_explains_a_term(small):
    with_extensions(small, "search")
    config = small / "_config.yml"
    config.write_text(
        config.read_text().replace("- dollarmath", "- colon_fence")
    )
    write(small, "# A page\n\nText.\n")
    (small / "book" / "glossary.md").write_text(
        "# Terms\n\n:::{glossary}\nBPTT\n    See chapters 3 and 4.\n\n"
        "bare\n    Nothing more.\n:::\n"
    )
    toc = small / "book" / "_toc.yml"
    toc.write_text(toc.read_text() + "chapters:\n- file: glossary\n")
    assert search_index(book.build_book(jobs=1))["terms"] == {
        "bptt": ["term-BPTT", "See chapters 3 and 4.", "3"],
        "bare": ["term-bare", "Nothing more.", ""],
    }


TIMED = f"# A page\n\n*{reading.OWN} minutes to read.*\n\n"


def test_a_page_says_how_many_minutes_it_takes_to_read(small, capsys):
    with_extensions(small, "reading", "search")
    toc = small / "book" / "_toc.yml"
    one = "{caption: 'Part I: one', chapters: [{file: ch01_a}]}"
    more = "{caption: More, chapters: [{file: ch02_b}]}"
    toc.write_text(toc.read_text() + f"parts: [{one}, {more}]\n")
    write(
        small,
        "# Start\n\nFrom {minutes}`shortest` to {minutes}`longest`, in all "
        "{minutes}`Part I`, here {minutes}`page`.\n",
    )
    words = {"ch01_a": 3, "ch02_b": 41}
    for name, minutes in words.items():
        text = TIMED + "word " * (reading.A_MINUTE * minutes - 20)
        (small / "book" / f"{name}.md").write_text(text)
    index = book.build_book(jobs=1)
    start = index.with_name("page.html").read_text()
    assert "From 3 to 41, in all 45, here 1." in start
    for name, minutes in words.items():
        html = index.with_name(f"{name}.html").read_text()
        assert f"<em>{minutes} minutes to read.</em>" in html
    named = re.findall(
        r"^warning: (.*)$", capsys.readouterr().out, re.MULTILINE
    )
    assert named == [
        "ch02_b.md takes 41 minutes to read, over 40: split it or shorten it"
    ]


def test_minutes_of_what_is_no_part_fail_the_build(small):
    with_extensions(small, "reading", "search")
    write(small, "# A page\n\nIn all {minutes}`everything`.\n")
    with pytest.raises(book.BuildError, match="found what stands above"):
        book.build_book(jobs=1)


def head_of(page):
    """What a page says of itself, by name."""
    soup = BeautifulSoup(page.read_text(), "html.parser")
    return {
        tag.get("name") or tag.get("property"): tag["content"]
        for tag in soup.find_all("meta")
        if tag.get("content")
    }


QUESTIONS = (
    "# A *page* & more\n\n*5 minutes to read.*\n\nYou will be able to answer:"
    "\n\n1. What is a gate & why?\n2. Why?\n\nText.\n"
)


def test_a_page_describes_itself_by_its_first_question(small, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    with_extensions(
        small,
        "page_metadata",
        "search",
        html_theme_options={
            "repository_url": "",
            "article_header_start": ["trail.html"],
            "footer_content_items": ["edition.html"],
        },
    )
    write(small, "# Start\n\nHow to cite:\n\n{{ citation }}\n")
    (small / "book" / "more.md").write_text(QUESTIONS)
    toc = "parts: [{caption: One, chapters: [{file: more}]}]\n"
    with (small / "book" / "_toc.yml").open("a") as file:
        file.write(toc)
    index = book.build_book(jobs=1)
    more = index.with_name("more.html")
    head = head_of(more)
    assert head["description"] == "What is a gate & why?"
    assert head["og:description"] == head["description"]
    assert head["og:title"] == "A page & more"
    assert "og:image" not in head  # nowhere to find it
    assert not index.with_name("sitemap.xml").exists()
    soup = BeautifulSoup(more.read_text(), "html.parser")
    assert 'rel="canonical"' not in more.read_text()
    trail = soup.find("nav", attrs={"aria-label": "Breadcrumb"})
    places = [
        item.get_text(" ", strip=True) for item in trail.find_all("li")
    ]
    assert places == ["Start", "One", "A page & more"]
    assert trail.find("a")["href"] == "page.html"
    version = rnncore.__version__
    edition = f"Edition {version}, 9 September 2001"
    assert edition in soup.get_text()
    start = BeautifulSoup(index.read_text(), "html.parser")
    assert index.read_text() == index.with_name("page.html").read_text()
    assert "(2001). Recurrent neural networks" in start.get_text()
    assert f"edition = {{{version}}}," in start.find("pre").get_text()
    assert "url" not in start.find("pre").get_text()
    assert "/edit/" not in start.decode()


@pytest.mark.system  # the addresses of edits are git's
def test_a_published_book_has_addresses_a_sitemap_and_a_picture(small):
    address = "https://example.org/course/"
    source = "https://github.com/someone/course"
    with_extensions(
        small,
        "page_metadata",
        "search",
        html_baseurl=address,
        html_theme_options={
            "repository_url": source,
            "repository_branch": "main",
            "path_to_docs": "book",
        },
    )
    write(small, QUESTIONS + "\n{{ citation }}\n")
    index = book.build_book(jobs=1)
    head = head_of(index)
    assert head["og:url"] == f"{address}page.html"
    picture = head["og:image"].removeprefix(address)
    assert (ROOT / "book" / picture).exists()
    assert (
        f"<loc>{address}page.html</loc>"
        in index.with_name("sitemap.xml").read_text()
    )
    html = index.read_text()
    assert f'rel="canonical" href="{address}page.html"' in html
    assert (
        f"url     = {{{address}}}"
        in BeautifulSoup(html, "html.parser").find("pre").get_text()
    )
    assert f"{source}/edit/main/book/page.md" in html


@pytest.mark.system
def test_what_is_published_has_the_addresses_that_make_was_told(
    small, monkeypatch
):
    branch = {"repository_branch": "main", "path_to_docs": "book"}
    with_extensions(
        small, "page_metadata", "search", html_theme_options=branch
    )
    write(small, QUESTIONS)
    index = book.build_book(jobs=1)
    assert "og:url" not in head_of(index)
    source = "https://github.com/someone/course"
    monkeypatch.setenv("BOOK_ADDRESS", "https://example.org/course")
    monkeypatch.setenv("BOOK_SOURCE", source)
    index = book.build_book(jobs=1)  # though no file has changed
    latest = "https://example.org/course/latest/page.html"
    assert head_of(index)["og:url"] == latest
    assert (
        f"<loc>{latest}</loc>" in index.with_name("sitemap.xml").read_text()
    )
    assert f"{source}/edit/main/book/page.md" in index.read_text()


def test_the_citation_has_the_packages_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == rnncore.__version__


def test_the_parts_of_the_contents_are_known():
    assert page_metadata.find_parts(TOC) == {
        "a": "One",
        "b": "One",
        "c": "Two",
    }


def test_the_line_beneath_a_cell_links_to_the_folded_one(small):
    with_extensions(small, "folded_names", "search")
    write(
        small,
        cells(
            FOLDED + "import os",
            ":tags: [remove-cell]\ngone = 1",
            FOLDED + "there = 2",
            "print(there + 40)",
        ),
    )
    index = book.build_book(jobs=1)
    html = index.with_name("page.html").read_text()
    soup = BeautifulSoup(html, "html.parser")
    (line,) = soup.select(".folded-names")
    assert line.get_text() == "Folded above: there."
    target = soup.find(id=line.a["href"].removeprefix("#"))
    assert target.get_text().strip() == "there = 2"
    assert target.find_parent("details") is not None  # which a link opens
    assert line.find_next(class_="cell_output").get_text().strip() == "42"


def test_each_everyday_word_of_the_glossary_is_a_term_with_a_chapter():
    text = (book.BOOK / "glossary.md").read_text()
    _, head, entries = text.split("---\n", 2)
    words = re.search("^everyday: (.*)$", head, re.MULTILINE)[1].split(", ")
    assert words
    for word in words:
        assert re.search(rf"\n{word}\n    .*{{[Cc]hapters?}}`", entries), (
            word
        )


def test_works_of_one_author_and_year_are_told_apart_by_a_letter():
    works = parse_file(str(book.BOOK / "references.bib")).entries
    before = {key: work.fields["year"] for key, work in works.items()}
    docstrings.tell_apart(works.values())
    years = {key: work.fields["year"] for key, work in works.items()}
    assert years["cho2014properties"] == "2014a"  # by the third author
    assert years["cho2014learning"] == "2014b"
    assert years["jaeger2001short"] == "2001a"  # by the title
    assert years["tallec2018can"] == "2018a"  # two authors
    assert years["hochreiter1997long"] == "1997"
    assert [y[:4] for y in years.values()] == [*before.values()]
    docstrings.tell_apart(works.values())  # as when a page is built again
    assert years == {
        key: work.fields["year"] for key, work in works.items()
    }


CLAIM = "from rnncore.comparison import claim\n"
FALSE = (
    f'{CLAIM}\nfor k in range(2):\n    claim("a_1 < b & c", k > 0)',
    f':tags: [remove-cell]\n{CLAIM}\n\nclaim("$a$ is *left* out", False)',
)


def test_a_false_claim_is_a_note_for_readers_and_a_line_of_the_build(
    small, capsys
):
    with_extensions(small, "false_claims", "search")
    write(small, cells(*FALSE, "print('went on')"))
    said = "On this machine this came out otherwise"
    expected = [
        f"book/page.md:13: {said}: a_1 < b & c",
        f"book/page.md:21: {said}: $a$ is *left* out",
    ]
    for _ in "executed", "unchanged":
        index = book.build_book(jobs=1)
        lines = capsys.readouterr().out.splitlines()
        assert [n for n in lines if n.startswith("book/")] == expected
    page = BeautifulSoup(index.with_name("page.html").read_text(), "lxml")
    notes = [
        [p.get_text() for p in note.find_all("p")]
        for note in page.find_all(class_="false-claim")
    ]
    title = "On this machine this came out otherwise"
    assert notes == [[title, "a_1 < b & c"], [title, "$a$ is *left* out"]]
    assert "went on" in page.get_text()
    assert "Traceback" not in page.get_text()


def test_a_strict_build_fails_after_all_pages_with_all_false_claims(
    small, capsys
):
    write_all(small, {"page": cells(FALSE[0]), "other": cells(FALSE[1])})
    book.build_book(jobs=1)
    for change in "", "\n":  # after one for readers, and on its own
        (small / "requirements.txt").write_text(f"numpy\n{change}")
        capsys.readouterr()
        for ran in {"page", "other"} if change else set(), set():
            with pytest.raises(book.BuildError) as failure:
                book.build_book(jobs=1, strict=True)
            assert executed(capsys) == ran
            assert "book/page.md:13:" in str(failure.value)
            assert "book/other.md:14:" in str(failure.value)


def test_strict_stops_no_cell_of_a_page(small, monkeypatch):
    monkeypatch.setenv("STRICT", "1")
    write(small, cells(FALSE[0] + "\nprint('went on')"))
    page = small / "book" / "page.md"
    notebook = book.read_notebook(page)
    book.execute(page, notebook)
    assert notebook.cells[1].outputs[-1].text == "went on\n"


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("forked", [False, True])
def test_a_kernel_that_dies_is_named_and_its_page_tried_once_more(
    small, capsys, times, forked
):
    code = f"""
import os, signal
with open("tries", "a+") as file:
    file.write("x")
if os.path.getsize("tries") <= {times}:
    os.kill(os.getpid(), signal.SIGKILL)
print("done")
"""
    write(small, cells(code))
    page = small / "book" / "page.md"
    notebook = book.read_notebook(page)
    why = r"page.md: its kernel was ended by SIGKILL \(Killed"
    with contextlib.ExitStack() as stack:
        manager = kernels.Manager
        if forked:
            manager = stack.enter_context(kernels.start_fork_server())
        if times == 2:
            with pytest.raises(book.BuildError, match=why):
                book.execute(page, notebook, manager)
        else:
            book.execute(page, notebook, manager)
            assert notebook.cells[1].outputs[-1].text == "done\n"
    assert re.search(why, capsys.readouterr().out)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("forked", [False, True])
def test_a_kernel_that_does_not_start_is_named_and_tried_once_more(
    small, monkeypatch, capsys, times, forked
):
    (small / "book" / "dies.py").write_text(
        "import os\n"
        "def load_ipython_extension(shell):\n"
        "    with open('tries', 'a') as file:\n"
        "        file.write('x')\n"
        f"    if os.path.getsize('tries') <= {times}:\n"
        "        os._exit(3)\n"
    )
    dies = "--IPKernelApp.extra_extensions=dies"
    monkeypatch.setattr(book, "EXTENSIONS", [*book.EXTENSIONS, dies])
    write(small, cells("print('done')"))
    page = small / "book" / "page.md"
    notebook = book.read_notebook(page)
    why = (
        "page.md: Kernel died before .*; its kernel ended .* with status 3"
    )
    with contextlib.ExitStack() as stack:
        manager = kernels.Manager
        if forked:
            manager = stack.enter_context(kernels.start_fork_server())
        if times == 2:
            with pytest.raises(book.BuildError, match=why):
                book.execute(page, notebook, manager)
        else:
            book.execute(page, notebook, manager)
            assert notebook.cells[1].outputs[-1].text == "done\n"
    assert re.search(why, capsys.readouterr().out)


@pytest.mark.parametrize("long", [False, True])
def test_kernels_take_no_ports_where_a_folder_can_hold_their_sockets(
    small, monkeypatch, tmp_path, long
):
    if not zmq.has("ipc"):
        pytest.skip("no such sockets on this system")
    folder = tmp_path / ("x" * 120 if long else "x")
    folder.mkdir()
    manager = kernels.Manager()
    manager.connect_within("/tmp/x" if not long else str(folder))
    assert manager.transport == ("tcp" if long else "ipc")
    code = "from ipykernel.kernelapp import IPKernelApp\n"
    code += "print(IPKernelApp.instance().transport)"
    write(small, cells(code))
    page = small / "book" / "page.md"
    notebook = book.read_notebook(page)
    if long:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
    book.execute(page, notebook)
    assert notebook.cells[1].outputs[-1].text == f"{manager.transport}\n"


@pytest.mark.parametrize("forked", [False, True])
def test_a_page_has_one_thread_whatever_the_environment_says(
    small, monkeypatch, forked
):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    code = """
import threadpoolctl, torch, numpy
print(torch.get_num_threads(), *{
    pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""
    write(small, cells(code))
    page = small / "book" / "page.md"
    notebook = book.read_notebook(page)
    with contextlib.ExitStack() as stack:
        manager = kernels.Manager
        if forked:
            manager = stack.enter_context(kernels.start_fork_server())
        book.execute(page, notebook, manager)
    assert notebook.cells[1].outputs[0].text == "1 1\n"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "cannot be written"),
    ],
)
def test_a_disk_that_takes_nothing_is_told_in_a_sentence(
    monkeypatch, number, told
):
    def lock_folder(folder):
        raise OSError(number, os.strerror(number), str(folder))

    monkeypatch.setattr(book, "lock_folder", lock_folder)
    monkeypatch.setattr(sys, "argv", ["book", "build"])
    with pytest.raises(SystemExit) as ended:
        book.main()
    assert told in str(ended.value)
    assert "The book was not built." in str(ended.value)


def test_other_errors_of_the_system_keep_their_traceback(monkeypatch):
    def lock_folder(folder):
        raise OSError(errno.EIO, "a disk that fails")

    monkeypatch.setattr(book, "lock_folder", lock_folder)
    monkeypatch.setattr(sys, "argv", ["book", "build"])
    with pytest.raises(OSError, match="a disk that fails"):
        book.main()


def test_an_interrupted_build_ends_at_once_and_says_what_is_next():
    script = """
import sys
from tools.build import book
def interrupted(folder):
    raise KeyboardInterrupt
book.lock_folder = interrupted
sys.argv = ["book", "build"]
book.main()
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 130
    assert "the next build goes on" in run.stdout
    assert not run.stderr

"""Chapters are named by labels, and nowhere by a number."""

import pytest

from tools.check import chapters as check
from tools.pages import chapters

TOC = """format: jb-book
root: intro
chapters:
- file: ch05_gradients
- file: ch05_long_lags
- file: ch07_gru
- file: ch10_language
- file: ch22_language
"""


@pytest.fixture
def folder(tmp_path):
    """A book of a few pages; two have one name, one stands in no contents."""
    (tmp_path / "_toc.yml").write_text(TOC)
    for line in [*TOC.splitlines()[3:], "- file: ch18_limits"]:
        page = tmp_path / f"{line.removeprefix('- file: ')}.md"
        page.write_text("# A page\n")
    (tmp_path / "ch22_language.md").write_text("(blocks)=\n# A page\n")
    return tmp_path


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{chapter}`gru`'s map", "chapter 7's map"),
        ("**{Chapter}`gru`**", "**Chapter 7**"),
        ("{chapter}`long_lags`", "chapter 5.1"),
        ("{chapters}`gradients to gru`", "chapters 5 to 7"),
        (
            "{Chapters}`gradients, gru and language`",
            "Chapters 5, 7 and 10",
        ),
        ("{chapters}`gradients, or gru`", "chapters 5, or 7"),
        ("{chapter}`blocks`", "chapter 22"),
        (
            "{chapter}`limits`, not in the contents",
            "chapter 18, not in the ",
        ),
    ],
)
def test_a_label_becomes_a_number(folder, written, words):
    known = chapters.read(folder)
    assert chapters.write_roles(written, known).startswith(words)


def test_a_label_follows_its_page_when_chapters_are_renumbered(folder):
    (folder / "ch07_gru.md").rename(folder / "ch08_gru.md")
    toc = folder / "_toc.yml"
    toc.write_text(TOC.replace("ch07_gru", "ch08_gru"))
    known = chapters.read(folder)
    assert chapters.write_roles("{chapter}`gru`", known) == "chapter 8"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{chapter}`lstm`", "no page has the label 'lstm'"),
        ("{chapter}`ch07_gru`", "no page has the label 'ch07_gru'"),
        ("{chapter}`gradients and gru`", "several chapters"),
        ("{chapters}`gru`", "one chapter"),
    ],
)
def test_what_is_no_label_is_refused(folder, written, says):
    with pytest.raises(ValueError, match=says):
        chapters.write_roles(written, chapters.read(folder))


def test_a_label_of_two_pages_is_refused(folder):
    (folder / "ch22_language.md").write_text("# A page\n")
    both = "'language' is ch10_language and ch22_language"
    with pytest.raises(ValueError, match=both):
        chapters.write_roles("{chapter}`language`", chapters.read(folder))


def test_words_of_pages_that_are_left_out(folder):
    """The others stay labels."""
    text = "{chapter}`limits` and {chapter}`gru`"
    made = chapters.write_roles(
        text, chapters.read(folder), {"ch18_limits"}
    )
    assert made == "chapter 18 and {chapter}`gru`"


BARE = """---
kernelspec: {name: python3}
---

# The lags of chapter 5

*2 minutes. Assumes: chapters 5 and 7.*

In {chapter}`gru` and {doc}`chapter 5 <ch05_gradients>`. In
chapter 7 too.

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: "As in chapter 7."
  image:
    alt: "A map of
      chapter 5."
---
x = 1  # chapter 5
```

```text
chapter 7
```
"""


def test_the_check_names_file_and_line_of_each_bare_number(folder):
    (folder / "ch07_gru.md").write_text(BARE)
    (folder / "sample_answers.md").write_text(
        "In chapter 7.\n"
    )  # generated
    found = [
        line.partition(": ")[0] for line in check.find_problems(folder)
    ]
    assert found == [f"ch07_gru.md:{k}" for k in (5, 7, 9, 10, 16)]
    assert "'chapter 5', expected {chapter}`gradients`" in " ".join(
        check.find_problems(folder)
    )


def test_the_check_names_a_label_that_no_page_has(folder):
    (folder / "ch07_gru.md").write_text("# A page\n\nIn {chapter}`lstm`.\n")
    (complaint,) = check.find_problems(folder)
    assert complaint.startswith("ch07_gru.md:3: ")
    assert "'lstm'" in complaint


def test_labels_are_unique(folder):
    (folder / "ch22_language.md").write_text("# A page\n")
    (complaint,) = check.find_problems(folder)
    assert complaint.startswith("ch22_language.md:1: ")


def test_a_fence_in_a_box_and_a_label_in_a_list_are_seen(folder):
    (folder / "ch07_gru.md").write_text(
        "# A page\n\n:::{note} Chapter 5\nSee\nchapter\n7.\n\n"
        "```\nchapter 5\n```\n:::\n"
    )
    found = [
        line.partition(": ")[0] for line in check.find_problems(folder)
    ]
    assert found == ["ch07_gru.md:3", "ch07_gru.md:5"]

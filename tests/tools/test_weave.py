"""The book prints the package: the weave and its three invariants."""

import pytest

from tools.pages import weave

MODULE = '''"""A module."""

Alias = tuple  # said beside it


def twice(x):
    """2 x."""
    return 2 * x


def _hidden():
    return 1
'''
PAGE = """# A page

```{code-cell} ipython3
:tags: [hide-input]
x = [1]
x[0] = 2
```

```{code-cell} ipython3
---
mystnb: {figure: {name: a}}
---
# rnncore.rnn.Alias
# rnncore.rnn.twice
def old(x): pass
```

```python
# rnncore.rnn.twice
```
"""


@pytest.fixture
def known(tmp_path):
    folder = tmp_path / "rnncore"
    folder.mkdir()
    (folder / "rnn.py").write_text(MODULE)
    return weave.read_package(folder)


@pytest.fixture
def page(tmp_path):
    def write(text, name="ch02_cell.md"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_marked_cell_holds_the_source(known):
    woven = weave.weave(PAGE, known)
    assert "# rnncore.rnn.twice\nAlias = tuple  # said beside it\n" in woven
    assert '    """2 x."""\n    return 2 * x\n```' in woven
    assert "def old" not in woven


def test_what_no_marker_owns_stays_as_it_was(known):
    woven = weave.weave(PAGE, known)
    assert woven.startswith(PAGE[: PAGE.index("# rnncore")])
    assert woven.endswith(PAGE[PAGE.index("```python") :])


def test_weaving_twice_changes_nothing_more(known):
    once = weave.weave(PAGE, known)
    assert weave.weave(once, known) == once


def test_a_changed_line_is_told_by_file_and_line(known, page):
    path = page(weave.weave(PAGE, known).replace("2 * x\n", "3 * x\n"))
    (problem,) = weave.find_disagreements(path, known)
    assert "ch02_cell.md:13: rnncore.rnn.Alias" in problem
    assert "rnn.py:3" in problem
    assert "-    return 3 * x" in problem
    assert "+    return 2 * x" in problem


def test_a_page_that_agrees_has_no_diff(known, page):
    assert (
        weave.find_disagreements(page(weave.weave(PAGE, known)), known)
        == []
    )


def test_a_public_name_stands_in_exactly_one_chapter(known, page):
    woven = weave.weave(PAGE, known)
    first, again = page(woven), page(woven, "ch02_more.md")
    assert weave.find_misplaced([first], known) == []
    twice = weave.find_misplaced([first, again], known)
    assert len(twice) == 2
    assert "ch02_cell.md:13, ch02_more.md:13" in twice[0]
    (nowhere,) = weave.find_misplaced(
        [page(woven.replace("# rnncore.rnn.Alias\n", ""))], known
    )
    assert nowhere.startswith("rnncore.rnn.Alias: stands in nowhere")


def test_a_name_that_is_not_to_be_printed_stands_in_no_chapter(
    known, page, monkeypatch
):
    monkeypatch.setattr(weave, "UNPRINTED", {"rnncore.rnn.Alias"})
    woven = weave.weave(PAGE, known)
    (printed,) = weave.find_misplaced([page(woven)], known)
    assert printed.startswith("rnncore.rnn.Alias: stands in ch02_cell.md:")
    without = page(woven.replace("# rnncore.rnn.Alias\n", ""))
    assert weave.find_misplaced([without], known) == []


def test_what_is_not_printed_is_in_the_package():
    every = weave.list_teaching_names(
        weave.read_package(weave.ROOT / "rnncore")
    )
    assert set(every) >= weave.UNPRINTED


def test_a_name_in_a_foreign_chapter_is_refused(known, page):
    woven = weave.weave(PAGE, known)
    pages = [page("# Empty\n"), page(woven, "ch03_bptt.md")]
    assert len(weave.find_misplaced(pages, known)) == 2


def test_a_module_without_a_chapter_yet_is_left_alone(known, page):
    assert (
        weave.find_misplaced([page("", "ch01_sequences.md")], known) == []
    )


def test_a_page_before_the_chapter_may_use_its_names(known, page):
    path = page(
        "```{code-cell} ipython3\ntwice = 3\n```\n", "ch01_sequences.md"
    )
    assert weave.find_redefined(path, known) == []


@pytest.mark.parametrize(
    "code", ["def twice(x): pass", "twice = 3", "a, twice = 1, 2"]
)
def test_an_unmarked_cell_defines_no_public_name(known, page, code):
    path = page(
        f"```{{code-cell}} ipython3\n%matplotlib inline\n{code}\n```\n"
    )
    (problem,) = weave.find_redefined(path, known)
    assert "ch02_cell.md:3: twice is a name of the package" in problem


@pytest.mark.parametrize("code", ["twice[0] = 1", "def by_hand(): pass"])
def test_an_unmarked_cell_may_use_other_names(known, page, code):
    path = page(f"```{{code-cell}} ipython3\n{code}\n```\n")
    assert weave.find_redefined(path, known) == []


def test_an_unknown_name_is_told_by_file_and_line(known):
    text = PAGE.replace("rnn.twice", "rnn.thrice")
    with pytest.raises(KeyError, match=r"p.md:14: rnncore.rnn.thrice"):
        weave.weave(text, known, "p.md")


@pytest.fixture
def nested(tmp_path, monkeypatch):
    """A package with a module in a folder, and a chapter for it."""
    folder = tmp_path / "rnncore"
    (folder / "text").mkdir(parents=True)
    (folder / "text" / "__init__.py").write_text("FACE = 1\n")
    (folder / "text" / "rnn.py").write_text(MODULE)
    monkeypatch.setattr(weave, "CHAPTERS", {"text.rnn": "ch10"})
    return weave.read_package(folder)


def test_a_module_in_a_folder_has_a_dotted_name(nested):
    assert {"rnncore.text.FACE", "rnncore.text.rnn.twice"} <= set(nested)
    text = PAGE.replace("rnncore.rnn", "rnncore.text.rnn")
    woven = weave.weave(text, nested)
    assert "    return 2 * x\n```" in woven
    assert "def old" not in woven


def test_a_module_in_a_folder_stands_in_its_chapter(nested, page):
    text = PAGE.replace("rnncore.rnn", "rnncore.text.rnn")
    woven = weave.weave(text, nested)
    assert weave.find_misplaced([page(woven, "ch10_text.md")], nested) == []
    (nowhere,) = weave.find_misplaced(
        [
            page(
                woven.replace("# rnncore.text.rnn.Alias\n", ""),
                "ch10_text.md",
            )
        ],
        nested,
    )
    assert nowhere.startswith("rnncore.text.rnn.Alias: stands in nowhere")


def test_a_folder_of_the_same_module_name_is_another_module(nested, page):
    known = {"rnncore.rnn.other": nested["rnncore.text.rnn.twice"]}
    assert weave.list_teaching_names(nested | known) == [
        "rnncore.text.rnn.Alias",
        "rnncore.text.rnn.twice",
    ]
    path = page("```{code-cell} ipython3\ndef other(): pass\n```\n")
    assert weave.find_redefined(path, nested | known) == []

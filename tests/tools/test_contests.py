"""The table of what each side of a comparison is given."""

import json

import pytest

from tools import measurements
from tools.check import contests

PAGE = """\
# A page

The network is ahead, after
more updates, {quoted}.

:::{{dropdown}} How it was measured
The rival was not tuned.
:::

```{{code-cell}} ipython3
claim("the network is ahead of the rival", True)
```
"""
ENTRY = {
    "page": "ch99_page",
    "compares": "a network and a rival",
    "unit": "days",
    "measured": ["cells.a"],
    **dict.fromkeys(contests.GIVEN, "the same"),
}
DIFFERS = {"network": "more", "rival": "few"}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one page and one measurement, with no contests."""
    monkeypatch.setattr(measurements, "PAGES", {"ch99_page": "cells"})
    (tmp_path / "ch99_page.md").write_text(PAGE.format(quoted="twice"))
    folder = tmp_path / "measurements"
    folder.mkdir()
    (folder / "ch99_page.json").write_text(
        json.dumps({"cells.a": {"value": 1}})
    )
    return tmp_path


def find(book, *entries, none=()):
    """The complaints about a book with these entries."""
    lines = []
    for entry in entries:
        lines.append("[[contest]]")
        for part, value in entry.items():
            if isinstance(value, dict):
                pairs = ", ".join(
                    f"{k} = {json.dumps(v)}" for k, v in value.items()
                )
                lines.append(f"{part} = {{ {pairs} }}")
            else:
                lines.append(f"{part} = {json.dumps(value)}")
    lines += [
        "[none]",
        *(f"{json.dumps(name)} = {json.dumps(w)}" for name, w in none),
    ]
    (book / "contests.toml").write_text("\n".join(lines))
    return contests.find_problems(book)


def test_an_entry_in_which_all_sides_get_the_same_is_whole(book):
    assert find(book, ENTRY) == []


def test_a_page_that_compares_without_an_entry_is_named_with_its_claim(
    book,
):
    page, study = find(book)
    assert page.startswith("ch99_page.md compares")
    assert "the network is ahead of the rival" in page
    assert "'cells.a'" in study


def test_a_page_may_say_why_it_has_no_contest(book):
    none = [
        ("ch99_page", "nothing competes"),
        ("cells.*", "times of one loop"),
    ]
    assert find(book, none=none) == []
    assert len(find(book, ENTRY, none=[("ch99_page", "both at once")])) == 1
    assert len(find(book, ENTRY, none=[("ch98_gone", "no such page")])) == 1


def test_a_study_that_no_entry_names_is_found(book):
    path = book / "measurements" / "ch99_page.json"
    path.write_text(
        json.dumps({"cells.a": {"value": 1}, "cells.new.b": {"value": 2}})
    )
    (line,) = find(book, ENTRY)
    assert line.startswith("measurements of 'cells.new' (cells.new.b)")


@pytest.mark.parametrize("part", [*contests.GIVEN, "unit", "compares"])
def test_an_entry_without_a_part_is_refused(book, part):
    entry = {name: value for name, value in ENTRY.items() if name != part}
    (line,) = find(book, entry)
    assert f"expected {part!r}" in line


def test_a_measurement_that_does_not_exist_is_refused(book):
    (line,) = find(book, ENTRY | {"measured": ["cells.a", "cells.b"]})
    assert "'cells.b'" in line


def test_a_part_of_another_name_is_refused(book):
    (line,) = find(book, ENTRY | {"updatse": "few"})
    assert "got 'updatse'" in line


def test_where_the_sides_differ_the_words_of_the_page_are_quoted(book):
    (line,) = find(book, ENTRY | {"updates": DIFFERS})
    assert "the sides differ in 'updates'" in line
    said = {"updates": "ahead, after more updates"}
    assert find(book, ENTRY | {"updates": DIFFERS, "said": said}) == []


def test_words_that_the_page_has_lost_are_missed(book):
    entry = ENTRY | {
        "updates": DIFFERS,
        "said": {"updates": "after more updates, twice"},
    }
    assert find(book, entry) == []
    (book / "ch99_page.md").write_text(PAGE.format(quoted="thrice"))
    (line,) = find(book, entry)
    assert "'after more updates, twice'" in line


def test_what_a_fold_alone_tells_is_not_said(book):
    words = {"tuning": "The rival was not tuned."}
    entry = ENTRY | {"tuning": DIFFERS}
    (line,) = find(book, entry | {"said": words})
    assert "in its open text" in line
    assert find(book, entry | {"folded": words}) == []
    assert find(book, entry | {"unsaid": ["tuning"]}) == []


def test_code_is_not_what_a_page_says(book):
    said = {"tuning": "the network is ahead of the rival"}
    (line,) = find(book, ENTRY | {"tuning": DIFFERS, "said": said})
    assert "in its open text" in line


def test_a_quotation_for_what_is_the_same_is_refused(book):
    (line,) = find(
        book, ENTRY | {"said": {"updates": "after more updates"}}
    )
    assert "'updates' is quoted, and the same for all sides" in line


def test_a_contest_is_described_in_a_line():
    entry = ENTRY | {
        "updates": DIFFERS,
        "tuning": DIFFERS,
        "said": {"updates": "x"},
        "unsaid": ["tuning"],
    }
    line = contests.describe(entry)
    assert line.startswith("ch99_page: a network and a rival: differ in")
    assert "tuning (unsaid)" in line


def test_a_file_that_is_no_table_is_refused(book):
    (book / "contests.toml").write_text("[[contest]\n")
    with pytest.raises(ValueError, match=r"contests\.toml: "):
        contests.find_problems(book)


def test_the_table_of_the_book_is_whole(capsys):
    assert contests.main(["--list"]) == 0
    assert (
        "ch07_compared: plain cell, LSTM and GRU" in capsys.readouterr().out
    )

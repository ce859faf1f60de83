"""What comes from outside is plain, bounded and valid: any of it."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import string
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import untrusted
from grader.isolation.serialization import Decoder, Message, WireError
from grader.notebook.repair import Broken, _upgrade
from grader.reports.points import csv_text
from grader.trusted.execute import _clean, _make_failure
from grader.untrusted import CELLS, GAVE_UP, VARIANT

ANY = st.text(st.characters())  # halves of characters too
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ANY,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(ANY, inner, max_size=4)
    ),
    max_leaves=15,
)
ODD = [
    *"\x00\x07\x1b\n\r\t=+-@|%'\"\\/.<&,;[]{}:",
    *"\u202e\u2028\u2066\ufeff\u200b\xad\ud800\udfff＝é𝒳",
    *("\x1b]0;x\x07", "\x1b[2J", "\x1bP", "../", "<script>", "NaN"),
    *("1e999", '"a"', "-Infinity", "\\ud800", "null", "{}", "[]"),
]
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3"}},
        "cells": [
            {
                "cell_type": "code",
                "id": "a",
                "source": ["x = 1\n", "y"],
                "outputs": [],
                "metadata": {
                    "nbgrader": {
                        "grade_id": "t",
                        "points": 2,
                        "grade": True,
                    }
                },
            },
            {"cell_type": "markdown", "source": "é\ud800", "metadata": {}},
        ],
    }
)
TREES = [
    {"a": ["<f8", [2], [0, 16]]},
    [{"a": ["<f4", [2, 2], [16, 16]]}, {"g": ["<i8", [], [0, 8]]}],
    {"u": [1, {"i": "0xff"}, {"b": [0, 8]}]},
    {"d": [["k", {"c": [1.0, 2.0]}], [3, {"x": [0, 1, None]}]]},
    {"n": ["rnncore.lstm:State", ["h", "c"], [1, 2]]},
    {"t": ["float32", [4], [0, 16]], "grad": 0},
    {"s": [1, 2, {"r": [0, 9, 1]}]},
    {"y": "<f8"},
]
OUTPUTS = [
    {"output_type": "stream", "name": "stdout", "text": "a"},
    {
        "output_type": "error",
        "ename": "E",
        "evalue": "a",
        "traceback": ["b"],
    },
    {"output_type": "display_data", "data": {"text/plain": "a"}},
    {"output_type": "execute_result", "data": {"image/png": "aGk="}},
]
TIMES = [
    "2026-11-20 10:00:00 UTC",
    "2015-02-02 15:58:23.948203 America/Los_Angeles",
    "2026-11-20 10:00:00 +0100",
    "2026-11-20T10:00",
]
DATA = bytes(range(32))


def same(value):
    """A node that a learner's process keeps."""
    return f"kept {len(value)}"


# -------------------------------------------------- what holds for each check


def check_text(text):
    for most in (5, 100):
        made = untrusted.text(text, most)
        assert len(made) <= most + 4
        assert all(c.isprintable() or c in "\n\t" for c in made)
        made = untrusted.line(text, most)
        assert made.isprintable()
    untrusted.valid(text).encode()


def check_cell(text):
    kept = untrusted.cell(text)
    assert not kept.lstrip(" ").startswith(untrusted.FORMULA)
    table = csv_text([[text, "b"]])
    lines = [*csv.reader(io.StringIO(table, newline=""))]
    assert lines[0][1] == "b"
    assert len(table.splitlines()) <= 1
    for separator in ";\t|":  # of other spreadsheets
        for found in csv.reader(io.StringIO(table), delimiter=separator):
            assert not any(
                field.lstrip().startswith(("=", "+", "-", "@"))
                for field in found
            )


def check_name(name):
    if untrusted.explain_unfit_name(name) is None:
        assert len(os.fsencode(f".{name}.html.0123456789abcdef.part")) < 255
        assert all(c.isprintable() for c in name)


def check_notebook(data):
    try:
        made = _upgrade(untrusted.notebook(data), "x.ipynb")
    except (Broken, ValueError, RecursionError):
        return
    for cell in made.cells:
        cell.source.encode()
        assert len(json.dumps(cell.metadata)) < 2_000
    assert len(json.dumps(made.metadata)) < 1_000


def check_tree(tree):
    try:
        value = Decoder(Message(tree, DATA, []), same).decode(tree)
    except WireError as error:
        str(error)
        return
    size = sum(v.nbytes for v in flat(value) if isinstance(v, np.ndarray))
    assert size <= len(DATA)


def flat(value):
    """The parts of a value, each once."""
    found, waiting, seen = [], [value], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        found.append(value)
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += value
    return found


def check_message(data):
    try:
        tree = untrusted.message(data)
    except (ValueError, RecursionError):
        return
    json.dumps(tree, ensure_ascii=False).encode()


def check_output(value):
    made = _clean(value, 3)
    if made is not None:
        json.dumps(made).encode()
        assert {*made.get("data", {})} <= {
            "text/plain",
            "image/png",
            "image/jpeg",
        }
    if isinstance(value, dict):
        failure = _make_failure(value)
        assert len(failure.kind) <= 204
        assert len(failure.got) <= 10_004


def check_time(text):
    found = untrusted.parse_moment(text)
    assert found is None or 1970 <= found.year <= 2200


# ---------------------------------------------------------------- what comes


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_any_text(text):
    for check in (check_text, check_cell, check_name, check_time):
        check(text)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json(value):
    check_tree(value)
    check_output(value)
    check_output({"output_type": "stream", "text": value})
    check_output({"output_type": "error", "ename": value, "evalue": value})
    check_output({"output_type": "display_data", "data": value})
    cells = {"cells": [{"cell_type": "code", "source": value}]}
    for held in (value, cells, {**cells, "metadata": value}):
        check_notebook(json.dumps(held).encode())
    mark = {"cell_type": "code", "source": "", "metadata": value}
    check_notebook(json.dumps({"cells": [mark]}).encode())
    mark = {**mark, "id": value, "metadata": {"nbgrader": value}}
    check_notebook(json.dumps({"cells": [mark]}).encode())


@settings(max_examples=200, deadline=None)
@given(st.binary())
def test_any_bytes(data):
    check_notebook(data)
    check_message(data)


def changed(text, rng):
    """A text with some parts replaced, left out, doubled or put in."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.randint(0, 6))
        new = rng.choice(ODD) if rng.random() < 0.7 else text[at:end] * 2
        text = text[:at] + new + text[end:]
    return text


def changed_tree(text, rng):
    """JSON of a tree that was changed, where it still is JSON."""
    try:
        return json.loads(changed(text, rng))
    except (ValueError, RecursionError):
        return None


def fuzz(count, seed):
    """So many inputs, made of the corpus; returns how many there were."""
    rng, done = random.Random(seed), 0
    trees = [json.dumps(tree) for tree in TREES]
    outputs = [json.dumps(output) for output in OUTPUTS]
    while done < count:
        text = changed(
            rng.choice([*TIMES, *ODD, string.ascii_letters]), rng
        )
        for check in (check_text, check_cell, check_name, check_time):
            check(text)
        check_time(changed(rng.choice(TIMES), rng))
        check_tree(changed_tree(rng.choice(trees), rng))
        check_output(changed_tree(rng.choice(outputs), rng))
        data = changed(rng.choice(trees), rng).encode(errors="replace")
        check_message(data)
        done += 8
        if rng.random() < 0.2:
            text = changed(NOTEBOOK, rng)
            check_notebook(text.encode(errors="surrogatepass"))
            done += 1
    return done


def test_a_corpus_changed_at_random():
    assert fuzz(4_000, 1) >= 4_000


@pytest.mark.weekly
def test_a_hundred_thousand_inputs():
    assert fuzz(110_000, 2) >= 100_000


# ------------------------------------------------------------- what is known


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "..",
        "a\nb",
        "a\u202eb",
        "a\u2028",
        "\udcff",
        "x" * 101,
        "é" * 120,
    ],
)
def test_a_name_that_is_refused(name):
    assert "a name" in untrusted.explain_unfit_name(name)


def test_a_name_that_people_have():
    for name in (
        "ann",
        "Łukasz Żółć",
        "李雷",
        "o'neill, p.",
        "a_b-1@x.org",
    ):
        assert untrusted.explain_unfit_name(name) is None


def test_slices_that_overlap_are_refused():
    half = [{"a": ["|u1", [20 - k], [k, 20 - k]]} for k in range(3)]
    with pytest.raises(WireError, match="the same bytes"):
        Decoder(Message(half, DATA, []), same).decode(half)
    twice = [{"a": ["|u1", [32], [0, 32]]}] * 1000  # one array
    one, *others = Decoder(Message(twice, DATA, []), same).decode(twice)
    assert all(other is one for other in others)


def test_a_text_of_very_many_parts_is_refused_unread():
    for read in (untrusted.message, untrusted.notebook):
        with pytest.raises(ValueError, match="parts, more than"):
            read(b"[" + b"[]," * untrusted.PARTS + b"0]")


def test_a_folder_with_too_much_in_it(tmp_path):
    for number in range(10):
        (tmp_path / f"{number}").write_bytes(bytes(10))
    assert len(untrusted.files_in(tmp_path, 100, 10)) == 10
    with pytest.raises(untrusted.TooMuch, match="more than 9 files"):
        untrusted.files_in(tmp_path, 100, 9)
    with pytest.raises(untrusted.TooMuch, match="more than 0 MB"):
        untrusted.files_in(tmp_path, 99, 10)


def test_only_plain_files_with_plain_names_are_taken(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "up").symlink_to("..")
    os.mkfifo(tmp_path / "pipe")
    for name in ("a\nb", "\udcff", "data/x.txt", ".git/objects/x", ".own"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = map(str, untrusted.files_in(tmp_path, 100, 100))
    assert sorted(found) == [".own", "data/x.txt"]


def test_a_timestamp_reads_no_file(tmp_path, monkeypatch):
    zone = tmp_path / "zone"
    zone.write_text("x")
    assert untrusted.parse_moment(f"2026-11-20 10:00:00 {zone}") is None
    assert (
        untrusted.parse_moment("2026-11-20 10:00:00 ../../../etc/passwd")
        is None
    )
    assert (
        untrusted.parse_moment("2026-11-20 10:00:00 Europe/Berlin").hour
        == 9
    )


@pytest.mark.parametrize(
    ("said", "hour"),
    [
        *(("10:00:00 UTC", 10), ("10:00:00.123456 UTC", 10)),
        *(("10:00:00 +0100", 9), ("10:00:00.123456 -0500", 15)),
        *(("10:00+01:00", 9), ("10:00 -05", 15), ("10:00Z", 10)),
        *(("10:00:00 Europe/Berlin", 9), ("10:00:00 EST", 15)),
        *(("10:00:00 CET", 9), ("10:00", 10)),
        # what dateutil does not know was taken for UTC
        *(("10:00:00 PST", None), ("10:00:00 AKDT", None)),
    ],
)
def test_a_moment_is_told_in_utc(said, hour):
    for day in "2026-02-01", "20260201":
        found = untrusted.parse_moment(f"{day} {said}")
        assert (found.hour if found else None) == hour
    summer = untrusted.parse_moment("2026-07-01 10:00:00 Europe/Berlin")
    assert summer.hour == 8


@pytest.fixture
def in_tokyo(monkeypatch):
    """Where this process stands, until the test has ended."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_moment_is_told_in_utc_wherever_the_grader_stands():
    assert untrusted.parse_moment("2026-07-01 10:00 +0300").hour == 7


def test_a_day_that_may_be_another_one_is_no_moment():
    for text in "01.02.2026 18:00", "1-2-2026 18:00", "18:00", "2026 18:00":
        assert untrusted.parse_moment(text) is None, text


@pytest.mark.filterwarnings("error")
def test_letters_that_are_no_time_zone_are_no_moment():
    for text in (
        "2026-11-20T10:00:00Z",
        "20261120T1000",
        "2026-11-20 10:00Z",
    ):
        assert untrusted.parse_moment(text).hour == 10, text
    for text in (
        "2026-11-20 10:00T",
        "2026-11-20 10:00TZ",
        "10:00T2026-11-20",
    ):
        assert untrusted.parse_moment(text) is None, text


def test_a_path_that_no_call_takes_is_too_much(tmp_path):
    made = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(untrusted.DEEPEST):
        os.mkdir("w" * 250, dir_fd=made[-1])
        made.append(os.open("w" * 250, os.O_RDONLY, dir_fd=made[-1]))
    for number in made:
        os.close(number)
    with pytest.raises(untrusted.TooMuch, match="a path that is too long"):
        untrusted.files_in(tmp_path, 100, 100)


# ------------------------------------------------------------ in few examples


@pytest.mark.parametrize(
    ("value", "most", "said"),
    [
        ("a\r\nb\rc\td\ne", 100, "a\nb\nc\td\ne"),
        ("a\x00\u202e\ufeff\x07b", 100, "ab"),
        ("\x1b[1;2 mA\x1b[?25lB", 100, "AB"),
        ("a\x1b]0;x\ny\x07b\x1bPz\x1b\\c\x1b]d", 100, "abc"),
        ("a\x1b\nb\x1bcd", 100, "abd"),
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "abcde ..."),
        ("\x1b[0m" * 4 + "abcdef", 5, "abcd"),  # the rest is not looked at
        (None, 5, "None"),
        (True, 5, "True"),
        (1.5, 5, "1.5"),
        (2**64 - 1, 100, "18446744073709551615"),
        (1 - 2**64, 100, "-18446744073709551615"),
        (2**64, 100, ""),
        (-(2**64), 100, ""),
        ([1], 5, ""),
        ({"a": 1}, 5, ""),
    ],
    ids=repr,
)
def test_a_text_is_made_plain(value, most, said):
    assert untrusted.text(value, most) == said


def test_a_text_is_cut_and_a_line_is_one():
    assert untrusted.text("x" * 10_001) == "x" * 10_000 + " ..."
    assert untrusted.text("x" * 10_000) == "x" * 10_000
    assert untrusted.line("x" * 301) == "x" * 300 + " ..."
    assert untrusted.line(" a\n\tb  c ", 9) == "a b c"
    assert untrusted.line("abcdef", 5) == "abcde ..."
    assert untrusted.valid("é\ud800b") == "é?b"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("  ＝1", "'  ＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("\t=", "'\t'="),
        ("x;=1+2;\n=cmd|calc!A0", "x;'=1+2; '=cmd|calc!A0"),
        ("a|\u3000＝1", "a|\u3000'＝1"),
        ("a;b\r\n-1", "a;b -1"),
        ("a=1", "a=1"),
        ("\ud800", "?"),
        (3, 3),
        (None, None),
    ],
    ids=repr,
)
def test_a_cell_that_begins_like_a_formula_is_quoted(value, kept):
    assert untrusted.cell(value) == kept


def test_some_lines_stand_for_many():
    assert untrusted.shorten_list(["a"] * 30) == ["a"] * 30
    assert untrusted.shorten_list(("a", "b"), 2) == ["a", "b"]
    assert untrusted.shorten_list(["a", "b", "c"], 2) == [
        "a",
        "b",
        "and 1 more",
    ]
    more = untrusted.shorten_list(["a"] * 1031)
    assert more[29:] == ["a", "and 1,001 more"]


def test_why_a_name_is_refused():
    assert untrusted.explain_unfit_name("x" * 100) is None
    assert untrusted.explain_unfit_name("é" * 100) is None  # 200 bytes
    for name in ("x" * 101, "é" * 99 + "李"):
        assert (
            untrusted.explain_unfit_name(name)
            == "a name of over 100 letters (200 bytes)"
        )
    assert untrusted.explain_unfit_name("a\nb") == (
        "a name that is no text in UTF-8, or has characters that cannot be seen"
    )


def test_a_tree_is_walked_as_deep_as_was_said(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "DEEPEST", 2)
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x").touch()
    (tmp_path / "up").symlink_to("..")
    beneath = ["a", "a/b", "a/b/x", "up"]
    assert sorted(untrusted.walk(tmp_path)) == [
        tmp_path / p for p in beneath
    ]
    assert len([*untrusted.walk(tmp_path, 4)]) == 4
    with pytest.raises(untrusted.TooMuch, match=r"^more than 3 files$"):
        [*untrusted.walk(tmp_path, 3)]
    (tmp_path / "a/b/c").mkdir()
    with pytest.raises(
        untrusted.TooMuch, match=r"^folders in folders, over 2 deep$"
    ):
        [*untrusted.walk(tmp_path)]


def test_what_lies_beside_a_folder_that_cannot_be_read_is_found(
    tmp_path, monkeypatch
):
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    scan, unreadable = os.scandir, tmp_path / "b"

    def refuse(place):
        if place == unreadable:
            raise PermissionError(13, "Permission denied")
        return scan(place)

    monkeypatch.setattr(os, "scandir", refuse)
    folders = [tmp_path / name for name in "abc"]
    files = [tmp_path / name / "file" for name in "ac"]
    for _ in range(2):  # whichever comes last is looked into first
        assert sorted(untrusted.walk(tmp_path)) == sorted(
            [*folders, *files]
        )
        unreadable = tmp_path / "c"
        files[-1] = tmp_path / "b" / "file"


def test_the_files_of_a_hidden_folder_are_left_out(tmp_path):
    for folder in ".git", ".git/deep", "seen", "seen/.git":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").touch()
    (tmp_path / ".hidden").touch()
    found = map(str, untrusted.files_in(tmp_path, 100, 100))
    assert sorted(found) == [".hidden", "seen/file"]


def test_a_folder_that_cannot_be_read_holds_nothing(tmp_path):
    assert [*untrusted.walk(tmp_path / "none")] == []
    with pytest.raises(
        untrusted.TooMuch, match=r"^a path that is too long$"
    ):
        [*untrusted.walk(tmp_path / ("x" * 300))]


def test_a_folders_files_are_bounded_in_their_bytes(tmp_path):
    (tmp_path / "a").write_bytes(bytes(1_500_000))
    (tmp_path / "b").write_bytes(bytes(1))
    with pytest.raises(untrusted.TooMuch, match=r"^more than 2 MB$"):
        untrusted.files_in(tmp_path, 1_500_000, 9)
    assert len(untrusted.files_in(tmp_path, 1_500_001, 9)) == 2


def test_a_files_path_is_bounded_in_its_bytes(tmp_path):
    place = tmp_path / "é" / ("a" * 200) / ("b" * 200)
    place.mkdir(parents=True)
    (place / ("c" * 95)).touch()  # 2 + 200 + 200 + 95 and three strokes
    (place / ("d" * 96)).touch()
    assert [p.name for p in untrusted.files_in(tmp_path, 9, 9)] == [
        "c" * 95
    ]


@pytest.mark.parametrize(
    ("said", "year"),
    [
        (" 2026-11-20 10:00 ", 2026),
        ("1970-01-01 10:00", 1970),
        ("1969-12-31 10:00", None),
        ("2200-01-01 10:00", 2200),
        ("2201-01-01 10:00", None),
        ("tomorrow", None),
        ("2026-13-40 10:00", None),
        ("2026-11-20 10:00:00 X", None),
    ],
)
def test_a_moment_is_in_our_time(said, year):
    found = untrusted.parse_moment(said)
    assert (found.year if found else None) == year


def test_a_notebooks_text_may_begin_with_a_mark():
    assert untrusted.notebook(b"\xef\xbb\xbf[1]") == [1]
    with pytest.raises(UnicodeDecodeError):
        untrusted.notebook(b'"\xff"')


def test_the_cells_of_a_notebook_are_a_list_of_so_many():
    assert len(untrusted.cells_of({"cells": [0] * 2_000})) == 2_000
    for cells in ({}, [0] * 2_001):
        says = r"^a list of at most 2,000 cells is expected$"
        with pytest.raises(ValueError, match=says):
            untrusted.cells_of({"cells": cells})


def test_a_cells_text_may_come_in_lines():
    assert untrusted.source(["a\n", "b\ud800"]) == "a\nb?"
    assert untrusted.source("ab") == "ab"


NOTHING = {
    "grade": False,
    "solution": False,
    "locked": False,
    "grade_id": "",
}


@pytest.mark.parametrize(
    ("value", "believed"),
    [
        (3, None),
        ({}, NOTHING),
        ({"grade": 1, "solution": "yes", "x": 2, "grade_id": 3}, NOTHING),
        (
            {"grade": True, "solution": True, "locked": True},
            {**NOTHING, "grade": True, "solution": True, "locked": True},
        ),
        ({"grade_id": "a\nb"}, {**NOTHING, "grade_id": "a b"}),
        (
            {"grade_id": "x" * 101},
            {**NOTHING, "grade_id": "x" * 100 + " ..."},
        ),
        ({"points": 2}, {**NOTHING, "points": 2}),
        ({"points": 0.5}, {**NOTHING, "points": 0.5}),
        ({"points": -999_999}, {**NOTHING, "points": -999_999}),
        ({"points": 10**6}, {**NOTHING, "points": -1}),
        ({"points": -(10**6)}, {**NOTHING, "points": -1}),
        ({"points": "2"}, {**NOTHING, "points": -1}),
        ({"points": None}, {**NOTHING, "points": -1}),
    ],
    ids=repr,
)
def test_only_so_much_of_a_cells_marks_is_believed(value, believed):
    assert untrusted.nbgrader_metadata(value) == believed


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"kernelspec": {"name": "py\n3"}}, "py 3"),
        ({"kernelspec": {"name": "x" * 61}}, "x" * 60 + " ..."),
        ({"kernelspec": {"name": 3}}, None),
        ({"kernelspec": {}}, None),
        ({"kernelspec": "name"}, None),
        ({}, None),
        ([], None),
    ],
    ids=repr,
)
def test_the_kernel_of_a_notebook(metadata, name):
    assert untrusted.kernel_name(metadata) == name


@pytest.mark.parametrize(
    ("said", "names", "whose"),
    [
        (["a\nb", 3, "x" * 101], ["a b", "x" * 100 + " ..."], ""),
        ("a\nb", [], "a b"),
        ("x" * 101, [], "x" * 100 + " ..."),
        (["a"] * (CELLS + 1), ["a"] * CELLS, ""),
        (None, [], ""),
    ],
)
def test_what_a_notebook_says_of_its_owner(said, names, whose):
    metadata = {GAVE_UP: said, VARIANT: said}
    assert untrusted.given_up(metadata) == names
    assert untrusted.variant(metadata) == whose
    assert (untrusted.given_up(None), untrusted.variant([])) == ([], "")


def test_a_messages_texts_are_made_valid():
    data = b'{"a\\uD800": ["\\udfff", {"b": "c"}, 1.5, null, "\xc3\xa9"]}'
    assert untrusted.message(data) == {
        "a?": ["?", {"b": "c"}, 1.5, None, "é"]
    }
    assert untrusted.message(b'["\\\\x", "\xc3\xa9"]') == ["\\x", "é"]


def test_the_parts_of_a_message_are_counted():
    data = b'[{"a": 1, "b": 2}, 3, []]'  # 3 commas, 3 brackets
    assert len(untrusted.message(data, 6)) == 3
    with pytest.raises(ValueError, match=r"^it has 6 parts, more than 5$"):
        untrusted.message(data, 5)
    says = r"^it has 2,000 parts, more than 1,500$"
    with pytest.raises(ValueError, match=says):
        untrusted.message(b"[," * 1000, 1500)

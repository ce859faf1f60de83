"""What comes from outside is plain, bounded and valid: any of it."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import door
from grader.isolation.wire import Decoder, Message, WireError
from grader.notebook.repair import Broken, _upgraded
from grader.reports.points import csv_text
from grader.trusted.execute import _clean, _failure

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


# -------------------------------------------------- what holds for each door


def check_text(text):
    for most in (5, 100):
        made = door.text(text, most)
        assert len(made) <= most + 4
        assert all(c.isprintable() or c in "\n\t" for c in made)
        made = door.line(text, most)
        assert made.isprintable()
    door.valid(text).encode()


def check_cell(text):
    kept = door.cell(text)
    assert not kept.lstrip(" ").startswith(door.FORMULA)
    lines = [*csv.reader(io.StringIO(csv_text([[text, "b"]]), newline=""))]
    assert lines[0][1] == "b"


def check_name(name):
    if door.unfit(name) is None:
        assert len(os.fsencode(f".{name}.html.0123456789abcdef.part")) < 255
        assert all(c.isprintable() for c in name)


def check_notebook(data):
    try:
        made = _upgraded(door.notebook(data), "x.ipynb")
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
        tree = door.message(data)
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
        failure = _failure(value)
        assert len(failure.kind) <= 204
        assert len(failure.came) <= 10_004


def check_time(text):
    found = door.moment(text)
    assert found is None or 1970 <= found.year <= 2200


# ---------------------------------------------------------------- what comes


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_any_text(text):
    for check in (check_text, check_cell, check_name, check_time):
        check(text)


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


@pytest.mark.slow
def test_a_hundred_thousand_inputs():
    assert fuzz(110_000, 2) >= 100_000


# ------------------------------------------------------------- what is known


@pytest.mark.parametrize(
    "name", ["a\nb", "a\u202eb", "a\u2028", "\udcff", "x" * 101, "é" * 120]
)
def test_a_name_that_is_refused(name):
    assert "a name" in door.unfit(name)


def test_a_name_that_people_have():
    for name in (
        "ann",
        "Łukasz Żółć",
        "李雷",
        "o'neill, p.",
        "a_b-1@x.org",
    ):
        assert door.unfit(name) is None


def test_slices_that_overlap_are_refused():
    half = [{"a": ["|u1", [20 - k], [k, 20 - k]]} for k in range(3)]
    with pytest.raises(WireError, match="the same bytes"):
        Decoder(Message(half, DATA, []), same).decode(half)
    twice = [{"a": ["|u1", [32], [0, 32]]}] * 1000  # one array
    one, *others = Decoder(Message(twice, DATA, []), same).decode(twice)
    assert all(other is one for other in others)


def test_a_text_of_very_many_parts_is_refused_unread():
    for read in (door.message, door.notebook):
        with pytest.raises(ValueError, match="parts, more than"):
            read(b"[" + b"[]," * door.PARTS + b"0]")


def test_a_folder_with_too_much_in_it(tmp_path):
    for number in range(10):
        (tmp_path / f"{number}").write_bytes(bytes(10))
    assert len(door.files_in(tmp_path, 100, 10)) == 10
    with pytest.raises(door.TooMuch, match="more than 9 files"):
        door.files_in(tmp_path, 100, 9)
    with pytest.raises(door.TooMuch, match="more than 0 MB"):
        door.files_in(tmp_path, 99, 10)


def test_only_plain_files_with_plain_names_are_taken(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "up").symlink_to("..")
    os.mkfifo(tmp_path / "pipe")
    for name in ("a\nb", "\udcff", "data/x.txt", ".git/objects/x", ".own"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = map(str, door.files_in(tmp_path, 100, 100))
    assert sorted(found) == [".own", "data/x.txt"]


def test_a_timestamp_reads_no_file(tmp_path, monkeypatch):
    zone = tmp_path / "zone"
    zone.write_text("x")
    assert door.moment(f"2026-11-20 10:00:00 {zone}") is None
    assert door.moment("2026-11-20 10:00:00 ../../../etc/passwd") is None
    assert door.moment("2026-11-20 10:00:00 Europe/Berlin").hour == 9


def test_a_path_that_no_call_takes_is_too_much(tmp_path):
    made = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(door.DEEPEST):
        os.mkdir("w" * 250, dir_fd=made[-1])
        made.append(os.open("w" * 250, os.O_RDONLY, dir_fd=made[-1]))
    for number in made:
        os.close(number)
    with pytest.raises(door.TooMuch, match="a path that is too long"):
        door.files_in(tmp_path, 100, 100)

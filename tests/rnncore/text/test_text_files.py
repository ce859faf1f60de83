"""Texts from files, folders and patterns, in several encodings."""

import pytest

from rnncore.apps.text.files import find_files, read_texts
from rnncore.storage.files import Refused


@pytest.fixture
def folder(tmp_path):
    notes = tmp_path / "notes"
    (notes / "old").mkdir(parents=True)
    (notes / "b.txt").write_text("two\n")
    (notes / "a.md").write_text("one")
    (notes / "old" / "c.txt").write_text("three\n")
    (notes / ".hidden").write_text("no")
    return notes


def test_a_folder_is_read_by_the_names_of_its_files(folder):
    assert read_texts([folder]) == "one\ntwo\nthree\n"


def test_a_pattern_names_files(folder):
    assert read_texts([folder / "*.txt"]) == "two\n"
    both = [folder / "**" / "*.txt"]
    assert read_texts(both) == "two\nthree\n"
    assert read_texts([folder / "b.txt", folder / "a.md"]) == "two\none\n"
    odd = folder / "[x].txt"
    odd.write_text("odd")
    assert find_files(odd) == [odd]  # a name, though it looks like more


def test_what_is_no_text_is_left_out_of_a_folder_alone(folder):
    (folder / "a.png").write_bytes(b"\x89PNG\xff\x00")
    told = []
    assert read_texts([folder], report=told.append).startswith("one")
    assert [line.startswith("left out: ") for line in told] == [True]
    with pytest.raises(Refused, match=r"a\.png"):
        read_texts([folder / "a.png"])


def test_where_there_is_no_text_that_is_said(tmp_path):
    with pytest.raises(Refused, match="none in it"):
        read_texts([tmp_path])
    with pytest.raises(Refused, match=r"\*\.txt: there is no such file"):
        read_texts([tmp_path / "*.txt"])
    with pytest.raises(Refused, match="there is no such file"):
        read_texts([tmp_path / "a.txt"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_mark_names_the_encoding(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("Ärger\n".encode(encoding))
    told = []
    assert read_texts([path], report=told.append) == "Ärger\n"
    assert bool(told) == (encoding != "utf-8-sig")


def test_an_encoding_that_is_guessed_is_proposed_not_taken(tmp_path):
    path = tmp_path / "a.txt"
    text = "Die Straße führt über die Brücke nach Köln.\n" * 20
    path.write_bytes(text.encode("cp1252"))
    with pytest.raises(
        Refused, match=r"not utf-8: .*it may be .*--encoding"
    ):
        read_texts([path])
    assert read_texts([path], "cp1252") == text


def test_of_mixed_encodings_the_lines_are_counted(tmp_path):
    path = tmp_path / "a.txt"
    good, other = (
        "Die Straße nach Köln.\n".encode(),
        "für\n".encode("cp1252"),
    )
    path.write_bytes(good * 9 + other * 2)
    with pytest.raises(
        Refused,
        match=r"not utf-8: .*line 10.*; 2 of 11 lines are not, "
        r"the others are: fix them, or leave .* out with `iconv -c",
    ):
        read_texts([path])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_named(tmp_path, encoding):
    """Of English it is valid UTF-8, with a NUL beside each letter."""
    path = tmp_path / "a.txt"
    path.write_bytes("It is plain English.\n".encode(encoding))
    with pytest.raises(Refused, match=f"--encoding {encoding}$"):
        read_texts([path])
    assert read_texts([path], encoding) == "It is plain English.\n"
    path.write_bytes(b"One NUL \0 among many letters is its writer's.\n")
    assert "\0" in read_texts([path])

"""Names in a table and in a folder: which mean the same file."""

import pytest

from rnncore.storage.names import match_names


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("clips/a.wav", "clips/a.wav"),
        ("clips\\a.wav", "clips/a.wav"),
        ('"a.wav"', "a.wav"),
        ("./a.mp4", "a.mp4"),
        ("a", "a.mp4"),
        ("a.wav", "a.WAV"),
        ("LJ001-0001", "wavs/LJ001-0001.wav"),
        ("a.mp4", "a.npy"),
        ("two  words.mp4", "two words.mp4"),
        ("cafe\u0301", "caf\u00e9.mp4"),
        ("2019.10.05", "2019.10.05.wav"),
    ],
)
def test_a_name_means_the_file_that_it_is_nearest_to(name, file):
    assert match_names([name], [file, "other.mp4"]) == {name: file}


def test_what_could_be_two_files_is_none():
    assert match_names(["a"], ["a.mp4", "a.mov"]) == {}
    assert match_names(["a"], ["x/a.mp4", "y/a.mp4"]) == {}
    assert match_names(["a.wav", "A.wav"], ["b.wav"]) == {}


def test_the_closer_name_has_the_file():
    there = ["a.wav", "a.mp3"]
    assert match_names(["a.wav", "a"], there) == {
        "a.wav": "a.wav",
        "a": "a.mp3",
    }
    assert match_names(["a.wav", "A.WAV"], ["a.wav"]) == {"a.wav": "a.wav"}

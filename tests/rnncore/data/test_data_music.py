"""The chorales and the reels that come with the package."""

import hashlib
import re

import numpy as np
import pytest

from rnncore.data.music import CHORALES, REELS, Note, chorales, tunes
from rnncore.music.score import check_score, encode
from rnncore.music.split import compass, fingerprint, groups, melody, split
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close


def test_there_are_331_chorales_in_four_voices():
    found = chorales()
    assert len(found) == 331
    for s in found:
        check_score(s)
        assert s.pitches.shape[1] == 4
        assert s.frame == 0.5
    assert sum(len(s.pitches) for s in found) == 35_308
    assert compass(found).tolist() == [
        [57, 81],
        [53, 74],
        [48, 69],
        [36, 64],
    ]


def test_the_first_bar_of_a_known_chorale():
    """BWV 269, Aus meines Herzens Grunde: G major, an upbeat of a beat."""
    (s,) = (s for s in chorales() if s.title == "BWV 269")
    assert (s.bar, s.pickup) == (6, 2)
    assert s.pitches[0].tolist() == [67, 62, 59, 43]
    assert s.pitches[2].tolist() == [67, 62, 59, 55]


def test_every_title_is_a_number_of_the_catalogue_and_no_two_agree():
    titles = [s.title for s in chorales()]
    assert "BWV 244.54" in titles
    assert len(set(titles)) == 331
    assert all(re.fullmatch(r"BWV \d+[\w.-]*", t) for t in titles)


@pytest.mark.parametrize("path", [CHORALES, REELS])
def test_the_file_is_the_one_that_the_sources_name(path):
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    assert content in (ROOT / "rnncore/data/SOURCES.md").read_text()
    assert path.stat().st_size < 100_000


def test_there_are_97_reels_of_notes():
    found = tunes()
    assert len(found) == 97
    assert all(
        isinstance(n, Note) and 50 < n.pitch < 90 and 0 < n.beats <= 4
        for notes in found.values()
        for n in notes
    )
    reel = found["Miss McLeod's Reel"]
    assert reel[:3] == (Note(71, 0.5), Note(69, 0.5), Note(67, 1))


def test_a_grace_note_in_a_triplet_is_none_of_its_three():
    notes = tunes()["The Lady Behind The Boat"]  # ((3{B,}A,G,A,)
    beats = np.array([n.beats for n in notes])
    assert_close(beats[16:19], np.full(3, 1 / 3))
    assert_close(beats.sum(), np.float64(53))


def test_an_accidental_of_a_reel_holds_to_the_end_of_its_bar():
    notes = tunes()["The Mills are Grinding"]  # ... | =FEFG A2 ...
    assert [n.pitch for n in notes[14:18]] == [65, 64, 65, 67]


def test_a_slur_does_not_end_a_broken_rhythm():
    notes = tunes()["The Collier's Reel"]
    assert [n.beats for n in notes[1:3]] == [0.75, 0.25]


@pytest.mark.slow
def test_the_reels_are_what_the_tool_and_another_reader_make_of_the_corpus():
    from tools.build.music_data import (
        has_content,
        is_read_again,
        read_reels,
    )

    assert has_content(REELS, read_reels())
    with np.load(REELS) as file:
        stored = dict(file)
    assert is_read_again(stored)
    stored["pitches"][100] += 1
    assert not is_read_again(stored)


def test_melodies_that_bach_set_twice_stay_together():
    found = chorales()
    by_piece, by_tune = (
        groups(found, [fingerprint]),
        groups(found, [melody]),
    )
    assert (len(by_piece), len(by_tune)) == (330, 257)
    parts = split(found)
    assert [len(p) for p in parts] == [214, 50, 67]
    tunes = [{melody(s) for s in part} for part in parts]
    assert not tunes[0] & tunes[1] | tunes[0] & tunes[2]
    assert not tunes[1] & tunes[2]


@pytest.mark.slow
def test_the_archive_holds_what_the_tool_makes_of_the_corpus():
    """Every thirtieth file; `python -m tools.build.music_data --check`: all."""
    from tools.build.music_data import list_files, read_chorale

    with np.load(CHORALES) as old:
        held = {k: old[k] for k in old.files}
    pieces = np.split(held["tokens"], held["ends"][:-1])
    where = {name: k for k, name in enumerate(held["names"])}
    assert len(list_files()) == 350
    for file in list_files()[::30]:
        made = read_chorale(file)
        assert (made is not None) == (file.name in where), file.name
        if made:
            score, _ = made
            k = where[file.name]
            assert np.array_equal(encode(score), pieces[k]), file.name
            assert (score.bar, score.pickup) == (
                held["bars"][k],
                held["pickups"][k],
            )


def test_a_score_is_what_its_tokens_say():
    s = chorales()[7]
    assert encode(s)[0].min() > 1  # it begins with four notes

"""Files of music, read and written."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings

from rnncore.music.files import (
    musicxml,
    notes,
    read_folder,
    read_score,
    read_scores,
    signature_of,
    spelled,
    to_music21,
    write_midi,
    write_musicxml,
)
from rnncore.music.score import LOWEST, REST, Score, piano_roll
from tests.helpers.arrays import assert_close
from tests.helpers.music import same_music, score, scores

ABC = "X:1\nT:Test\nM:4/4\nL:1/8\nQ:1/4=96\nK:C\nC2 E2 G2 c2 | c4 z2 G2 |\n"


def ordered(s: Score) -> Score:
    """Voices as a reader puts them: from high to low, no silent end."""
    sung = s.pitches != REST
    voices = [v for v in range(s.pitches.shape[1]) if sung[:, v].any()]
    voices.sort(key=lambda v: -_mean_of_notes(s, v))
    T = 1 + int(np.flatnonzero(sung.any(1))[-1])
    return s._replace(
        pitches=s.pitches[:T, voices], starts=s.starts[:T, voices]
    )


def _mean_of_notes(s, v):
    return np.mean([e.pitch for e in notes(s, v) if e.pitch])


few = settings(deadline=None, max_examples=8)


@few
@given(scores(12, (1, 4)))
def test_a_score_comes_back_from_midi(tmp_path_factory, s):
    if not s.pitches.any():
        return
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    write_midi(path, s)
    back = read_score(path)
    assert same_music(back, ordered(s))
    assert_close(back.tempo, s.tempo, within=1e-4 * s.tempo)
    assert (back.bar, back.title) == (s.bar, "a")


@few
@given(scores(12, (1, 4)))
def test_a_score_comes_back_from_musicxml_with_its_upbeat(
    tmp_path_factory, s
):
    if not s.pitches.any() or s.pickup >= len(s.pitches):
        return
    path = tmp_path_factory.mktemp("xml") / "a.musicxml"
    write_musicxml(path, s._replace(title="A & B"))
    back = read_score(path)
    assert same_music(
        ordered(back), ordered(s)
    )  # rests at the end are written, and read
    assert back.tempo == s.tempo
    assert (back.bar, back.pickup) == (s.bar, s.pickup)
    assert back.title == "A & B"


def test_a_note_over_a_bar_line_is_tied_not_struck_again():
    s = score([[60], ["-"], ["-"], ["-"], ["-"], ["-"]], bar=4)
    (part,) = to_music21(s).parts
    ties = [n.tie.type for n in part.recurse().notes]
    assert ties == ["start", "stop"]


@pytest.mark.parametrize(
    ("pitch", "sharps", "name"),
    [
        (60, 0, "C4"),
        (61, 0, "C#4"),
        (63, 0, "E-4"),
        (63, 4, "D#4"),
        (66, -4, "G-4"),
        (59, -5, "C-4"),
        (71, -6, "C-5"),
        (60, 6, "B#3"),
        (60, 3, "C4"),
    ],
)
def test_a_pitch_is_spelled_for_its_key(pitch, sharps, name):
    from music21.pitch import Pitch

    assert spelled(pitch, sharps) == name
    assert Pitch(name).midi == pitch


def test_the_key_signature_is_the_one_that_fits():
    scale = [0, 2, 4, 5, 7, 9, 11]
    for tonic, sharps in [(60, 0), (67, 1), (65, -1), (63, -3), (66, 6)]:
        s = score([[tonic + k] for k in scale])
        assert signature_of(s) == sharps


def test_abc_is_read_with_rests_tempo_and_title(tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text(ABC)
    s = read_score(path)
    assert s.pitches[:, 0].tolist() == [
        *[60, 60, 64, 64, 67, 67, 72, 72],
        *[72, 72, 72, 72, 0, 0, 67, 67],
    ]
    assert np.flatnonzero(s.starts[:, 0]).tolist() == [0, 2, 4, 6, 8, 14]
    assert (s.tempo, s.bar, s.title) == (96, 8, "Test")


def test_a_book_of_tunes_is_several_scores(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(ABC + "\n" + ABC.replace("X:1", "X:2"))
    assert len(read_scores(path)) == 2
    with pytest.raises(ValueError, match=r"book.abc: expected one score"):
        read_score(path)


def test_chords_come_apart_into_voices(tmp_path):
    path = tmp_path / "chords.abc"
    path.write_text("X:1\nM:4/4\nL:1/4\nK:C\n[CEG]2 [DFA] G |\n")
    s = read_score(path)
    assert s.pitches.shape == (8, 3)
    assert s.pitches[0].tolist() == [67, 64, 60]
    sounds, _ = piano_roll(s)
    assert np.flatnonzero(sounds[7]).tolist() == [67 - LOWEST]


def test_a_note_between_two_frames_is_lost_and_a_finer_grid_keeps_it(
    tmp_path,
):
    path = tmp_path / "quick.abc"
    path.write_text("X:1\nM:4/4\nL:1/16\nK:C\nC3 D C4 C8 |\n")
    assert 62 not in read_score(path).pitches
    assert 62 in read_score(path, frame=0.25).pitches
    coarse = read_score(path)
    assert np.flatnonzero(coarse.starts[:, 0]).tolist() == [0, 2, 4]
    write_musicxml(tmp_path / "again.musicxml", read_score(path, 0.25))
    assert read_folder(tmp_path).tally == (8, 6)
    assert read_folder(tmp_path, 0.25).tally == (8, 8)


def test_a_folder_tells_what_it_could_not_read(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/good.abc").write_text(ABC)
    (tmp_path / "empty.mid").touch()
    (tmp_path / "broken.mid").write_bytes(b"MThd nothing of the kind")
    (tmp_path / "broken.xml").write_text("<score")
    (tmp_path / "notes.txt").write_text("another kind")
    seen = []

    def progress(files):
        for file in files:
            seen.append(file.name)
            yield file

    found = read_folder(tmp_path, progress=progress)
    assert [s.title for s in found.scores] == ["Test"]
    assert sorted(found.unreadable) == [
        "broken.mid",
        "broken.xml",
        "empty.mid",
        "notes.txt",
    ]
    assert "empty" in found.unreadable["empty.mid"]
    assert "unreadable" in found.unreadable["broken.mid"]
    assert len(seen) == 4


def test_folders_and_files_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(ValueError, match="there is no file that ends"):
        read_folder(tmp_path)
    (tmp_path / "a.mid").touch()
    with pytest.raises(
        ValueError, match=r"one file cannot be .*\n  a\.mid: "
    ):
        read_folder(tmp_path)
    with pytest.raises(ValueError, match="no such file"):
        read_score(tmp_path / "b.mid")
    (tmp_path / "c.wav").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"expected one of \.mid"):
        read_score(tmp_path / "c.wav")
    (tmp_path / "d.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nz4 |\n")
    with pytest.raises(ValueError, match="no notes"):
        read_score(tmp_path / "d.abc")
    (tmp_path / "e.abc").write_text("X:1\nT:No 999\nM:4/4\nK:C\nC e999|\n")
    with pytest.raises(ValueError, match=r"line 5: .* below 100, got e999"):
        read_score(tmp_path / "e.abc")  # else it is read for hours
    for meter in (
        "X:1\nM:999/4\nK:C\nC|\n",
        "X:1\nM:4/4\nK:C\n[M:999/4]C|\n",
    ):
        (tmp_path / "m.abc").write_text(meter)
        with pytest.raises(ValueError, match="below 100, got 999/"):
            read_score(tmp_path / "m.abc")


def test_a_year_of_silence_is_refused_not_written_out(tmp_path):
    path = tmp_path / "late.mid"
    pitches = np.array([[72], [74], [76]])
    write_midi(path, Score(pitches, np.ones((3, 1), bool), 0.5, 80.0, 8))
    content = path.read_bytes()
    at = content.rindex(b"\x90")  # the last note, and the time before it
    path.write_bytes(
        content[: at - 1] + b"\xff\xff\xff" + content[at - 1 :]
    )
    with pytest.raises(ValueError, match="at most 50000 frames"):
        read_score(path)


def test_the_score_of_an_archive_is_the_one_that_it_names(tmp_path):
    """Beside it lie its parts, and what an archiver adds."""
    wanted, part = score([[60], [62], [64]]), score([[48], [48], [48]])
    path = tmp_path / "a.mxl"
    container = (
        "<container><rootfiles><rootfile full-path='score.xml'/>"
        "</rootfiles></container>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/about.xml", "<about/>")
        archive.writestr("a_part.xml", musicxml(part))
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("score.xml", musicxml(wanted))
    assert same_music(read_score(path), wanted)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
    with pytest.raises(ValueError, match="names no root file"):
        read_score(path)

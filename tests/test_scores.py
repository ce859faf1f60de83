"""The README's table of scores."""

import json

import pytest

from tools import measurements
from tools.bench import scores
from tools.build import readme

ABOUT = {"command": "make scores", "date": "2026-11-20", "device": "CPU"}
ROW = {"chapter": 15, "what": "digits", "network": 4.5, "baseline": 25.6}
ROW |= {"than": "a window", "higher": False}
KNOWN = {
    "scores.speech": {"value": [ROW], **ABOUT},
    "scores.text": {"value": [{**ROW, "chapter": 10}], **ABOUT},
}


def last_cells(known):
    table = [x for x in readme.scores(known).splitlines() if "`" in x]
    return [line.split("|")[-2].strip() for line in table if "|" in line]


def test_the_column_for_real_data_is_empty_until_somebody_ran_it():
    assert last_cells(KNOWN) == ["these are", ""]
    real = {"scores.real.speech": {"value": "11 %", **ABOUT, "date": "x"}}
    assert last_cells(KNOWN | real) == ["these are", "11 %"]


def test_captions_have_a_real_score_of_their_own():
    rows = [{**ROW, "chapter": 16}, {**ROW, "chapter": 17}]
    known = {"scores.video": {"value": rows, **ABOUT}}
    real = {
        f"scores.real.{name}": {"value": value, **ABOUT}
        for name, value in (("video", "90 %"), ("captions", "12 %"))
    }
    assert last_cells(known | real) == ["90 %", "12 %"]


def test_a_score_on_real_data_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "kept.json"
    path.write_text("{}")
    monkeypatch.setattr(scores, "record", recorded_in(path))
    assert scores.keep_real("speech", "11 % word errors, 40 speakers") == 0
    kept = json.loads(path.read_text())["scores.real.speech"]
    assert kept["value"] == "11 % word errors, 40 speakers"


def recorded_in(path):
    def record(values, **about):
        measurements.record(values, path=path, **about)

    return record


@pytest.mark.parametrize(
    ("name", "score"),
    [("text", "1.9"), ("sound", "1"), ("speech", " "), ("speech", "1 | 2")],
)
def test_what_has_no_place_in_the_column_is_refused(
    name, score, capsys, monkeypatch
):
    monkeypatch.setattr(scores, "record", None)
    assert scores.keep_real(name, score) == 2
    assert (
        "expected one of translate, speech, video, captions"
        in capsys.readouterr().err
    )

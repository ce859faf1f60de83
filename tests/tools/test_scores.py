"""The README's tables of scores."""

import pytest

from tools import measurements
from tools.build import readme, real_scores
from tools.train.__main__ import find_commands, known_trainings

ABOUT = {"command": "make scores", "date": "2026-11-20", "device": "CPU"}
ROW = {"chapter": 15, "what": "digits", "network": 4.5, "baseline": 25.6}
ROW |= {"than": "a window", "higher": False}


def test_a_row_shows_a_score_beside_its_baseline():
    known = {"scores.speech": {"value": [ROW], **ABOUT}}
    table = readme.format_scores(known)
    assert "| 15 | `speech` | digits | 4.5 | 25.6, a window |" in table


def test_a_score_on_real_data_is_a_mean_over_runs_and_over_keys():
    known = {
        "real.fsdd.ann.errors": {"value": [10.0], "seed": [0]},
        "real.fsdd.bob.errors": {"value": [20.0], "seed": [0]},
        "real.fsdd.ann.nearest": {"value": 30.0, "seed": None},
        "real.multi30k.dot.beam": {
            "value": [
                {"test_2016": {"bleu": 33.0}},
                {"test_2016": {"bleu": 35.0}},
            ],
            "seed": [0, 1],
        },
    }
    assert real_scores.average_runs(known, "real.fsdd.*.errors") == 15
    assert real_scores.count_runs(known, "real.fsdd.*.errors") == 2
    assert (
        real_scores.average_runs(
            known, "real.multi30k.dot.beam:test_2016.bleu"
        )
        == 34
    )
    assert real_scores.average_runs(known, "real.ett.*") is None
    rows = [
        x
        for x in real_scores.format_real(known).splitlines()
        if "`fsdd`" in x
    ]
    assert len(rows) == 1
    assert "| 15.0 | 2 | 30.0, most similar recording |" in rows[0]


def test_what_is_stored_as_a_mean_of_seeds_is_not_averaged_again():
    known = {"a.b": {"value": [8.0, 0.5], "seed": [0, 1, 2]}}
    assert real_scores.average_runs(known, "a.b:0") == 8
    assert real_scores.count_runs(known, "a.b:0") == 3


@pytest.mark.parametrize("row", real_scores.ROWS, ids=lambda row: row.what)
def test_each_row_names_a_training_and_measurements_that_there_are(row):
    assert row.training in known_trainings() or find_commands(row.training)
    known = measurements.read()
    assert real_scores.average_runs(known, row.network) is not None
    assert real_scores.average_runs(known, row.rival) is not None
    if row.chapter == 11 and "CRPS" not in row.what.partition(";")[0]:
        assert real_scores.average_runs(known, row.spread.network) > 0
        assert real_scores.average_runs(known, row.spread.rival) > 0


def test_a_forecast_s_row_has_a_score_of_its_distribution():
    row = next(r for r in real_scores.ROWS if r.training == "exchange")
    both = [(row.network, 0.05), (row.rival, 0.04)]
    both += [(row.spread.network, 1.3), (row.spread.rival, 1.25)]
    known = {key: {"value": v, "seed": None} for key, v in both}
    line = real_scores.format_real(known).splitlines()[-1]
    assert "| 0.050; 1.30 | 1 | 0.040; 1.25, the last value |" in line
    del known[row.spread.rival]
    assert "exchange" not in real_scores.format_real(known)
